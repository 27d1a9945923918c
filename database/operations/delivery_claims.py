"""Delivery claims (collection `deliveries`): at most one concurrent delivery per bot, subscriber and post."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import to_milliseconds
from core.errors import AlreadyThere
from database.collection import Collection
from database.connection import current_database
from database.values import Document

#: update keys a claim remembers: after a kill several updates come again
KEYS_KEPT = 10


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to deliver one post to one subscriber until the hold ends. Times are aware UTC."""

    id: str
    opened_at: datetime
    #: when the same subscriber last opened the same post; None the first time
    previous_opened_at: datetime | None
    #: 1 for the first claim, one more for each later one: distinguishes an old holder from a new one
    count: int
    #: one of the last claims had the same update key: its answer was lost, or its update came again
    is_repeated: bool = False
    #: when that key claimed first; None: not repeated, or not known
    first_opened_at: datetime | None = None
    #: the last claim was made with `settle_later` and not settled: a crash came between, or it is still running
    was_unfinished: bool = False


def _deliveries() -> Collection:
    return current_database().collection("deliveries")


@dataclass(frozen=True, slots=True)
class LastClaim:
    """The last claim of a post by a subscriber, held or not."""

    update_key: str
    #: aware UTC; None when the delivery failed and the claim was released
    opened_at: datetime | None


@dataclass(frozen=True, slots=True)
class UnfinishedDelivery:
    """A delivery that was started and not settled."""

    claim_id: str
    user_id: int
    post_code: str
    #: the update it was started for; empty: not known
    update_key: str
    #: when it was started, aware UTC
    opened_at: datetime


async def claim_delivery(
    bot_id: int,
    user_id: int,
    post_code: str,
    now: datetime,
    hold_for: timedelta,
    *,
    update_key: str = "",
    instead_of: str = "",
    settle_later: bool = False,
) -> Claim | None:
    """Claim the delivery of this post to this subscriber until `now + hold_for`; None when it is held (double tap).

    One upsert: of concurrent calls exactly one gets a claim. `update_key` identifies the update: the same key gets its
    claim again, because the first answer may have been lost. With `instead_of` a hold of that key is ignored and not
    one of `update_key`. A hold that ends after `now + hold_for` was written by a clock that has been put back since and
    is ignored. With `settle_later` the delivery is unfinished until `settle_delivery`: for posts that are never deleted
    and so have no promise that a crash would leave.
    """
    claim_id = f"{bot_id}:{user_id}:{post_code}"
    opened_at, until = to_milliseconds(now), to_milliseconds(now + hold_for)
    update: Document = {
        "$set": {
            "opened_at": opened_at,
            "claimed_until": until,
            "is_unfinished": settle_later,
            "update_key": update_key,
        },
        "$setOnInsert": {"bot_id": bot_id, "user_id": user_id, "post_code": post_code},
        "$inc": {"count": 1},
    }
    if update_key:
        update["$push"] = {
            "update_keys": {"$each": [update_key], "$slice": -KEYS_KEPT},
            "update_keys_at": {"$each": [opened_at], "$slice": -KEYS_KEPT},
        }
    # free: the hold has ended, or ends later than any hold by this clock can
    free: Document = {"_id": claim_id, "claimed_until": {"$not": {"$gt": now, "$lte": until}}}
    try:
        before = await _deliveries().find_one_and_update(free, update, upsert=True, before=True)
    except AlreadyThere:
        # held: nothing matched, and the insert met the same `_id`
        before = await _take_from(claim_id, instead_of or update_key, update)
        if before is None:
            return None
    if before is None:
        return Claim(claim_id, opened_at, None, 1)
    is_repeated = bool(update_key) and update_key in (before.get("update_key"), *before.get("update_keys", ()))
    return Claim(
        claim_id,
        opened_at,
        before["opened_at"],
        before["count"] + 1,
        is_repeated,
        _first_opened_at(before, update_key) if is_repeated else None,
        was_unfinished=bool(before.get("is_unfinished")),
    )


def _first_opened_at(before: Document, update_key: str) -> datetime | None:
    """Return when `update_key` claimed first, among the keys that are remembered."""
    # the two lists end together; a row of an older version has fewer times than keys
    latest = zip(reversed(before.get("update_keys", ())), reversed(before.get("update_keys_at", ())), strict=False)
    times: list[datetime] = [at for known, at in latest if known == update_key]
    opened_at: datetime | None = before["opened_at"]
    return times[-1] if times else opened_at


async def _take_from(claim_id: str, update_key: str, update: Document) -> Document | None:
    """Take the claim over from `update_key`; returns it as it was before, None when another key holds it."""
    if not update_key:
        return None
    return await _deliveries().find_one_and_update({"_id": claim_id, "update_key": update_key}, update, before=True)


async def find_last_claim(bot_id: int, user_id: int, post_code: str) -> LastClaim | None:
    """Return the last claim, held or not; None when there was none."""
    document = await _deliveries().find_one({"_id": f"{bot_id}:{user_id}:{post_code}"})
    return None if document is None else LastClaim(document.get("update_key", ""), document["opened_at"])


async def release_delivery(claim: Claim | str, now: datetime) -> bool:
    """End a hold early, after a delivery that failed; atomic. False when there is nothing to release.

    Given the `Claim`, only if it is still the last one; `opened_at` becomes what it was before, as if the post had not
    been opened. Given its id, whichever claim holds.
    """
    if isinstance(claim, str):
        return await _deliveries().update_one({"_id": claim}, {"$set": {"claimed_until": now, "is_unfinished": False}})
    undone = {"claimed_until": now, "opened_at": claim.previous_opened_at, "is_unfinished": False}
    return await _deliveries().update_one({"_id": claim.id, "count": claim.count}, {"$set": undone})


async def settle_delivery(claim_id: str) -> bool:
    """Record that the delivery has ended; atomic. False when there is none."""
    return await _deliveries().update_one({"_id": claim_id}, {"$set": {"is_unfinished": False}})


async def find_unfinished(bot_id: int, opened_before: datetime, limit: int) -> list[UnfinishedDelivery]:
    """Return up to `limit` deliveries of this bot started before `opened_before` and not settled, oldest first."""
    condition = {"is_unfinished": True, "opened_at": {"$lt": opened_before}, "bot_id": bot_id}
    found = await _deliveries().find(condition, limit=limit, sort=[("opened_at", 1)])
    return [
        UnfinishedDelivery(
            document["_id"],
            document["user_id"],
            document["post_code"],
            document.get("update_key", ""),
            document["opened_at"],
        )
        for document in found
    ]

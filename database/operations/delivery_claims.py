"""Who hands this post to this person now: the second of two fast taps is told no. Used as part of `deletion_ops`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import to_milliseconds
from core.errors import AlreadyThere
from database.collection import Collection
from database.connection import current_database
from database.values import Document

#: wishes remembered of each person and post: updates a process was killed with come again, several of them
KEYS_KEPT = 10


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to hand one post to one person until the hold ends. Times are aware UTC."""

    id: str
    opened_at: datetime
    #: when the same post was last opened by the same person; None the first time
    previous_opened_at: datetime | None
    #: 1 for the first claim, one more for every later one: tells an old holder from the new
    count: int
    #: one of the latest claims was for the same wish: its answer was lost, or its update came once more
    is_repeated: bool = False
    #: when that wish was taken up first, however often since; None: not repeated, or not known
    first_opened_at: datetime | None = None
    #: the last claim was to be settled later and was not: a crash came between, or it goes on still
    was_unfinished: bool = False


def _deliveries() -> Collection:
    return current_database().collection("deliveries")


@dataclass(frozen=True, slots=True)
class LastClaim:
    """The wish that took the right to hand over last, and when; None when that came to nothing and was released."""

    update_key: str
    opened_at: datetime | None


@dataclass(frozen=True, slots=True)
class UnfinishedDelivery:
    """A delivery that began and of whose end nothing is known."""

    claim_id: str
    user_id: int
    post_code: str
    #: the wish it fulfils; empty: not known
    update_key: str
    #: when it was begun, aware UTC
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
    """Take the right to hand this post to this person until `now + hold_for`; None when somebody holds it (double tap).

    One upsert: of any number of calls at once exactly one gets a claim. `update_key` names the wish (the update it came
    with): the same wish gets its claim again, because the answer to the first try may have been lost. With
    `instead_of` it is the wish of that mark whose hold counts for nothing. A hold that ends later than `now +
    hold_for` comes from a clock that was put back and counts for nothing. With `settle_later` the delivery counts as
    unfinished until `settle_delivery`: for posts that are never taken back and so have no promise to tell of a crash.
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
    # not held: it has ended, or ends later than any hold can that was begun by this clock
    free: Document = {"_id": claim_id, "claimed_until": {"$not": {"$gt": now, "$lte": until}}}
    try:
        before = await _deliveries().find_one_and_update(free, update, upsert=True, before=True)
    except AlreadyThere:
        # it exists and is held: nothing matched, and the insert met the same `_id`
        before = await _held_by(claim_id, instead_of or update_key, update)
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
    """When the wish of `update_key` was taken up first, as far as the latest claims tell."""
    # the two lists end together; a row of an older version has fewer times than marks
    latest = zip(reversed(before.get("update_keys", ())), reversed(before.get("update_keys_at", ())), strict=False)
    times: list[datetime] = [at for known, at in latest if known == update_key]
    opened_at: datetime | None = before["opened_at"]
    return times[-1] if times else opened_at


async def _held_by(claim_id: str, update_key: str, update: Document) -> Document | None:
    """The claim as it was before, taken from the wish of this mark; None when another one holds it."""
    if not update_key:
        return None
    return await _deliveries().find_one_and_update({"_id": claim_id, "update_key": update_key}, update, before=True)


async def find_last_claim(bot_id: int, user_id: int, post_code: str) -> LastClaim | None:
    """Who took the right last, whether it still holds or not; None when nobody did."""
    document = await _deliveries().find_one({"_id": f"{bot_id}:{user_id}:{post_code}"})
    return None if document is None else LastClaim(document.get("update_key", ""), document["opened_at"])


async def release_delivery(claim: Claim | str, now: datetime) -> bool:
    """End a hold early, after a delivery that failed; atomic. False when there is nothing to release.

    With the whole `Claim`, only that very claim is released (not one somebody took after it ran out), and
    `opened_at` is what it was before, as if the post had not been opened. With its id alone, whatever stands.
    """
    if isinstance(claim, str):
        return await _deliveries().update_one({"_id": claim}, {"$set": {"claimed_until": now, "is_unfinished": False}})
    back = {"claimed_until": now, "opened_at": claim.previous_opened_at, "is_unfinished": False}
    return await _deliveries().update_one({"_id": claim.id, "count": claim.count}, {"$set": back})


async def settle_delivery(claim_id: str) -> bool:
    """The delivery has ended, one way or the other; atomic. False when there is none."""
    return await _deliveries().update_one({"_id": claim_id}, {"$set": {"is_unfinished": False}})


async def find_unfinished(bot_id: int, opened_before: datetime, limit: int) -> list[UnfinishedDelivery]:
    """Up to `limit` deliveries of this bot that began before `opened_before` and were not settled, oldest first."""
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

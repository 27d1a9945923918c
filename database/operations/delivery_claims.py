"""Who hands this post to this person now: the second of two fast taps is told no. Used as part of `deletion_ops`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import to_milliseconds
from core.errors import AlreadyThere
from database.collection import Collection
from database.connection import current_database
from database.values import Document


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to hand one post to one person until the hold ends. Times are aware UTC."""

    id: str
    opened_at: datetime
    #: when the same post was last opened by the same person; None the first time
    previous_opened_at: datetime | None
    #: 1 for the first claim, one more for every later one: tells an old holder from the new
    count: int


def _deliveries() -> Collection:
    return current_database().collection("deliveries")


async def claim_delivery(bot_id: int, user_id: int, post_code: str, now: datetime, hold_for: timedelta) -> Claim | None:
    """Take the right to hand this post to this person until `now + hold_for`; None when somebody holds it (double tap).

    One upsert: of any number of calls at once exactly one gets a claim.
    """
    claim_id = f"{bot_id}:{user_id}:{post_code}"
    opened_at = to_milliseconds(now)
    update: Document = {
        "$set": {"opened_at": opened_at, "claimed_until": now + hold_for},
        "$setOnInsert": {"bot_id": bot_id, "user_id": user_id, "post_code": post_code},
        "$inc": {"count": 1},
    }
    condition = {"_id": claim_id, "claimed_until": {"$lte": now}}
    try:
        before = await _deliveries().find_one_and_update(condition, update, upsert=True, before=True)
    except AlreadyThere:
        # it exists and is held: nothing matched, and the insert met the same `_id`
        return None
    if before is None:
        return Claim(claim_id, opened_at, None, 1)
    return Claim(claim_id, opened_at, before["opened_at"], before["count"] + 1)


async def release_delivery(claim: Claim | str, now: datetime) -> bool:
    """End a hold early, after a delivery that failed; atomic. False when there is nothing to release.

    With the whole `Claim`, only that very claim is released (not one somebody took after it ran out), and
    `opened_at` is what it was before, as if the post had not been opened. With its id alone, whatever stands.
    """
    if isinstance(claim, str):
        return await _deliveries().update_one({"_id": claim}, {"$set": {"claimed_until": now}})
    back = {"claimed_until": now, "opened_at": claim.previous_opened_at}
    return await _deliveries().update_one({"_id": claim.id, "count": claim.count}, {"$set": back})

"""How many verification links people asked for in a day. Used as part of `token_ops`."""

from datetime import datetime
from typing import Unpack

from core.errors import AlreadyThere
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.values import Document


def _counts() -> Collection:
    return current_database().collection("token_generator_count")


async def count_link(user_id: int, day: datetime, limit: int) -> int | None:
    """Count one link more on the day that began at `day`; the new count, or None when `limit` is reached.

    One conditional upsert: calls at once never exceed the limit.
    """
    if limit < 1:
        return None
    below: Document = {"user_id": user_id, "date": day, "count": {"$lt": limit}}
    one_more: Document = {"$inc": {"count": 1}}
    try:
        counted = await _counts().find_one_and_update(below, one_more, upsert=True)
    except AlreadyThere:
        # at the limit: nothing matched, and the insert met the same day. Or its first count came at this instant
        try:
            counted = await _counts().find_one_and_update(below, one_more, upsert=True)
        except AlreadyThere:
            return None
    return None if counted is None else int(counted["count"])


async def uncount_link(user_id: int, day: datetime) -> bool:
    """Take one link off the day's count, because it could not be made; atomic. False when there is none to take."""
    condition: Document = {"user_id": user_id, "date": day, "count": {"$gt": 0}}
    # the same command as counting: the server of the tests lets only those wait for each other (docs/decisions/0004)
    left = await _counts().find_one_and_update(condition, {"$inc": {"count": -1}}, projection=["_id"])
    return left is not None


async def links_on(user_id: int, day: datetime) -> int:
    """How many links the person asked for on the day that began at `day`; 0 when none."""
    found = await _counts().find_one({"user_id": user_id, "date": day}, projection=["count"])
    return 0 if found is None else int(found["count"])


async def reset_token_counts(today: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete the daily counts of days before `today` (the midnight that began it), oldest first; today's stay.

    Bounded by `bounds` (`batch_size`, `timeout_s`, `pause_ms`), not atomic.
    """
    return await delete_in_batches(_counts(), {"date": {"$lt": today}}, "date", **bounds)

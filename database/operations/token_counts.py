"""How many verification links people asked for in a day. Used as part of `token_ops`."""

from datetime import datetime
from typing import Unpack

from core.errors import AlreadyThere, StoreUnavailable
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.values import Document

#: links a day's count remembers the marks of
KEYS_KEPT = 20
#: tries to count a link against others who count and uncount at once
_TRIES = 20


def _counts() -> Collection:
    return current_database().collection("token_generator_count")


async def count_link(user_id: int, day: datetime, limit: int, update_key: str = "") -> int | None:
    """Count one link more on the day that began at `day`; the new count, or None when `limit` is reached.

    One conditional upsert: concurrent calls never exceed the limit. `update_key` names the update that asks: the same
    key, among the last 20 of the day, is not counted again, because the answer to the first try may have been lost,
    and gets the count it got (less what was taken off since). Raises StoreUnavailable when others were faster 20 times.
    """
    if limit < 1:
        return None
    below: Document = {"user_id": user_id, "date": day, "count": {"$lt": limit}}
    if update_key:
        below["update_keys"] = {"$ne": update_key}
    one_more: Document = {"$inc": {"count": 1}, "$push": {"update_keys": {"$each": [update_key], "$slice": -KEYS_KEPT}}}
    for _ in range(_TRIES):
        try:
            counted = await _counts().find_one_and_update(below, one_more, upsert=True)
            return None if counted is None else int(counted["count"])
        except AlreadyThere:
            # nothing matched, and the insert met the same day: at the limit, counted before, or begun at this instant
            found = await _counts().find_one({"user_id": user_id, "date": day}, projection=["count", "update_keys"])
        if found is not None and update_key and update_key in found.get("update_keys", ()):
            return _count_of(update_key, found)
        if found is not None and found["count"] >= limit:
            return None
    raise StoreUnavailable(f"count token_generator_count: {_TRIES} others were faster")


def _count_of(update_key: str, document: Document) -> int:
    """The count that link got: each one counted after it left its mark behind it."""
    update_keys: list[str] = document["update_keys"]
    return max(1, int(document["count"]) - update_keys[::-1].index(update_key))


async def uncount_link(user_id: int, day: datetime, update_key: str = "") -> bool:
    """Take one link off the day's count, because it could not be made; atomic. False when there is none to take.

    With `update_key` the link that was counted under it, once: False when it is not (any more) among the marks.
    """
    condition: Document = {"user_id": user_id, "date": day, "count": {"$gt": 0}}
    update: Document = {"$inc": {"count": -1}}
    if update_key:
        condition["update_keys"] = update_key
        update["$pull"] = {"update_keys": update_key}
    # the same command as counting: the server of the tests lets only those wait for each other (docs/decisions/0004)
    left = await _counts().find_one_and_update(condition, update, projection=["_id"])
    return left is not None


async def links_on(user_id: int, day: datetime) -> int:
    """How many links the person asked for on the day that began at `day`; 0 when none."""
    found = await _counts().find_one({"user_id": user_id, "date": day}, projection=["count"])
    return 0 if found is None else int(found["count"])


async def reset_token_counts(today: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete the daily counts of days before `today` (the midnight that began it), oldest first; today's stay.

    Bounded by `bounds` (`batch_size`, `timeout_s`, `pause_ms`), not atomic.
    """
    return await delete_in_batches(
        current_database().bulk("token_generator_count"), {"date": {"$lt": today}}, "date", **bounds
    )

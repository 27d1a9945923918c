"""Daily counts of verification links per user (collection `token_generator_count`)."""

from datetime import datetime
from typing import Unpack

from core.errors import AlreadyThere, StoreUnavailable
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.readable import record_of
from database.values import Document

#: update keys a day's count remembers
KEYS_KEPT = 20
#: attempts to count a link against concurrent calls for the same user
_TRIES = 20


def _counts() -> Collection:
    return current_database().collection("token_generator_count")


async def count_link(user_id: int, day: datetime, limit: int, update_key: str = "") -> int | None:
    """Count one more link on the day that began at `day`; returns the new count, or None when `limit` is reached.

    One conditional upsert: concurrent calls never exceed the limit. `update_key` identifies the update: repeated with
    one of the last 20 keys of the day it counts nothing, because the first answer may have been lost, and returns the
    same count (less the links uncounted since). Raises StoreUnavailable when concurrent calls were faster 20 times.
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
            # nothing matched and the insert met the same key: at the limit, counted before, or inserted just now
            found = await _counts().find_one({"user_id": user_id, "date": day}, projection=["count", "update_keys"])
        await record_of(_counts(), found, read)
        if found is not None and update_key and update_key in found.get("update_keys", ()):
            return _count_of(update_key, found)
        if found is not None and found["count"] >= limit:
            return None
    raise StoreUnavailable(f"count token_generator_count: {_TRIES} others were faster")


def read(document: Document) -> int:
    """Return the count of a document. Raises one of `readable.CANNOT_READ`."""
    keys = document.get("update_keys", [])
    if not isinstance(document["count"], int) or not isinstance(keys, list):
        raise TypeError("a count is a number")
    return int(document["count"])


def _count_of(update_key: str, document: Document) -> int:
    """Return the count of that link: each later one has appended its key."""
    update_keys: list[str] = document["update_keys"]
    return max(1, int(document["count"]) - update_keys[::-1].index(update_key))


async def uncount_link(user_id: int, day: datetime, update_key: str = "") -> bool:
    """Subtract one link that could not be created; atomic. False when the count is 0.

    With `update_key` the link that was counted with it, once: False when the key is not stored (any more).
    """
    condition: Document = {"user_id": user_id, "date": day, "count": {"$gt": 0}}
    update: Document = {"$inc": {"count": -1}}
    if update_key:
        condition["update_keys"] = update_key
        update["$pull"] = {"update_keys": update_key}
    # the same command as counting: the tests' server serialises only those (docs/decisions/0004)
    left = await _counts().find_one_and_update(condition, update, projection=["_id"])
    return left is not None


async def links_on(user_id: int, day: datetime) -> int:
    """Return how many links the user requested on the day that began at `day`."""
    found = await _counts().find_one({"user_id": user_id, "date": day}, projection=["count"])
    return await record_of(_counts(), found, read) or 0


async def reset_token_counts(today: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete the counts of days before `today` (its midnight), oldest first.

    Bounded by `bounds` (`database.batches`), not atomic.
    """
    return await delete_in_batches(
        current_database().bulk("token_generator_count"), {"date": {"$lt": today}}, "date", **bounds
    )

"""How often each post was delivered (`posts.delivered`), counted from the rows of deliveries that arrived.

A delivery that arrived whole, for the first time that day, is marked on its row by the update that records it. Marked
rows are counted in batches beside the deliveries: a batch gives its rows its own key, adds them to the posts, each of
which remembers the last keys, and takes the mark away. Whatever is repeated after a kill is counted once.
"""

import logging
import secrets
from collections import Counter
from datetime import datetime, timedelta

from core.errors import StoreRefused
from database.collection import Collection
from database.connection import current_database
from database.values import Document

log = logging.getLogger("tollgate.database")

#: the mark of a row that no batch has taken
UNCOUNTED = ""
#: a batch as old as this was left by a process that was killed
LEFT_AFTER = timedelta(minutes=1)
#: keys a post remembers: those of batches that may be repeated
_KEYS_KEPT = 20


def _deliveries() -> Collection:
    return current_database().collection("deliveries")


def _key_before(now: datetime) -> str:
    """Return what sorts after the keys of earlier batches and before those of `now`."""
    return f"{now.timestamp():017.3f}"


def _key(now: datetime) -> str:
    return f"{_key_before(now)}:{secrets.token_hex(6)}"


async def count_delivered(now: datetime, limit: int) -> int:
    """Add up to `limit` deliveries to the counts of their posts; returns how many, 0 when none is left.

    May run in several processes at once. Raises StoreUnavailable; then it may be repeated.
    """
    key = await _left_batch(now) or await _new_batch(now, limit)
    if key is None:
        return 0
    rows = await _deliveries().find({"tally": key}, limit=limit, projection=["post_code"])
    counted = Counter(code for row in rows if isinstance(code := row.get("post_code"), str))
    for code, count in counted.items():
        await _add(code, count, key)
    await _deliveries().update_many({"tally": key}, {"$set": {"tally": None}})
    return len(rows)


async def _left_batch(now: datetime) -> str | None:
    """Return the key of a batch whose process was killed; None when there is none."""
    left: Document = {"tally": {"$gt": UNCOUNTED, "$lt": _key_before(now - LEFT_AFTER)}}
    found = await _deliveries().find_one(left, projection=["tally"])
    return None if found is None else str(found["tally"])


async def _new_batch(now: datetime, limit: int) -> str | None:
    found = await _deliveries().find({"tally": UNCOUNTED}, limit=limit, projection=["_id"])
    if not found:
        return None
    key = _key(now)
    mine: Document = {"_id": {"$in": [row["_id"] for row in found]}, "tally": UNCOUNTED}
    await _deliveries().update_many(mine, {"$set": {"tally": key}})
    return key


async def _add(code: str, count: int, key: str) -> None:
    kept: Document = {"tallies": {"$each": [key], "$slice": -_KEYS_KEPT}}
    uncounted: Document = {"code": code, "tallies": {"$ne": key}}
    try:
        posts = current_database().collection("posts")
        await posts.update_one(uncounted, {"$inc": {"delivered": count}, "$push": kept})
    except StoreRefused as error:
        # a count that is no number: the other posts are counted all the same
        log.error("delivered_counts.refused", extra={"post": code, "error": str(error)})

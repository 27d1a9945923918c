"""Deliveries of which the owners are notified: undeletable ones, and those swept after a lost answer.

Collection `impossible_deletions`: one row each, however often a crash repeats it.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime

from core.delivery import PendingDeletion
from core.errors import AlreadyThere, StoreRefused
from database.collection import Collection
from database.connection import current_database
from database.values import Document, to_key


def _rows() -> Collection:
    return current_database().collection("impossible_deletions")


async def record_impossible(ends: Sequence[tuple[PendingDeletion, str]], now: datetime) -> None:
    """Record each promise with the reason of which the owners are notified, before it is deleted.

    May be repeated: a row that a killed run has written is kept. Each row atomically.
    """
    rows = [_row(promise, reason, now) for promise, reason in ends]
    if not rows:
        return
    try:
        await _rows().insert_many(rows)
    except (AlreadyThere, StoreRefused):
        for row in rows:
            key = row.pop("_id")
            await _rows().update_one({"_id": key}, {"$setOnInsert": row}, upsert=True)


def _row(promise: PendingDeletion, reason: str, now: datetime) -> Document:
    # a row of `deliveries` has a promise after the other; put aside, each has the same id as here
    key = f"{promise.id}:{promise.count}" if promise.count else to_key(promise.id)
    if promise.is_erased:
        # nobody can tell whose it is; a killed run that comes again counts it twice
        key = secrets.token_hex(12)
    return {
        "_id": key,
        "bot_id": promise.bot_id,
        "chat_id": None if promise.is_erased else promise.chat_id,
        "post_code": promise.post_code,
        "message_ids": list(promise.message_ids),
        "sent_at": promise.sent_at,
        "delete_at": promise.delete_at,
        "reason": reason,
        "at": now,
        "is_told": False,
    }


async def claim_for_notice(notice: str) -> int:
    """Put all deliveries of which the owners were not notified yet into `notice`; returns how many. Not atomic.

    Rows that are recorded from now on belong to the next notice, whatever their time says.
    """
    return await _rows().update_many({"is_told": False}, {"$set": {"notice": notice}})


async def count_in_notice(notice: str, reason: str) -> int:
    """Count the deliveries with this reason, of any bot, that were put into `notice`."""
    return await _rows().count({"is_told": False, "reason": reason, "notice": notice})


async def mark_notified(notice: str) -> int:
    """Record that the owners were notified of the rows in `notice`; returns how many. Each one atomically."""
    return await _rows().update_many({"is_told": False, "notice": notice}, {"$set": {"is_told": True}})

"""Deliveries whose time is up, made without a call: rows in the database, messages in the sandbox."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.harness.stores import Store
from bench.harness.telegram import PRODUCT, Delivery, Telegram
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.operations import deletion_ops

ROWS = "pending_deletions"
#: how long the messages were there, how long ago the last delivery was due, and the time between two of them
KEPT_FOR, LAST_DUE, APART = timedelta(minutes=30), timedelta(minutes=1), timedelta(milliseconds=100)
#: rows in one insert, which takes a server less than the product's client waits
BATCH = 1000


async def make(telegram: Telegram, store: Store, name: str, count: int, items: int) -> list[Delivery]:
    """Make `count` deliveries of `items` messages to as many subscribers, all due by the machine's clock, in order."""
    deliveries = [telegram.put_delivery(PRODUCT, items) for _ in range(count)]
    database = await open_database(store.uri, name)
    try:
        await ensure_indexes(database)
        await write(database, deliveries, datetime.now(UTC))
    finally:
        await close_database()
    return deliveries


async def write(database: Database, deliveries: Sequence[Delivery], now: datetime) -> None:
    """Insert a row for each of `deliveries`, as the product writes it."""
    rows = database.collection(ROWS)
    like = await _pattern(database, now)
    last = now - LAST_DUE
    for start in range(0, len(deliveries), BATCH):
        batch = enumerate(deliveries[start : start + BATCH], start)
        await rows.insert_many([_row(like, one, last - APART * (len(deliveries) - number)) for number, one in batch])


async def _pattern(database: Database, now: datetime) -> dict[str, Any]:
    """Return what the product's own operations write for one delivery, without its `_id`."""
    rows = database.collection(ROWS)
    promise = await deletion_ops.promise(PRODUCT, 1, 1, "post000000000000", now, now)
    await deletion_ops.record_messages(promise, [1], now)
    await deletion_ops.record_notice(promise, 2)
    found = await rows.find_one({"chat_id": 1})
    assert found is not None
    key = found.pop("_id")
    await rows.delete_one({"_id": key})
    return found


def _row(like: dict[str, Any], delivery: Delivery, delete_at: datetime) -> dict[str, Any]:
    return {
        **like,
        "user_id": delivery.user.id,
        "chat_id": delivery.user.id,
        "message_ids": delivery.message_ids,
        "notice_message_id": delivery.notice_id,
        "sent_at": delete_at - KEPT_FOR,
        "delete_at": delete_at,
    }

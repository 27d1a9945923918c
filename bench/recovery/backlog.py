"""Deliveries whose time is up, made without a call: rows in the database, messages in the sandbox."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.harness.stores import Store
from bench.harness.telegram import PRODUCT, Delivery, Telegram
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.operations import delivery_ops
from database.operations.delivery_ops import NewDelivery

ROWS = "deliveries"
#: those of which something is to be deleted; a deleted one keeps its row, with null
STANDING = {"delete_at": {"$gt": datetime(1970, 1, 1, tzinfo=UTC)}}
CODE = "post000000000000"
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
    """Return what the product's own operations write for one delivery."""
    new = NewDelivery(PRODUCT, 1, CODE, "message 1", "a process that was killed", now, now)
    claim = await delivery_ops.start(new)
    assert claim is not None
    await delivery_ops.record_sent(claim, [1], 2, sent_at=now, delete_at=now, paid_until=None)
    rows = database.collection(ROWS)
    found = await rows.find_one({"_id": new.id})
    assert found is not None
    await rows.delete_one({"_id": new.id})
    return found


def _row(like: dict[str, Any], delivery: Delivery, delete_at: datetime) -> dict[str, Any]:
    sent_at = delete_at - KEPT_FOR
    return {
        **like,
        "_id": delivery_ops.delivery_id(PRODUCT, delivery.user.id, CODE),
        "user_id": delivery.user.id,
        "chat_id": delivery.user.id,
        "message_ids": delivery.message_ids,
        "notice_message_id": delivery.notice_id,
        "opened_at": sent_at,
        "sent_at": sent_at,
        "delete_at": delete_at,
    }

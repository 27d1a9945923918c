"""Broadcasts and their recipients: what the recall needs."""

from collections.abc import Sequence
from datetime import datetime

from core.broadcasts import Broadcast, BroadcastStatus, Recipient, RecipientState
from database.collection import Collection
from database.connection import current_database
from database.values import Document, to_key, with_id

_RECALLABLE: Document = {"$in": [BroadcastStatus.SENT, BroadcastStatus.RECALLING]}


def _broadcasts() -> Collection:
    return current_database().collection("broadcasts")


def _recipients() -> Collection:
    return current_database().collection("broadcast_recipients")


def _still_there(broadcast_id: str) -> Document:
    return {"broadcast_id": to_key(broadcast_id), "state": RecipientState.SENT}


async def find_expired(now: datetime, limit: int) -> list[Broadcast]:
    """Up to `limit` broadcasts whose time is up (`delete_at <= now`), sent or half recalled, oldest first."""
    condition = {"delete_at": {"$lte": now}, "status": _RECALLABLE}
    found = await _broadcasts().find(condition, limit=limit, sort=[("delete_at", 1)])
    return [Broadcast.model_validate(with_id(document)) for document in found]


async def mark_recalling(broadcast_id: str) -> bool:
    """Begin (or go on with) the recall; atomic. False when the broadcast is neither sent nor being recalled."""
    condition = {"_id": to_key(broadcast_id), "status": _RECALLABLE}
    return await _broadcasts().update_one(condition, {"$set": {"status": BroadcastStatus.RECALLING}})


async def next_recipients(broadcast_id: str, limit: int, *, without: Sequence[int] = ()) -> list[Recipient]:
    """Up to `limit` recipients whose message still stands (state sent), oldest first; `[]` when none is left.

    `without`: user ids that could not be served in this run and must not hide those behind them. Marking the others
    with `mark_recipient` is what makes the next call return new ones.
    """
    condition = _still_there(broadcast_id)
    if without:
        condition = {**condition, "user_id": {"$nin": list(without)}}
    found = await _recipients().find(condition, limit=limit, sort=[("sent_at", 1)])
    return [Recipient.model_validate({**document, "broadcast_id": broadcast_id}) for document in found]


async def mark_recipient(broadcast_id: str, user_id: int, state: RecipientState, error: str | None = None) -> bool:
    """Say what became of a recipient's message; atomic. False when the recipient is not (any more) in state sent."""
    condition = {**_still_there(broadcast_id), "user_id": user_id}
    return await _recipients().update_one(condition, {"$set": {"state": state, "error": error}})


async def finish_recall(broadcast_id: str) -> bool:
    """End the recall when no recipient is left in state sent; False while one is, or when it is not being recalled.

    Two commands: while a broadcast is being recalled no recipient becomes sent, so what the first saw stays true.
    """
    if await _recipients().find_one(_still_there(broadcast_id), projection=["_id"]) is not None:
        return False
    condition = {"_id": to_key(broadcast_id), "status": BroadcastStatus.RECALLING}
    return await _broadcasts().update_one(condition, {"$set": {"status": BroadcastStatus.RECALLED}})

"""Pauses that Telegram asked for, stored for the next process (collection `send_pauses`)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Unpack

from core.errors import AlreadyThere
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.values import Document

#: pauses a start loads at most; as many as the send limiter remembers (sender/limits.py)
LOADED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Pause:
    """No call of the bot may concern `chat` (an id, or @name) before `until`, aware UTC."""

    chat: int | str
    until: datetime


def _pauses() -> Collection:
    return current_database().collection("send_pauses")


async def record(bot_id: int, chat: int | str, until: datetime) -> None:
    """Record that `chat` is paused until `until`; a later stored time is kept. One atomic upsert."""
    key: Document = {"_id": f"{bot_id}:{chat}"}
    update: Document = {"$max": {"until": until}, "$setOnInsert": {"bot_id": bot_id, "chat": chat}}
    try:
        await _pauses().update_one(key, update, upsert=True)
    except AlreadyThere:
        # another process of this bot inserted it in the same instant
        await _pauses().update_one(key, update, upsert=True)


async def load(bot_id: int, now: datetime, limit: int = LOADED_MAX) -> list[Pause]:
    """Return up to `limit` pauses of this bot that end after `now`, the last to end first; `[]` when there are none."""
    condition = {"bot_id": bot_id, "until": {"$gt": now}}
    found = await _pauses().find(condition, limit=limit, sort=[("until", -1)], projection=["chat", "until"])
    return [Pause(document["chat"], document["until"]) for document in found]


async def delete_expired(now: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete the pauses of all bots that ended at or before `now`, the first to end first.

    Bounded by `bounds` (`database.batches`), not atomic: a pause that is extended meanwhile is kept.
    """
    return await delete_in_batches(current_database().bulk("send_pauses"), {"until": {"$lte": now}}, "until", **bounds)

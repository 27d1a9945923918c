"""Pauses that Telegram asked for, stored for the next process and for others (collection `send_pauses`)."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import Unpack

from pydantic.dataclasses import dataclass

from core.errors import AlreadyThere
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.readable import find_records
from database.values import Document

#: pauses a start loads at most; as many as the send limiter remembers (sender/limiting/limits.py)
LOADED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Pause:
    """No call of the bot may concern `chat` (an id, or @name; "*" for all) before `until`, aware UTC."""

    bot_id: int
    chat: int | str
    until: datetime
    #: when it was noted last, by the clock of a process that wrote it; None in rows of older versions
    noted_at: datetime | None = field(default=None, compare=False)


_FIELDS = ["bot_id", "chat", "until", "noted_at"]


def read(document: Document) -> Pause:
    """Return the pause of a document. Raises one of `readable.CANNOT_READ`."""
    return Pause(document["bot_id"], document["chat"], document["until"], document.get("noted_at"))


def _pauses() -> Collection:
    return current_database().collection("send_pauses")


async def record(bot_id: int, chat: int | str, until: datetime, noted_at: datetime, *, replace: bool = False) -> None:
    """Record that `chat` is paused until `until`. One atomic upsert.

    A later stored time is kept unless `replace`. `noted_at` is now, by the clock of the process that writes.
    """
    key: Document = {"_id": f"{bot_id}:{chat}"}
    update: Document = {
        "$max": {"until": until, "noted_at": noted_at},
        "$setOnInsert": {"bot_id": bot_id, "chat": chat},
    }
    if replace:
        update = {"$set": {"until": until}, "$max": {"noted_at": noted_at}, "$setOnInsert": update["$setOnInsert"]}
    try:
        await _pauses().update_one(key, update, upsert=True)
    except AlreadyThere:
        # another process of this bot inserted it in the same instant
        await _pauses().update_one(key, update, upsert=True)


async def load(bot_id: int, now: datetime, limit: int = LOADED_MAX) -> list[Pause]:
    """Return up to `limit` pauses of this bot that end after `now`, the last to end first; `[]` when there are none."""
    condition = {"bot_id": bot_id, "until": {"$gt": now}}
    return await find_records(_pauses(), read, condition, limit=limit, sort=[("until", -1)], projection=_FIELDS)


async def load_noted(bot_ids: Sequence[int], since: datetime, limit: int = LOADED_MAX) -> list[Pause]:
    """Return up to `limit` pauses of these bots that were noted after `since`, in no order, those that are over too."""
    condition = {"bot_id": {"$in": list(bot_ids)}, "noted_at": {"$gt": since}}
    return await find_records(_pauses(), read, condition, limit=limit, projection=_FIELDS)


async def delete_some_expired(now: datetime, batch_size: int) -> bool:
    """Delete up to `batch_size` pauses that ended at or before `now`; return whether there are more."""
    return (await delete_expired(now, batch_size=batch_size, timeout_s=0)).more


async def delete_expired(now: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete the pauses of all bots that ended at or before `now`, the first to end first.

    Bounded by `bounds` (`database.batches`), not atomic: a pause that is extended meanwhile is kept.
    """
    return await delete_in_batches(current_database().bulk("send_pauses"), {"until": {"$lte": now}}, "until", **bounds)

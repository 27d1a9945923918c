"""Channels subscribers must join (collection `channels`): few, read at every delivery."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from pydantic import ValidationError

from core.errors import AlreadyThere
from core.subscriptions import CHANNELS_MAX, Channel
from database.collection import Collection
from database.connection import Database, current_database
from database.shared_read import SharedRead
from database.values import Document

T = TypeVar("T")
log = logging.getLogger("tollgate.database")

#: fields that `change` accepts
CHANGEABLE = frozenset({"title", "label", "username", "invite_link", "mode", "on_error", "is_paused", "position"})
_ORDER = (("position", 1), ("chat_id", 1))


@dataclass(slots=True)
class _Cache:
    channels: SharedRead[tuple[Channel, ...]] = field(default_factory=SharedRead)
    #: held while a channel is added, so that one process does not race itself
    adding: asyncio.Lock = field(default_factory=asyncio.Lock)


_caches: WeakKeyDictionary[Database, _Cache] = WeakKeyDictionary()


def _channels() -> Collection:
    return current_database().collection("channels")


def _cache() -> _Cache:
    return _caches.setdefault(current_database(), _Cache())


async def _changing(command: Coroutine[Any, Any, T]) -> T:
    """Run a command that changes channels and clear the cache, unless the answer says that nothing changed."""
    cache, is_unchanged = _cache(), False
    try:
        answer = await command
        is_unchanged = not answer
        return answer
    finally:
        if not is_unchanged:
            # a read that started before the change must not serve callers after it
            cache.channels.clear()


def _record(document: Document | None) -> Channel | None:
    return None if document is None else Channel.model_validate(document)


async def load() -> tuple[Channel, ...]:
    """Return all channels (at most `CHANNELS_MAX`) in their order.

    A document that cannot be read (edited by hand) is logged and left out, so that it does not block every delivery.
    """
    channels = []
    for document in await _channels().find({}, limit=CHANNELS_MAX, sort=_ORDER):
        try:
            channels.append(Channel.model_validate(document))
        except ValidationError as error:
            log.error("channel.unreadable", extra={"chat": document.get("chat_id"), "problems": error.error_count()})
    return tuple(channels)


async def current(now: datetime) -> tuple[Channel, ...]:
    """Return the channels as of at most 5 seconds ago; a change by this process is seen at once.

    Concurrent callers share one read, its result or its error.
    """
    return await _cache().channels.get(now, load)


async def add(channel: Channel) -> bool:
    """Insert a channel after the last one; False when it is stored already. One find and one insert.

    Raises ValueError when there are `CHANNELS_MAX`; two processes that add at the same instant may exceed it.
    """
    async with _cache().adding:
        stored = await _channels().find({}, limit=CHANNELS_MAX, sort=_ORDER, projection=["chat_id", "position"])
        if any(other["chat_id"] == channel.chat_id for other in stored):
            return False
        if len(stored) >= CHANNELS_MAX:
            raise ValueError(f"there are {CHANNELS_MAX} channels already")
        position = max((other.get("position", 0) for other in stored), default=-1) + 1
        try:
            await _changing(_channels().insert_one({**channel.model_dump(), "position": position}))
        except AlreadyThere:
            return False
    return True


async def find(chat_id: int) -> Channel | None:
    """Return the channel as stored now, or None."""
    return _record(await _channels().find_one({"chat_id": chat_id}))


async def change(chat_id: int, **fields: Any) -> Channel | None:
    """Change the given fields of `CHANGEABLE`; atomic. Returns the changed channel, None when there is none.

    Raises ValueError for other names and for values a channel cannot have.
    """
    return await _change({"chat_id": chat_id}, fields)


async def change_link(chat_id: int, old_link: str, **fields: Any) -> Channel | None:
    """Change fields as `change` does, if the channel's link is still `old_link`; None when it is not.

    One conditional update: of concurrent calls that replace the same `old_link` exactly one succeeds.
    """
    return await _change({"chat_id": chat_id, "invite_link": old_link}, fields)


async def _change(condition: Document, fields: Document) -> Channel | None:
    if not fields or not fields.keys() <= CHANGEABLE:
        raise ValueError(f"of a channel can be changed: {', '.join(sorted(CHANGEABLE))}")
    checked = Channel.model_validate({"invite_link": "", **fields, "chat_id": condition["chat_id"]})
    values = {name: getattr(checked, name) for name in fields}
    return _record(await _changing(_channels().find_one_and_update(condition, {"$set": values})))


async def remove(chat_id: int) -> bool:
    """Delete the channel; atomic. False when there is none. Its memberships are kept."""
    return await _changing(_channels().delete_one({"chat_id": chat_id}))


async def mark_broken(chat_id: int, at: datetime) -> bool:
    """Record since when the bot cannot see the members; atomic. True only for the call that changed it."""
    condition: Document = {"chat_id": chat_id, "broken_since": None}
    return await _changing(_channels().update_one(condition, {"$set": {"broken_since": at}}))


async def mark_working(chat_id: int) -> bool:
    """Record that the bot sees the members again; atomic. True only for the call that changed it."""
    condition: Document = {"chat_id": chat_id, "broken_since": {"$ne": None}}
    return await _changing(_channels().update_one(condition, {"$set": {"broken_since": None}}))


async def count_join(chat_id: int) -> bool:
    """Count a subscriber who joined through the channel's link; atomic. False when there is no such channel.

    The cache is kept, with the old count: no rule uses it, and many may join at once.
    """
    return await _channels().update_one({"chat_id": chat_id}, {"$inc": {"joined_count": 1}})


async def move_to(chat_id: int, new_chat_id: int) -> bool:
    """Change the id of a group that became a supergroup; atomic.

    False when there is no channel with the old id, or one with the new id exists: both stay then.
    """
    try:
        return await _changing(_channels().update_one({"chat_id": chat_id}, {"$set": {"chat_id": new_chat_id}}))
    except AlreadyThere:
        return False

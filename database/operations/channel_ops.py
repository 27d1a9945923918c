"""The channels people must join: few, asked for with every delivery."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from pydantic import ValidationError

from core.errors import AlreadyThere, TollgateError
from core.subscriptions import CHANNELS_MAX, Channel
from database.collection import Collection
from database.connection import Database, current_database
from database.values import Document

T = TypeVar("T")
log = logging.getLogger("tollgate.database")

#: how long `current` answers from memory: another process's change is seen after at most this time
CACHE_FOR = timedelta(seconds=5)
#: what `change` may change
CHANGEABLE = frozenset({"title", "label", "username", "invite_link", "mode", "on_error", "is_paused", "position"})
_ORDER = (("position", 1), ("chat_id", 1))


@dataclass(slots=True)
class _Reading:
    """A read under way, for all who ask meanwhile. Neither channels nor an error: it was cancelled."""

    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    channels: tuple[Channel, ...] | None = None
    error: TollgateError | None = None


@dataclass(slots=True)
class _Cache:
    channels: tuple[Channel, ...] = ()
    #: None: nothing is remembered
    read_at: datetime | None = None
    reading: _Reading | None = None
    #: held while a channel is added, so that one process does not race itself
    adding: asyncio.Lock = field(default_factory=asyncio.Lock)


_caches: WeakKeyDictionary[Database, _Cache] = WeakKeyDictionary()


def _channels() -> Collection:
    return current_database().collection("channels")


def _cache() -> _Cache:
    return _caches.setdefault(current_database(), _Cache())


async def _changing(command: Coroutine[Any, Any, T]) -> T:
    """The answer. What is remembered is forgotten, also when the answer was lost, but not when nothing was changed."""
    cache, is_unchanged = _cache(), False
    try:
        answer = await command
        is_unchanged = not answer
        return answer
    finally:
        if not is_unchanged:
            # a read that began before the change is nobody's any more who asks after it
            cache.read_at, cache.reading = None, None


def _record(document: Document | None) -> Channel | None:
    return None if document is None else Channel.model_validate(document)


async def load() -> tuple[Channel, ...]:
    """All channels (at most `CHANNELS_MAX`) in their order.

    One that cannot be read (mended by hand) is left out and logged: it must not keep everybody from everything.
    """
    channels = []
    for document in await _channels().find({}, limit=CHANNELS_MAX, sort=_ORDER):
        try:
            channels.append(Channel.model_validate(document))
        except ValidationError as error:
            log.error("channel.unreadable", extra={"chat": document.get("chat_id"), "problems": error.error_count()})
    return tuple(channels)


async def current(now: datetime) -> tuple[Channel, ...]:
    """The channels as of at most 5 seconds ago; a change made in this process is seen at once.

    Many who ask at the same time cause one read and share what comes of it.
    """
    while True:
        cache = _cache()
        if cache.read_at is not None and timedelta() <= now - cache.read_at < CACHE_FOR:
            return cache.channels
        if cache.reading is None:
            return await _read(cache, now)
        reading = cache.reading
        await reading.is_over.wait()
        if reading.error is not None:
            raise type(reading.error)(*reading.error.args) from reading.error
        if reading.channels is not None:
            return reading.channels


async def _read(cache: _Cache, now: datetime) -> tuple[Channel, ...]:
    reading = cache.reading = _Reading()
    try:
        reading.channels = await load()
        if cache.reading is reading:
            cache.channels, cache.read_at = reading.channels, now
        return reading.channels
    except TollgateError as error:
        reading.error = error
        raise
    finally:
        if cache.reading is reading:
            cache.reading = None
        reading.is_over.set()


async def add(channel: Channel) -> bool:
    """Store a channel behind the last; False when it is there already. A look and one insert.

    Raises ValueError when there are `CHANNELS_MAX` (another process that adds at the same instant is not seen).
    """
    async with _cache().adding:
        there = await _channels().find({}, limit=CHANNELS_MAX, sort=_ORDER, projection=["chat_id", "position"])
        if any(other["chat_id"] == channel.chat_id for other in there):
            return False
        if len(there) >= CHANNELS_MAX:
            raise ValueError(f"there are {CHANNELS_MAX} channels already")
        position = max((other.get("position", 0) for other in there), default=-1) + 1
        try:
            await _changing(_channels().insert_one({**channel.model_dump(), "position": position}))
        except AlreadyThere:
            return False
    return True


async def find(chat_id: int) -> Channel | None:
    """The channel as it is stored now, or None."""
    return _record(await _channels().find_one({"chat_id": chat_id}))


async def change(chat_id: int, **fields: Any) -> Channel | None:
    """Change what is named of `CHANGEABLE`; atomic. The channel as it is now, None when there is none.

    Raises ValueError for other names and for values a channel cannot have.
    """
    return await _change({"chat_id": chat_id}, fields)


async def change_link(chat_id: int, old_link: str, **fields: Any) -> Channel | None:
    """As `change`, but only while the channel's link is `old_link`; None when it is another or there is no channel.

    One conditional update: of any number of calls with the same `old_link` and a new `invite_link` one changes it.
    """
    return await _change({"chat_id": chat_id, "invite_link": old_link}, fields)


async def _change(condition: Document, fields: Document) -> Channel | None:
    if not fields or not fields.keys() <= CHANGEABLE:
        raise ValueError(f"of a channel can be changed: {', '.join(sorted(CHANGEABLE))}")
    checked = Channel.model_validate({"invite_link": "", **fields, "chat_id": condition["chat_id"]})
    values = {name: getattr(checked, name) for name in fields}
    return _record(await _changing(_channels().find_one_and_update(condition, {"$set": values})))


async def remove(chat_id: int) -> bool:
    """Ask for the channel no more; atomic. False when there is none. What is known of its people stays."""
    return await _changing(_channels().delete_one({"chat_id": chat_id}))


async def mark_broken(chat_id: int, at: datetime) -> bool:
    """Remember since when the bot cannot see the members; atomic. True only for the call that changed it."""
    condition: Document = {"chat_id": chat_id, "broken_since": None}
    return await _changing(_channels().update_one(condition, {"$set": {"broken_since": at}}))


async def mark_working(chat_id: int) -> bool:
    """The bot sees the members again; atomic. True only for the call that changed it."""
    condition: Document = {"chat_id": chat_id, "broken_since": {"$ne": None}}
    return await _changing(_channels().update_one(condition, {"$set": {"broken_since": None}}))


async def count_join(chat_id: int) -> bool:
    """Count a person who came through the channel's link; atomic. False when there is no such channel.

    `current` goes on with the count it read: nobody decides by it, and joins come in swarms.
    """
    return await _channels().update_one({"chat_id": chat_id}, {"$inc": {"joined_count": 1}})


async def move_to(chat_id: int, new_chat_id: int) -> bool:
    """The group became a supergroup: the same channel under another id; atomic.

    False when there is no channel of the old id (any more), or the new id is a channel already: both stay then.
    """
    try:
        return await _changing(_channels().update_one({"chat_id": chat_id}, {"$set": {"chat_id": new_chat_id}}))
    except AlreadyThere:
        return False

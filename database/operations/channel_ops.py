"""Channels to join and to announce in (collection `channels`): few, read at every delivery."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from core.announcements import Slots
from core.errors import AlreadyThere
from core.subscriptions import CHANNELS_MAX, Channel
from database.collection import Collection
from database.connection import Database, current_database
from database.readable import find_records, reader, record_of
from database.shared_read import SharedRead
from database.values import Document

T = TypeVar("T")
log = logging.getLogger("tollgate.database")

#: fields that `change` accepts
CHANGEABLE = frozenset(
    {"title", "label", "username", "invite_link", "mode", "on_error", "is_required", "is_paused", "position", "slots"}
)
#: joins remembered of a channel: Telegram repeats an update within seconds, at the latest when a process was killed
COUNTED_KEPT = 50
_ORDER = (("position", 1), ("chat_id", 1))
#: the document of `admin_config` that counts the numbers given to channels
_NUMBERS = "channel_numbers"


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


#: makes a channel of a document
READ = reader(Channel)


async def _record(document: Document | None) -> Channel | None:
    return await record_of(_channels(), document, READ)


async def load() -> tuple[Channel, ...]:
    """Return all channels (at most `CHANNELS_MAX`) in their order.

    A document that cannot be read (edited by hand) is left out, so that it does not block every delivery.
    """
    return tuple(await find_records(_channels(), READ, {}, limit=CHANNELS_MAX, sort=_ORDER))


async def current(now: datetime) -> tuple[Channel, ...]:
    """Return the channels as of at most 5 seconds ago; a change by this process is seen at once.

    Concurrent callers share one read, its result or its error.
    """
    return await _cache().channels.get(now, load)


async def add(channel: Channel) -> bool:
    """Add a channel to join after the last one; False when it is one already. One find and one insert or update.

    One that is only announced in becomes one to join, too. Raises ValueError when there are `CHANNELS_MAX`; two
    processes that add at the same instant may exceed it.
    """
    async with _cache().adding:
        stored, position = await _place_of(channel.chat_id)
        if stored is not None:
            return await _require(channel)
        try:
            await _changing(_channels().insert_one({**channel.model_dump(), "position": position}))
        except AlreadyThere:
            return await _require(channel)
    return True


async def _place_of(chat_id: int) -> tuple[Document | None, int]:
    """Return the stored channel, and the position of a new one. Raises ValueError when there is no place for it."""
    stored = await _channels().find({}, limit=CHANNELS_MAX, sort=_ORDER, projection=["chat_id", "position"])
    known = next((other for other in stored if other.get("chat_id") == chat_id), None)
    if known is None and len(stored) >= CHANNELS_MAX:
        raise ValueError(f"there are {CHANNELS_MAX} channels already")
    places = [other.get("position") for other in stored]
    return known, max((place for place in places if isinstance(place, int)), default=-1) + 1


async def _require(channel: Channel) -> bool:
    """Make a stored channel that was never required one to join; False when it was."""
    never = {"chat_id": channel.chat_id, "is_required": False, "invite_link": ""}
    fields = {
        name: getattr(channel, name)
        for name in ("title", "label", "username", "invite_link", "mode", "on_error", "is_paused", "broken_since")
    }
    return await _changing(_channels().update_one(never, {"$set": {**fields, "is_required": True}}))


async def connect(chat_id: int, *, title: str, username: str | None, added_by: int, added_at: datetime) -> Channel:
    """Have posts announced in a channel from now on; returns it. May be repeated: title and @name are renewed.

    One that is stored keeps whether it is required; a new one is not. Raises ValueError when there are `CHANNELS_MAX`.
    """
    async with _cache().adding:
        stored, position = await _place_of(chat_id)
        if stored is None:
            new = Channel(
                chat_id=chat_id, title=title, username=username, is_required=False, added_by=added_by, added_at=added_at
            )
            try:
                await _changing(_channels().insert_one({**new.model_dump(), "position": position}))
            except AlreadyThere:
                log.info("channel.connected_twice", extra={"chat": chat_id})
    connected = await switch_publishing(chat_id, is_on=True)
    renewed = await _change({"chat_id": chat_id}, {"title": title, "username": username})
    if connected is None or renewed is None:
        raise ValueError(f"channel {chat_id} was removed at the same instant")
    return renewed


async def switch_publishing(chat_id: int, *, is_on: bool) -> Channel | None:
    """Set whether posts are announced in the channel; returns it, None when there is none. Atomic but for the number.

    When it is switched on for the first time it gets its number, which no other channel ever has.
    """
    channel = await find(chat_id)
    if channel is not None and is_on and channel.source_number is None:
        # of two processes the first gives its number; the other's is never used
        numbered = {"$set": {"source_number": await _next_number()}}
        await _channels().update_one({"chat_id": chat_id, "source_number": None}, numbered)
    switched = {"$set": {"is_published_to": is_on}}
    return await _record(await _changing(_channels().find_one_and_update({"chat_id": chat_id}, switched)))


async def _next_number() -> int:
    numbers = current_database().collection("admin_config")
    for _ in range(2):
        try:
            counted = await numbers.find_one_and_update({"_id": _NUMBERS}, {"$inc": {"last": 1}}, upsert=True)
        except AlreadyThere:
            continue  # another process inserted the document at the same instant
        if counted is not None:
            return int(counted["last"])
    raise AlreadyThere("admin_config: no number for a channel")


async def find(chat_id: int) -> Channel | None:
    """Return the channel as stored now, or None."""
    return await _record(await _channels().find_one({"chat_id": chat_id}))


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


async def change_slots(chat_id: int, before: Slots, after: Slots) -> Channel | None:
    """Replace the slots of a channel, if they are still `before`; returns it, None when they are not. Atomic."""
    unchanged: Document = {"chat_id": chat_id, "slots": before.model_dump()}
    if before == Slots():
        # rows of older versions have no such field
        unchanged = {"chat_id": chat_id, "$or": [{"slots": before.model_dump()}, {"slots": {"$exists": False}}]}
    update = {"$set": {"slots": after.model_dump()}}
    return await _record(await _changing(_channels().find_one_and_update(unchanged, update)))


async def _change(condition: Document, fields: Document) -> Channel | None:
    if not fields or not fields.keys() <= CHANGEABLE:
        raise ValueError(f"of a channel can be changed: {', '.join(sorted(CHANGEABLE))}")
    checked = Channel.model_validate({"invite_link": "", **fields, "chat_id": condition["chat_id"]})
    values = checked.model_dump(include=set(fields))
    return await _record(await _changing(_channels().find_one_and_update(condition, {"$set": values})))


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


async def count_join(chat_id: int, update_key: str) -> bool:
    """Count a subscriber who joined through the channel's link, once for an update; atomic.

    False when there is no such channel, or `update_key`, which identifies the update, is one of the last
    COUNTED_KEPT that were counted. The cache is kept, with the old count: no rule uses it, and many may join at once.
    """
    counted: Document = {"$each": [update_key], "$slice": -COUNTED_KEPT}
    return await _channels().update_one(
        {"chat_id": chat_id, "counted_joins": {"$ne": update_key}},
        {"$inc": {"joined_count": 1}, "$push": {"counted_joins": counted}},
    )


async def move_to(chat_id: int, new_chat_id: int) -> bool:
    """Change the id of a group that became a supergroup; atomic.

    False when there is no channel with the old id, or one with the new id exists: both stay then.
    """
    try:
        return await _changing(_channels().update_one({"chat_id": chat_id}, {"$set": {"chat_id": new_chat_id}}))
    except AlreadyThere:
        return False

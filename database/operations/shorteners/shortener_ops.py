"""Shorteners (collection `shorteners`): those added in the admin bot, and what was changed there about the others.

The list of a process is those of its environment, set once at its start, and the stored ones.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from core.errors import AlreadyThere
from core.shorteners.records import SHARE_MAX, SHORTENERS_MAX, Shortener, with_environment
from database.collection import Collection
from database.connection import Database, current_database
from database.readable import find_records, reader
from database.shared_read import SharedRead
from database.values import Document

#: how long a removed one is kept: its hosts, until the last of its links has expired (TOKEN_EXPIRY_DAYS, at most 30)
REMOVED_KEPT_FOR = timedelta(days=31)
#: hosts of links remembered for one shortener
LINK_HOSTS_MAX = 20
#: those that are there come first, whatever the number of removed ones
_ORDER = (("removed_at", 1), ("name_key", 1))
#: documents read at most: those that are there, and removed ones
_READ_MAX = 4 * SHORTENERS_MAX


@dataclass(slots=True)
class _Cache:
    stored: SharedRead[tuple[Shortener, ...]] = field(default_factory=SharedRead)
    environment: tuple[Shortener, ...] = ()
    #: held while one is added, so that one process does not race itself
    adding: asyncio.Lock = field(default_factory=asyncio.Lock)


_caches: WeakKeyDictionary[Database, _Cache] = WeakKeyDictionary()


def _shorteners() -> Collection:
    return current_database().collection("shorteners")


def _cache() -> _Cache:
    return _caches.setdefault(current_database(), _Cache())


def set_environment(configured: Sequence[Shortener]) -> None:
    """Set the shorteners of this process's environment for the open database, instead of those set before."""
    _cache().environment = tuple(configured)


#: makes a shortener of a document
READ = reader(Shortener)


async def _load() -> tuple[Shortener, ...]:
    """Return all stored documents; one that cannot be read (edited by hand) is left out."""
    return tuple(await find_records(_shorteners(), READ, {}, limit=_READ_MAX, sort=_ORDER))


async def load() -> tuple[Shortener, ...]:
    """Return the shorteners as they are now, those of the environment first, each group by name."""
    return with_environment(await _load(), _cache().environment)


async def current(now: datetime) -> tuple[Shortener, ...]:
    """Return the shorteners as of at most 5 seconds ago; a change by this process is seen at once.

    Concurrent callers share one read, its result or its error.
    """
    return with_environment(await _cache().stored.get(now, _load), _cache().environment)


async def has_active(now: datetime) -> bool:
    """Return whether verification links lead through a shortener, as of at most 5 seconds ago."""
    return is_any_active(await current(now))


def is_any_active(shorteners: Sequence[Shortener]) -> bool:
    """Return whether one of them is not paused."""
    return any(not one.is_paused for one in shorteners)


async def hosts_of_chat(now: datetime) -> frozenset[str]:
    """Return the hosts that links of shorteners added in the admin bot had, also of paused and removed ones."""
    stored = await _cache().stored.get(now, _load)
    return frozenset(host for one in stored for host in (*one.hosts, *one.link_hosts))


async def find(code: str) -> Shortener | None:
    """Return the shortener as it is now, or None."""
    return next((one for one in await load() if one.code == code), None)


async def add(shortener: Shortener) -> bool:
    """Insert a shortener of the chat; one find, one insert. False when it is there already (by its code).

    Raises AlreadyThere when another one has its name, ValueError when there are `SHORTENERS_MAX`; two processes that
    add at the same instant may exceed it.
    """
    async with _cache().adding:
        known = await load()
        if any(one.code == shortener.code for one in known):
            return False
        if len(known) >= SHORTENERS_MAX:
            raise ValueError(f"there are {SHORTENERS_MAX} shorteners already")
        name_key = shortener.name.casefold()
        if any(one.name.casefold() == name_key for one in known):
            raise AlreadyThere(f"a shortener is called {shortener.name}")
        try:
            await _shorteners().insert_one({**shortener.model_dump(), "name_key": name_key})
        except AlreadyThere:
            if await _shorteners().find_one({"code": shortener.code, "removed_at": None}, projection=["_id"]) is None:
                raise
            return False
        finally:
            _cache().stored.clear()
    return True


async def set_share(shortener: Shortener, share: int, admin_id: int, admin_name: str) -> bool:
    """Change the share from the one `shortener` has; one conditional update. False when it has another one by now."""
    if not 1 <= share <= SHARE_MAX:
        raise ValueError(f"a share is from 1 to {SHARE_MAX}")
    return await _change(shortener, {"share": shortener.share}, {"share": share}, admin_id, admin_name)


async def set_paused(shortener: Shortener, is_paused: bool, admin_id: int, admin_name: str) -> bool:
    """Pause or resume; one conditional update. False when it is so already, or the shortener was removed."""
    return await _change(shortener, {"is_paused": not is_paused}, {"is_paused": is_paused}, admin_id, admin_name)


async def _change(shortener: Shortener, seen: Document, values: Document, admin_id: int, admin_name: str) -> bool:
    values = {**values, "changed_by": admin_id, "changed_by_name": admin_name}
    try:
        condition: Document = {"code": shortener.code, "removed_at": None}
        is_changed = await _shorteners().update_one(condition | seen, {"$set": values})
        if not is_changed and shortener.is_of_environment:
            is_changed = await _store_of_environment(shortener, seen, values)
        return is_changed
    finally:
        # a read that started before the change must not serve callers after it
        _cache().stored.clear()


async def _store_of_environment(shortener: Shortener, seen: Document, values: Document) -> bool:
    """Insert the first change of a shortener of the environment, unless the configuration differs from `seen`."""
    configured = next((one for one in _cache().environment if one.code == shortener.code), None)
    if configured is None or any(getattr(configured, name) != value for name, value in seen.items()):
        return False
    change = configured.model_copy(update=values)
    document = {**change.model_dump(), "name_key": f"environment {change.name.casefold()}"}
    try:
        await _shorteners().insert_one({**document, "api_url": "", "hosts": (), "sealed_key": None})
    except AlreadyThere:  # somebody has changed it before, so it is not as it was seen
        return False
    return True


async def replace_key(
    shortener: Shortener, sealed_key: str, set_at: datetime, admin_id: int | None, admin_name: str
) -> bool:
    """Set another key; one conditional update. False when its key is no longer the one `shortener` has."""
    condition: Document = {"code": shortener.code, "removed_at": None, "sealed_key": shortener.sealed_key}
    values = {"sealed_key": sealed_key, "set_at": set_at, "set_by": admin_id, "set_by_name": admin_name}
    try:
        return await _shorteners().update_one(condition, {"$set": values})
    finally:
        _cache().stored.clear()


async def remember_host(code: str, host: str) -> bool:
    """Add a host that its links have; one conditional update. False when it is known, or there are too many."""
    condition: Document = {
        "code": code,
        "removed_at": None,
        "link_hosts": {"$ne": host},
        f"link_hosts.{LINK_HOSTS_MAX - 1}": {"$exists": False},
    }
    try:
        return await _shorteners().update_one(condition, {"$push": {"link_hosts": host}})
    finally:
        _cache().stored.clear()


async def remove(code: str, now: datetime) -> bool:
    """Take a shortener of the chat off the list and delete its key; one conditional update. False when it is gone.

    Its hosts are kept for `REMOVED_KEPT_FOR`: people come back from links made before.
    """
    await _shorteners().delete_many({"removed_at": {"$lt": now - REMOVED_KEPT_FOR}})
    condition: Document = {"code": code, "removed_at": None, "origin": "chat"}
    # its name is free again
    values: Document = {"removed_at": now, "sealed_key": None, "name_key": f"removed {code}"}
    try:
        return await _shorteners().update_one(condition, {"$set": values})
    finally:
        _cache().stored.clear()

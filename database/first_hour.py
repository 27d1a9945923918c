"""The first hour as stored: one document of the collection `admin_config`."""

from datetime import datetime
from weakref import WeakKeyDictionary

from pydantic import TypeAdapter

from core.errors import AlreadyThere
from core.team.first_hour import FirstHour, StorageCandidate
from database.collection import Collection
from database.connection import Database, current_database
from database.readable import record_or_none
from database.shared_read import SharedRead
from database.values import Document

_ID = "first hour"
_FIRST_HOUR = TypeAdapter(FirstHour)
_caches: WeakKeyDictionary[Database, SharedRead[FirstHour]] = WeakKeyDictionary()


def _config() -> Collection:
    return current_database().collection("admin_config")


def _cache() -> SharedRead[FirstHour]:
    return _caches.setdefault(current_database(), SharedRead())


async def load() -> FirstHour:
    """Return what is stored."""
    return await record_or_none(_config(), await _config().find_one({"_id": _ID}), read) or FirstHour(None, None, None)


def read(document: Document) -> FirstHour:
    """Return the first hour of its document. Raises one of `readable.CANNOT_READ`."""
    candidate = document.get("candidate")
    fields = {name: document.get(name) for name in ("announced_at", "told_at")}
    return _FIRST_HOUR.validate_python({**fields, "candidate": candidate or None})


async def current(now: datetime) -> FirstHour:
    """Return what was stored at most 5 seconds ago; a change by this process is seen at once."""
    return await _cache().get(now, load)


async def keep_candidate(candidate: StorageCandidate) -> None:
    """Store which channel was chosen; the one before is forgotten. One atomic upsert."""
    fields = ("chat_id", "title", "admin_id", "admin_name", "message_id")
    await _set({"candidate": {name: getattr(candidate, name) for name in fields}})


async def drop_candidate(chat_id: int) -> bool:
    """Forget the chosen channel, if it is this one; atomic: of concurrent calls one gets True."""
    try:
        return await _config().update_one({"_id": _ID, "candidate.chat_id": chat_id}, {"$set": {"candidate": None}})
    finally:
        _cache().clear()


async def mark_announced(now: datetime) -> bool:
    """Record that an announcement was confirmed; atomic: of all calls ever one gets True."""
    return await _mark("announced_at", now)


async def mark_told(now: datetime) -> bool:
    """Record that the owner is told that the first announcement is out; atomic: of all calls ever one gets True."""
    return await _mark("told_at", now)


async def _mark(field: str, now: datetime) -> bool:
    unmarked, mark = {"_id": _ID, field: None}, {"$set": {field: now}}
    try:
        return await _config().update_one(unmarked, mark, upsert=True)
    except AlreadyThere:
        # marked before, or another process inserted the document in the same instant, perhaps for another field
        return await _config().update_one(unmarked, mark)
    finally:
        _cache().clear()


async def _set(fields: Document) -> None:
    try:
        await _config().update_one({"_id": _ID}, {"$set": fields}, upsert=True)
    except AlreadyThere:
        # another process inserted it in the same instant
        await _config().update_one({"_id": _ID}, {"$set": fields}, upsert=True)
    finally:
        _cache().clear()

"""Documents that cannot be read, for the owners and for whoever repairs them (collection `unreadable_rows`).

A row: `_id` is "collection:id" of the document; `collection`, `row` (its `_id`), `problem`, `found_at`, `seen_at`.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

from cachetools import FIFOCache

from core.errors import AlreadyThere
from database.collection import Collection
from database.connection import Database, current_database
from database.values import Document

log = logging.getLogger("tollgate.database")

#: documents noted by one read; more are noted when they are met again
NOTED_MAX = 50
#: documents a process remembers to have noted
_REMEMBERED = 1_000
#: rows that are shown or counted
SHOWN_MAX = 1_000

#: documents by their `_id`, each with what is wrong with it. No mapping: an `_id` may be a document itself
Wrong = Sequence[tuple[object, str]]

#: what this process has noted: key -> what is wrong
_noted: WeakKeyDictionary[Database, FIFOCache[str, str]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One document that cannot be read."""

    #: "collection:id"
    key: str
    collection: str
    #: its `_id`
    row: object
    #: which fields, and what is wrong with them; no stored value
    problem: str


def rows() -> Collection:
    """Return the collection."""
    return current_database().collection("unreadable_rows")


async def note(collection: str, wrong: Wrong) -> None:
    """Note documents; one upsert each, none for what this process has noted.

    Each is logged once by a process, and at most NOTED_MAX at a time.
    """
    known = _noted.setdefault(current_database(), FIFOCache(_REMEMBERED))
    new = [(row, problem) for row, problem in wrong if known.get(f"{collection}:{row}") != problem]
    for row, problem in new[:NOTED_MAX]:
        key = f"{collection}:{row}"
        log.error("row.unreadable", extra={"collection": collection, "row": str(row), "problem": problem})
        known[key] = problem
        await _upsert(key, {"collection": collection, "row": row, "problem": problem})


async def _upsert(key: str, fields: Document) -> None:
    now = current_database().now()
    update: Document = {"$set": {**fields, "seen_at": now}, "$setOnInsert": {"found_at": now}}
    try:
        await rows().update_one({"_id": key}, update, upsert=True)
    except AlreadyThere:
        # another process inserted it in the same instant
        await rows().update_one({"_id": key}, update, upsert=True)


async def find(limit: int = SHOWN_MAX) -> list[Unreadable]:
    """Return up to `limit` noted documents, those found first in front; `[]` when there are none."""
    return [_row(document) for document in await rows().find({}, limit=limit, sort=[("found_at", 1)])]


async def find_one(key: str) -> Unreadable | None:
    """Return the noted document with this key, or None."""
    document = await rows().find_one({"_id": key})
    return None if document is None else _row(document)


async def find_longest_unseen(limit: int) -> list[Unreadable]:
    """Return up to `limit` noted documents that were not met or examined for longest."""
    return [_row(document) for document in await rows().find({}, limit=limit, sort=[("seen_at", 1)])]


def _row(document: Document) -> Unreadable:
    # this collection's own rows are read whatever they are
    key = str(document["_id"])
    return Unreadable(
        key, str(document.get("collection")), document.get("row"), str(document.get("problem") or "unknown")
    )


async def mark_seen(key: str, now: datetime) -> None:
    """Record that the document was examined and still cannot be read."""
    await rows().update_one({"_id": key}, {"$set": {"seen_at": now}})


async def forget(key: str) -> None:
    """Forget the document: it is readable or gone. May be repeated."""
    known = _noted.get(current_database())
    if known is not None:
        known.pop(key, None)
    await rows().delete_one({"_id": key})

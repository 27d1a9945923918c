"""Erasures (collection `erasures`): who is being erased, and of those who were, a hash of the id.

`_id` is the hash. An erasure under way has `user_id` and `next_at`; one that is done has `done_at`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack

from core.errors import AlreadyThere
from core.records import Record
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.readable import find_records, not_set_aside, reader, record_or_none
from database.values import A_DATE, Document


class Erasure(Record):
    """An erasure under way. Times are aware UTC."""

    #: the hash
    id: str
    user_id: int
    asked_at: datetime
    #: when it goes on
    next_at: datetime


#: makes an erasure of a document
READ = reader(Erasure)


def read(document: Document) -> Erasure | None:
    """Return the erasure of a document; None for one that is done. Raises one of `readable.CANNOT_READ`."""
    return None if document.get("next_at") is None else READ(document)


def _rows() -> Collection:
    return current_database().collection("erasures")


async def begin(tombstone: str, user_id: int, now: datetime) -> Erasure:
    """Ask for the erasure of a subscriber; returns it, or the one that is under way. One upsert.

    One that was done before begins again: the subscriber came back. Raises ValueError for what is no id of a person.
    """
    if user_id <= 0:
        raise ValueError("that is no subscriber")
    free: Document = {"_id": tombstone, "next_at": None}
    asked: Document = {"$set": {"user_id": user_id, "asked_at": now, "next_at": now, "done_at": None}}
    try:
        await _rows().update_one(free, asked, upsert=True)
    except AlreadyThere:
        # under way: the second press of a button, or an update that comes again
        found = await _rows().find_one({"_id": tombstone})
        known = await record_or_none(_rows(), found, READ)
        if known is not None:
            return known
    return Erasure(id=tombstone, user_id=user_id, asked_at=now, next_at=now)


async def find_due(now: datetime, limit: int) -> list[Erasure]:
    """Return up to `limit` erasures that are to go on at `now`, the longest waiting first."""
    return await find_records(_rows(), READ, {"next_at": {"$lte": now}}, limit=limit, sort=[("next_at", 1)])


async def is_any_due(now: datetime) -> bool:
    """Return whether an erasure is to go on."""
    due = {"next_at": {"$lte": now}, **not_set_aside(now)}
    return await _rows().find_one(due, projection=["_id"]) is not None


async def go_on_at(tombstone: str, at: datetime) -> bool:
    """Have an erasure go on at `at`; atomic. False when it is done."""
    return await _rows().update_one({"_id": tombstone, "next_at": A_DATE}, {"$set": {"next_at": at}})


async def finish(tombstone: str, now: datetime) -> bool:
    """End an erasure: of it the hash stays; atomic. False when it has ended."""
    ended: Document = {"user_id": None, "next_at": None, "done_at": now}
    return await _rows().update_one({"_id": tombstone, "next_at": A_DATE}, {"$set": ended})


async def find_done(after: str, limit: int) -> list[tuple[str, datetime]]:
    """Return up to `limit` hashes of all erasures above `after`, ascending, and when each was asked for."""
    found = await _rows().find({"_id": {"$gt": after}}, limit=limit, sort=[("_id", 1)], projection=["asked_at"])
    return [(row["_id"], row["asked_at"]) for row in found if isinstance(row.get("asked_at"), datetime)]


async def begin_again(erasures: Sequence[Erasure]) -> None:
    """Insert erasures of subscribers whom a backup brought back, each in place of what it has of it. Not atomic."""
    for one in erasures:
        fields: Document = {**one.model_dump(exclude={"id"}), "done_at": None, "is_of_restore": True}
        await _rows().update_one({"_id": one.id}, {"$set": fields}, upsert=True)


async def delete_old(before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete hashes of erasures done before `before`; bounded, not atomic."""
    rows = current_database().bulk("erasures")
    return await delete_in_batches(rows, {"done_at": {"$lt": before}}, "done_at", **bounds)

"""Rows of announcements: the collection, the records of its documents, the one way to change a state."""

from collections.abc import Awaitable, Sequence
from datetime import datetime

from core.announcements import Announcement, AnnouncementState
from core.statistics.events import Event, Mark
from database.collection import Collection, Sort
from database.connection import current_database
from database.readable import find_records, reader, record_of
from database.uncounted import FIELD as UNCOUNTED
from database.values import Document, to_key

#: makes an announcement of a document
READ = reader(Announcement)


def announcements() -> Collection:
    """Return the collection."""
    return current_database().collection("announcements")


def record(document: Document | None) -> Awaitable[Announcement | None]:
    """Return the announcement of a document; None for none. Raises UnreadableRow."""
    return record_of(announcements(), document, READ)


async def find_some(condition: Document, *, limit: int, sort: Sort | None = None, skip: int = 0) -> list[Announcement]:
    """Return up to `limit` announcements that match and can be read (`database.readable`)."""
    return await find_records(announcements(), READ, condition, limit=limit, sort=sort, skip=skip)


def published_mark(now: datetime) -> Document:
    """Return the field by which an announcement that was not published before is counted."""
    current_database().uncounted.note("announcements")
    return {UNCOUNTED: [Mark(Event.PUBLISHED, now).text]}


async def change_state(
    announcement_id: str, was: Sequence[AnnouncementState], change: Document, **more: object
) -> Announcement | None:
    """Update an announcement whose state is one of `was`; returns it changed, None when nothing matched. Atomic."""
    condition = {"_id": to_key(announcement_id), "state": {"$in": list(was)}, **more}
    return await record(await announcements().find_one_and_update(condition, {"$set": {**change, "is_noted": False}}))

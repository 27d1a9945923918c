"""The result of the last health check (collection `health`, one document), and since when work is due."""

from datetime import datetime

from core.announcements import AnnouncementState
from core.broadcasts import BroadcastStatus
from core.errors import AlreadyThere
from core.health.findings import Health
from database.collection import Collection
from database.connection import current_database
from database.readable import not_set_aside, reader, record_or_none
from database.values import A_DATE, Document

_ID = "house"
#: makes a result of the document
READ = reader(Health)


def _health() -> Collection:
    return current_database().collection("health")


async def write(health: Health) -> None:
    """Replace the stored result. One atomic upsert."""
    update: Document = {"$set": health.model_dump()}
    try:
        await _health().update_one({"_id": _ID}, update, upsert=True)
    except AlreadyThere:
        # another process inserted the first one in the same instant
        await _health().update_one({"_id": _ID}, update, upsert=True)


async def find() -> Health | None:
    """Return the last result; None when there is none, or this version cannot read it."""
    return await record_or_none(_health(), await _health().find_one({"_id": _ID}), READ)


#: by job: its collection, the field with the time its work is due, and what else tells it from other rows
_WORK: tuple[tuple[str, str, str, Document], ...] = (
    ("broadcast_sender", "broadcasts", "send_at", {"status": BroadcastStatus.SENDING}),
    ("broadcast_sender", "broadcasts", "send_at", {"status": BroadcastStatus.QUEUED}),
    ("broadcast_deleter", "broadcasts", "delete_at", {}),
    ("publisher", "announcements", "due_at", {"state": AnnouncementState.PLANNED, "is_now": False}),
    ("publisher", "announcements", "due_at", {"state": AnnouncementState.PLANNED, "is_now": True}),
    ("publisher", "announcements", "edit_at", {"state": AnnouncementState.PUBLISHED}),
    ("announcement_deleter", "announcements", "leaves_at", {"state": AnnouncementState.PUBLISHED}),
    ("eraser", "erasures", "next_at", {}),
)


async def find_due_since(now: datetime) -> dict[str, datetime]:
    """Return since when work of a job is due, without jobs that have none; a find for each kind of work.

    Of jobs that work when something is due. Documents that cannot be read are no work.
    """
    since: dict[str, datetime] = {}
    for job, name, field, besides in _WORK:
        home = current_database().collection(name)
        due: Document = {**besides, field: {**A_DATE, "$lte": now}, **not_set_aside(now)}
        first = await home.find_one(due, sort=[(field, 1)], projection=[field])
        if first is not None:
            since[job] = min(since.get(job, now), first[field])
    return since

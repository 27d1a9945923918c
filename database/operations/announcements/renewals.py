"""Renewals of all buttons: every published announcement gets its link anew, for example after a new @name of the bot.

The rows carry what is still to be done, so a renewal goes on after a kill and its counts are exact. The last renewal is
a document of `admin_config`.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from core.announcements import AnnouncementState, EditKind
from core.errors import AlreadyThere
from core.records import Record
from database.connection import current_database
from database.operations.announcements.rows import announcements
from database.readable import reader, record_or_none
from database.values import Document, to_key

_ID = "button_renewal"
#: what becomes of the button of a row; a closed list
_STATES = ("due", "done", "failed", "kept")
#: not published, but possibly later: their link has the name of now
_NOT_OUT: Document = {
    "$in": [
        AnnouncementState.PLANNED,
        AnnouncementState.SENDING,
        AnnouncementState.UNKNOWN,
        AnnouncementState.FAILED,
        AnnouncementState.MISSED,
    ]
}
#: rows marked at once
PAGE = 500


class Renewal(Record):
    """The last renewal of all buttons. Times are aware UTC."""

    key: str
    started_by: int
    started_at: datetime
    #: how far rows are marked
    cursor: str = ""
    is_filled: bool = False
    is_cancelled: bool = False

    @property
    def is_to_be_marked(self) -> bool:
        """Whether announcements are still to be marked for it."""
        return not self.is_filled and not self.is_cancelled


#: makes a renewal of its document
READ = reader(Renewal)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a renewal is: numbers of announcements."""

    renewal: Renewal
    due: int
    done: int
    #: Telegram refused
    failed: int
    #: published by another bot: left alone
    kept: int

    @property
    def total(self) -> int:
        return self.due + self.done + self.failed + self.kept

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be renewed."""
        return self.renewal.is_cancelled or (self.renewal.is_filled and not self.due)


async def start(key: str, by: int, now: datetime) -> Progress:
    """Start a renewal unless one is under way, which is returned. Of concurrent calls one starts.

    Its edits begin within two seconds (job `publisher`).
    """
    progress = await find()
    if progress is not None and not progress.is_over:
        return progress
    new = Renewal(key=key, started_by=by, started_at=now)
    last: Document = {"_id": _ID, "key": None if progress is None else progress.renewal.key}
    config = current_database().collection("admin_config")
    # a taken `_id`: another press or process has started one
    with suppress(AlreadyThere):
        await config.update_one(last, {"$set": new.model_dump()}, upsert=True)
    started = await find()
    if started is None:
        raise AlreadyThere("admin_config: the renewal of buttons was removed")
    return started


async def find() -> Progress | None:
    """Return how far the last renewal is; None when there was none. One read and one count by index."""
    renewal = await find_renewal()
    if renewal is None:
        return None
    counting: Document = {"_id": "$renewal_state", "count": {"$sum": 1}}
    rows = await announcements().aggregate({"renewal": renewal.key}, [{"$group": counting}], at_most=len(_STATES))
    counts = {one["_id"]: one["count"] for one in rows}
    return Progress(renewal, **{state: counts.get(state, 0) for state in _STATES})


async def find_renewal() -> Renewal | None:
    """Return the last renewal, or None."""
    document = await current_database().collection("admin_config").find_one({"_id": _ID})
    return await record_or_none(current_database().collection("admin_config"), document, READ)


async def cancel(key: str) -> bool:
    """Renew no further buttons; False when another renewal is the last. May be repeated."""
    last = {"_id": _ID, "key": key}
    if not await current_database().collection("admin_config").update_one(last, {"$set": {"is_cancelled": True}}):
        return False
    waiting: Document = {"renewal": key, "renewal_state": "due"}
    await announcements().update_many({**waiting, "edit": EditKind.BUTTON}, {"$set": {"edit": None, "edit_at": None}})
    await announcements().update_many(waiting, {"$set": {"renewal": None, "renewal_state": None}})
    return True


async def mark_page(renewal: Renewal, now: datetime) -> bool:
    """Mark the next PAGE published announcements for the renewal; False when there are none left. May be repeated.

    A row whose content is to be edited anyway gets its new button with it. With the first page, what is not published
    yet is marked to get its new button right after it is; the counts leave it out.
    """
    if not renewal.cursor:
        ahead: Document = {"state": _NOT_OUT, "edit": None}
        await announcements().update_many(ahead, {"$set": {"edit": EditKind.BUTTON, "edit_at": now}})
    condition: Document = {"state": AnnouncementState.PUBLISHED}
    if renewal.cursor:
        condition["_id"] = {"$gt": to_key(renewal.cursor)}
    found = await announcements().find(condition, limit=PAGE, sort=[("_id", 1)], projection=["_id"])
    if found:
        ids = [document["_id"] for document in found]
        await _mark({"_id": {"$in": ids}, "state": AnnouncementState.PUBLISHED}, renewal.key, now)
    is_filled = len(found) < PAGE
    passed = {"cursor": str(found[-1]["_id"]) if found else renewal.cursor, "is_filled": is_filled}
    last = {"_id": _ID, "key": renewal.key}
    await current_database().collection("admin_config").update_one(last, {"$set": passed})
    return not is_filled


async def _mark(rows: Mapping[str, object], key: str, now: datetime) -> None:
    # a row that this renewal has marked, and the publisher has edited since, is not marked again
    unmarked = {**rows, "renewal": {"$ne": key}}
    waiting = {"renewal": key, "renewal_state": "due"}
    await announcements().update_many({**unmarked, "edit": EditKind.CONTENT}, {"$set": waiting})
    edit = {"edit": EditKind.BUTTON, "edit_at": now}
    await announcements().update_many({**unmarked, "edit": {"$ne": EditKind.CONTENT}}, {"$set": {**edit, **waiting}})

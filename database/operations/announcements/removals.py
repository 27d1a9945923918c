"""Announcements that leave their channels: withdrawn by a person, or because their time is up."""

from dataclasses import dataclass
from datetime import datetime

from core.announcements import Announcement, AnnouncementState
from database.operations.announcements.rows import announcements, change_state, find_some
from database.readable import not_set_aside
from database.values import Document, to_key

#: what a row that has left has no use for
_GONE: Document = {"leaves_at": None, "edit": None, "edit_at": None, "is_pin_due": False, "error": None}
#: nothing of it is in a channel, and nothing will be
_NOT_OUT: Document = {"$in": [AnnouncementState.PLANNED, AnnouncementState.FAILED, AnnouncementState.MISSED]}


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a person's request to take everything down does."""

    #: in channels: deleted, or emptied, within a minute
    leaving: int
    #: were still to be sent, and will not be
    cancelled: int
    #: may be in a channel: nobody knows where
    unknown: int


async def request(announcement_id: str, now: datetime) -> Announcement | None:
    """Have a published announcement leave its channel now; None when it is not published. Atomic, may be repeated."""
    wanted = {"leaves_at": now, "is_withdrawal_wanted": True, "removal_attempts": 0}
    return await change_state(announcement_id, [AnnouncementState.PUBLISHED], wanted)


async def withdraw_all(post_code: str, now: datetime) -> Withdrawn:
    """Have every announcement of a post leave, and nothing more of it be published. May be repeated.

    One update a state, each row atomically: what is being sent at this instant leaves as soon as it is there.
    """
    of_post = {"post_code": post_code}
    in_flight = {"$in": [AnnouncementState.SENDING, AnnouncementState.UNKNOWN]}
    cancelled = await _cancel(of_post)
    await announcements().update_many({**of_post, "state": in_flight}, {"$set": {"is_withdrawal_wanted": True}})
    wanted = {"leaves_at": now, "is_withdrawal_wanted": True, "removal_attempts": 0}
    published = {**of_post, "state": AnnouncementState.PUBLISHED}
    leaving = await announcements().update_many(published, {"$set": wanted})
    leaving += await announcements().count({**of_post, "state": AnnouncementState.SENDING})
    # what its owner put back between the first update and the second
    cancelled += await _cancel(of_post)
    unknown = await announcements().count({**of_post, "state": AnnouncementState.UNKNOWN})
    return Withdrawn(leaving, cancelled, unknown)


async def _cancel(of_post: Document) -> int:
    cancelled = {"state": AnnouncementState.CANCELLED, "due_at": None, "is_noted": False}
    return await announcements().update_many({**of_post, "state": _NOT_OUT}, {"$set": cancelled})


# what the deleter does


async def find_due(now: datetime, limit: int) -> list[Announcement]:
    """Return up to `limit` published announcements whose time in the channel is up at `now`, the oldest first."""
    condition = {"state": AnnouncementState.PUBLISHED, "leaves_at": {"$lte": now}}
    return await find_some(condition, limit=limit, sort=[("leaves_at", 1)])


async def is_any_due(now: datetime) -> bool:
    """Return whether the time of any published announcement in its channel is up."""
    condition = {"state": AnnouncementState.PUBLISHED, "leaves_at": {"$lte": now}, **not_set_aside(now)}
    return await announcements().find_one(condition, projection=["_id"]) is not None


async def record_withdrawn(announcement: Announcement) -> bool:
    """From published to withdrawn: nothing of it is in the channel. False when it is not published. Atomic."""
    return await _leave(announcement, AnnouncementState.WITHDRAWN)


async def record_emptied(announcement: Announcement) -> bool:
    """From published to emptied: text and button are gone, its message stays. Atomic. False: it is not published."""
    return await _leave(announcement, AnnouncementState.EMPTIED)


async def _leave(announcement: Announcement, state: AnnouncementState) -> bool:
    gone: Document = {"state": state, **_GONE}
    if announcement.renewal_state == "due":
        # its button is gone: nothing is left to renew
        gone["renewal_state"] = "done"
    same = {"message_id": announcement.message_id}
    return await change_state(announcement.id, [AnnouncementState.PUBLISHED], gone, **same) is not None


async def postpone(announcement: Announcement, leaves_at: datetime | None, error: str | None) -> bool:
    """Try again at `leaves_at`, or (None) never; False when it is not published, or was asked for meanwhile. Atomic."""
    as_read: Document = {
        "_id": to_key(announcement.id),
        "state": AnnouncementState.PUBLISHED,
        "leaves_at": announcement.leaves_at,
    }
    later: Document = {"$set": {"leaves_at": leaves_at, "error": error}}
    if error is not None:
        later["$inc"] = {"removal_attempts": 1}
    return await announcements().update_one(as_read, later)

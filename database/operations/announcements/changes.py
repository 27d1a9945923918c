"""Edits of published announcements, and pinning them: stored first, then made by the publisher."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.announcements import Announcement, AnnouncementState, CoverMessage, EditKind
from database.operations.announcements.rows import announcements, find_some
from database.values import Document, to_key

#: not published yet: what is sent will be the changed content
_AHEAD: Document = {"$in": [AnnouncementState.PLANNED, AnnouncementState.FAILED, AnnouncementState.MISSED]}
#: in the channel, or about to be: the message is edited as soon as it is there
_OUT: Document = {"$in": [AnnouncementState.PUBLISHED, AnnouncementState.SENDING, AnnouncementState.UNKNOWN]}
#: nothing is to be done with the message
_AT_REST: Document = {"edit": None, "edit_at": None, "is_pin_due": False}


@dataclass(frozen=True, slots=True)
class Content:
    """What an announcement shows besides its link."""

    text: str
    cover: CoverMessage | None
    label: str

    def stored(self) -> Document:
        """Return its fields."""
        cover = None if self.cover is None else self.cover.model_dump()
        return {"text": self.text, "cover": cover, "label": self.label}


async def change_all(post_code: str, content: Content, now: datetime) -> int:
    """Give every announcement of a post this content; return how many messages will be edited. May be repeated.

    Three updates, of what is still to be sent and of what is out; each row atomically.
    """
    ahead, out = {"post_code": post_code, "state": _AHEAD}, {"post_code": post_code, "state": _OUT}
    change: Document = {"$set": content.stored(), "$inc": {"revision": 1}}
    await announcements().update_many(ahead, change)
    edited = await announcements().update_many(out, _edited(content, now))
    # what its owner put back between the two
    await announcements().update_many(ahead, change)
    return edited


def _edited(content: Content, now: datetime) -> Document:
    return {"$set": {**content.stored(), "edit": EditKind.CONTENT, "edit_at": now}, "$inc": {"revision": 1}}


async def count_changeable(post_code: str) -> int:
    """Count the announcements of a post that are in their channels, as far as is known."""
    return await announcements().count({"post_code": post_code, "state": AnnouncementState.PUBLISHED})


# what the publisher does


async def find_due(now: datetime, *, without: Sequence[int] = (), limit: int) -> list[Announcement]:
    """Return up to `limit` published announcements to edit at `now`, the oldest first, in no chat of `without`."""
    condition: Document = {"state": AnnouncementState.PUBLISHED, "edit_at": {"$lte": now}}
    if without:
        condition["chat_id"] = {"$nin": list(without)}
    return await find_some(condition, limit=limit, sort=[("edit_at", 1)])


def _as_read(announcement: Announcement) -> Document:
    """It shows what it showed, and nobody has changed it since."""
    return {
        "_id": to_key(announcement.id),
        "state": AnnouncementState.PUBLISHED,
        "message_id": announcement.message_id,
        "revision": announcement.revision,
    }


async def record_edited(
    announcement: Announcement, url: str, cover: CoverMessage | None, error: str | None = None
) -> bool:
    """Record that the message shows what is stored, with this link and picture, and is pinned where it was to be.

    `error`: what could not be done of it. False when the announcement was changed meanwhile, or has left its channel:
    then what it shows is recorded, and the next edit is still due. One update, a second in this case.
    """
    shown = {"shown_cover": None if cover is None else cover.model_dump(), "url": url}
    over = {**shown, "error": error, **_AT_REST, **_renewed(announcement, "done")}
    if await announcements().update_one(_as_read(announcement), {"$set": over}):
        return True
    still = {"_id": to_key(announcement.id), "message_id": announcement.message_id}
    await announcements().update_one(still, {"$set": shown})
    return False


async def record_refused(announcement: Announcement, error: str) -> bool:
    """Record why it cannot be edited, and try no more; False when it was changed meanwhile. Atomic."""
    refused = {"error": error, **_AT_REST, **_renewed(announcement, "failed")}
    return await announcements().update_one(_as_read(announcement), {"$set": refused})


async def keep(announcement: Announcement, error: str) -> bool:
    """Leave alone what another bot published, and say why. False when it was changed meanwhile. Atomic."""
    kept = {"leaves_at": None, "error": error, **_AT_REST, **_renewed(announcement, "kept")}
    return await announcements().update_one(_as_read(announcement), {"$set": kept})


async def postpone(announcement: Announcement, edit_at: datetime, error: str | None = None) -> bool:
    """Try the edit again at `edit_at`; False when it was changed meanwhile. Atomic."""
    later = {"edit_at": edit_at, "error": error}
    return await announcements().update_one(_as_read(announcement), {"$set": later})


def _renewed(announcement: Announcement, outcome: str) -> Document:
    return {} if announcement.renewal is None else {"renewal_state": outcome}

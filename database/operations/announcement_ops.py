"""Announcements (collection `announcements`): one row per confirmed draft and channel. Creating, finding, deciding.

Each change of state is one conditional update, a row of the table in docs/decisions/0020. What the jobs do with the
rows: `announcements/`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.announcements import (
    REPAIRABLE,
    TARGETS_MAX,
    TROUBLED,
    Announcement,
    AnnouncementState,
    NewAnnouncement,
)
from core.errors import AlreadyThere
from database.operations.announcements.rows import announcements, change_state, find_some, published_mark, record
from database.operations.posts import post_ops
from database.values import A_DATE, Document, to_key, to_stored

#: attempts to find the next ordinal against other processes
_TRIES = 20
#: planned times of one channel that are read to find a free slot
_TAKEN_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Created:
    """The stored announcement: of this draft, or when not `is_new` possibly another one that stands in the channel."""

    announcement: Announcement
    is_new: bool


# create and find


async def create(new: NewAnnouncement, *, again: bool = False) -> Created:
    """Insert a planned announcement; `is_new` False when this draft has one in the channel already, which is returned.

    Also when the same post stands in the channel (STANDING), unless `again`: then that one is returned. Those that
    failed or were missed there are given up. Of concurrent calls one inserts. Raises AlreadyThere after 20 collisions.
    """
    for _ in range(_TRIES):
        stored = await record(await announcements().find_one({"key": new.key, "chat_id": new.chat_id}))
        last = await find_last(new.post_code, new.chat_id)
        if stored is not None or (last is not None and last.is_standing and not again):
            return Created(stored or last, is_new=False)  # type: ignore[arg-type]
        fields = _planned(new, 1 if last is None else last.ordinal + 1)
        try:
            inserted = await announcements().insert_one(fields)
        except AlreadyThere:
            continue  # another press or process was faster: what it stored is read
        if last is not None:
            await _give_up_others(new)
        return Created(Announcement.model_validate({**to_stored(fields), "id": str(inserted)}), is_new=True)
    raise AlreadyThere(f"announcements: no free place in {_TRIES} tries")


def _planned(new: NewAnnouncement, ordinal: int) -> Document:
    rest = Announcement(**new.model_dump(), id="", ordinal=ordinal, due_at=new.publish_at)
    return {**rest.model_dump(exclude={"id"}), "is_noted": False}


async def _give_up_others(new: NewAnnouncement) -> None:
    others = {"post_code": new.post_code, "chat_id": new.chat_id, "state": {"$in": list(REPAIRABLE)}}
    await announcements().update_many(
        others, {"$set": {"state": AnnouncementState.CANCELLED, "due_at": None, "is_noted": False}}
    )


async def find(announcement_id: str) -> Announcement | None:
    """Return the announcement, or None."""
    return await record(await announcements().find_one({"_id": to_key(announcement_id)}))


async def find_last(post_code: str, chat_id: int) -> Announcement | None:
    """Return the last announcement of the post in the channel, in whatever state; None when there is none."""
    place = {"post_code": post_code, "chat_id": chat_id}
    return await record(await announcements().find_one(place, sort=[("ordinal", -1)]))


async def find_of_draft(key: str) -> list[Announcement]:
    """Return the announcements of one confirmed draft, one a channel; `[]` when there are none."""
    return await find_some({"key": key}, limit=TARGETS_MAX, sort=[("chat_id", 1)])


async def find_of_post(
    post_code: str, states: Sequence[AnnouncementState] | None = None, *, limit: int = TARGETS_MAX
) -> list[Announcement]:
    """Return up to `limit` announcements of a post, in `states` or in all, those planned or published last first."""
    condition: Document = {"post_code": post_code}
    if states is not None:
        condition["state"] = {"$in": list(states)}
    return await find_some(condition, limit=limit, sort=[("publish_at", -1)])


async def count_of_post(post_code: str) -> dict[str, int]:
    """Return the number of announcements of a post by state, without states of which there are none."""
    counting: Document = {"_id": "$state", "count": {"$sum": 1}}
    found = await announcements().aggregate(
        {"post_code": post_code},
        [{"$group": counting}],
        at_most=len(AnnouncementState) + 1,  # those of a state this version does not know
    )
    return {one["_id"]: one["count"] for one in found if isinstance(one["_id"], str)}


async def tell_post(post_code: str) -> None:
    """Store with a post how many announcements wait and stand, for its card and lists. May be repeated.

    The publisher does so within two seconds of every change; a screen that shows the post at once does it itself.
    """
    counts = await count_of_post(post_code)
    waiting = counts.get(AnnouncementState.PLANNED, 0) + counts.get(AnnouncementState.SENDING, 0)
    standing = counts.get(AnnouncementState.PUBLISHED, 0)
    await post_ops.note_announcements(post_code, planned=waiting, published=standing)


async def find_planned(*, skip: int = 0, limit: int, chat_id: int | None = None) -> tuple[list[Announcement], bool]:
    """Return one page of what is planned, the earliest first, of one channel or of all; and whether more follow."""
    condition: Document = {"state": AnnouncementState.PLANNED}
    if chat_id is not None:
        condition["chat_id"] = chat_id
    found = await find_some(condition, limit=limit + 1, skip=skip, sort=[("publish_at", 1)])
    return found[:limit], len(found) > limit


async def find_planned_between(
    start: datetime, end: datetime, *, skip: int = 0, limit: int
) -> tuple[list[Announcement], bool]:
    """Return one page of what is planned from `start` to before `end`, the earliest first; and whether more follow."""
    condition: Document = {"state": AnnouncementState.PLANNED, "publish_at": {"$gte": start, "$lt": end}}
    found = await find_some(condition, limit=limit + 1, skip=skip, sort=[("publish_at", 1)])
    return found[:limit], len(found) > limit


async def count_in(state: AnnouncementState) -> int:
    """Count the announcements in a state."""
    return await announcements().count({"state": state})


async def find_taken(chat_id: int, after: datetime) -> frozenset[datetime]:
    """Return the times after `after` at which announcements are planned in a channel; at most 5,000 of them."""
    condition = {"chat_id": chat_id, "state": AnnouncementState.PLANNED, "publish_at": {**A_DATE, "$gt": after}}
    found = await announcements().find(condition, limit=_TAKEN_MAX, sort=[("publish_at", 1)], projection=["publish_at"])
    return frozenset(document["publish_at"] for document in found)


async def find_troubled(limit: int, chat_id: int | None = None) -> list[Announcement]:
    """Return up to `limit` announcements about which a person has to decide (TROUBLED), the oldest first."""
    condition: Document = {"state": {"$in": list(TROUBLED)}}
    if chat_id is not None:
        condition["chat_id"] = chat_id
    return await find_some(condition, limit=limit, sort=[("publish_at", 1)])


# decisions of people


async def move(
    announcement_id: str,
    publish_at: datetime,
    *,
    by: int | None = None,
    name: str = "",
    seen: datetime | None = None,
) -> Announcement | None:
    """Plan it for another time, from planned, failed or missed; None when it is in another state. Atomic.

    `by`, `name`: who moves it. `seen`: only if it is still planned for that time; None: whatever it is.
    """
    moved = {
        "state": AnnouncementState.PLANNED,
        "publish_at": publish_at,
        "due_at": publish_at,
        "is_now": False,
        "is_withdrawal_wanted": False,
        "error": None,
        "moved_by": by,
        "moved_by_name": name,
    }
    as_seen = {} if seen is None else {"publish_at": seen}
    return await change_state(announcement_id, (AnnouncementState.PLANNED, *REPAIRABLE), moved, **as_seen)


async def put_back(announcement_id: str, publish_at: datetime) -> Announcement | None:
    """From cancelled back to planned for its time; None when it is in another state. Atomic.

    None as well, and it stays, when its post was announced in its channel anew since: it would be there twice.
    """
    one = await find(announcement_id)
    last = None if one is None else await find_last(one.post_code, one.chat_id)
    if one is None or (last is not None and last.ordinal > one.ordinal and last.is_standing):
        return None
    planned = {"state": AnnouncementState.PLANNED, "publish_at": publish_at, "due_at": publish_at}
    return await change_state(announcement_id, [AnnouncementState.CANCELLED], planned)


async def publish_now(announcement_id: str, now: datetime) -> Announcement | None:
    """Plan it for now, from planned, or again from failed or missed; None when it is in another state. Atomic."""
    return await _plan_for_now(announcement_id, (AnnouncementState.PLANNED, *REPAIRABLE), now)


async def send_again(announcement_id: str, now: datetime) -> Announcement | None:
    """From unknown to planned for now: a person looked, and it is not in the channel. None in another state. Atomic."""
    return await _plan_for_now(announcement_id, [AnnouncementState.UNKNOWN], now)


async def _plan_for_now(announcement_id: str, was: Sequence[AnnouncementState], now: datetime) -> Announcement | None:
    planned = {
        "state": AnnouncementState.PLANNED,
        "publish_at": now,
        "due_at": now,
        "is_now": True,
        "is_withdrawal_wanted": False,
        "error": None,
    }
    return await change_state(announcement_id, was, planned)


async def confirm(announcement_id: str, now: datetime, message_id: int | None = None) -> Announcement | None:
    """From unknown to published: a person looked, and it is there. None in another state. Atomic.

    Without its message id it can neither be edited nor withdrawn by us.
    """
    published = {"state": AnnouncementState.PUBLISHED, "message_id": message_id, "published_at": now, "error": None}
    return await change_state(announcement_id, [AnnouncementState.UNKNOWN], published | published_mark(now))


async def hold(chat_id: int) -> int:
    """From planned to failed, without an error, of all in a channel in which nothing is published any more.

    Returns how many; a person decides about each. Each one atomically; may be repeated.
    """
    planned = {"chat_id": chat_id, "state": AnnouncementState.PLANNED}
    held = {"state": AnnouncementState.FAILED, "due_at": None, "error": None, "is_noted": False}
    return await announcements().update_many(planned, {"$set": held})


async def cancel(announcement_id: str) -> Announcement | None:
    """Take a planned one off the schedule, or give up one that failed, was missed or is unknown. Atomic.

    None when it is in another state.
    """
    was = [AnnouncementState.PLANNED, *TROUBLED]
    return await change_state(announcement_id, was, {"state": AnnouncementState.CANCELLED, "due_at": None})


# the messages that show what becomes of a draft


async def find_unreported(limit: int) -> list[Announcement]:
    """Return up to `limit` announcements whose progress message may not show what became of them, the newest first."""
    return await find_some({"is_reported": False}, limit=limit, sort=[("created_at", -1)])


async def mark_reported(key: str) -> int:
    """Record that the progress message of a draft needs no more edits; returns the rows changed. May be repeated."""
    return await announcements().update_many({"key": key, "is_reported": False}, {"$set": {"is_reported": True}})

"""Announcements for tests: a new one, and one brought to a state by the operations that lead there."""

from datetime import datetime, timedelta
from typing import Any

from core.announcements import Announcement, AnnouncementState, NewAnnouncement
from database.connection import current_database
from database.operations import announcement_ops
from database.operations.announcements import publishing, removals
from database.operations.posts import post_ops
from database.values import Document, to_key

BOT, OTHER_BOT = 1001, 1003
OWNER, OTHER_OWNER = "host:1:aaa", "host:2:bbb"
CODE = "Spring0000000000"
GARDEN, GREENHOUSE = -1001, -1002
DAY = timedelta(days=1)


def new(now: datetime, **more: Any) -> NewAnnouncement:
    """Return an announcement that is due at `now`."""
    fields: dict[str, Any] = {
        "key": "draft",
        "post_code": CODE,
        "chat_id": GARDEN,
        "publish_at": now,
        "source": "ch1",
        "text": "<b>Spring album</b>",
        "label": "Open",
        "url": f"https://t.me/shop_bot?start=p_{CODE}-s_ch1",
        "created_by": 5,
        "created_at": now,
    }
    return NewAnnouncement.model_validate(fields | more)


async def planned(now: datetime, *, has_post: bool = True, **more: Any) -> Announcement:
    """Plan it; its post is made when there is none of its code, unless not `has_post`."""
    one = new(now, **more)
    if has_post and await post_ops.find(one.post_code) is None:
        await post_ops.create(
            title="Spring album",
            storage_chat_id=-100,
            message_ids=(10,),
            created_by=one.created_by,
            created_at=now,
            code=one.post_code,
        )
    created = await announcement_ops.create(one)
    assert created.is_new
    return created.announcement


async def sending(now: datetime, **more: Any) -> Announcement:
    claimed = await publishing.claim(await planned(now, **more), OWNER, BOT, now)
    assert claimed is not None
    return claimed


async def published(now: datetime, message_id: int = 77, **more: Any) -> Announcement:
    found = await publishing.record_published(await sending(now, **more), message_id, now)
    assert found is not None
    return found


async def in_state(state: AnnouncementState, now: datetime, **more: Any) -> Announcement:
    """Return an announcement in `state`, brought there as the jobs and people do."""
    match state:
        case AnnouncementState.PLANNED:
            one = await planned(now, **more)
        case AnnouncementState.SENDING:
            one = await sending(now, **more)
        case AnnouncementState.FAILED:
            one = await sending(now, **more)
            assert await publishing.record_failed(one, "refused")
        case AnnouncementState.UNKNOWN:
            one = await sending(now, **more)
            assert await publishing.record_unknown(one, "lost")
        case AnnouncementState.MISSED:
            one = await planned(now, **more)
            assert await publishing.mark_missed(one)
        case AnnouncementState.CANCELLED:
            one = await planned(now, **more)
            assert await announcement_ops.cancel(one.id) is not None
        case AnnouncementState.PUBLISHED:
            one = await published(now, **more)
        case AnnouncementState.WITHDRAWN:
            one = await published(now, **more)
            assert await removals.record_withdrawn(one)
        case AnnouncementState.EMPTIED:
            one = await published(now, **more)
            assert await removals.record_emptied(one)
    return await stored(one)


async def stored(announcement: Announcement) -> Announcement:
    """Return it as it is stored now."""
    found = await announcement_ops.find(announcement.id)
    assert found is not None
    return found


async def state_of(announcement: Announcement) -> AnnouncementState:
    return (await stored(announcement)).state


async def put(announcement: Announcement, **fields: Any) -> None:
    """Overwrite fields of the stored row, as an older version or a hand may have left them."""
    change: Document = {"$set": fields}
    rows = current_database().collection("announcements")
    assert await rows.update_one({"_id": to_key(announcement.id)}, change)

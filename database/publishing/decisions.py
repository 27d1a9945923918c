"""What people decide about an announcement that exists: only where posts are published in its channel still.

None is returned where it was changed meanwhile. Each is one conditional update of `announcement_ops`.
"""

from datetime import datetime

from core.announcements import Announcement
from core.settings.changes import Editor
from core.subscriptions import publishing_channels
from database.operations import announcement_ops, channel_ops


async def is_published_to(announcement: Announcement | None, now: datetime) -> bool:
    """Return whether posts are published in its channel; one command in five seconds."""
    channels = publishing_channels(await channel_ops.current(now))
    return announcement is not None and any(one.chat_id == announcement.chat_id for one in channels)


async def publish_now(announcement_id: str, now: datetime) -> Announcement | None:
    """Publish a planned, failed or missed one within seconds."""
    if not await is_published_to(await announcement_ops.find(announcement_id), now):
        return None
    return await announcement_ops.publish_now(announcement_id, now)


async def send_again(announcement_id: str, now: datetime) -> Announcement | None:
    """Publish one of which nobody knew whether it is there: a person has looked."""
    if not await is_published_to(await announcement_ops.find(announcement_id), now):
        return None
    return await announcement_ops.send_again(announcement_id, now)


async def move(
    announcement_id: str, publish_at: datetime, now: datetime, editor: Editor, seen: datetime | None = None
) -> Announcement | None:
    """Plan it for another time; with `seen` only if it is planned for that."""
    if not await is_published_to(await announcement_ops.find(announcement_id), now):
        return None
    by, name = editor.user_id, editor.name
    return await announcement_ops.move(announcement_id, publish_at, by=by, name=name, seen=seen)


async def put_back(announcement_id: str, publish_at: datetime, now: datetime) -> Announcement | None:
    """Put a cancelled one back on the schedule, unless its time has passed."""
    if publish_at <= now or not await is_published_to(await announcement_ops.find(announcement_id), now):
        return None
    return await announcement_ops.put_back(announcement_id, publish_at)

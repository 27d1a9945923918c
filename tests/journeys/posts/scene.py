"""Posts, channels and announcements in the scene of the admin page."""

from datetime import timedelta
from typing import Any

from core.announcements import AnnouncementState, Slots
from core.posts import Post, PostItem
from core.team.admins import Role
from database.operations import announcement_ops, channel_ops
from database.operations.counting import post_days
from database.operations.posts import post_ops
from tests.journeys.admin_scene import NOW, ZONE, Scene
from tests.operations.announcements.announcing import in_state, planned
from tests.web.auth.signing import EDITOR, OWNER, add_admin

GARDEN, GREENHOUSE = -1001, -1002
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: 64 right-to-left characters, and markup
RTL = "حديقة الزهور في الربيع مع صور كثيرة جدا من كل مكان في البلاد كلها"
MARKUP = "<b>Spring</b> <img src=x onerror=\"document.title='1'\">"
MIDNIGHT = NOW.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)


async def make_posts(scene: Scene) -> Post:
    """Make two channels, four posts and their announcements; return the newest post, which stands nowhere."""
    for chat_id, title in ((GARDEN, "Olive's Garden"), (GREENHOUSE, "The Greenhouse")):
        await channel_ops.connect(chat_id, title=title, username=None, added_by=OWNER, added_at=NOW)
    await channel_ops.change(GARDEN, slots=Slots(times=("18:00",)))
    await add_admin(scene.db, EDITOR, Role.EDITOR)
    album = await _post("Spring album", description="Twelve photos from <b>the garden</b>")
    rtl, markup = await _post(RTL), await _post(MARKUP)
    for post, chat_id, day, hour in (
        (album, GARDEN, 1, 18),
        (rtl, GARDEN, 3, 9),
        (markup, GARDEN, 3, 18),
        (album, GREENHOUSE, 5, 18),
    ):
        at = MIDNIGHT + day * DAY + hour * HOUR
        await planned(at, key=f"d{day}{hour}", chat_id=chat_id, **_of(post))
    await in_state(AnnouncementState.PUBLISHED, NOW - DAY, key="there", chat_id=GREENHOUSE, **_of(markup))
    await in_state(AnnouncementState.FAILED, NOW - HOUR, key="failed", chat_id=GREENHOUSE, **_of(rtl))
    for post in (album, rtl, markup):
        await announcement_ops.tell_post(post.code)
    steps = {"tries": 200, "joined": 180, "unlocked": 150, "delivered": 140}
    # a number above those of the scene
    await post_days.add(1_000, {(album.code, MIDNIGHT): steps})
    return await _post("Tulips", items=[PostItem(kind="photo")] * 3)


def _of(post: Post) -> dict[str, Any]:
    return {"post_code": post.code, "title": post.title, "number": post.number, "text": "x"}


async def _post(title: str, **more: Any) -> Post:
    return await post_ops.create(
        title=title, storage_chat_id=-100, message_ids=[4, 5, 6], created_by=OWNER, created_at=NOW - DAY, **more
    )

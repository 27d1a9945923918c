"""What tests of posts share: posts, their cards, and what a step costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from aiogram.methods import AnswerCallbackQuery, EditMessageText, SendMessage

from core.announcements import NewAnnouncement
from core.posts import Post, PostItem
from database.operations import announcement_ops
from database.operations.announcements import publishing
from database.operations.posts import post_ops
from tests.bots.admin_bot.conftest import OWNER, STORAGE, AdminBot

PHOTO: dict[str, Any] = {"photo": [{"file_id": "p", "file_unique_id": "p", "width": 90, "height": 90}]}
BOB = 7003
#: what each message of a post made here is
ITEMS = (PostItem(kind="photo", name="sunset"), PostItem(kind="document", name="all.zip", is_archive=True))


async def made(admin: AdminBot, *titles: str) -> list[Post]:
    return [
        await post_ops.create(
            title=title,
            storage_chat_id=STORAGE,
            message_ids=(10, 11),
            items=ITEMS,
            created_by=OWNER.id,
            created_at=admin.clock.now(),
        )
        for title in titles
    ]


async def open_card(admin: AdminBot, title: str = "Rome") -> Post:
    (post,) = await made(admin, title)
    await admin.say("/posts")
    await admin.press(f"{post.number} · ")
    return post


async def stored(post: Post) -> Post:
    found = await post_ops.find(post.code)
    assert found is not None
    return found


def entries(admin: AdminBot) -> list[str]:
    """The posts on the newest screen."""
    return [text for text in admin.buttons() if " · " in text]


async def publish(admin: AdminBot, post: Post, channel: str, *, published: bool = True) -> None:
    """Announce the post in a channel, now or in an hour."""
    now = admin.clock.now()
    new = NewAnnouncement(
        key=channel,
        post_code=post.code,
        chat_id=-1000 - sum(map(ord, channel)),
        publish_at=now if published else now + timedelta(hours=1),
        source="ch1",
        text="x",
        label="Open",
        url="https://t.me/b",
        created_by=1,
        created_at=now,
        channel=channel,
    )
    created = (await announcement_ops.create(new)).announcement
    if published:
        claimed = await publishing.claim(created, "me", 1001, now)
        assert claimed is not None
        await publishing.record_published(claimed, 7, now)


@contextmanager
def counted_commands(admin: AdminBot) -> Iterator[list[str]]:
    """Collect the commands to the database inside the block.

    The team is left out: it is read before the press is anybody's, and known for five seconds.
    """
    seen: list[str] = []

    def count(operation: str, collection: str) -> None:
        if collection != "admins":
            seen.append(f"{operation} {collection}")

    admin.database.before_call = count
    yield seen
    admin.database.before_call = None


def is_one_edit(admin: AdminBot, before: int) -> bool:
    """Return whether the calls since are the answer to a press, then one edit."""
    calls = admin.world.calls[before:]
    kinds = [type(call) for call in calls]
    return kinds == [AnswerCallbackQuery, EditMessageText] and not any(isinstance(one, SendMessage) for one in calls)

"""What tests of publishing share: channels, posts, and a publisher whose answers the test chooses."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from aiogram.fsm.context import FSMContext
from aiogram.fsm.storage.base import StorageKey
from aiogram.methods import CopyMessage, SendMessage
from aiogram.types import ChatMemberAdministrator, User

from admin_bot.conversation.dialogue import Dialogue
from admin_bot.conversation.publish_draft import PublishDraft
from core.announcements import Announcement
from core.posts import Post
from core.subscriptions import Channel
from core.team.admins import Role
from database.operations import announcement_ops, channel_ops
from database.operations.announcements import publishing, removals
from tests.bots.admin_bot.conftest import ADMIN_BOT, OWNER, AdminBot
from tests.bots.admin_bot.telegram import administrator
from views.navigation import OpenPublish

GARDEN, GREENHOUSE, SHED = -1001000000101, -1001000000102, -1001000000103
PHOTO = [{"file_id": "p", "file_unique_id": "p", "width": 9, "height": 9}]
TITLE = "Spring album"


async def connect(admin: AdminBot, chat_id: int = GARDEN, title: str = "Olive's Garden", **more: Any) -> Channel:
    return await channel_ops.connect(
        chat_id, title=title, username=more.get("username"), added_by=OWNER.id, added_at=admin.clock.now()
    )


async def connect_two(admin: AdminBot) -> None:
    await connect(admin, username="garden")
    await connect(admin, GREENHOUSE, "The Greenhouse")


async def post(admin: AdminBot, text: str = TITLE) -> Post:
    await admin.say(text)
    return (await admin.posts())[-1]


async def open_publish(admin: AdminBot, one: Post, who: User = OWNER) -> None:
    await admin.callback(OpenPublish(code=one.code).pack(), who=who)


def rights(*, post: bool = True, edit: bool = True, delete: bool = True) -> ChatMemberAdministrator:
    member = administrator(ADMIN_BOT, post=post, delete=delete)
    return member.model_copy(update={"can_edit_messages": edit})


async def run_publisher(
    admin: AdminBot, *, refused: Mapping[int, str] | None = None, lost: Collection[int] = (), first_id: int = 77
) -> None:
    """Publish what is due, as the job does; `refused`: Telegram's words by chat, `lost`: chats without an answer."""
    now = admin.clock.now()
    for number, one in enumerate(await announcement_ops_due(admin)):
        claimed = await publishing.claim(one, "host:1:test", ADMIN_BOT.id, now)
        assert claimed is not None
        if one.chat_id in (refused or {}):
            assert await publishing.record_failed(claimed, (refused or {})[one.chat_id])
        elif one.chat_id in lost:
            assert await publishing.record_unknown(claimed, "Request timeout error")
        else:
            assert await publishing.record_published(claimed, first_id + number, now) is not None


async def announcement_ops_due(admin: AdminBot) -> list[Announcement]:
    now = admin.clock.now()
    return [one for is_now in (True, False) for one in await publishing.find_due(now, is_now=is_now, limit=100)]


async def run_deleter(admin: AdminBot) -> None:
    """Take out of their channels what is due, as the job does."""
    for one in await removals.find_due(admin.clock.now(), 100):
        assert await removals.record_withdrawn(one)


async def planned(limit: int = 100) -> list[Announcement]:
    found, _ = await announcement_ops.find_planned(limit=limit)
    return found


async def drafts(admin: AdminBot, code: str) -> PublishDraft | None:
    key = StorageKey(bot_id=admin.bot.id, chat_id=OWNER.id, user_id=OWNER.id)
    return await Dialogue(FSMContext(admin.memory, key)).publish_draft_of(code)


def previews(admin: AdminBot) -> list[SendMessage | CopyMessage]:
    """The messages sent with a link as their button."""
    found = []
    for call in admin.world.calls:
        markup = getattr(call, "reply_markup", None)
        rows = getattr(markup, "inline_keyboard", None) or [[]]
        is_one = len(rows) == 1 and len(rows[0]) == 1
        if isinstance(call, SendMessage | CopyMessage) and is_one and "?start=p_" in (rows[0][0].url or ""):
            found.append(call)
    return found


async def appoint(admin: AdminBot, user: User, role: Role) -> None:
    """Give somebody a role, as another process would."""
    await admin.database.collection("admins").insert_one({"user_id": user.id, "role": role.value})
    admin.clock.move(timedelta(seconds=5))


def count_commands(admin: AdminBot) -> list[str]:
    """Collect the collections of all commands from now on, until `before_call` is None again.

    The team is left out: it is read before the press is anybody's, and known for five seconds.
    """
    seen: list[str] = []

    def count(_: str, collection: str) -> None:
        if collection != "admins":
            seen.append(collection)

    admin.database.before_call = count
    return seen

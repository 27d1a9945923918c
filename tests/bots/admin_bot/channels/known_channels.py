"""Channels to join, for tests of them."""

from typing import Any

from aiogram.methods import CreateChatInviteLink

from core.subscriptions import Channel, ChannelMode
from database.operations import audit_ops, channel_ops
from tests.bots.admin_bot.conftest import OWNER, USER_BOT, AdminBot
from tests.bots.admin_bot.telegram import administrator

NEWS, VIP, ART = -1001000000201, -1001000000202, -1001000000203
OLD_LINK = "https://t.me/+old"
ODD = '<3 & "x" مريم'


def allow(admin: AdminBot, chat_id: int, **known: Any) -> None:
    """The user bot is an administrator there with the right to invite."""
    admin.world.own[chat_id, USER_BOT.id] = administrator(USER_BOT, invite=True)
    admin.world.chats[chat_id] = {"title": "News", **known}


async def given(admin: AdminBot, *chat_ids: int, **more: Any) -> None:
    """Channels that were added before and work."""
    for chat_id in chat_ids:
        allow(admin, chat_id, title=more.get("title", f"Channel {chat_id}"))
        link = f"{OLD_LINK}{chat_id}"
        by_request = more.get("mode") is ChannelMode.REQUEST
        admin.world.links[link] = CreateChatInviteLink(
            chat_id=chat_id, name="Tollgate", creates_join_request=by_request
        )
        channel = Channel(**{"chat_id": chat_id, "title": f"Channel {chat_id}", "invite_link": link, **more})
        assert await channel_ops.add(channel)


async def channel_of(chat_id: int) -> Channel:
    channel = await channel_ops.find(chat_id)
    assert channel is not None
    return channel


async def opened(admin: AdminBot, chat_id: int = NEWS) -> None:
    await admin.callback(f"ac:open:{chat_id}:0")


async def audited(admin: AdminBot) -> list[tuple[str, str | None]]:
    """The audited actions and their targets, the oldest first."""
    assert all(entry.admin_id == OWNER.id for entry in await audit_ops.last(100))
    return [(entry.action, entry.target) for entry in (await audit_ops.last(100))[::-1]]

"""Roles that were changed on the page: the admin bot tells the members, each once."""

import asyncio

from aiogram.methods import SendMessage, SetMyCommands
from aiogram.types import User

from core.team.admins import Role
from database.operations.team import notice_ops
from tests.bots.admin_bot.conftest import AdminBot

EVA = User(id=7101, is_bot=False, first_name="Eva")


async def test_a_member_is_told_once_in_their_language_and_sees_their_commands(admin: AdminBot) -> None:
    notices = admin.data["team_notices"]
    await notice_ops.add(EVA.id, Role.MANAGER, "ru", admin.clock.now())
    await notice_ops.add(EVA.id, None, "en", admin.clock.now())
    # two processes with the bot
    await asyncio.gather(notices.tell_all(), notices.tell_all())
    told = [call.text for call in admin.world.of(SendMessage) if call.chat_id == EVA.id]
    assert len(told) == 2
    assert any("менеджер" in text for text in told)
    assert "You are not in the team of this bot any more." in told
    assert len(admin.world.of(SetMyCommands)) == 1


async def test_of_too_many_the_oldest_are_not_told(admin: AdminBot) -> None:
    for user_id in range(1, notice_ops.WAITING_MAX + 2):
        await notice_ops.add(user_id, None, "en", admin.clock.now())
    first = await notice_ops.take()
    assert first is not None
    assert first.user_id == 2

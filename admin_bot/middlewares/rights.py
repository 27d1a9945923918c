"""What a role may do: decided once, after the handler is found and before it runs."""

from typing import Any

import structlog
from aiogram import BaseMiddleware, Bot, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message, TelegramObject

from admin_bot.screens import toast
from admin_bot.section_rights import right_of
from core.team.admins import Role
from core.team.rights import may
from sender.updates.acknowledgement import Handler
from views.admin_texts import not_your_role

log = structlog.get_logger("tollgate.admin")


class CheckRight(BaseMiddleware):
    """Lets a message, command or press reach its handler when the person's role may do that."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        role: Role | None = data["role"]
        router: Router = data["event_router"]
        command: CommandObject | None = data.get("command")
        right = right_of(router.name, None if command is None else command.command)
        if may(role, right):
            return await handler(event, data)
        log.info("right.missing", role=role, right=right)
        if role is not None:
            await _refuse(event, data["bot"], not_your_role(role))
        return None


async def _refuse(event: TelegramObject, bot: Bot, sentence: str) -> None:
    if isinstance(event, CallbackQuery):
        await toast(event, sentence, alert=True)
    elif isinstance(event, Message):
        await bot.send_message(event.chat.id, sentence)

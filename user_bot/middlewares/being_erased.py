"""While a subscriber is being erased nothing they do is handled: it would be stored, and deleted in part."""

from typing import Any

from aiogram import BaseMiddleware, Bot
from aiogram.types import CallbackQuery, Message, TelegramObject

from core.users import User
from sender.failures import TELEGRAM_ERRORS
from sender.updates.acknowledgement import Handler
from user_bot.text_messages import send_text
from views.subscribers import privacy_screens


class RefuseWhileErased(BaseMiddleware):
    """Answers and drops updates of a subscriber who is being erased. Register it behind `UpsertVisitor`."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        user: User | None = data.get("user")
        if user is None or user.erasing_at is None:
            return await handler(event, data)
        bot: Bot = data["bot"]
        await answer_with(bot, event, privacy_screens.being_erased())
        return None


async def answer_with(bot: Bot, event: TelegramObject, text: str) -> None:
    """Answer an update: a button by a toast, a message by one."""
    if isinstance(event, CallbackQuery):
        try:
            await bot.answer_callback_query(event.id, text=text)
        except TELEGRAM_ERRORS:
            return
    elif isinstance(event, Message):
        await send_text(bot, event.chat.id, text)

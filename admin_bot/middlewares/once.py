"""Telegram delivers at least once: a message or a button press that was handled is not handled again."""

from collections.abc import Hashable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message, TelegramObject

from admin_bot.once import Once
from sender.intake import Handler


def _key(event: TelegramObject) -> Hashable:
    if isinstance(event, Message):
        return (event.chat.id, event.message_id)
    return event.id if isinstance(event, CallbackQuery) else id(event)


class HandleOnce(BaseMiddleware):
    """Drops repeated messages and presses. After StoreUnavailable the intake may bring the same one again."""

    def __init__(self) -> None:
        self._once = Once()

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        with self._once.attempt(_key(event)) as is_new:
            return await handler(event, data) if is_new else None

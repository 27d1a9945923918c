"""Idempotency of handlers: Telegram delivers each update at least once."""

from collections.abc import Hashable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message, TelegramObject

from admin_bot.seen_keys import SeenKeys
from sender.updates.acknowledgement import Handler


def _key(event: TelegramObject) -> Hashable:
    if isinstance(event, Message):
        return (event.chat.id, event.message_id)
    return event.id if isinstance(event, CallbackQuery) else id(event)


class DropRepeatedUpdates(BaseMiddleware):
    """Handles each message and each press once. One that ended in StoreUnavailable may be handled again."""

    def __init__(self) -> None:
        self._seen_keys = SeenKeys()

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        with self._seen_keys.first_time(_key(event)) as is_new:
            return await handler(event, data) if is_new else None

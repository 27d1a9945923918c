"""Who joins or leaves a channel is the user bot's matter; the admin bot waits for bots only."""

from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import TelegramObject, Update

from sender.updates.acknowledgement import Handler


class DropPeoplesMembership(BaseMiddleware):
    """Drops updates about people in channels before anything is read for them: a large channel has many."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if (
            isinstance(event, Update)
            and event.chat_member is not None
            and not event.chat_member.new_chat_member.user.is_bot
        ):
            return None
        return await handler(event, data)

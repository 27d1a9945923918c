"""Service messages are neither posts nor answers to questions."""

from typing import Any

from aiogram import BaseMiddleware
from aiogram.enums import ContentType
from aiogram.types import Message, TelegramObject

from core.message_kinds import SERVICE_KINDS
from sender.updates.acknowledgement import Handler

#: the answer of Telegram's chat picker is the one service message a question may wait for
_DROPPED = SERVICE_KINDS - {ContentType.CHAT_SHARED.value}


class DropServiceMessages(BaseMiddleware):
    """Drops what tells of a pinned message, a timer, a gift and the like. To be registered before `Authorise`."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if isinstance(event, Message) and event.content_type in _DROPPED:
            return None
        return await handler(event, data)

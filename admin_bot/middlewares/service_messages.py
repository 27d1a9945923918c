"""Service messages are neither posts nor answers to questions."""

from typing import Any

from aiogram import BaseMiddleware
from aiogram.enums import ContentType
from aiogram.types import Message, TelegramObject

from core.message_kinds import SERVICE_KINDS
from sender.updates.acknowledgement import Handler

#: the answers of Telegram's pickers are the service messages a question may wait for
_DROPPED = SERVICE_KINDS - {ContentType.CHAT_SHARED.value, ContentType.USERS_SHARED.value}


def _names_nobody(message: Message) -> bool:
    """Return whether it is the answer of a picker that names no group, no channel and no person.

    Telegram sends none; whatever made it, there is nothing to do.
    """
    if message.chat_shared is not None:
        return message.chat_shared.chat_id >= 0
    return message.users_shared is not None and not message.users_shared.users


class DropServiceMessages(BaseMiddleware):
    """Drops what tells of a pinned message, a timer, a gift and the like. To be registered before `Authorise`."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if isinstance(event, Message) and (event.content_type in _DROPPED or _names_nobody(event)):
            return None
        return await handler(event, data)

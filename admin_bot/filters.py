"""Filters for messages. All are coroutines: aiogram sends every other callable, `F` included, through a thread."""

from aiogram.enums import ContentType
from aiogram.types import Message

from admin_bot.content import COPYABLE, REFUSED


async def is_command(message: Message) -> bool:
    """A typed command. A caption or a forwarded text that begins with a slash is content."""
    return message.text is not None and message.text.startswith("/") and message.forward_origin is None


async def has_text(message: Message) -> bool:
    return message.text is not None


async def is_copyable(message: Message) -> bool:
    return message.content_type in COPYABLE


async def is_refused(message: Message) -> bool:
    return message.content_type in REFUSED


async def is_of_album(message: Message) -> bool:
    return message.media_group_id is not None


async def is_shared_chat(message: Message) -> bool:
    """The answer of Telegram's chat picker."""
    return message.content_type == ContentType.CHAT_SHARED

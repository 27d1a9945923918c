"""Filters. All are coroutines: aiogram runs every other callable, `F` included, in a thread."""

from collections.abc import Awaitable, Callable

from aiogram.enums import ContentType
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, Message

from admin_bot.content import COPYABLE, REFUSED


async def is_command(message: Message) -> bool:
    """Return whether it is a typed command. Captions and forwarded texts that begin with a slash are content."""
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
    """Return whether it is the answer of Telegram's chat picker."""
    return message.content_type == ContentType.CHAT_SHARED


async def is_no_shared_chat(message: Message) -> bool:
    return message.content_type != ContentType.CHAT_SHARED


def is_button_of(*kinds: type[CallbackData]) -> Callable[[CallbackQuery], Awaitable[bool]]:
    """Make a filter for buttons with the prefix of one of these kinds, also with forged or outdated data."""
    prefixes = tuple(f"{kind.__prefix__}:" for kind in kinds)

    async def has_prefix(query: CallbackQuery) -> bool:
        return (query.data or "").startswith(prefixes)

    return has_prefix

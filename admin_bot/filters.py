"""Filters for messages. All are coroutines: aiogram sends every other callable, `F` included, through a thread."""

from aiogram.enums import ContentType
from aiogram.types import CallbackQuery, ChatShared, Message

from admin_bot.content import COPYABLE, REFUSED
from admin_bot.once import SeenKeys
from views.channels.callbacks import ChannelButton, ChannelList
from views.channels.keyboards import CHANNEL_REQUEST_ID, GROUP_REQUEST_ID

_OF_CHANNELS = tuple(f"{data.__prefix__}:" for data in (ChannelButton, ChannelList))


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


async def is_no_shared_chat(message: Message) -> bool:
    return message.content_type != ContentType.CHAT_SHARED


async def is_shared_channel(message: Message) -> bool:
    """The answer of the picker for a channel to join."""
    shared = message.chat_shared
    return isinstance(shared, ChatShared) and shared.request_id in (CHANNEL_REQUEST_ID, GROUP_REQUEST_ID)


async def is_of_taken_album(message: Message, taken_albums: SeenKeys) -> bool:
    """Another message of an album whose first one was an answer."""
    return message.media_group_id is not None and (message.chat.id, message.media_group_id) in taken_albums


async def is_of_channels(query: CallbackQuery) -> bool:
    """A button that looks like one of the channels' screens, whatever it carries."""
    return (query.data or "").startswith(_OF_CHANNELS)

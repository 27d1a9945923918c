"""The picture of an announcement as a file, for the one call that takes no message of the storage channel."""

from contextlib import suppress

from aiogram import Bot
from aiogram.enums import ParseMode
from aiogram.types import (
    InputMediaAnimation,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    Message,
)
from cachetools import FIFOCache

from core.announcements import CoverMessage
from sender.failures import TELEGRAM_ERRORS

Media = InputMediaAnimation | InputMediaAudio | InputMediaDocument | InputMediaPhoto | InputMediaVideo
_KINDS: tuple[tuple[str, type[Media]], ...] = (
    # an animation comes with a document of the same file
    ("animation", InputMediaAnimation),
    ("video", InputMediaVideo),
    ("audio", InputMediaAudio),
    ("document", InputMediaDocument),
)
#: covers whose files are remembered
_COVERS_MAX = 50


class NotAPicture(Exception):
    """Telegram takes no message of this kind in place of a picture."""


class CoverMedia:
    """Finds the files of covers: editMessageMedia takes a file, and the Bot API names one only in a sent message."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._files: FIFOCache[CoverMessage, tuple[type[Media], str]] = FIFOCache(_COVERS_MAX)

    async def of(self, cover: CoverMessage, caption: str) -> Media:
        """Return the cover's file with a caption. Raises NotAPicture and TELEGRAM_ERRORS.

        When it is not known: forwards the message within the storage channel and deletes the forwarded one. One that
        cannot be deleted stays there and does no harm.
        """
        found = self._files.get(cover)
        if found is None:
            message = await self._bot.forward_message(
                cover.chat_id, cover.chat_id, cover.message_id, disable_notification=True
            )
            with suppress(*TELEGRAM_ERRORS):
                await self._bot.delete_message(cover.chat_id, message.message_id)
            found = self._files[cover] = _file_of(message)
        kind, file_id = found
        return kind(media=file_id, caption=caption, parse_mode=ParseMode.HTML)


def _file_of(message: Message) -> tuple[type[Media], str]:
    if message.photo:
        return InputMediaPhoto, message.photo[-1].file_id
    for name, kind in _KINDS:
        file = getattr(message, name)
        if file is not None:
            return kind, file.file_id
    raise NotAPicture(message.content_type)

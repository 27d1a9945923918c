"""Photos sent as an answer: one at a time, kept in the storage channel."""

from aiogram.enums import ContentType
from aiogram.types import Message

from admin_bot.seen_keys import SeenKeys
from admin_bot.storage.copier import Copier, NotStored, Stored
from core.errors import NotReady
from views.html import esc


class PhotoKeeper:
    """Takes the photo that answers a question."""

    def __init__(self, copier: Copier, answer_albums: SeenKeys) -> None:
        self._copier = copier
        self._answer_albums = answer_albums

    async def take(self, message: Message, expected: str) -> Stored | NotStored:
        """Store a photo; anything else, also one of an album, is refused with `expected` (plain text)."""
        if message.media_group_id is not None:
            # its other photos are neither answers nor posts
            self._answer_albums.add((message.chat.id, message.media_group_id))
        if message.media_group_id is not None or message.content_type != ContentType.PHOTO:
            return NotStored(esc(expected))
        try:
            return await self._copier.store(message.chat.id, [message.message_id])
        except NotReady as problem:
            return NotStored(esc(problem.sentence))

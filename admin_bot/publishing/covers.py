"""Pictures of announcements: one photo, kept in the storage channel."""

from aiogram.enums import ContentType
from aiogram.types import Message

from admin_bot.seen_keys import SeenKeys
from admin_bot.storage.copier import Copier, NotStored, Stored
from core.announcements import CoverMessage
from core.errors import NotReady
from views.html import esc
from views.publishing.draft_screens import PHOTO_EXPECTED


class CoverKeeper:
    """Takes photos that are sent as a cover."""

    def __init__(self, copier: Copier, answer_albums: SeenKeys) -> None:
        self._copier = copier
        self._answer_albums = answer_albums

    async def take(self, message: Message) -> CoverMessage | NotStored:
        """Store a photo; anything else, also one of an album, is refused with what is expected."""
        if message.media_group_id is not None:
            # its other photos are neither answers nor posts
            self._answer_albums.add((message.chat.id, message.media_group_id))
            return NotStored(PHOTO_EXPECTED)
        if message.content_type != ContentType.PHOTO:
            return NotStored(PHOTO_EXPECTED)
        try:
            stored = await self._copier.store(message.chat.id, [message.message_id])
        except NotReady as problem:
            return NotStored(esc(problem.sentence))
        if isinstance(stored, NotStored):
            return stored
        return CoverMessage(chat_id=stored.chat_id, message_id=stored.message_ids[0])

    async def forget(self, cover: CoverMessage) -> None:
        """Delete a stored photo that nothing uses."""
        await self._copier.delete_copies(Stored(cover.chat_id, (cover.message_id,)))

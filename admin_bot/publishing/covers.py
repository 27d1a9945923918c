"""Pictures of announcements: one photo, kept in the storage channel."""

from aiogram.types import Message

from admin_bot.seen_keys import SeenKeys
from admin_bot.storage.copier import Copier, NotStored, Stored
from admin_bot.storage.photos import PhotoKeeper
from core.announcements import CoverMessage
from views.publishing.draft_screens import photo_expected


class CoverKeeper:
    """Takes photos that are sent as a cover."""

    def __init__(self, copier: Copier, answer_albums: SeenKeys) -> None:
        self._copier = copier
        self._photos = PhotoKeeper(copier, answer_albums)

    async def take(self, message: Message) -> CoverMessage | NotStored:
        """Store a photo; anything else, also one of an album, is refused with what is expected."""
        stored = await self._photos.take(message, photo_expected())
        if isinstance(stored, NotStored):
            return stored
        return CoverMessage(chat_id=stored.chat_id, message_id=stored.message_ids[0])

    async def forget(self, cover: CoverMessage) -> None:
        """Delete a stored photo that nothing uses."""
        await self._copier.delete_copies(Stored(cover.chat_id, (cover.message_id,)))

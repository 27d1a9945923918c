"""Covers of posts: one photo, kept in the storage channel."""

from aiogram.types import Message

from admin_bot.seen_keys import SeenKeys
from admin_bot.storage.copier import Copier, NotStored
from admin_bot.storage.photos import PhotoKeeper
from core.posts import Cover, CoverKind
from views.posts.questions import cover_expected


class PostCovers:
    """Takes the photo that is sent as the cover of a post."""

    def __init__(self, copier: Copier, answer_albums: SeenKeys) -> None:
        self._photos = PhotoKeeper(copier, answer_albums)

    async def take(self, message: Message) -> Cover | NotStored:
        """Store a photo; anything else, also one of an album, is refused with what is expected."""
        stored = await self._photos.take(message, cover_expected())
        if isinstance(stored, NotStored):
            return stored
        return Cover(kind=CoverKind.OWN, chat_id=stored.chat_id, message_id=stored.message_ids[0])

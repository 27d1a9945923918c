"""Covers of posts: one photo, kept in the storage channel."""

from aiogram.enums import ContentType
from aiogram.types import Message

from admin_bot.seen_keys import SeenKeys
from admin_bot.storage.copier import Copier, NotStored
from core.errors import NotReady
from core.posts import Cover, CoverKind
from views.html import esc
from views.posts.questions import COVER_EXPECTED


class PostCovers:
    """Takes the photo that is sent as the cover of a post."""

    def __init__(self, copier: Copier, answer_albums: SeenKeys) -> None:
        self._copier = copier
        self._answer_albums = answer_albums

    async def take(self, message: Message) -> Cover | NotStored:
        """Store a photo; anything else, also one of an album, is refused with what is expected."""
        if message.media_group_id is not None:
            # its other photos are neither answers nor posts
            self._answer_albums.add((message.chat.id, message.media_group_id))
        if message.media_group_id is not None or message.content_type != ContentType.PHOTO:
            return NotStored(esc(COVER_EXPECTED))
        try:
            stored = await self._copier.store(message.chat.id, [message.message_id])
        except NotReady as problem:
            return NotStored(esc(problem.sentence))
        if isinstance(stored, NotStored):
            return stored
        return Cover(kind=CoverKind.OWN, chat_id=stored.chat_id, message_id=stored.message_ids[0])

"""What an announcement of a post shows before anything is chosen for it. Reads nothing."""

from core.announcements import CoverMessage
from core.posts import CoverKind, Post
from core.settings import BotSettings
from core.settings.announcing import announcement_label, announcement_text
from database.operations.announcements.changes import Content


def announcement_content(post: Post, settings: BotSettings, storage_chat_id: int | None) -> Content:
    """Return text, cover and label of a post's announcements. `storage_chat_id`: holds the default cover."""
    cover = cover_of(post, settings, storage_chat_id)
    return Content(announcement_text(post, settings), cover, announcement_label(post, settings))


def cover_of(post: Post, settings: BotSettings, storage_chat_id: int | None) -> CoverMessage | None:
    """Return the picture of a post's announcements; None: they have none."""
    own = post.cover
    if own is None or own.kind is CoverKind.DEFAULT:
        return default_cover(settings, storage_chat_id)
    if own.kind is CoverKind.NONE or own.chat_id is None or own.message_id is None:
        return None
    return CoverMessage(chat_id=own.chat_id, message_id=own.message_id)


def default_cover(settings: BotSettings, storage_chat_id: int | None) -> CoverMessage | None:
    """Return the picture of announcements whose post has none; None without one, or without a storage channel."""
    if settings.cover_photo is None or storage_chat_id is None:
        return None
    return CoverMessage(chat_id=storage_chat_id, message_id=settings.cover_photo)

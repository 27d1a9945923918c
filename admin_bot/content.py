"""The content of a message: whether it can be copied, and a title for it."""

from aiogram.enums import ContentType
from aiogram.types import Message

from core.posts import PostItem, item_of, title_from
from views.language import _
from views.storage.content_texts import KINDS, kind_name

COPYABLE = frozenset(ContentType(kind) for kind in KINDS)
#: not copyable by bots (BOTAPI §2.5); answered with a refusal. Other kinds: `core.message_kinds`
REFUSED = frozenset(
    {
        ContentType.POLL,
        ContentType.INVOICE,
        ContentType.GAME,
        ContentType.PAID_MEDIA,
        ContentType.GIVEAWAY,
        ContentType.GIVEAWAY_WINNERS,
        ContentType.STORY,
        ContentType.CHECKLIST,
        ContentType.RICH_MESSAGE,
        ContentType.UNKNOWN,
    }
)


def kind_of(message: Message) -> str:
    """Return the content type as text; `quiz` for polls of that type."""
    if message.poll is not None and message.poll.type == "quiz":
        return "quiz"
    return ContentType(message.content_type).value


def post_item(message: Message) -> PostItem:
    """Return what is remembered of the message in the post it becomes part of."""
    file = message.document or message.audio or message.video or message.animation
    name = file.file_name if file is not None else None
    return item_of(kind_of(message), message.text or message.caption, name)


def written_title(message: Message) -> str | None:
    """Return the first line of its text or caption, else its file name; None when it has neither."""
    written = message.text or message.caption
    if written and written.strip():
        return title_from(written, "")
    file = message.document or message.audio or message.video or message.animation
    if message.audio is not None and message.audio.title:
        parts = (message.audio.performer, message.audio.title)
        return title_from(" – ".join(part for part in parts if part), "")
    name = file.file_name if file is not None else None
    return title_from(name, "") if name else None


def title_of(message: Message) -> str:
    """Return a title for a post made of this one message."""
    return written_title(message) or kind_name(kind_of(message)) or _("Post")

"""Posts: 1..n stored messages behind one code."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field, field_validator

from core.errors import BadInput
from core.records import Record
from core.templates import TemplateRules, check, from_plain, without_tags
from core.words import words_of

#: messages in one post; copyMessages takes at most 100 ids a call (BOTAPI §2.5)
ITEMS_MAX = 100
#: characters of a title and of a description
TITLE_MAX = 80
DESCRIPTION_MAX = 500
#: characters of a button's label, and of an archive password (`copy_text` takes at most 256)
LABEL_MAX, PASSWORD_MAX = 40, 128
#: characters of a message's name in the list of a post's content
ITEM_NAME_MAX = 40
#: places a post has links for; each is counted in the post itself
SOURCES_MAX = 100
#: how long a change can be undone
UNDO_FOR = timedelta(minutes=10)
#: endings of files that are packed, and often locked with a password
_ARCHIVES = (".zip", ".rar", ".7z")
#: kinds of messages whose picture or film can stand above an announcement
_COVERS = frozenset({"photo", "video", "animation"})


class PostStatus(StrEnum):
    DRAFT = "draft"
    LIVE = "live"
    REMOVED = "removed"


class PostFilter(StrEnum):
    """Which posts a list shows. A closed list."""

    LIVE = "live"
    #: live, with an announcement that waits for its time
    SCHEDULED = "scheduled"
    #: live, with neither a waiting announcement nor one in a channel
    NOT_ANNOUNCED = "not_announced"
    REMOVED = "removed"
    #: made of an old link of another bot, live or removed
    IMPORTED = "imported"
    #: every post
    ALL = "all"


class PostField(StrEnum):
    """The fields of a post that one press or one answer changes. A closed list."""

    TITLE = "title"
    DESCRIPTION = "description"
    PROTECT = "protect"
    DELETE_AFTER = "delete_after_minutes"
    ACCESS = "access"
    LABEL = "label"
    COVER = "cover"
    PASSWORD = "password"  # noqa: S105 - a field, not a password


class PostAccess(StrEnum):
    """What stands before a post. A closed list."""

    #: as for every post: the required channels, and what the setting access_mode asks for
    SETTINGS = "settings"
    #: the required channels only
    FREE = "free"
    #: nothing; a ban stays a ban
    FREE_WITHOUT_CHANNELS = "free_without_channels"


class CoverKind(StrEnum):
    """Where the cover of a post's announcements comes from. A closed list."""

    #: a message that was sent for it and is kept in the storage channel
    OWN = "own"
    #: the setting cover_photo
    DEFAULT = "default"
    #: announcements are text alone
    NONE = "none"
    #: one of the post's own messages
    POST = "post"


class Cover(Record):
    """The cover of a post's announcements."""

    kind: CoverKind
    #: of the kinds "own" and "post": the message in the storage channel
    chat_id: int | None = None
    message_id: int | None = None


class PostItem(Record):
    """What one message of a post is, as it was known when it was stored."""

    #: its content type, "" when it is not known: stored before items were remembered
    kind: str = ""
    #: its file name, or the first words of its text; "" for none
    name: str = ""
    is_archive: bool = False


class Source(Record):
    """A place with a link of its own, and how often that link was opened."""

    name: str
    opened: int = 0


class FieldChange(Record):
    """Who changed a field last, and when."""

    by: int
    at: datetime


class Content(Record):
    """The messages of a post: ids in the storage channel, strictly increasing, and what each one is."""

    storage_chat_id: int
    message_ids: tuple[int, ...]
    items: tuple[PostItem, ...] = ()


class ContentUndo(Record):
    """What the content was before the last change; it can be brought back until `until`, exclusive."""

    content: Content
    cover: Cover | None = None
    until: datetime
    by: int


class Post(Record):
    """A stored post. `message_ids` are ids in the storage channel, strictly increasing."""

    code: str
    number: int
    title: str = ""
    description: str = ""
    storage_chat_id: int
    message_ids: tuple[int, ...]
    item_count: int
    #: what each message is, in the same order; empty: not known
    items: tuple[PostItem, ...] = ()
    #: None: the setting protect_content applies
    protect: bool | None = None
    #: None: the setting delete_after_minutes applies; 0: never
    delete_after_minutes: int | None = None
    access: PostAccess = PostAccess.SETTINGS
    #: of the button under an announcement; None: the setting button_label applies
    label: str | None = None
    #: None: the default cover
    cover: Cover | None = None
    #: None: the setting post_password applies where the post has an archive; "": none is shown
    password: str | None = None
    status: PostStatus = PostStatus.LIVE
    #: how often the live link was opened, since the post was made or `opened_since`
    opened: int = 0
    #: of a post of an older version, which counted buttons as well: when counting started again
    opened_since: datetime | None = None
    #: tries that arrived whole: one subscriber, one day, counted once
    delivered: int = 0
    #: links for places, in the order they were made; stored as counts by name
    sources: tuple[Source, ...] = ()
    #: announcements that wait for their time, and those that stand in a channel
    planned_count: int = 0
    published_count: int = 0
    #: it became a post when an old link of another bot was opened
    is_imported: bool = False
    #: who changed each field last
    changes: dict[str, FieldChange] = Field(default_factory=dict)
    content_undo: ContentUndo | None = None
    #: copies that are still to be deleted everywhere, since then
    taking_down_since: datetime | None = None
    created_by: int
    created_at: datetime

    @field_validator("sources", mode="before")
    @classmethod
    def _sources_by_name(cls, value: Any) -> Any:
        return [{"name": name, "opened": count} for name, count in value.items()] if isinstance(value, dict) else value

    @property
    def text_html(self) -> str:
        """The description as HTML."""
        return shown_description(self.description)

    @property
    def content(self) -> Content:
        return Content(storage_chat_id=self.storage_chat_id, message_ids=self.message_ids, items=self.known_items)

    @property
    def known_items(self) -> tuple[PostItem, ...]:
        """One item for each message; those that are not known are empty."""
        if len(self.items) == len(self.message_ids):
            return self.items
        return (PostItem(),) * len(self.message_ids)

    def is_whole(self, sent: int) -> bool:
        """Return whether `sent` copies are all of it. An old link names a span: some of its messages may be gone."""
        return self.is_imported or sent >= self.item_count

    @property
    def has_archive(self) -> bool:
        """Whether a file of a packed kind is among its messages."""
        return any(item.is_archive for item in self.items)


def title_from(text: str | None, fallback: str) -> str:
    """Return the first line of `text`, cut to TITLE_MAX characters; `fallback` when it has none."""
    lines = (text or "").strip().splitlines()
    first = " ".join(lines[0].split()) if lines else ""
    title = first or fallback
    return title if len(title) <= TITLE_MAX else title[: TITLE_MAX - 1].rstrip() + "…"


def post_words(number: int, title: str, description: str) -> tuple[str, ...]:
    """Return the words a post is found by; the number first, since it is never left out."""
    return words_of(str(number), title, without_tags(description))


def read_text(html: str) -> str:
    """Return a text of a post in the form it is stored in, which is returned unchanged. Raises BadInput.

    Allowed tags only, closed; braces are text, not placeholders.
    """
    return check(html.replace("{", "&#123;").replace("}", "&#125;"), TemplateRules(DESCRIPTION_MAX))


def shown_description(stored: str) -> str:
    """Return a description as HTML. Older versions stored plain text, which is shown as it was typed."""
    try:
        return stored if read_text(stored) == stored else from_plain(stored)
    except BadInput:
        return from_plain(stored)


def item_of(kind: str, text: str | None, file_name: str | None) -> PostItem:
    """Return what a message is: its kind, and its file's name or else the first words of its text."""
    name = " ".join((file_name or text or "").split())
    short = name if len(name) <= ITEM_NAME_MAX else name[: ITEM_NAME_MAX - 1].rstrip() + "…"
    return PostItem(kind=kind, name=short, is_archive=is_archive_name(file_name))


def is_archive_name(file_name: str | None) -> bool:
    """Return whether a file of this name is packed: .zip, .rar or .7z, in any case."""
    return (file_name or "").strip().lower().endswith(_ARCHIVES)


def cover_from_content(post: Post) -> Cover | None:
    """Return the first picture or film of the post as its cover; None when there is none, or that is not known."""
    for message_id, item in zip(post.message_ids, post.known_items, strict=True):
        if item.kind in _COVERS:
            return Cover(kind=CoverKind.POST, chat_id=post.storage_chat_id, message_id=message_id)
    return None


def is_cover_of(cover: Cover | None, content: Content) -> bool:
    """Return whether the cover is one of these messages."""
    return (
        cover is not None
        and cover.kind is CoverKind.POST
        and cover.chat_id == content.storage_chat_id
        and cover.message_id in content.message_ids
    )


def appended(content: Content, added: Content) -> Content | None:
    """Return the content with messages added at its end, in order; None when they do not fit.

    They do not fit when the post would have more than ITEMS_MAX, when they are in another storage channel (one call
    copies from one chat), or when their ids do not follow.
    """
    is_behind = not content.message_ids or added.message_ids[:1] > content.message_ids[-1:]
    if content.storage_chat_id != added.storage_chat_id or not added.message_ids or not is_behind:
        return None
    if len(content.message_ids) + len(added.message_ids) > ITEMS_MAX:
        return None
    return Content(
        storage_chat_id=content.storage_chat_id,
        message_ids=(*content.message_ids, *added.message_ids),
        items=(*content.items, *added.items),
    )


def without(content: Content, message_id: int) -> Content | None:
    """Return the content without one message; None when it is not among them, or the only one."""
    if message_id not in content.message_ids or len(content.message_ids) == 1:
        return None
    kept = [place for place, known in enumerate(content.message_ids) if known != message_id]
    return Content(
        storage_chat_id=content.storage_chat_id,
        message_ids=tuple(content.message_ids[place] for place in kept),
        items=tuple(content.items[place] for place in kept),
    )


def left_over(before: Content, *in_use: Content, cover: Cover | None = None) -> tuple[int, ...]:
    """Return the ids of `before` that neither the contents nor the cover in use have."""
    same = [one for one in in_use if one.storage_chat_id == before.storage_chat_id]
    used = {message_id for one in same for message_id in one.message_ids}
    if cover is not None and cover.chat_id == before.storage_chat_id and cover.message_id is not None:
        used.add(cover.message_id)
    return tuple(message_id for message_id in before.message_ids if message_id not in used)


def undoable(post: Post, now: datetime) -> ContentUndo | None:
    """Return what the last change of the content can be undone to; None when it cannot (any more)."""
    undo = post.content_undo
    return undo if undo is not None and now < undo.until else None

"""Posts: 1..n stored messages behind one code."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from core.records import Record

#: messages in one post; copyMessages takes at most 100 ids a call (BOTAPI §2.5)
ITEMS_MAX = 100
#: characters of a title and of a description
TITLE_MAX = 80
DESCRIPTION_MAX = 500


class PostStatus(StrEnum):
    DRAFT = "draft"
    LIVE = "live"
    REMOVED = "removed"


class Publication(Record):
    """A message that announces a post."""

    chat_id: int
    message_id: int


class Post(Record):
    """A stored post. `message_ids` are ids in the storage channel, strictly increasing."""

    code: str
    number: int
    title: str = ""
    description: str = ""
    storage_chat_id: int
    message_ids: tuple[int, ...]
    item_count: int
    #: None: the setting protect_content applies
    protect: bool | None = None
    #: None: the setting delete_after_minutes applies; 0: never
    delete_after_minutes: int | None = None
    password: str | None = None
    status: PostStatus = PostStatus.LIVE
    #: how often the live link was opened
    views: int = 0
    created_by: int
    created_at: datetime
    published: tuple[Publication, ...] = Field(default=())


def title_from(text: str | None, fallback: str) -> str:
    """Return the first line of `text`, cut to TITLE_MAX characters; `fallback` when it has none."""
    lines = (text or "").strip().splitlines()
    first = " ".join(lines[0].split()) if lines else ""
    title = first or fallback
    return title if len(title) <= TITLE_MAX else title[: TITLE_MAX - 1].rstrip() + "…"

"""Bodies of requests and answers about posts, their announcements and the schedule."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import BeforeValidator, Field, WithJsonSchema

from core.announcements import LEAVES_AFTER_MAX, TARGETS_MAX
from core.posts import PostField
from web_app.api.models import Answer, Instant, RequestBody
from web_app.api.rich_text import Piece

#: characters of a typed time
TIME_MAX = 40
#: of a post; imported ones have longer codes
Code = Annotated[str, Path(pattern=r"^[0-9A-Za-z]{1,64}$")]
#: of an announcement
Id = Annotated[str, Path(pattern=r"^[0-9a-f]{24}$")]
#: a field of a post as the page has it; a cover is one of `default`, `none`, `post`, or as it was seen
Value = bool | int | str | None


def _whole(value: object) -> object:
    """Return 5.0 as 5, which JSON does not tell apart."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Given = Annotated[Value, BeforeValidator(_whole)]


class PostRow(Answer):
    code: str
    number: int
    title: str
    status: str
    item_count: int
    opened: int = Field(description="times its link was pressed")
    delivered: int
    created_at: datetime
    planned: int = Field(description="announcements that wait for their time")
    published: int = Field(description="announcements that stand in a channel")


class PostPage(Answer):
    """A page of posts, newest first."""

    posts: list[PostRow]
    more: bool


class Announced(Answer):
    """An announcement of a post in one channel."""

    id: str
    code: str
    number: int
    title: str
    channel: str
    state: str
    at: datetime = Field(description="when it is, was or was to be published")
    leaves_at: datetime | None
    error: str | None
    link: str | None = Field(description="of its message")
    moved_by: str = Field(description="who moved it last; empty: nobody, or not known")
    may: list[str] = Field(description="what can be done: now, move, off, back, there, again, withdraw")


class PlaceLink(Answer):
    name: str
    opened: int
    link: str | None


class Usual(Answer):
    """What the settings say where the post has nothing of its own."""

    delete_after_minutes: int
    protect: bool
    label: str
    has_password: bool
    has_cover: bool


class PostCard(Answer):
    post: PostRow
    text: str = Field(description="HTML as Telegram reads it")
    pieces: list[Piece] = Field(description="the text for display")
    link: str | None = Field(description="null: the name of the user bot is not known yet")
    delete_after_minutes: int | None = Field(description="null: as in the settings; 0: never")
    protect: bool | None
    access: str
    label: str | None
    password: str | None
    cover: str
    has_picture: bool = Field(description="one of its messages can be the cover")
    has_archive: bool
    usual: Usual
    places: list[PlaceLink]
    announcements: list[Announced]
    may_remove: bool = Field(description="false: an editor removes own posts only")
    is_imported: bool
    is_taken_down: bool = Field(description="its copies are being deleted everywhere")


class FieldChange(RequestBody):
    """A new value of a field, and the one it is changed from."""

    field: Annotated[
        PostField, Field(strict=False), WithJsonSchema({"type": "string", "enum": [one.value for one in PostField]})
    ]
    value: Given
    seen: Given


class FieldChanged(Answer):
    card: PostCard
    before: Value
    changeable: int = Field(description="announcements in channels that show the old value")


class Removal(Answer):
    """Announcements and copies that are still there, before a post is removed."""

    announcements: int
    copies: int = Field(description="in subscribers' chats, that can be deleted")
    too_old: int = Field(description="that only the subscribers can delete")


class Removed(Answer):
    card: PostCard
    removed_at: datetime | None = Field(description="for `restore`, when this is undone")
    announcements: int
    copies: int
    too_old: int


class Restore(RequestBody):
    removed_at: Instant | None = Field(
        None, strict=False, description="of the removal that is undone: what was taken down since stays so"
    )


class Place(RequestBody):
    name: str = Field(max_length=24)


class Target(Answer):
    chat_id: int
    name: str
    is_ticked: bool
    standing: Announced | None = Field(description="the announcement of this post that stands there already")


class Draft(Answer):
    """The announcement of a post as it would be, before anything is chosen for it."""

    key: str = Field(description="sent back with the confirmation: confirmed twice, it is published once")
    text: str
    pieces: list[Piece]
    label: str
    cover: str = Field(description="own, post, default or none")
    covers: list[str] = Field(description="the covers there are")
    targets: list[Target]
    leaves_after_minutes: int
    slot: str | None = Field(description="the next free slot, as it is typed: 2026-12-24 18:00")
    today: str | None
    tomorrow: str
    text_max: int
    caption_max: int


class Typed(RequestBody):
    text: str


class Preview(Answer):
    pieces: list[Piece]
    characters: int = Field(description="as Telegram counts them")
    problem: str | None = Field(description="why it cannot be sent like this, in a sentence")


class Publish(RequestBody):
    """A confirmed announcement."""

    key: str = Field(pattern="^[0-9a-f]{16}$")
    chat_ids: list[int] = Field(min_length=1, max_length=TARGETS_MAX)
    text: str
    label: str
    cover: str = Field(pattern="^(own|post|default|none)$")
    at: str | None = Field(None, max_length=TIME_MAX, description="as it is typed in the chat; null: now")
    is_slot: bool = Field(False, description="`at` is the slot that was offered")
    leaves_after_minutes: int = Field(0, ge=0, le=LEAVES_AFTER_MAX)
    silent: bool = False
    pin: bool = False
    again: bool = Field(False, description="also where the post is announced already")


class Published(Answer):
    made: list[Announced]
    standing: list[Announced] = Field(description="in whose channels nothing was made")


class Schedule(Answer):
    """A span of the schedule, the earliest first, and what needs a person."""

    now: datetime
    zone: str
    planned: list[Announced]
    more: bool
    troubled: list[Announced]


class Move(RequestBody):
    at: str = Field(max_length=TIME_MAX, description="as it is typed in the chat: 2026-12-24 18:00")
    seen: Instant = Field(strict=False, description="the time it is moved from")


class Decision(RequestBody):
    """Where it is read from: a decision about something else than what was seen is refused."""

    state: str = Field(max_length=16, description="the state that was seen")


class PutBack(RequestBody):
    at: Instant = Field(strict=False, description="the time it had")

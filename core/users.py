"""Subscribers: the stored record and rules about it."""

from datetime import datetime

from pydantic import Field

from core.records import Record

#: Telegram allows 64 characters per part of a name
NAME_MAX = 128


class Charge(Record):
    """A credit spent on a post."""

    at: datetime
    #: identifies the update that requested the delivery
    update_key: str = ""


class PoppedPost(Record):
    """The pending post that was removed last, and the update it was removed for."""

    code: str
    update_key: str = ""


class User(Record):
    """A subscriber who has opened the user bot. Times are aware UTC."""

    user_id: int
    username: str | None = None
    first_name: str = ""
    language: str | None = None
    #: deliveries left
    credits: int = 0
    #: every post is free until then
    pass_until: datetime | None = None
    #: the latest credit spent on each post, by code; expired ones are deleted
    charges: dict[str, Charge] = Field(default_factory=dict)
    #: the post that was requested before the required channels were joined, and when
    pending_code: str | None = None
    pending_at: datetime | None = None
    #: the update by which that post was requested; kept when it is popped
    pending_key: str = ""
    popped_post: PoppedPost | None = None
    is_banned: bool = False
    ban_reason: str | None = None
    #: None with is_banned means for ever
    banned_until: datetime | None = None
    #: since when they have blocked the user bot
    blocked_at: datetime | None = None
    #: since when the account is deactivated; then `blocked_at` is set, too
    deactivated_at: datetime | None = None
    #: since when they have opted out of broadcasts; None: they receive them
    news_stopped_at: datetime | None = None
    joined_at: datetime
    last_seen_at: datetime
    #: the source tag of the first link they came through
    source: str | None = None


class Visitor(Record):
    """The sender of an update, as Telegram describes them."""

    user_id: int
    username: str | None = None
    first_name: str = Field(default="", max_length=NAME_MAX)
    language: str | None = None


def is_banned(user: User, now: datetime) -> bool:
    """Return whether the user is banned: for ever, or until `banned_until` (exclusive)."""
    return user.is_banned and (user.banned_until is None or user.banned_until > now)

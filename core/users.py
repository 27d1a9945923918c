"""Subscribers: the record and what follows from it."""

from datetime import datetime

from pydantic import Field

from core.records import Record

#: Telegram's own cap is 64 per name part; longer text never comes from Telegram
NAME_MAX = 128


class Charge(Record):
    """A credit spent on a post: when, and for which wish."""

    at: datetime
    #: names the update that asked for the delivery
    update_key: str = ""


class PoppedPost(Record):
    """The wish that was last taken off, and the update it was taken for."""

    code: str
    update_key: str = ""


class User(Record):
    """A person who opened the user bot. Times are aware UTC."""

    user_id: int
    username: str | None = None
    first_name: str = ""
    language: str | None = None
    #: deliveries left
    credits: int = 0
    #: every post is open until then
    pass_until: datetime | None = None
    #: the latest credit spent on each post, by code; those that no longer matter go
    charges: dict[str, Charge] = Field(default_factory=dict)
    #: the post that was asked for when a channel was still to be joined, and when
    pending_code: str | None = None
    pending_at: datetime | None = None
    popped_post: PoppedPost | None = None
    is_banned: bool = False
    ban_reason: str | None = None
    #: None with is_banned means for ever
    banned_until: datetime | None = None
    #: since when the person has blocked the user bot
    blocked_at: datetime | None = None
    #: since when the person's account is gone; then `blocked_at` is set, too
    deactivated_at: datetime | None = None
    #: since when the person wants no broadcasts; None: they get them
    news_stopped_at: datetime | None = None
    joined_at: datetime
    last_seen_at: datetime
    #: the source tag of the first link the person came through
    source: str | None = None


class Visitor(Record):
    """Who is knocking, as Telegram describes them in an update."""

    user_id: int
    username: str | None = None
    first_name: str = Field(default="", max_length=NAME_MAX)
    language: str | None = None


def is_banned(user: User, now: datetime) -> bool:
    """True while the ban holds: for ever, or until `banned_until` (exclusive)."""
    return user.is_banned and (user.banned_until is None or user.banned_until > now)

"""Subscribers: the stored record and rules about it."""

from datetime import UTC, datetime, timedelta

from pydantic import Field

from core.records import Record
from core.words import words_of

#: a text that is no command is answered once in this time
STRAY_ANSWERED_EVERY = timedelta(hours=24)
#: Telegram allows 64 characters per part of a name
NAME_MAX = 128
#: the last end of a pass or a ban: a time of the year 9999 has none in other zones
FAR_END = datetime(9998, 12, 31, tzinfo=UTC)


class Charge(Record):
    """A credit spent on a post."""

    at: datetime
    #: identifies the update that requested the delivery
    update_key: str = ""


class GateMessage(Record):
    """The message that shows what a post still needs, and the bot whose id this is."""

    bot_id: int
    message_id: int
    sent_at: datetime


class PoppedPost(Record):
    """The pending post that was removed last, and the update it was removed for."""

    code: str
    update_key: str = ""


class User(Record):
    """A subscriber who has opened the user bot. Times are aware UTC."""

    user_id: int
    username: str | None = None
    first_name: str = ""
    last_name: str = ""
    #: of their app, as Telegram names it: `en`, `pt-br`
    language: str | None = None
    #: the language they chose for the bot; None: that of their app
    chosen_language: str | None = None
    #: deliveries left
    credits: int = 0
    #: every post is free until then
    pass_until: datetime | None = None
    #: the latest credit spent on each post, by code; expired ones are deleted
    charges: dict[str, Charge] = Field(default_factory=dict)
    #: the message of each post whose gate is not passed yet, by code; the oldest are forgotten
    gates: dict[str, GateMessage] = Field(default_factory=dict)
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
    #: when they were told last that the bot only sends posts
    stray_told_at: datetime | None = None
    #: since when they have opted out of broadcasts; None: they receive them
    news_stopped_at: datetime | None = None
    joined_at: datetime
    last_seen_at: datetime
    #: the source tag of the first link they came through
    source: str | None = None
    #: unlocks that were paid out, since this is counted
    unlocks: int = 0
    #: when they came from another program's file; None: they opened the bot, or somebody banned them
    imported_at: datetime | None = None
    #: since when everything of theirs is being deleted; None: it is not
    erasing_at: datetime | None = None

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Visitor(Record):
    """The sender of an update, as Telegram describes them."""

    user_id: int
    username: str | None = None
    first_name: str = Field(default="", max_length=NAME_MAX)
    last_name: str = Field(default="", max_length=NAME_MAX)
    #: None: this update does not say, and what is known stays
    language: str | None = None


def is_banned(user: User, now: datetime) -> bool:
    """Return whether the user is banned: for ever, or until `banned_until` (exclusive)."""
    return user.is_banned and (user.banned_until is None or user.banned_until > now)


def user_words(first_name: str, username: str | None, last_name: str = "") -> tuple[str, ...]:
    """Return the words a subscriber is found by: those of both names and of the username."""
    return words_of(first_name, last_name, username or "")


def username_key(username: str | None) -> str | None:
    """Return a username as it is compared: in lower case, without the @; None for none."""
    return (username or "").removeprefix("@").lower() or None


def has_opened_bot(user: User) -> bool:
    """Return whether they opened the user bot, or the bot they were imported from.

    A record that only a ban made has no name and was never seen again.
    """
    return bool(user.first_name) or user.last_seen_at > user.joined_at or user.imported_at is not None

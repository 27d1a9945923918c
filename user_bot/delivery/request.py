"""A request for a post: who asks for what, on which terms, and how it ended."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from core.delivery import deletion_time, is_protected, minutes_to_live, password_of
from core.posts import Post
from core.settings import BotSettings
from core.users import User


class Outcome(StrEnum):
    """How a request for a post ended. A closed list."""

    DELIVERED = "delivered"
    INCOMPLETE = "incomplete"
    DOUBLE_TAP = "double_tap"
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    STORAGE_LOST = "storage_lost"
    SOURCE_GONE = "source_gone"
    CONTENT_REFUSED = "content_refused"
    VOICE_FORBIDDEN = "voice_forbidden"
    UNKNOWN = "unknown"
    BLOCKED = "blocked"
    LATER = "later"
    UNPAID = "unpaid"


#: the post did not arrive, or that is unknown: the next tap is a new request and no second tap
RETRYABLE_OUTCOMES = frozenset(
    {
        Outcome.STORAGE_LOST,
        Outcome.SOURCE_GONE,
        Outcome.CONTENT_REFUSED,
        Outcome.VOICE_FORBIDDEN,
        Outcome.BLOCKED,
        Outcome.LATER,
        Outcome.UNKNOWN,
        Outcome.UNPAID,
    }
)


@dataclass(frozen=True, slots=True)
class DeliveryRequest:
    """One subscriber asks for one post in the private chat with the bot."""

    user: User
    code: str
    #: identifies the update it came by, which Telegram may send again
    update_key: str
    #: of the link that was opened; None: it has none, or a button was pressed
    source: str | None = None

    @property
    def key(self) -> tuple[int, str]:
        return (self.user.user_id, self.code)


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one delivery, decided before anything is sent."""

    post: Post
    protect: bool
    sent_at: datetime
    delete_at: datetime | None
    costs_credit: bool = False
    #: of an archive among the messages
    password: str | None = None


def terms_of(post: Post, settings: BotSettings, now: datetime, costs_credit: bool = False) -> Terms:
    """Return the terms of a delivery at `now`. The post's own options override the settings."""
    return Terms(
        post=post,
        protect=is_protected(post, settings),
        sent_at=now,
        delete_at=deletion_time(now, minutes_to_live(post, settings)),
        costs_credit=costs_credit,
        password=password_of(post, settings),
    )


def from_now(terms: Terms, now: datetime) -> Terms:
    """Return `terms` with the time until deletion counted from `now`: the call may have waited for its turn."""
    delete_at = None if terms.delete_at is None else now + (terms.delete_at - terms.sent_at)
    return replace(terms, sent_at=now, delete_at=delete_at)

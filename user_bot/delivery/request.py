"""A request for a post: who asks for what, on which terms, and how it ended."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
    #: the copy that is there was pointed to
    POINTED = "pointed"
    #: it would have cost a credit, and the button said that it is free
    NOT_FREE = "not_free"
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


#: the post is there
ARRIVED = frozenset({Outcome.DELIVERED, Outcome.INCOMPLETE})


@dataclass(frozen=True, slots=True)
class DeliveryRequest:
    """One subscriber asks for one post in the private chat with the bot."""

    user: User
    code: str
    #: identifies the update it came by, which Telegram may send again
    update_key: str
    #: of the link that was opened; None: it has none, or a button was pressed
    source: str | None = None
    #: id of the update that opened a link; None: a button was pressed, or the gate was passed
    opening: int | None = None
    #: something has come below the gate message of the post, which belongs below that
    moves_down: bool = False
    #: the copy that is there is replaced, not pointed to
    replaces: bool = False
    #: it may cost a credit
    may_cost: bool = True

    @property
    def key(self) -> tuple[int, str]:
        return (self.user.user_id, self.code)


def with_known_source(request: DeliveryRequest, post: Post) -> DeliveryRequest:
    """Return the request without a source that no link of the post has: any text can stand in a link."""
    if request.source is None or any(source.name == request.source for source in post.sources):
        return request
    return replace(request, source=None)


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one delivery, decided before anything is sent."""

    post: Post
    protect: bool
    sent_at: datetime
    delete_at: datetime | None
    costs_credit: bool = False
    #: until when opening the post again points to the copy, if it stays
    here_until: datetime | None = None
    #: free, because the subscriber paid for the post before
    is_paid_before: bool = False
    #: of an archive among the messages
    password: str | None = None


def terms_of(
    post: Post, settings: BotSettings, now: datetime, *, costs_credit: bool = False, is_paid_before: bool = False
) -> Terms:
    """Return the terms of a delivery at `now`. The post's own options override the settings."""
    return Terms(
        post=post,
        protect=is_protected(post, settings),
        sent_at=now,
        delete_at=deletion_time(now, minutes_to_live(post, settings)),
        costs_credit=costs_credit,
        is_paid_before=is_paid_before,
        here_until=_here_until(post, settings, now),
        password=password_of(post, settings),
    )


def _here_until(post: Post, settings: BotSettings, now: datetime) -> datetime | None:
    """Return until when a copy that stays is pointed to: as long as the post is free again. None for one that goes."""
    return None if minutes_to_live(post, settings) else now + timedelta(minutes=settings.resend_grace_minutes)


def from_now(terms: Terms, now: datetime) -> Terms:
    """Return `terms` with the time until deletion counted from `now`: the call may have waited for its turn."""
    waited = now - terms.sent_at
    return replace(
        terms,
        sent_at=now,
        delete_at=None if terms.delete_at is None else terms.delete_at + waited,
        here_until=None if terms.here_until is None else terms.here_until + waited,
    )

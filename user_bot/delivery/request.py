"""One wish for a post: who, what, on which terms, and how it ended."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from core.delivery import deletion_time, is_protected, minutes_to_live
from core.posts import Post
from core.settings import BotSettings
from core.users import User


class Outcome(StrEnum):
    """How a wish for a post ended."""

    DELIVERED = "delivered"
    INCOMPLETE = "incomplete"
    DOUBLE_TAP = "double_tap"
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    STORAGE_LOST = "storage_lost"
    SOURCE_GONE = "source_gone"
    UNKNOWN = "unknown"
    BLOCKED = "blocked"
    LATER = "later"
    UNPAID = "unpaid"


#: the person did not get it, or nobody can say: pressing again is a wish of its own
WANTED_AGAIN = frozenset(
    {
        Outcome.STORAGE_LOST,
        Outcome.SOURCE_GONE,
        Outcome.BLOCKED,
        Outcome.LATER,
        Outcome.UNKNOWN,
        Outcome.UNPAID,
    }
)


@dataclass(frozen=True, slots=True)
class DeliveryRequest:
    """One person wants one post, in the private chat with the bot."""

    user: User
    code: str
    #: names the update it came with: the same update may come again
    update_key: str
    #: the id of the message it is, or under which its button stood; 0: not known
    message_id: int = 0

    @property
    def key(self) -> tuple[int, str]:
        return (self.user.user_id, self.code)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one delivery: decided before anything is sent."""

    post: Post
    protect: bool
    sent_at: datetime
    delete_at: datetime | None
    costs_credit: bool = False


def terms_of(post: Post, settings: BotSettings, now: datetime, costs_credit: bool = False) -> Terms:
    return Terms(
        post=post,
        protect=is_protected(post, settings),
        sent_at=now,
        delete_at=deletion_time(now, minutes_to_live(post, settings)),
        costs_credit=costs_credit,
    )


def from_now(terms: Terms, now: datetime) -> Terms:
    """The reader's time runs from when the messages are there: the call may have waited for its turn."""
    assert terms.delete_at is not None
    return replace(terms, sent_at=now, delete_at=now + (terms.delete_at - terms.sent_at))

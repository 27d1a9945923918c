"""Gift links and what was claimed of them. Times are aware UTC."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.records import Record

#: the most one link gives a subscriber
GIFT_CREDITS_MAX, GIFT_DAYS_MAX = 10_000, 3650
#: how long a link can be opened, in hours
GIFT_HOURS = (24, 7 * 24)
#: a gift and its claims are kept so long after its end: a link opened late says that it is over
GIFTS_KEPT_FOR = timedelta(days=30)


class Gift(Record):
    """A link that gives credits or days of a pass; the other of both is 0."""

    code: str
    credits: int = 0
    days: int = 0
    #: only the first one who opens it gets it
    is_for_one: bool = True
    created_by: int
    created_at: datetime
    expires_at: datetime
    cancelled_at: datetime | None = None


class GiftClaim(Record):
    """A gift that one subscriber may have: owed until it is paid out."""

    #: the document's `_id`
    id: str
    code: str
    user_id: int
    credits: int = 0
    days: int = 0
    claimed_at: datetime
    is_owed: bool = True


class GiftState(StrEnum):
    """Whether a gift can be claimed. A closed list."""

    OPEN = "open"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


def state_of(gift: Gift, now: datetime) -> GiftState:
    """Return whether the gift can be claimed; exactly at its end it still can."""
    if gift.cancelled_at is not None:
        return GiftState.CANCELLED
    return GiftState.EXPIRED if gift.expires_at < now else GiftState.OPEN


def claim_id(gift: Gift, user_id: int) -> str:
    """Return the id of a claim: one a gift if it is for one, else one a subscriber. The database has each id once."""
    return gift.code if gift.is_for_one else f"{gift.code}:{user_id}"


@dataclass(frozen=True, slots=True)
class GiftTerms:
    """What a link to be made gives, to whom and for how long."""

    credits: int = 0
    days: int = 0
    is_for_one: bool = True
    hours: int = GIFT_HOURS[0]

    def gift(self, code: str, by: int, now: datetime) -> Gift:
        """Return the gift of these terms, made now."""
        return Gift(
            code=code,
            credits=self.credits,
            days=self.days,
            is_for_one=self.is_for_one,
            created_by=by,
            created_at=now,
            expires_at=now + timedelta(hours=self.hours),
        )

"""The row of a delivery: who works on it, and how far it is (docs/decisions/0015-deliveries.md has the table)."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from core.delivery import DOUBLE_TAP
from core.records import Record

#: how long a process owns a delivery without renewing; then one that has seen its owner idle may take it over
LEASE_FOR = timedelta(seconds=30)
#: `paid_until` of a copy that is never deleted
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)


class DeliveryState(StrEnum):
    """How far a delivery is. A closed list."""

    #: its owner is claiming the credit, sending, or telling the subscriber the outcome
    SENDING = "sending"
    #: the copies' ids are stored
    SENT = "sent"
    #: an answer was lost, or the owner died; the subscriber was told, and what may have arrived is deleted in time
    UNKNOWN = "unknown"
    #: nothing was sent, and the subscriber was told why
    REFUSED = "refused"


class Delivery(Record):
    """The last delivery of one post to one subscriber by one bot. Times are aware UTC."""

    id: str
    bot_id: int
    user_id: int
    post_code: str
    state: DeliveryState = DeliveryState.SENT
    #: one more at each start and each takeover: only who knows the present number may write the outcome
    count: int = 0
    #: the process that works on it, until when; None unless it is being sent
    owner: str | None = None
    #: identifies the owner on its machine; "" where that is not possible
    process: str = ""
    until: datetime | None = None
    #: the update that asked for it, and the last ones before
    update_key: str = ""
    update_keys: tuple[str, ...] = ()
    #: when it was asked for; None when nothing was ever delivered
    opened_at: datetime | None = None
    sent_at: datetime | None = None
    #: when the copies are to be deleted; None: never, or none are left
    delete_at: datetime | None = None
    message_ids: tuple[int, ...] = ()
    notice_message_id: int | None = None
    #: the reply that points to the copies, when the post was opened again
    pointer_message_id: int | None = None
    #: until when opening the post again points to copies that stay
    here_until: datetime | None = None
    #: the highest message id known before it was sent
    sweep_after: int | None = None
    sweep_before: int | None = None
    known_ids: tuple[int, ...] = ()
    #: the day on which it arrived whole last, by its midnight
    whole_on: datetime | None = None
    #: until when a copy stands for which a credit was spent
    paid_until: datetime | None = None
    #: of the post when it was sent, and whether its own access made it free; rows of older versions have neither
    title: str = ""
    is_free: bool = False
    #: what the subscriber was spoken to in; "": not known
    language: str = ""
    #: attempts at telling the subscriber that it was interrupted
    tellings: int = 0

    def was_asked_by(self, update_key: str) -> bool:
        """Whether this update asked for it, or for one of the deliveries before."""
        return bool(update_key) and update_key in (self.update_key, *self.update_keys)

    def stands(self, now: datetime) -> bool:
        """Whether its copies are certainly in the chat, as far as the bot can tell."""
        is_there = self.state is DeliveryState.SENT and bool(self.message_ids)
        return is_there and (self.delete_at is None or self.delete_at > now)


def is_lapsed(delivery: Delivery, now: datetime) -> bool:
    """Whether its owner's lease has run out by this clock, which may be wrong."""
    return delivery.state is DeliveryState.SENDING and (delivery.until is None or delivery.until < now)


def is_second_tap(delivery: Delivery, now: datetime) -> bool:
    """Whether a request now is a second tap: the post was asked for within DOUBLE_TAP before, and sent."""
    opened_at = delivery.opened_at
    if delivery.state is not DeliveryState.SENT or opened_at is None:
        return False
    # an opening in the future was noted before the clock was put back
    return timedelta() <= now - opened_at < DOUBLE_TAP


def is_standing(delivery: Delivery | None, now: datetime) -> bool:
    """Whether its copies are to be pointed to when the post is opened again: they are there, as far as is known."""
    if delivery is None or delivery.state is not DeliveryState.SENT or not delivery.message_ids:
        return False
    # rows of an older version say nothing of copies that stay
    until = delivery.here_until if delivery.delete_at is None else delivery.delete_at
    return until is not None and until > now


def is_paid(delivery: Delivery | None, now: datetime) -> bool:
    """Whether a copy stands for which a credit was spent: another one costs nothing."""
    return delivery is not None and delivery.paid_until is not None and delivery.paid_until > now

"""A subscriber's history: put together of what is stored about them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.delivery_states import Delivery, DeliveryState
from core.gifts.records import GiftClaim
from core.verification import Token, TokenStatus

#: events that are shown
EVENTS_MAX = 20


class Happened(StrEnum):
    """Kinds of events. A closed list."""

    GOT = "got"
    UNSURE = "unsure"
    REFUSED = "refused"
    UNLOCKED = "unlocked"
    TOO_FAST = "too fast"
    CREDITS = "credits"
    CREDITS_BACK = "credits back"
    PASS = "pass"  # noqa: S105 - a pass, not a password
    PASS_BACK = "pass back"  # noqa: S105
    BANNED = "banned"
    UNBANNED = "unbanned"
    WRITTEN = "written"
    GIFT = "gift"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a subscriber. `at` is aware UTC."""

    at: datetime
    kind: Happened
    #: of a post: its code
    post_code: str = ""
    #: credits given, negative for taken
    amount: int = 0
    #: of the team; None: nobody of it did this
    by: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What a member of the team did, as the audit log has it."""

    at: datetime
    admin_id: int
    action: str
    before: Any = None
    after: Any = None


_STATES = {
    DeliveryState.SENT: Happened.GOT,
    DeliveryState.UNKNOWN: Happened.UNSURE,
    DeliveryState.REFUSED: Happened.REFUSED,
}
_ACTIONS = {
    "person.banned": Happened.BANNED,
    "person.unbanned": Happened.UNBANNED,
    "person.written": Happened.WRITTEN,
    "person.pass_ended": Happened.PASS,
    "person.pass_undone": Happened.PASS_BACK,
    "person.credits_undone": Happened.CREDITS_BACK,
}


def history(
    deliveries: Iterable[Delivery],
    tokens: Iterable[Token],
    done: Iterable[Done],
    gifts: Iterable[GiftClaim],
    limit: int = EVENTS_MAX,
) -> list[Event]:
    """Return the newest events of all, the newest first."""
    found = [
        *(event for event in map(_of_delivery, deliveries) if event is not None),
        *(event for event in map(_of_token, tokens) if event is not None),
        *(event for event in map(_of_action, done) if event is not None),
        *(Event(gift.claimed_at, Happened.GIFT) for gift in gifts),
    ]
    return sorted(found, key=lambda event: event.at, reverse=True)[:limit]


def _of_delivery(delivery: Delivery) -> Event | None:
    at, kind = delivery.opened_at or delivery.sent_at, _STATES.get(delivery.state)
    return None if at is None or kind is None else Event(at, kind, post_code=delivery.post_code)


def _of_token(token: Token) -> Event | None:
    if token.status is TokenStatus.UNUSED:
        return None
    kind = Happened.UNLOCKED if token.status is TokenStatus.VERIFIED else Happened.TOO_FAST
    return Event(token.redeemed_at or token.verified_at or token.created_at, kind, post_code=token.post_code or "")


def _of_action(done: Done) -> Event | None:
    if done.action == "person.granted":
        added = done.after.get("added") if isinstance(done.after, dict) else None
        amount = added.get("credits") if isinstance(added, dict) else None
        if isinstance(amount, int):
            return Event(done.at, Happened.CREDITS, amount=amount, by=done.admin_id)
        return Event(done.at, Happened.PASS, by=done.admin_id)
    kind = _ACTIONS.get(done.action)
    return None if kind is None else Event(done.at, kind, by=done.admin_id)

"""A history is put together of deliveries, unlocks, gifts and what the team did: the newest first, bounded."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.delivery_states import Delivery, DeliveryState
from core.gifts.records import GiftClaim
from core.people.history import EVENTS_MAX, Done, Event, Happened, history
from core.verification import Token, TokenStatus

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CODE = "A" * 16


def delivery(at: datetime, state: DeliveryState = DeliveryState.SENT) -> Delivery:
    return Delivery(id="x", bot_id=1, user_id=1, post_code=CODE, state=state, opened_at=at)


def token(at: datetime, status: TokenStatus) -> Token:
    return Token(token="t", user_id=1, created_at=at - HOUR, expires_at=NOW, status=status, verified_at=at)


def test_events_of_all_kinds_are_in_one_order() -> None:
    gift = GiftClaim(id="g", code="g", user_id=1, claimed_at=NOW - 4 * HOUR)
    done = [Done(NOW - 2 * HOUR, 7, "person.banned")]
    tokens = [token(NOW - 3 * HOUR, TokenStatus.VERIFIED), token(NOW - 5 * HOUR, TokenStatus.BYPASSED)]
    events = history([delivery(NOW - HOUR)], tokens, done, [gift])
    kinds = [Happened.GOT, Happened.BANNED, Happened.UNLOCKED, Happened.GIFT, Happened.TOO_FAST]
    assert [event.kind for event in events] == kinds
    assert (events[0].post_code, events[1].by) == (CODE, 7)


def test_only_the_newest_are_kept() -> None:
    events = history([delivery(NOW - number * HOUR) for number in range(EVENTS_MAX + 5)], [], [], [])
    assert len(events) == EVENTS_MAX
    assert events[-1].at == NOW - (EVENTS_MAX - 1) * HOUR


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (DeliveryState.UNKNOWN, Happened.UNSURE),
        (DeliveryState.REFUSED, Happened.REFUSED),
        (DeliveryState.SENDING, None),
    ],
)
def test_a_delivery_is_named_by_its_state(state: DeliveryState, kind: Happened | None) -> None:
    assert [event.kind for event in history([delivery(NOW, state)], [], [], [])] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("action", "after", "expected"),
    [
        ("person.granted", {"added": {"credits": -5}}, Event(NOW, Happened.CREDITS, amount=-5, by=7)),
        ("person.granted", {"added": {"days": 5}}, Event(NOW, Happened.PASS, by=7)),
        ("person.granted", None, Event(NOW, Happened.PASS, by=7)),
        ("person.granted", "edited by hand", Event(NOW, Happened.PASS, by=7)),
        ("post.renamed", None, None),
    ],
)
def test_what_the_team_did_is_read_as_the_log_has_it(action: str, after: Any, expected: Event | None) -> None:
    assert history([], [], [Done(NOW, 7, action, None, after)], []) == ([] if expected is None else [expected])


def test_an_unlock_that_was_not_finished_is_no_event() -> None:
    assert history([], [token(NOW, TokenStatus.UNUSED)], [], []) == []

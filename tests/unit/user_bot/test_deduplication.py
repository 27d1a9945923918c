"""Second taps within one process."""

from datetime import UTC, datetime, timedelta

from core.delivery import DOUBLE_TAP
from user_bot.delivery import deduplication as deduplicator
from user_bot.delivery.deduplication import RequestDeduplicator

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = (502, "aB3dE6gH9jK2mN5p")
MS = timedelta(milliseconds=1)


def test_a_wish_under_way_is_not_begun_again() -> None:
    seen = RequestDeduplicator()
    assert seen.begin(KEY, NOW)
    assert not seen.begin(KEY, NOW)
    assert seen.begin((503, KEY[1]), NOW)
    seen.end(KEY)
    assert seen.begin(KEY, NOW)


def test_a_granted_wish_may_be_wished_again_after_the_double_tap_time() -> None:
    seen = RequestDeduplicator()
    seen.begin(KEY, NOW)
    seen.answered(KEY, NOW)
    seen.end(KEY)
    assert not seen.begin(KEY, NOW + DOUBLE_TAP - MS)
    assert seen.begin(KEY, NOW + DOUBLE_TAP)


def test_a_clock_that_goes_back_locks_nobody_out() -> None:
    seen = RequestDeduplicator()
    seen.answered(KEY, NOW)
    assert seen.begin(KEY, NOW - timedelta(days=1))


def test_what_is_remembered_is_bounded() -> None:
    seen = RequestDeduplicator()
    for number in range(3 * deduplicator.SWEEP_AT):
        moment = NOW + number * DOUBLE_TAP
        seen.answered((number, "x"), moment)
    assert len(seen._answered_at) <= deduplicator.SWEEP_AT


def test_what_is_remembered_is_bounded_though_the_clock_was_put_back() -> None:
    seen = RequestDeduplicator()
    for number in range(deduplicator.SWEEP_AT):
        seen.answered((number, "x"), NOW + timedelta(hours=1))
    for number in range(500):
        seen.answered((deduplicator.SWEEP_AT + number, "x"), NOW + number * DOUBLE_TAP)
    assert len(seen._answered_at) <= deduplicator.SWEEP_AT

"""Second taps within one process."""

from datetime import UTC, datetime, timedelta

from core.delivery import DOUBLE_TAP
from user_bot.delivery import deduplication as deduplicator
from user_bot.delivery.deduplication import RequestDeduplicator

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = (502, "aB3dE6gH9jK2mN5p")
MS = timedelta(milliseconds=1)


def test_a_request_in_progress_is_not_started_again() -> None:
    seen = RequestDeduplicator()
    assert seen.begin(KEY, NOW)
    assert not seen.begin(KEY, NOW)
    assert seen.begin((503, KEY[1]), NOW)
    seen.end(KEY)
    assert seen.begin(KEY, NOW)


def test_an_answered_request_may_be_repeated_after_the_double_tap_time() -> None:
    seen = RequestDeduplicator()
    seen.begin(KEY, NOW)
    seen.answered(KEY, NOW)
    seen.end(KEY)
    assert not seen.begin(KEY, NOW + DOUBLE_TAP - MS)
    assert seen.begin(KEY, NOW + DOUBLE_TAP)


def test_a_clock_that_goes_back_refuses_no_request() -> None:
    seen = RequestDeduplicator()
    seen.answered(KEY, NOW)
    assert seen.begin(KEY, NOW - timedelta(days=1))


def test_remembered_answers_are_bounded() -> None:
    seen = RequestDeduplicator()
    for number in range(3 * deduplicator.SWEEP_AT):
        moment = NOW + number * DOUBLE_TAP
        seen.answered((number, "x"), moment)
    assert len(seen._answered_at) <= deduplicator.SWEEP_AT


def test_remembered_answers_are_bounded_though_the_clock_was_put_back() -> None:
    seen = RequestDeduplicator()
    for number in range(deduplicator.SWEEP_AT):
        seen.answered((number, "x"), NOW + timedelta(hours=1))
    for number in range(500):
        seen.answered((deduplicator.SWEEP_AT + number, "x"), NOW + number * DOUBLE_TAP)
    assert len(seen._answered_at) <= deduplicator.SWEEP_AT

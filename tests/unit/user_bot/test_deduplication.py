"""Second taps within one process."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.delivery import DOUBLE_TAP
from user_bot.delivery.deduplication import ANSWERS_MAX, First, RequestDeduplicator

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = (502, "aB3dE6gH9jK2mN5p")
MS = timedelta(milliseconds=1)


def test_a_request_in_progress_is_not_started_again() -> None:
    deduplicator = RequestDeduplicator()
    assert deduplicator.try_start(KEY, NOW)
    assert not deduplicator.try_start(KEY, NOW)
    assert deduplicator.try_start((503, KEY[1]), NOW)
    deduplicator.end(KEY)
    assert deduplicator.try_start(KEY, NOW)


def test_an_answered_request_may_be_repeated_after_the_double_tap_time() -> None:
    deduplicator = RequestDeduplicator()
    deduplicator.try_start(KEY, NOW)
    deduplicator.note_answered(KEY, NOW)
    deduplicator.end(KEY)
    assert not deduplicator.try_start(KEY, NOW + DOUBLE_TAP - MS)
    assert deduplicator.try_start(KEY, NOW + DOUBLE_TAP)


def test_a_clock_that_goes_back_refuses_no_request() -> None:
    deduplicator = RequestDeduplicator()
    deduplicator.note_answered(KEY, NOW)
    assert deduplicator.try_start(KEY, NOW - timedelta(days=1))


def test_remembered_answers_are_bounded() -> None:
    deduplicator = RequestDeduplicator()
    for number in range(3 * ANSWERS_MAX):
        moment = NOW + number * DOUBLE_TAP
        deduplicator.note_answered((number, "x"), moment)
    assert len(deduplicator._answered_at) <= ANSWERS_MAX


def test_remembered_answers_are_bounded_though_the_clock_was_put_back() -> None:
    deduplicator = RequestDeduplicator()
    for number in range(ANSWERS_MAX):
        deduplicator.note_answered((number, "x"), NOW + timedelta(hours=1))
    for number in range(500):
        deduplicator.note_answered((ANSWERS_MAX + number, "x"), NOW + number * DOUBLE_TAP)
    assert len(deduplicator._answered_at) <= ANSWERS_MAX
    assert not deduplicator.try_start((ANSWERS_MAX + 499, "x"), NOW + 499 * DOUBLE_TAP)


async def test_without_a_request_in_progress_there_is_nothing_to_wait_for() -> None:
    assert await RequestDeduplicator().wait_for_first(KEY) is None


@pytest.mark.parametrize(
    ("delivers", "was_refused", "decided", "ended"),
    [
        (True, False, First.DELIVERS, First.DELIVERS),
        (False, True, First.REFUSED, First.REFUSED),
        (False, False, First.SILENT, First.SILENT),
        # it claimed the delivery, and had no credit left
        (True, True, First.DELIVERS, First.REFUSED),
    ],
)
async def test_a_second_request_learns_what_became_of_the_first(
    delivers: bool, was_refused: bool, decided: First, ended: First
) -> None:
    deduplicator = RequestDeduplicator()
    assert deduplicator.try_start(KEY, NOW)
    at_decision = asyncio.create_task(deduplicator.wait_for_first(KEY))
    at_end = asyncio.create_task(deduplicator.wait_for_first(KEY, until_its_end=True))
    await asyncio.sleep(0)
    assert not at_decision.done()
    if delivers:
        deduplicator.note_delivers(KEY)
        assert await at_decision is decided
        assert not at_end.done()
    deduplicator.end(KEY, was_refused=was_refused)
    assert (await at_decision, await at_end) == (decided, ended)
    assert deduplicator.try_start(KEY, NOW), "it has ended for both"

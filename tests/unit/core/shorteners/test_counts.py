"""Counts of shorteners: steps of time, the median, sums, the state."""

from datetime import UTC, datetime, timedelta

import pytest

from core.shorteners.counts import ShortenerDay, ShortenerState, Tally, median_of, tally, time_step
from core.shorteners.records import Origin, Shortener, environment_code, percentages, with_environment

DAY = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("seconds", "step"),
    [(-3, "s0"), (0.9, "s0"), (59.9, "s59"), (60, "s60"), (64, "s60"), (299, "s295"), (300, "s300"), (3599, "s3540")],
)
def test_steps_are_a_second_wide_then_five_then_sixty(seconds: float, step: str) -> None:
    assert time_step(seconds) == step


def test_the_last_step_has_no_end() -> None:
    assert time_step(3600) == time_step(10**7) == "s3600"


@pytest.mark.parametrize(
    ("times", "median"), [({}, None), ({"s9": 1}, 9), ({"s9": 1, "s100": 1}, 9), ({"s9": 1, "s40": 1, "s100": 1}, 40)]
)
def test_the_median_is_the_step_of_the_middle_one(times: dict[str, int], median: int | None) -> None:
    assert median_of(times) == median


def test_days_are_summed_up_and_the_latest_failure_is_kept() -> None:
    first = ShortenerDay(name="a", date=DAY, links=3, finished=1, failed=1, times={"s9": 1}, failure="refused")
    second = ShortenerDay(name="a", date=DAY + 24 * HOUR, links=5, finished=4, too_fast=1, times={"s9": 2, "s40": 2})

    total = tally([second, first])

    assert (total.links, total.finished, total.too_fast, total.failed) == (8, 5, 1, 1)
    assert (total.median_s, total.failure, total.percent_finished) == (9, "refused", 62)


def test_more_finished_than_made_is_no_more_than_all() -> None:
    assert Tally(links=1, finished=2).percent_finished == 100
    assert Tally().percent_finished is None


@pytest.mark.parametrize(
    ("made", "failed", "state"),
    [
        (None, None, ShortenerState.NOT_ASKED),
        (DAY, None, ShortenerState.WORKS),
        (None, DAY, ShortenerState.FAILS),
        (DAY, DAY + HOUR, ShortenerState.FAILS),
        (DAY + HOUR, DAY, ShortenerState.WORKS),
    ],
)
def test_the_state_is_that_of_the_latest_call(
    made: datetime | None, failed: datetime | None, state: ShortenerState
) -> None:
    known = Tally(made_at=made, failed_at=failed)
    assert known.state(is_paused=False, is_key_readable=True) is state
    assert known.state(is_paused=True, is_key_readable=True) is ShortenerState.PAUSED
    assert known.state(is_paused=True, is_key_readable=False) is ShortenerState.KEY_UNREADABLE


def listed(name: str, **more: object) -> Shortener:
    fields = {"code": name, "name": name, **more}
    return Shortener.model_validate(fields)


def of_environment(name: str, **more: object) -> Shortener:
    return listed(name, origin=Origin.ENVIRONMENT, **more).model_copy(update={"code": environment_code(name)})


def test_the_environment_s_come_first_as_changed_in_the_chat() -> None:
    stored = [listed("b"), of_environment("a", share=5, is_paused=True, changed_by_name="Olive")]

    first, second = with_environment(stored, [of_environment("a", share=2)])

    assert (first.name, first.share, first.is_paused, first.changed_by_name) == ("a", 5, True, "Olive")
    assert second.name == "b"


def test_a_change_of_one_the_environment_no_longer_names_is_left_out() -> None:
    assert with_environment([of_environment("a")], []) == ()


def test_the_chat_s_shortener_wins_over_one_of_the_same_name() -> None:
    assert [one.origin for one in with_environment([listed("Short")], [of_environment("short")])] == [Origin.CHAT]


def test_a_removed_one_is_not_there() -> None:
    assert with_environment([listed("a", removed_at=DAY)], []) == ()


def test_percentages_are_of_those_that_are_asked() -> None:
    assert percentages([listed("a", share=3), listed("b"), listed("c", is_paused=True)]) == {"a": 75, "b": 25}
    assert percentages([]) == {}

"""Sums, shares and periods of the statistics, and marks of events."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.statistics import Count, DayStats, SourceDay
from core.statistics.events import OTHER_SOURCES, SOURCES_A_DAY, Event, Mark, Step, Sums, Try, read_mark
from core.statistics.periods import Figures, change, counted_since, days_before, sources_of, sum_of
from core.statistics.tables import days_csv

BERLIN, SANTIAGO = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Santiago")
DAY = timedelta(days=1)
TODAY = datetime(2026, 3, 1, tzinfo=UTC)


def test_too_fast_is_what_ended_so_and_never_less_than_none() -> None:
    figures = Figures({Count.UNLOCKS: 655, Count.TOO_FAST: 61, Count.MENDED: 20})
    assert (figures.too_fast, round(100 * figures.too_fast_share)) == (41, 6)
    # the free page was paid on the day after
    assert Figures({Count.UNLOCKS: 1, Count.MENDED: 1}).too_fast == 0
    assert Figures().too_fast_share == Figures().delivered_share == 0.0


@pytest.mark.parametrize(
    ("now", "before", "expected"), [(108, 100, 0.08), (5, 10, -0.5), (5, 0, None), (5, None, None)]
)
def test_a_change_is_against_something(now: int, before: int | None, expected: float | None) -> None:
    assert change(now, before) == expected


@pytest.mark.parametrize(
    ("zone", "day", "back", "expected"),
    [
        # the night in between has 23 hours, 25, and no midnight
        (BERLIN, datetime(2026, 3, 30, 10, tzinfo=UTC), 1, datetime(2026, 3, 28, 23, tzinfo=UTC)),
        (BERLIN, datetime(2026, 10, 26, 22, 59, tzinfo=UTC), 1, datetime(2026, 10, 24, 22, tzinfo=UTC)),
        (SANTIAGO, datetime(2026, 9, 7, 12, tzinfo=UTC), 1, datetime(2026, 9, 6, 4, tzinfo=UTC)),
        (BERLIN, datetime(2026, 3, 1, 23, 30, tzinfo=UTC), 0, datetime(2026, 3, 1, 23, tzinfo=UTC)),
    ],
)
def test_days_are_those_of_the_zone(zone: ZoneInfo, day: datetime, back: int, expected: datetime) -> None:
    assert days_before(day, back, zone) == expected


def test_marks_come_back_and_nothing_else_is_one() -> None:
    for mark in (Mark(Event.NEW, TODAY), Mark(Event.WHOLE, TODAY + timedelta(milliseconds=7), "insta")):
        assert read_mark(mark.text) == mark
    for text in (None, 7, "", "new", "new:x:", "new:-5:", "old:5:", "new:" + "9" * 40 + ":", "new:٣:", ["new:5:"]):
        assert read_mark(text) is None
    assert read_mark("new:5:a.b") == Mark(Event.NEW, datetime.fromtimestamp(0.005, UTC))


@pytest.mark.parametrize("counted", range(5))
def test_only_steps_that_are_not_counted_are_added(counted: int) -> None:
    sums = Sums(BERLIN)
    sums.add_try(Try(id="x", user_id=1, post_code="c", date=TODAY, step=Step.UNLOCKED, counted=counted))
    added = [sums.posts[("c", TODAY)][name] for name in ("tries", "joined", "unlocked", "delivered")]
    assert added == [int(counted < step <= 3) for step in (1, 2, 3, 4)]


def test_sources_beyond_the_limit_of_a_day_are_counted_together() -> None:
    sums = Sums(BERLIN)
    for number in range(3):
        sums.add(Mark(Event.NEW, TODAY), f"new{number}")
    (day,) = sums.days
    sums.limit_sources(day, [f"s{number}" for number in range(SOURCES_A_DAY - 1)])
    assert sums.days[day][f"sources.{OTHER_SOURCES}.new"] == 2
    assert sums.days[day]["sources.new0.new"] == 1


def test_sources_of_several_days_are_summed_and_those_with_most_new_come_first() -> None:
    days = [
        DayStats(date=TODAY, sources={"a": SourceDay(new=1, tries=9), "b": SourceDay(new=2)}),
        DayStats(date=TODAY + DAY, sources={"b": SourceDay(new=3, delivered=1)}),
    ]
    assert list(sources_of(days).items()) == [("b", SourceDay(new=5, delivered=1)), ("a", SourceDay(new=1, tries=9))]


def test_counted_since_is_told_only_beside_days_of_an_older_version() -> None:
    old = DayStats(date=TODAY - DAY, counters={"deliveries": 4})
    quiet, new = DayStats(date=TODAY), DayStats(date=TODAY + DAY, is_by_event=True)
    assert counted_since([old, quiet, new]) == TODAY + DAY
    assert counted_since([quiet, new]) is None
    assert counted_since([old]) is None
    both = DayStats(date=TODAY, counters={"deliveries": 4}, is_by_event=True)
    assert counted_since([both, new]) == TODAY


def test_sums_leave_out_what_an_older_version_counted_otherwise() -> None:
    figures = sum_of([DayStats(date=TODAY, counters={"deliveries": 40, "verified": 3, "new_users": 2})])
    assert (figures.of(Count.DELIVERED), figures.of(Count.UNLOCKS), figures.of(Count.NEW_USERS)) == (0, 0, 2)


def test_the_table_leaves_empty_what_was_not_counted() -> None:
    days = [
        DayStats(date=TODAY - DAY, counters={"deliveries": 4, "new_users": 1}),
        DayStats(date=TODAY, counters={"too_fast": 3, "mended": 1, "active_users": 9}, is_by_event=True),
    ]
    header, old, new = days_csv(days, BERLIN).decode("utf-8-sig").splitlines()
    row = dict(zip(header.split(","), new.split(","), strict=True))
    assert (row["date"], row["too_fast"], row["tries"], row["active_users"], row["users"]) == (
        "2026-03-01",
        "2",
        "0",
        "9",
        "",
    )
    row = dict(zip(header.split(","), old.split(","), strict=True))
    assert (row["new_users"], row["tries"], row["delivered"]) == ("1", "", "")

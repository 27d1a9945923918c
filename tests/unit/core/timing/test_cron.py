"""Lines of cron: what they mean, what is refused, and daylight changes."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from core.timing.cron import Cron, read_cron_line

UTC_ZONE, NEW_YORK = ZoneInfo("UTC"), ZoneInfo("America/New_York")


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def ticks(line: str, start: datetime, count: int = 3, zone: ZoneInfo = UTC_ZONE) -> list[datetime]:
    schedule, found = Cron(read_cron_line(line), zone), [start]
    for _ in range(count):
        found.append(schedule.next_tick(found[-1]))
    return found[1:]


@pytest.mark.parametrize("weekday", ["0", "7", "sun", "SUN", "0,7"])
def test_weekday_zero_is_sunday_as_cron_counts(weekday: str) -> None:
    # 1 March 2026 is a Sunday
    assert ticks(f"0 3 * * {weekday}", at(2026, 2, 25)) == [at(2026, 3, day, 3) for day in (1, 8, 15)]
    assert ticks("0 3 * * mon-fri", at(2026, 2, 27, 4), 2) == [at(2026, 3, 2, 3), at(2026, 3, 3, 3)]


def test_lists_ranges_and_steps() -> None:
    assert ticks("*/20 9-17/8 * * *", at(2026, 3, 1, 9, 30)) == [
        at(2026, 3, 1, 9, 40),
        at(2026, 3, 1, 17, 0),
        at(2026, 3, 1, 17, 20),
    ]
    assert ticks("5,6 0 1 jan,jul *", at(2026, 3, 1), 2) == [at(2026, 7, 1, 0, 5), at(2026, 7, 1, 0, 6)]


def test_of_day_of_month_and_weekday_either_is_enough() -> None:
    assert ticks("0 0 13 * fri", at(2026, 3, 1)) == [at(2026, 3, 6), at(2026, 3, 13), at(2026, 3, 20)]
    # as crontab(5): a field that begins with * restricts further
    assert ticks("0 0 */2 * fri", at(2026, 3, 1), 2) == [at(2026, 3, 13), at(2026, 3, 27)]


def test_a_rare_date_is_found_in_both_directions() -> None:
    schedule = Cron(read_cron_line("0 0 29 2 *"), UTC_ZONE)
    assert schedule.next_tick(at(2026, 3, 1)) == at(2028, 2, 29)
    assert schedule.latest_tick(at(2026, 3, 1)) == at(2024, 2, 29)
    # 2100 is no leap year
    assert schedule.next_tick(at(2096, 3, 1)) == at(2104, 2, 29)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "five fields"),
        ("0 3 * *", "five fields"),
        ("0 0 3 * * *", "five fields"),
        ("@daily", "five fields"),
        ("60 3 * * *", "minute: '60' is not from 0 to 59"),
        ("0 24 * * *", "hour: '24' is not from 0 to 23"),
        ("0 3 0 * *", "day of month"),
        ("0 3 * 13 *", "month"),
        ("0 3 * * 8", "weekday"),
        ("0 3 * * someday", "weekday"),
        ("0 3 l * *", "day of month"),
        ("0 3 ? * *", "day of month"),
        ("0 3 * * fri#2", "weekday"),
        ("*/0 3 * * *", "minute"),
        ("5/10 3 * * *", "minute"),
        ("*-5 3 * * *", "minute"),
        ("30-10 3 * * *", "minute: '30-10' goes backwards"),
        ("-5 3 * * *", "minute"),
        ("0,,5 3 * * *", "minute"),
        ("٣ 3 * * *", "minute"),
        ("0 0 30 2 *", "there is no day 30 in month 2"),
        ("0 0 31 4,6,9,11 *", "there is no day 31"),
    ],
)
def test_a_line_that_cannot_be_read_names_its_field(line: str, problem: str) -> None:
    with pytest.raises(BadInput, match=re.escape(problem)):
        read_cron_line(line)


def test_a_time_that_daylight_skips_comes_an_hour_later_and_one_that_comes_twice_once() -> None:
    # 8 March 2026, New York: 02:00 to 03:00 does not exist; 1 November: 01:00 to 02:00 comes twice
    assert ticks("30 2 * * *", at(2026, 3, 8, 5), 2, NEW_YORK) == [at(2026, 3, 8, 7, 30), at(2026, 3, 9, 6, 30)]
    assert ticks("30 1 * * *", at(2026, 11, 1), 2, NEW_YORK) == [at(2026, 11, 1, 5, 30), at(2026, 11, 2, 6, 30)]


def test_a_line_of_every_hour_comes_in_both_of_two_equal_hours() -> None:
    assert ticks("*/30 * * * *", at(2026, 11, 1, 5), 4, NEW_YORK) == [
        at(2026, 11, 1, 5, 30),
        at(2026, 11, 1, 6),
        at(2026, 11, 1, 6, 30),
        at(2026, 11, 1, 7),
    ]


_LINES = ("*/15 * * * *", "30 4 * * *", "0 3 * * 0", "10,50 6-22/4 1,15 * *", "0 0 31 * *", "5 12 * 2-3 *")
#: APScheduler counts weekdays from Monday, and is right only without numbers
_THEIRS = {"0 3 * * 0": "0 3 * * sun"}


@pytest.mark.parametrize("line", _LINES)
@settings(deadline=None)
@given(seconds=st.integers(min_value=0, max_value=3 * 366 * 86_400))
def test_the_next_tick_is_that_of_apscheduler_and_the_latest_the_one_before(line: str, seconds: int) -> None:
    now = at(2026, 1, 2) + timedelta(seconds=seconds)
    schedule = Cron(read_cron_line(line), UTC_ZONE)
    theirs = CronTrigger.from_crontab(_THEIRS.get(line, line), timezone="UTC")
    following = schedule.next_tick(now)
    assert following == theirs.get_next_fire_time(None, now + timedelta(microseconds=1))
    latest = schedule.latest_tick(now)
    assert latest <= now < following
    assert schedule.next_tick(latest) == following


def test_lines_are_told_in_words_where_they_are_simple() -> None:
    words = {
        "30 4 * * *": "daily at 04:30",
        "0 6,18 * * *": "daily at 06:00 and 18:00",
        "0 3 * * 0": "Sundays at 03:00",
        "0 3 * * 6,7": "Sundays and Saturdays at 03:00",
        "0 3 1 * *": "at 0 3 1 * * (cron)",
        "  */5   * * * * ": "at */5 * * * * (cron)",
    }
    assert {line: read_cron_line(line).in_words() for line in words} == words

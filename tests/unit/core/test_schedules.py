"""WHEN: ticks on both sides of midnight, of full hours, of daylight changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from hypothesis import given
from hypothesis import strategies as st

from core.schedules import daily_at, every_full_hour, every_minute

UTC_ZONE = ZoneInfo("UTC")
KOLKATA = ZoneInfo("Asia/Kolkata")
NEW_YORK = ZoneInfo("America/New_York")
HAVANA = ZoneInfo("America/Havana")


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def test_every_minute_falls_on_full_minutes() -> None:
    schedule = every_minute(UTC_ZONE)
    assert schedule.latest_tick(at(2026, 3, 1, 12, 0, 59)) == at(2026, 3, 1, 12, 0)
    assert schedule.latest_tick(at(2026, 3, 1, 12, 1)) == at(2026, 3, 1, 12, 1)
    assert schedule.next_tick(at(2026, 3, 1, 12, 1)) == at(2026, 3, 1, 12, 2)


def test_a_full_hour_in_kolkata_is_at_half_past_in_utc() -> None:
    schedule = every_full_hour(KOLKATA)
    assert schedule.latest_tick(at(2026, 3, 1, 12, 29)) == at(2026, 3, 1, 11, 30)
    assert schedule.next_tick(at(2026, 3, 1, 12, 29)) == at(2026, 3, 1, 12, 30)


def test_twice_a_day_in_the_zone_of_the_house() -> None:
    schedule = daily_at((0, 12), KOLKATA)
    assert schedule.next_tick(at(2026, 3, 1, 0, 0)) == at(2026, 3, 1, 6, 30)
    assert schedule.next_tick(at(2026, 3, 1, 6, 30)) == at(2026, 3, 1, 18, 30)
    assert schedule.latest_tick(at(2026, 3, 1, 18, 29)) == at(2026, 3, 1, 6, 30)


def test_an_hour_that_daylight_skips_comes_right_after_the_gap() -> None:
    # 8 March 2026, New York: 02:00 does not exist
    schedule = daily_at((2,), NEW_YORK)
    assert schedule.next_tick(at(2026, 3, 8, 5, 0)) == at(2026, 3, 8, 7, 0)
    assert schedule.next_tick(at(2026, 3, 8, 7, 0)) == at(2026, 3, 9, 6, 0)


def test_an_hour_that_comes_twice_counts_once() -> None:
    # 1 November 2026, Havana: the hour from 00:00 comes twice
    schedule = daily_at((0,), HAVANA)
    first = schedule.next_tick(at(2026, 11, 1, 0, 0))
    assert first == at(2026, 11, 1, 4, 0)
    assert schedule.next_tick(first) == at(2026, 11, 2, 5, 0)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York", "America/Havana", "Pacific/Chatham"])
@given(seconds=st.integers(min_value=0, max_value=366 * 86_400))
def test_the_latest_tick_and_the_next_one_enclose_every_moment(zone: str, seconds: int) -> None:
    now = at(2026, 1, 2) + timedelta(seconds=seconds)
    for schedule in (every_minute(ZoneInfo(zone)), daily_at((0, 12), ZoneInfo(zone)), daily_at((2,), ZoneInfo(zone))):
        latest, following = schedule.latest_tick(now), schedule.next_tick(now)
        assert latest <= now < following
        assert schedule.next_tick(latest) == following


def test_schedules_are_told_in_words() -> None:
    assert every_minute(UTC_ZONE).in_words() == "every minute"
    assert every_full_hour(UTC_ZONE).in_words() == "every full hour"
    assert daily_at((12, 0), UTC_ZONE).in_words() == "daily at 00:00 and 12:00"


def test_triggers_are_written_as_apscheduler_writes_them() -> None:
    zone = ZoneInfo("Asia/Kolkata")
    in_words = {
        every_minute(zone): IntervalTrigger(minutes=1),
        every_full_hour(zone): IntervalTrigger(hours=1),
        daily_at((12, 0), zone): CronTrigger(hour="0,12", minute=0),
        daily_at((3,), zone): CronTrigger(hour=3, minute=0),
    }
    for schedule, trigger in in_words.items():
        assert schedule.as_trigger() == str(trigger)

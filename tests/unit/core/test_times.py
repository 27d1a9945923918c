"""Typed times, in a zone, around the hours daylight saving skips and doubles."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.times import LONGEST_AHEAD, at_local, read_time

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
#: a Wednesday, 13:30 in Berlin
NOW = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)


def at(text: str, now: datetime = NOW, zone: ZoneInfo = BERLIN) -> str:
    """The instant on the clocks of the zone."""
    return f"{read_time(text, now, zone).astimezone(zone):%Y-%m-%d %H:%M}"


def refused(text: str, now: datetime = NOW, zone: ZoneInfo = BERLIN) -> str:
    with pytest.raises(BadInput) as problem:
        read_time(text, now, zone)
    return problem.value.sentence


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("18:30", "2026-11-25 18:30"),
        ("  today   18:30 ", "2026-11-25 18:30"),
        ("13:31", "2026-11-25 13:31"),
        ("Tomorrow 9:00", "2026-11-26 09:00"),
        ("in 2 hours", "2026-11-25 15:30"),
        ("In 90 min", "2026-11-25 15:00"),
        ("in 1h 30m", "2026-11-25 15:00"),
        ("in 2 days", "2026-11-27 13:30"),
        ("Mon 18:00", "2026-11-30 18:00"),
        ("monday, 18:00", "2026-11-30 18:00"),
        ("tue 9:00", "2026-12-01 09:00"),
        # today's weekday: today while it is to come, else a week later
        ("Wed 18:00", "2026-11-25 18:00"),
        ("Wednesday 13:30", "2026-12-02 13:30"),
        ("wed 9:00", "2026-12-02 09:00"),
        ("thurs 9:00", "2026-11-26 09:00"),
        ("sun 0:00", "2026-11-29 00:00"),
        ("24.12. 18:00", "2026-12-24 18:00"),
        ("24.12 18:00", "2026-12-24 18:00"),
        ("26. 11. 8:05", "2026-11-26 08:05"),
        ("26.11.2026 08:05", "2026-11-26 08:05"),
        ("2026-12-24 18:00", "2026-12-24 18:00"),
        ("2026-12-24T18:00", "2026-12-24 18:00"),
        ("2027-11-25 00:00", "2027-11-25 00:00"),
        # long past this year: the next year
        ("3.1. 9:00", "2027-01-03 09:00"),
        ("25.5. 9:00", "2027-05-25 09:00"),
        # as the team's other language says it
        ("завтра 9:00", "2026-11-26 09:00"),
        ("через 2 часа", "2026-11-25 15:30"),
        ("Пн 18:00", "2026-11-30 18:00"),
        ("в среду 18:00", "2026-11-25 18:00"),
    ],
)
def test_times_that_are_understood(typed: str, expected: str) -> None:
    assert at(typed) == expected


@pytest.mark.parametrize(
    "typed",
    [
        *("", "soon", "now", "9", "9.00", "25/11 18:30", "25.11.", "2026-11-25", "18:3", "18:30 25.11.", "١٨:٣٠"),
        *("in", "in 2", "in never", "in 2 hours 18:00", "2 hours", "moon 18:00", "mon", "mon tue 9:00", "<b>18:00</b>"),
    ],
)
def test_text_that_is_no_time_is_answered_with_examples(typed: str) -> None:
    assert refused(typed).startswith("That is no time I understand.")


@pytest.mark.parametrize(
    "typed", ["24:00", "12:60", "31.11. 9:00", "2026-13-01 9:00", "29.2. 9:00", "0.0. 9:00", "0000-01-01 9:00"]
)
def test_days_and_times_that_do_not_exist_have_their_own_answer(typed: str) -> None:
    assert refused(typed).startswith("There is no such day or time.")


def test_the_29th_of_february_is_next_years_when_that_one_has_it() -> None:
    assert at("29.2. 9:00", datetime(2027, 6, 1, tzinfo=UTC)) == "2028-02-29 09:00"


@pytest.mark.parametrize(
    "typed", ["13:30", "13:29", "0:00", "today 13:30", "25.11. 13:30", "24.11. 18:30", "26.5. 9:00", "2026-1-2 0:00"]
)
def test_this_minute_and_earlier_times_have_passed(typed: str) -> None:
    sentence = refused(typed)
    assert "has passed: now it is 25 November 2026, 13:30 (Europe/Berlin)" in sentence


def test_a_time_is_taken_up_to_366_days_ahead() -> None:
    limit = NOW.astimezone(BERLIN) + LONGEST_AHEAD
    assert at(f"{limit:%Y-%m-%d %H:%M}") == "2027-11-26 13:30"
    assert refused(f"{limit + timedelta(minutes=1):%Y-%m-%d %H:%M}") == "At most 366 days ahead. Send an earlier time."
    assert refused("9998-12-31 23:59") == "At most 366 days ahead. Send an earlier time."
    assert refused("in 367 days") == "At most 366 days ahead. Send an earlier time."


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("tomorrow 1:59", datetime(2027, 3, 28, 0, 59, tzinfo=UTC)),
        # the clocks go from 2:00 to 3:00
        ("tomorrow 2:00", datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
        ("28.3. 2:59", datetime(2027, 3, 28, 1, 59, tzinfo=UTC)),
        ("sun 2:30", datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
        ("28.3. 3:00", datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
    ],
)
def test_a_time_the_clocks_skip_moves_on(typed: str, moment: datetime) -> None:
    assert read_time(typed, datetime(2027, 3, 27, 12, tzinfo=UTC), BERLIN) == moment


def test_clocks_that_skip_half_an_hour_move_a_time_on_by_that() -> None:
    day = datetime(2026, 10, 3, 12, tzinfo=UTC)
    assert at("2026-10-04 2:15", day, LORD_HOWE) == "2026-10-04 02:45"


def test_of_a_time_that_comes_twice_the_first_that_is_to_come_is_taken() -> None:
    before = datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert read_time("25.10. 2:30", before, BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert at_local(date(2026, 10, 25), time(2, 30), BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    between = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)
    assert read_time("2:30", between, BERLIN) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert read_time("sun 2:30", between, BERLIN) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_today_and_tomorrow_are_those_of_the_zone() -> None:
    late = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)
    assert at("9:00", late) == "2026-11-26 09:00"
    assert at("tomorrow 9:00", late) == "2026-11-27 09:00"
    assert at("thu 9:00", late) == "2026-11-26 09:00"
    assert at("18:31", late, ZoneInfo("America/New_York")) == "2026-11-25 18:31"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York", "UTC"])
@pytest.mark.parametrize("typed", ["9999-12-31 23:59", "0001-01-01 0:00"])
def test_the_ends_of_the_calendar_are_refused_in_every_zone(typed: str, zone: str) -> None:
    assert refused(typed, zone=ZoneInfo(zone))


@given(
    st.text(alphabet="0123456789:.- todaymrwinhus", max_size=20) | st.text(max_size=20),
    st.sampled_from([BERLIN, LORD_HOWE, ZoneInfo("Pacific/Apia")]),
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
)
def test_whatever_is_typed_is_a_time_to_come_or_bad_input(typed: str, zone: ZoneInfo, now: datetime) -> None:
    try:
        moment = read_time(typed, now, zone)
    except BadInput:
        return
    assert now < moment <= now + LONGEST_AHEAD


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)),  # noqa: DTZ001 - on the clocks of a zone
    st.sampled_from([BERLIN, LORD_HOWE, ZoneInfo("America/New_York")]),
)
def test_a_time_on_the_clocks_is_kept_or_moved_on(local: datetime, zone: ZoneInfo) -> None:
    local = local.replace(second=0, microsecond=0)
    shown = at_local(local.date(), local.time(), zone).astimezone(zone).replace(tzinfo=None)
    assert local <= shown <= local + timedelta(hours=1)

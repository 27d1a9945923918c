"""Payloads, deletion times, days and ids. The rules of the gate: test_access.py."""

import string
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import ManualClock, SystemClock, to_milliseconds
from core.days import start_of_day
from core.delivery import deletion_time, is_too_old, retry_pause
from core.ids import BASE62, is_code, is_token, new_code, new_token
from core.payloads import (
    InvalidPayload,
    NewTokenPayload,
    PostPayload,
    TokenPayload,
    parse_payload,
    post_payload,
)
from core.posts import TITLE_MAX, title_from
from core.verification import is_expired

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CODE = "aB3dE6gH9jK2mN5p"
TOKEN = CODE * 2


# payloads


def test_a_post_payload_carries_its_code_and_source() -> None:
    assert parse_payload(f"p_{CODE}") == PostPayload(CODE)
    assert parse_payload(f"p_{CODE}-s_spring26") == PostPayload(CODE, "spring26")
    assert parse_payload(f"v_{TOKEN}") == TokenPayload(TOKEN)
    assert parse_payload("newtoken") == NewTokenPayload()


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "p_",
        "p",
        "%%%",
        "🎁" * 20,
        "x" * 5000,
        f"p_{CODE}x",
        f"p_{CODE[:-1]}",
        f"p_{CODE[:-1]}-",
        f"p_{CODE}-s_",
        f"p_{CODE}-s_{'a' * 25}",
        f"p_{CODE}-s_a b",
        f"p_{CODE}-s_a-s_b",
        f"P_{CODE}",
        f"v_{CODE}",
        f" p_{CODE}",
        f"p_{CODE}\n",
        f"p_{'٣' * 16}",
        "_tgr_abc",
        "NEWTOKEN",
    ],
)
def test_garbage_is_an_invalid_payload(typed: str) -> None:
    assert parse_payload(typed) == InvalidPayload()


@given(st.text(max_size=80))
def test_no_text_raises(typed: str) -> None:
    assert parse_payload(typed) is not None


@given(
    st.text(alphabet=BASE62, min_size=16, max_size=16), st.none() | st.text(alphabet=BASE62, min_size=1, max_size=24)
)
def test_built_payloads_can_be_parsed_and_have_at_most_64_characters(code: str, source: str | None) -> None:
    payload = post_payload(code, source)
    assert parse_payload(payload) == PostPayload(code, source)
    assert len(payload) <= 64
    assert set(payload) <= set(string.ascii_letters + string.digits + "_-")


def test_no_payload_is_built_from_an_invalid_code_or_source() -> None:
    for code, source in ((CODE[:-1], None), (CODE, ""), (CODE, "a b"), (CODE, "a" * 25)):
        with pytest.raises(ValueError, match="16 character code"):
            post_payload(code, source)


def test_codes_and_tokens_have_their_shape_and_do_not_repeat() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(is_code(code) for code in codes)
    assert is_token(new_token())
    assert not is_code(new_token())


# deletion times


@pytest.mark.parametrize("minutes", [1, 30, 2820])
def test_a_deletion_time_up_to_47_hours_is_kept(minutes: int) -> None:
    assert deletion_time(NOW, minutes) == NOW + timedelta(minutes=minutes)


def test_zero_minutes_means_never() -> None:
    assert deletion_time(NOW, 0) is None


@pytest.mark.parametrize("minutes", [-1, 2821, 10_080])
def test_a_deletion_time_beyond_telegrams_limit_is_refused(minutes: int) -> None:
    with pytest.raises(ValueError, match="2820"):
        deletion_time(NOW, minutes)


def test_a_message_is_too_old_from_48_hours_on() -> None:
    assert not is_too_old(NOW, NOW + timedelta(hours=48) - timedelta(milliseconds=1))
    assert is_too_old(NOW, NOW + timedelta(hours=48))


def test_the_pause_between_attempts_doubles_up_to_an_hour() -> None:
    assert [retry_pause(n) for n in (1, 2, 3)] == [timedelta(seconds=s) for s in (30, 60, 120)]
    assert retry_pause(50) == timedelta(hours=1)


# days, clocks, titles


@pytest.mark.parametrize(
    ("zone", "now", "midnight"),
    [
        ("UTC", datetime(2026, 3, 1, 0, 0, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2026, 3, 1, 18, 29, tzinfo=UTC), datetime(2026, 2, 28, 18, 30, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2026, 3, 1, 18, 30, tzinfo=UTC), datetime(2026, 3, 1, 18, 30, tzinfo=UTC)),
        # the day New York loses an hour: midnight was still at -5
        ("America/New_York", datetime(2026, 3, 8, 20, 0, tzinfo=UTC), datetime(2026, 3, 8, 5, 0, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 3, 9, 4, 0, tzinfo=UTC), datetime(2026, 3, 9, 4, 0, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_midnight_of_the_zone(zone: str, now: datetime, midnight: datetime) -> None:
    assert start_of_day(now, ZoneInfo(zone)) == midnight


def test_a_token_is_expired_strictly_after_its_time() -> None:
    assert not is_expired(NOW, NOW)
    assert is_expired(NOW, NOW + timedelta(milliseconds=1))


def test_a_shifted_clock_calls_its_listeners_once_per_change() -> None:
    clock, heard = SystemClock(), []
    clock.on_shift(lambda: heard.append(clock.offset))
    clock.shift_to(timedelta(minutes=30))
    clock.shift_to(timedelta(minutes=30))
    assert heard == [timedelta(minutes=30)]
    assert clock.now() - datetime.now(UTC) > timedelta(minutes=29)


def test_a_manual_clock_refuses_a_naive_start_and_moves_when_told() -> None:
    with pytest.raises(ValueError, match="aware"):
        ManualClock(datetime(2026, 1, 1))  # noqa: DTZ001 - the bad input
    clock = ManualClock(NOW)
    clock.move(timedelta(hours=1))
    assert clock.now() == NOW + timedelta(hours=1)


def test_times_are_cut_to_milliseconds() -> None:
    assert to_milliseconds(NOW.replace(microsecond=123_999)) == NOW.replace(microsecond=123_000)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (None, "Photo"),
        ("   \n\n", "Photo"),
        ("  One   line \nmore", "One line"),
        ("x" * 200, "x" * (TITLE_MAX - 1) + "…"),
    ],
)
def test_a_title_is_the_first_line_in_one_row(text: str | None, title: str) -> None:
    assert title_from(text, "Photo") == title

"""What an admin types about a broadcast, on both sides of each limit."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_bot.broadcasts.inputs import (
    read_active,
    read_buttons,
    read_language,
    read_lifetime,
    read_send_at,
    read_source,
)
from core.broadcasts import LONGEST_AHEAD, LinkButton
from core.errors import BadInput
from core.segments import SegmentKind
from views.broadcasts import compose_texts as texts

BERLIN = ZoneInfo("Europe/Berlin")
#: a Wednesday, 13:30 in Berlin
NOW = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
SHOP = "https://example.org/shop"


def at(text: str, now: datetime = NOW, zone: ZoneInfo = BERLIN) -> str:
    """The instant on the clocks of the zone."""
    return f"{read_send_at(text, now, zone).astimezone(zone):%Y-%m-%d %H:%M}"


def refused(text: str, now: datetime = NOW, zone: ZoneInfo = BERLIN) -> str:
    with pytest.raises(BadInput) as problem:
        read_send_at(text, now, zone)
    return problem.value.sentence


# --- when


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("18:30", "2026-11-25 18:30"),
        ("  today   18:30 ", "2026-11-25 18:30"),
        ("13:31", "2026-11-25 13:31"),
        ("Tomorrow 9:00", "2026-11-26 09:00"),
        ("25.11. 18:30", "2026-11-25 18:30"),
        ("25.11 18:30", "2026-11-25 18:30"),
        ("26. 11. 8:05", "2026-11-26 08:05"),
        ("26.11.2026 08:05", "2026-11-26 08:05"),
        ("2026-11-25 18:30", "2026-11-25 18:30"),
        ("2026-1-2 0:00", None),
        ("2027-11-25 00:00", "2027-11-25 00:00"),
        # long past this year: the next year
        ("3.1. 9:00", "2027-01-03 09:00"),
        ("25.5. 9:00", "2027-05-25 09:00"),
    ],
)
def test_times_that_are_understood(typed: str, expected: str | None) -> None:
    if expected is None:
        assert "has passed" in refused(typed)
    else:
        assert at(typed) == expected


@pytest.mark.parametrize(
    "typed", ["", "soon", "now", "9", "9.00", "25/11 18:30", "25.11.", "2026-11-25", "18:3", "18:30 25.11.", "١٨:٣٠"]
)
def test_text_that_is_no_time_is_answered_with_examples(typed: str) -> None:
    assert refused(typed) == texts.TIME_EXPECTED


@pytest.mark.parametrize(
    "typed", ["24:00", "12:60", "31.11. 9:00", "2026-13-01 9:00", "29.2. 9:00", "0.0. 9:00", "0000-01-01 9:00"]
)
def test_days_and_times_that_do_not_exist_have_their_own_answer(typed: str) -> None:
    assert refused(typed) == texts.NO_SUCH_DAY


def test_the_29th_of_february_is_next_years_when_that_one_has_it() -> None:
    assert at("29.2. 9:00", datetime(2027, 6, 1, tzinfo=UTC)) == "2028-02-29 09:00"


@pytest.mark.parametrize(
    "typed", ["13:30", "13:29", "0:00", "today 13:30", "25.11. 13:30", "24.11. 18:30", "26.5. 9:00"]
)
def test_this_minute_and_earlier_times_have_passed(typed: str) -> None:
    sentence = refused(typed)
    assert "has passed: now it is 25 November 2026, 13:30 (Europe/Berlin)" in sentence


def test_a_time_is_taken_up_to_366_days_ahead() -> None:
    limit = NOW.astimezone(BERLIN) + LONGEST_AHEAD
    assert at(f"{limit:%Y-%m-%d %H:%M}") == "2027-11-26 13:30"
    assert refused(f"{limit + timedelta(minutes=1):%Y-%m-%d %H:%M}") == texts.TOO_FAR
    assert refused("9998-12-31 23:59") == texts.TOO_FAR


def test_a_time_the_clocks_jump_over_does_not_exist() -> None:
    spring = datetime(2027, 3, 27, 12, tzinfo=UTC)
    assert at("tomorrow 1:59", spring) == "2027-03-28 01:59"
    assert at("28.3. 3:00", spring) == "2027-03-28 03:00"
    for typed in ("tomorrow 2:00", "28.3. 2:59", "2027-03-28 2:30"):
        assert refused(typed, spring) == texts.skipped(BERLIN)


def test_of_a_time_that_comes_twice_the_first_in_the_future_is_taken() -> None:
    before = datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert read_send_at("25.10. 2:30", before, BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    between = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)
    assert read_send_at("2:30", between, BERLIN) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_today_and_tomorrow_are_those_of_the_zone() -> None:
    late = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)
    assert at("9:00", late) == "2026-11-26 09:00"
    assert at("tomorrow 9:00", late) == "2026-11-27 09:00"
    assert at("18:31", late, ZoneInfo("America/New_York")) == "2026-11-25 18:31"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York", "UTC"])
@pytest.mark.parametrize("typed", ["9999-12-31 23:59", "0001-01-01 0:00"])
def test_the_ends_of_the_calendar_are_refused_in_every_zone(typed: str, zone: str) -> None:
    assert refused(typed, zone=ZoneInfo(zone))


@given(st.text(alphabet="0123456789:.- todaymrw", max_size=20))
def test_whatever_is_typed_is_a_time_to_come_or_bad_input(typed: str) -> None:
    try:
        moment = read_send_at(typed, NOW, BERLIN)
    except BadInput:
        return
    assert NOW < moment <= NOW + LONGEST_AHEAD


# --- how long


@pytest.mark.parametrize(
    ("typed", "minutes"), [("10", 10), ("10m", 10), ("2h", 120), ("1h 30m", 90), ("47h", 2820), ("2820", 2820)]
)
def test_lifetimes_that_are_taken(typed: str, minutes: int) -> None:
    assert read_lifetime(typed) == minutes


@pytest.mark.parametrize("typed", ["never", "Never", "0"])
def test_never_is_zero_minutes(typed: str) -> None:
    assert read_lifetime(typed) == 0


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("48h", texts.LIFETIME_TOO_LONG),
        ("47h 1m", texts.LIFETIME_TOO_LONG),
        ("2821", texts.LIFETIME_TOO_LONG),
        ("9", texts.LIFETIME_TOO_SHORT),
        ("1m", texts.LIFETIME_TOO_SHORT),
        ("0h", texts.LIFETIME_EXPECTED),
        ("-10", texts.LIFETIME_EXPECTED),
        ("soon", texts.LIFETIME_EXPECTED),
        ("", texts.LIFETIME_EXPECTED),
        ("2d", texts.LIFETIME_EXPECTED),
    ],
)
def test_lifetimes_that_are_refused_say_why(typed: str, sentence: str) -> None:
    with pytest.raises(BadInput) as problem:
        read_lifetime(typed)
    assert problem.value.sentence == sentence


def test_48_hours_are_refused_with_telegrams_reason() -> None:
    assert "Telegram deletes nothing older than 48" in texts.LIFETIME_TOO_LONG


# --- buttons


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (f"Shop - {SHOP}", [("Shop", SHOP)]),
        (f"Shop – {SHOP}", [("Shop", SHOP)]),
        (f"Shop — {SHOP}", [("Shop", SHOP)]),
        (f"Open - the - shop - {SHOP}", [("Open - the - shop", SHOP)]),
        (f"  Open   the shop   -   {SHOP}  ", [("Open the shop", SHOP)]),
        (f"a-b - {SHOP}?q=a-b", [("a-b", f"{SHOP}?q=a-b")]),
        (f"One - {SHOP}\n\n  \nTwo – {SHOP}/2", [("One", SHOP), ("Two", f"{SHOP}/2")]),
        (f"{'x' * 64} - {SHOP}", [("x" * 64, SHOP)]),
        (f"\u202eShop - {SHOP}", [("Shop", SHOP)]),
    ],
)
def test_buttons_are_lines_and_the_last_dash_separates(typed: str, expected: list[tuple[str, str]]) -> None:
    assert [(one.text, one.url) for one in read_buttons(typed)] == expected


@pytest.mark.parametrize("typed", ["-", " – ", "\n-\n"])
def test_a_single_dash_removes_all_buttons(typed: str) -> None:
    assert read_buttons(typed) == ()


def test_ten_buttons_are_taken_and_eleven_are_not() -> None:
    assert read_buttons(f"Shop - {SHOP}\n" * 10) == (LinkButton(text="Shop", url=SHOP),) * 10
    with pytest.raises(BadInput) as problem:
        read_buttons(f"Shop - {SHOP}\n" * 11)
    assert problem.value.sentence == texts.TOO_MANY_BUTTONS


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("Shop", "Send each button"),
        (SHOP, "Send each button"),
        (f"- {SHOP}", "Send each button"),
        (f"Shop -{SHOP}", "Send each button"),
        ("Shop - example.org", "is no address"),
        ("Shop - javascript:alert(1)", "is no address"),
        ("Shop - https://localhost/x", "is no address"),
        ("Shop - tg://user?id=1", "is no address"),
        (f"{'x' * 65} - {SHOP}", "1 to 64 characters"),
        (f"\u202e - {SHOP}", "1 to 64 characters"),
        ("/ban 5", "Send each button"),
    ],
)
def test_a_bad_button_is_named_by_its_line(line: str, hint: str) -> None:
    with pytest.raises(BadInput) as problem:
        read_buttons(f"Shop - {SHOP}\n\n{line}")
    assert problem.value.sentence.startswith("Line 3: ")
    assert hint in problem.value.sentence


@pytest.mark.parametrize("typed", ["", " \n "])
def test_an_empty_text_is_refused(typed: str) -> None:
    with pytest.raises(BadInput):
        read_buttons(typed)


@given(st.text(max_size=200))
def test_whatever_is_typed_is_buttons_or_bad_input(typed: str) -> None:
    try:
        buttons = read_buttons(typed)
    except BadInput as problem:
        assert len(problem.sentence) < 1000
        return
    assert len(buttons) <= 10


# --- to whom


@pytest.mark.parametrize(("typed", "days"), [("1", 1), (" 90 ", 90), ("365", 365), ("007", 7)])
def test_days_that_are_taken(typed: str, days: int) -> None:
    assert read_active(typed).days == days


@pytest.mark.parametrize("typed", ["0", "366", "-1", "7d", "", "٧", "1000", "1.5"])
def test_days_that_are_refused(typed: str) -> None:
    with pytest.raises(BadInput):
        read_active(typed)


@pytest.mark.parametrize(
    ("typed", "language"), [("pt", "pt"), ("PT-BR", "pt-br"), ("zh_hans", "zh-hans"), (" fil ", "fil")]
)
def test_languages_that_are_taken(typed: str, language: str) -> None:
    segment = read_language(typed)
    assert (segment.kind, segment.language) == (SegmentKind.LANGUAGE, language)


@pytest.mark.parametrize("typed", ["", "p", "portuguese", "pt-", "pt-b", "pt br", "рт", "<b>"])
def test_languages_that_are_refused(typed: str) -> None:
    with pytest.raises(BadInput):
        read_language(typed)


@pytest.mark.parametrize(
    ("typed", "source"), [("spring24", "spring24"), (" Spring ", "Spring"), ("s_web", "web"), ("-s_web", "web")]
)
def test_sources_that_are_taken(typed: str, source: str) -> None:
    assert read_source(typed).source == source


@pytest.mark.parametrize("typed", ["", "a b", "x" * 25, "a_b", "ü", "-"])
def test_sources_that_are_refused(typed: str) -> None:
    with pytest.raises(BadInput):
        read_source(typed)

"""Typed durations, on both sides of each limit."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.durations import DAY, HOUR, LONGEST, MINUTE, SECOND, in_short, read_duration, split_duration
from core.errors import BadInput


@pytest.mark.parametrize(
    ("typed", "span"),
    [
        ("1m", MINUTE),
        ("30m", 30 * MINUTE),
        ("90 min", 90 * MINUTE),
        ("90 minutes", 90 * MINUTE),
        ("1 minute", MINUTE),
        ("12H", 12 * HOUR),
        ("2 hours", 2 * HOUR),
        ("1h", HOUR),
        ("1h 30m", 90 * MINUTE),
        ("1 h 30 min", 90 * MINUTE),
        ("1h30m", 90 * MINUTE),
        ("1h30", 90 * MINUTE),
        ("1h 5", 65 * MINUTE),
        (" 7d ", 7 * DAY),
        ("2 days", 2 * DAY),
        ("1 day", DAY),
        ("2 Days 3 Hours", 51 * HOUR),
        ("4w", 28 * DAY),
        ("1w2d3h4m", timedelta(weeks=1, days=2, hours=3, minutes=4)),
        ("45s", 45 * SECOND),
        ("1 min 30 sec", 90 * SECOND),
        ("0d5m", 5 * MINUTE),
        ("007d", 7 * DAY),
        ("2\u00a0days", 2 * DAY),
        ("3650d", LONGEST),
        # as the team's other language says it
        ("90 мин", 90 * MINUTE),
        ("2 дня 3 часа", 51 * HOUR),
        ("1ч 30м", 90 * MINUTE),
        ("1 неделя", timedelta(weeks=1)),
        ("521w3d", LONGEST),
    ],
)
def test_valid_durations_are_parsed(typed: str, span: timedelta) -> None:
    assert read_duration(typed) == span


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "d", "7", "0", "0m", "0w0d", "-7d", "+7d", "1.5h", "1,5h", "3h7d", "7dd", "7d7d", "7y", "never"),
        *("3651d", "521w4d", "5256001m", "9" * 10 + "m", "9" * 4000 + "w", "٧d", "７d", "²d", "7ď", "forever", "7d;"),
        *("7d\n\nx", "1h60", "30 1h", "5 5", "minutes", "in 2 hours", "<b>7d</b>"),
    ],
)
def test_invalid_durations_are_refused_with_an_example(typed: str) -> None:
    with pytest.raises(BadInput, match="like 90 min"):
        read_duration(typed)


@pytest.mark.parametrize("unit", [SECOND, MINUTE, HOUR, DAY])
def test_the_caller_says_the_unit_of_a_bare_number(unit: timedelta) -> None:
    assert read_duration("90", bare=unit) == 90 * unit
    assert read_duration("90 min", bare=unit) == 90 * MINUTE
    with pytest.raises(BadInput):
        read_duration("0", bare=unit)


@pytest.mark.parametrize(
    "typed", ["never", " Never ", "никогда", "off", "none", "for ever", "forever", "-", "0", "000"]
)
def test_never_is_understood_only_where_it_is_allowed(typed: str) -> None:
    assert read_duration(typed, bare=MINUTE, never=True) == timedelta()
    with pytest.raises(BadInput):
        read_duration(typed, bare=MINUTE)


@pytest.mark.parametrize("typed", ["0h", "0m", "0 days", "soon", ""])
def test_a_zero_with_a_unit_does_not_mean_never(typed: str) -> None:
    with pytest.raises(BadInput, match="or never"):
        read_duration(typed, bare=MINUTE, never=True)


@pytest.mark.parametrize("number", [3651, 9 * 10**8, 10**9 - 1])
def test_a_bare_number_of_days_is_bounded_as_well(number: int) -> None:
    with pytest.raises(BadInput):
        read_duration(str(number), bare=DAY, never=True)


@pytest.mark.parametrize(
    ("typed", "span", "rest"),
    [
        ("7d sold my posts", 7 * DAY, "sold my posts"),
        ("2 days sold", 2 * DAY, "sold"),
        ("1h 30m", 90 * MINUTE, ""),
        ("7d 3 strikes", 7 * DAY, "3 strikes"),
        ("30 minutes late", 30 * MINUTE, "late"),
        ("7 reasons", None, "7 reasons"),
        ("7dx", None, "7dx"),
        ("0d", None, "0d"),
        ("3651d spam", None, "3651d spam"),
        ("spam 7d", None, "spam 7d"),
        ("", None, ""),
    ],
)
def test_a_duration_is_split_from_the_text_behind_it(typed: str, span: timedelta | None, rest: str) -> None:
    assert split_duration(typed) == (span, rest)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(), "0 min"),
        (30 * SECOND, "30 s"),
        (30 * MINUTE, "30 min"),
        (90 * MINUTE, "1 h 30 min"),
        (24 * HOUR, "24 h"),
        (47 * HOUR, "47 h"),
        (3 * DAY, "3 days"),
        (50 * HOUR, "2 days 2 h"),
    ],
)
def test_durations_in_short_words(span: timedelta, words: str) -> None:
    assert in_short(span) == words


@given(st.integers(1, int(LONGEST.total_seconds())))
def test_what_is_shown_can_be_typed(seconds: int) -> None:
    assert read_duration(in_short(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@given(
    st.text() | st.text(alphabet="0123456789 wdhmsinaye", max_size=20),
    st.sampled_from([None, SECOND, MINUTE, DAY]),
    st.booleans(),
)
def test_any_text_is_parsed_or_refused(typed: str, bare: timedelta | None, never: bool) -> None:
    try:
        span = read_duration(typed, bare=bare, never=never)
    except BadInput:
        return
    assert (timedelta() if never else SECOND) <= span <= LONGEST


@given(st.text() | st.text(alphabet="0123456789 wdhms", max_size=20))
def test_splitting_any_text_keeps_what_is_no_duration(typed: str) -> None:
    span, rest = split_duration(typed)
    assert rest in " ".join(typed.split())
    assert span is None or timedelta() < span <= LONGEST

"""Typed durations, on both sides of each limit."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.durations import LONGEST, read_duration
from core.errors import BadInput


@pytest.mark.parametrize(
    ("typed", "span"),
    [
        ("1m", timedelta(minutes=1)),
        ("30m", timedelta(minutes=30)),
        ("12H", timedelta(hours=12)),
        (" 7d ", timedelta(days=7)),
        ("4w", timedelta(weeks=4)),
        ("1w2d3h4m", timedelta(weeks=1, days=2, hours=3, minutes=4)),
        ("0d5m", timedelta(minutes=5)),
        ("007d", timedelta(days=7)),
        ("3650d", LONGEST),
        ("521w3d", LONGEST),
    ],
)
def test_valid_durations_are_parsed(typed: str, span: timedelta) -> None:
    assert read_duration(typed) == span


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            " ",
            "d",
            "7",
            "0m",
            "0w0d",
            "-7d",
            "+7d",
            "1.5h",
            "1,5h",
            "7 d",
            "7d 3h",
            "3h7d",
            "7dd",
            "7d7d",
            "7y",
            "7s",
        ),
        *("3651d", "521w4d", "5256001m", "9" * 8 + "m", "9" * 4000 + "w", "٧d", "７d", "²d", "7ď", "forever", "7d;"),
        "7d\n\nx",
    ],
)
def test_invalid_durations_are_refused(typed: str) -> None:
    with pytest.raises(BadInput):
        read_duration(typed)


@given(st.text())
def test_any_text_is_parsed_or_refused(typed: str) -> None:
    try:
        span = read_duration(typed)
    except BadInput:
        return
    assert timedelta() < span <= LONGEST

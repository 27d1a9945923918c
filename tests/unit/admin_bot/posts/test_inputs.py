"""What an admin types about a post, on both sides of each limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_bot.posts.inputs import read_minutes, read_title
from core.errors import BadInput


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("1", 1),
        ("45", 45),
        ("45 min", 45),
        ("2h", 120),
        ("2 hours", 120),
        ("1h 30m", 90),
        ("1h30", 90),
        ("0h 5m", 5),
        ("1 day", 1440),
        ("2820", 2820),
        ("47h", 2820),
        ("Never", 0),
        ("0", 0),
    ],
)
def test_times_that_are_understood(typed: str, minutes: int) -> None:
    assert read_minutes(typed) == minutes


@pytest.mark.parametrize(
    "typed",
    ["", " ", "soon", "2821", "48h", "47h 1m", "-5", "1.5h", "5 5", "h", "٤٥", "99999999", "0h", "2d", "5m 1h", "90s"],
)
def test_times_that_are_refused(typed: str) -> None:
    with pytest.raises(BadInput):
        read_minutes(typed)


@given(st.text())
def test_any_text_is_a_time_within_limits_or_refused(typed: str) -> None:
    try:
        assert 0 <= read_minutes(typed) <= 2820
    except BadInput as problem:
        assert "like 45 min" in problem.sentence


@pytest.mark.parametrize(("typed", "title"), [("x", "x"), ("x" * 80, "x" * 80), (" a \n b ", "a b")])
def test_titles_become_one_line(typed: str, title: str) -> None:
    assert read_title(typed) == title


@pytest.mark.parametrize("typed", ["", "  \n ", "x" * 81])
def test_titles_that_are_refused(typed: str) -> None:
    with pytest.raises(BadInput):
        read_title(typed)

"""Announcements' texts cut to a length, and times on buttons."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.announcements import LEAVES_AFTER_MAX
from core.templates import TemplateRules, check, units, without_tags
from views.catalogues import speaking_to
from views.publishing.draft_screens import leaves_words
from views.publishing.shortening import shorten
from views.publishing.times import clock_of, listed_time, short_time, tight_time, time_words, weekday_names

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
RULES = TemplateRules(typed_max=100_000)


@pytest.mark.parametrize(
    ("html", "limit", "cut"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("<b>abcdefg</b>", 6, "<b>abcde…</b>"),
        (
            '<a href="https://x.example/?a=1&amp;b=2">abc</a>defg',
            6,
            '<a href="https://x.example/?a=1&amp;b=2">abc</a>de…',
        ),
        ("<b><i>abc</i>defgh</b>", 6, "<b><i>abc</i>de…</b>"),
        ("a &amp; b &lt; c", 6, "a &amp; b…"),
        ("ab🏳️‍🌈cdef", 7, "ab🏳️‍…"),
        ("x", 1, "x"),
    ],
)
def test_a_text_is_cut_where_it_is_read_and_its_tags_are_closed(html: str, limit: int, cut: str) -> None:
    assert shorten(html, limit) == cut


_PIECES = st.sampled_from(["<b>", "</b>", "word ", "&amp;", "&#123;", "🏳️‍🌈", "שלום", "<i>x</i>", "<code>&lt;</code>"])


@given(st.lists(_PIECES, max_size=40), st.integers(min_value=1, max_value=60))
def test_every_cut_text_has_the_length_and_is_well_formed(pieces: list[str], limit: int) -> None:
    html, opened = "", 0
    for piece in pieces:
        opened += (piece == "<b>") - (piece == "</b>" and opened > 0)
        html += "" if piece == "</b>" and not html.count("<b>") > html.count("</b>") else piece
    html += "</b>" * (html.count("<b>") - html.count("</b>"))
    cut = shorten(html, limit)
    assert units(without_tags(cut)) <= limit
    if cut.replace("…", "").strip("<b>/i ") and without_tags(cut).strip("… "):
        check(cut, RULES)


def test_times_are_said_from_where_one_stands() -> None:
    def said(**ahead: float) -> tuple[str, str, str]:
        moment = NOW + timedelta(**ahead)
        return short_time(moment, ZONE, NOW), listed_time(moment, ZONE, NOW), tight_time(moment, ZONE, NOW)

    assert said(hours=4) == ("today 14:00", "Mon 30, 14:00", "14:00")
    assert said(days=1) == ("tomorrow 10:00", "Tue 1, 10:00", "Tue 1 10:00")
    assert said(days=27) == ("Sun 27, 10:00", "Sun 27, 10:00", "Sun 27 10:00")
    assert said(days=28) == ("28 Dec, 10:00", "28 Dec, 10:00", "28 Dec 10:00")
    assert said(days=60) == ("29 Jan 2027, 10:00", "29 Jan 2027, 10:00", "29 Jan 2027")
    assert said(days=-1) == ("Sun 29, 10:00", "Sun 29, 10:00", "Sun 29 10:00")


def test_the_day_of_a_time_is_that_of_the_house() -> None:
    late = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    assert short_time(late, ZONE, NOW) == "tomorrow 00:30"
    with speaking_to("ru"):
        assert short_time(late, ZONE, NOW) == "завтра 00:30"
        assert listed_time(NOW + timedelta(days=2), ZONE, NOW).startswith(weekday_names()[(NOW.weekday() + 2) % 7])
        months = {tight_time(NOW + timedelta(days=30 * ahead), ZONE, NOW) for ahead in range(1, 12)}
        assert max(map(len, months)) == 12 and all(month.isprintable() for month in months)


def test_a_time_is_html_for_the_clients_own_clock() -> None:
    assert time_words(NOW, ZONE, NOW) == f'today <tg-time unix="{int(NOW.timestamp())}" format="t">10:00</tg-time>'
    # Telegram refuses a message with a time more than three years ahead
    assert "tg-time" not in time_words(NOW + timedelta(days=1001), ZONE, NOW)


def test_minutes_are_words() -> None:
    assert (clock_of(0), clock_of(545), clock_of(1439)) == ("00:00", "09:05", "23:59")
    assert (leaves_words(0), leaves_words(360), leaves_words(LEAVES_AFTER_MAX)) == ("never", "6 h", "47 h")

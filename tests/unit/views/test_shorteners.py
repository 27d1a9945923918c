"""What owners read about shorteners."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core.shorteners.counts import ShortenerState, Tally
from core.shorteners.records import Origin, Shortener
from shorteners.failures import FailureKind
from views.screens import Screen
from views.shorteners import screens, texts
from views.shorteners.screens import Entry

ZONE = ZoneInfo("Europe/Berlin")
KEY = "3f9a1c0b7d2e48569a0b1c2d"
GPLINKS = Shortener(
    code="0123456789",
    name="gplinks",
    api_url="https://gplinks.in/api",
    share=2,
    sealed_key="sealed",
    set_at=datetime(2026, 3, 2, 23, 30, tzinfo=UTC),
    set_by_name="Olive",
)
COUNTS = Tally(links=655, finished=406, too_fast=41, failed=3, median_s=48)


def buttons(screen: Screen) -> list[list[str]]:
    return [[one.text for one in row] for row in (screen.keyboard.inline_keyboard if screen.keyboard else [])]


def test_a_row_says_name_state_and_how_many_finish() -> None:
    screen = screens.short_list([Entry(GPLINKS, ShortenerState.WORKS, COUNTS)])
    assert buttons(screen) == [["gplinks · works · 62 %"], ["Add"], ["‹ Unlocking", "Menu"]]


def test_without_any_the_way_to_one_is_offered() -> None:
    screen = screens.short_list([])
    assert screen.text == "None. Subscribers unlock on your own page; you earn nothing."
    assert buttons(screen) == [["Add"], ["‹ Unlocking", "Menu"]]


def test_a_card_says_everything_but_the_key() -> None:
    screen = screens.card(Entry(GPLINKS, ShortenerState.WORKS, COUNTS, 40), ZONE)
    assert screen.text == (
        "<b>⁨gplinks⁩</b> · works\n<code>https://gplinks.in/api</code>\nKey set 3 March by ⁨Olive⁩\n"
        "Share 2: 40 % of the links\n\n"
        "In 7 days: 655 links, finished 406 (62 %)\nToo fast 41 · failed 3\nMedian time 48 s"
    )
    assert buttons(screen) == [["−", "+"], ["Test", "Pause"], ["Replace key", "Remove"], ["‹ Shorteners", "Menu"]]


def test_one_of_the_environment_has_share_test_and_pause_only() -> None:
    one = GPLINKS.model_copy(update={"origin": Origin.ENVIRONMENT, "is_paused": True, "api_url": ""})
    screen = screens.card(Entry(one, ShortenerState.PAUSED), ZONE)
    assert buttons(screen) == [["−", "+"], ["Test", "Resume"], ["‹ Shorteners", "Menu"]]
    assert "Address and key are in .env." in screen.text


def test_a_key_that_cannot_be_read_is_asked_for() -> None:
    text = screens.card(Entry(GPLINKS, ShortenerState.KEY_UNREADABLE), ZONE).text
    assert "Its key cannot be read; send it again." in text


def test_a_test_says_how_long_it_took_and_the_link() -> None:
    assert texts.answered(0.84, "https://short.example/x7") == ("It answered in 0.8 s: <code>short.example/x7</code>.")


@pytest.mark.parametrize("kind", FailureKind)
def test_every_failure_has_a_sentence_of_its_own(kind: FailureKind) -> None:
    said = texts.failed(kind.value)
    assert said != texts.failed("of no known kind")
    assert [other for other in FailureKind if texts.failed(other.value) == said] == [kind]


def test_pages_have_six_and_lead_on() -> None:
    entries = [Entry(GPLINKS, ShortenerState.WORKS)] * 13
    assert buttons(screens.short_list(entries, 0))[6] == ["Next ›", "Add"]
    assert buttons(screens.short_list(entries, 1))[6] == ["‹ Prev", "Next ›", "Add"]
    assert buttons(screens.short_list(entries, 2)) == [
        ["gplinks · works"],
        ["‹ Prev", "Add"],
        ["‹ Unlocking", "Menu"],
    ]


def test_a_name_of_markup_is_text() -> None:
    one = GPLINKS.model_copy(update={"name": "<b>&\u202e", "set_by_name": "<i>"})
    for screen in (
        screens.card(Entry(one, ShortenerState.WORKS), ZONE),
        screens.confirm_remove(Entry(one, ShortenerState.WORKS, COUNTS)),
    ):
        assert "&lt;b&gt;&amp;" in screen.text
        assert "\u202e" not in screen.text

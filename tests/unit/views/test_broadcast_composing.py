"""Texts and buttons of a draft of a broadcast: escaped, isolated, within Telegram's limits."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.broadcasts import BUTTONS_MAX, Broadcast, BroadcastStatus, LinkButton
from core.segments import Segment, SegmentKind
from core.times import LONGEST_AHEAD
from views.broadcasts import compose_keyboards as keyboards
from views.broadcasts import compose_texts as texts

NOW = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
SHOP = "https://example.org"


def facts(*buttons: LinkButton, count: int = 1234, needed: timedelta = timedelta(seconds=43)) -> texts.DraftFacts:
    return texts.DraftFacts(
        segment=Segment(),
        count=count,
        buttons=buttons,
        is_album=False,
        silent=False,
        pin=False,
        lifetime_minutes=120,
        start=texts.when(NOW + LONGEST_AHEAD, BERLIN, NOW),
        needed=needed,
    )


def test_the_screen_shows_every_fact() -> None:
    html = texts.screen(facts(LinkButton(text="Shop", url=SHOP)))
    assert "To: everybody (1,234 people)" in html
    assert "26 November 2027, 13:30 (Europe/Berlin)" in html
    assert "Auto-delete: 2 hours after each got it" in html
    assert "Time needed: about 43 seconds" in html


@given(st.text(min_size=1, max_size=64))
def test_any_button_text_gives_sound_html(text: str) -> None:
    html = texts.screen(facts(*[LinkButton(text=text, url=SHOP)] * BUTTONS_MAX))
    bare = re.sub(r'</?(b|code|tg-time)( unix="\d+" format="Dt")?>', "", html)
    assert "<" not in bare and ">" not in bare
    assert not re.search(r"&(?!(amp|lt|gt|quot|#x27);)", bare)
    assert html.count("\u2068") == html.count("\u2069")
    assert not re.search("[\u202a-\u202e\u2066\u2067]", html)
    assert len(html) <= 4096


def test_an_empty_audience_takes_no_time() -> None:
    html = texts.screen(facts(count=0, needed=timedelta()), texts.nobody())
    assert "everybody (nobody at the moment)" in html
    assert "Time needed" not in html
    assert html.endswith(texts.nobody())


@pytest.mark.parametrize(
    ("segment", "words"),
    [
        (Segment(), "everybody"),
        (Segment(kind=SegmentKind.ACTIVE, days=1), "active in the last day"),
        (Segment(kind=SegmentKind.ACTIVE, days=7), "active in the last 7 days"),
        (Segment(kind=SegmentKind.WITH_PASS), "people with a pass"),
        (Segment(kind=SegmentKind.WITHOUT_PASS), "people without a pass"),
        (Segment(kind=SegmentKind.LANGUAGE, language="pt-br"), "people whose app speaks pt-br"),
        (Segment(kind=SegmentKind.SOURCE, source="Spring24"), "people who came through the source Spring24"),
    ],
)
def test_every_audience_has_its_words(segment: Segment, words: str) -> None:
    assert texts.audience(segment) == words
    assert words in texts.audience_screen(segment, 3)


def other(status: BroadcastStatus, send_at: datetime) -> Broadcast:
    return Broadcast(
        key="k",
        title="Other",
        source_chat_id=-1,
        message_ids=(1,),
        created_by=1,
        created_at=NOW,
        send_at=send_at,
        progress_chat_id=1,
        id="f" * 24,
        status=status,
    )


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ([], ""),
        ([other(BroadcastStatus.SENDING, NOW)], "starts after it"),
        ([other(BroadcastStatus.QUEUED, NOW)], "starts after it"),
        ([other(BroadcastStatus.QUEUED, NOW + timedelta(seconds=1))], "1 other broadcast is planned or paused"),
        ([other(BroadcastStatus.PAUSED, NOW)] * 2, "2 other broadcasts are planned or paused"),
        ([other(BroadcastStatus.PAUSED, NOW), other(BroadcastStatus.SENDING, NOW)], "starts after it"),
    ],
)
def test_the_confirmation_says_what_is_sent_before(others: list[Broadcast], words: str) -> None:
    html = texts.confirm(facts(count=2), others, NOW)
    assert "Send this broadcast to 2 people?" in html
    assert words in html
    assert ("roadcasts are" in html or "roadcast is" in html) == bool(others)


def test_the_second_tap_names_the_count() -> None:
    keyboard = keyboards.confirm("f" * 16, "f" * 8, 1_234)
    assert keyboard[0][0].text == "Yes, send to 1,234 people"
    assert keyboards.confirm("f" * 16, "f" * 8, 1)[0][0].text == "Yes, send to 1 person"


@pytest.mark.parametrize(
    "sentence",
    [
        texts.album_has_no_buttons(),
        texts.made(),
        texts.stale(),
        texts.nobody(),
        texts.time_passed(),
        texts.of_preview(),
    ],
)
def test_answers_to_buttons_are_not_cut(sentence: str) -> None:
    assert len(sentence) <= 200
    assert "<" not in sentence

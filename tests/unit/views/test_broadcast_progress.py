"""The screens of a confirmed broadcast: their texts, sound HTML, their buttons."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.broadcasts import ENDED, UNFINISHED, Broadcast, BroadcastStatus, RecipientState
from core.delivery import TELEGRAM_DELETE_LIMIT
from views.admin_texts import TOAST_MAX
from views.broadcasts import progress_keyboards as keyboards
from views.broadcasts import progress_texts as texts
from views.broadcasts.progress_callbacks import BroadcastAction, BroadcastButton, BroadcastList

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
COUNTS = {"pending": 8766, "sent": 1150, "blocked": 70, "failed": 3, "unknown": 10, "left_out": 1}


def broadcast(status: BroadcastStatus = BroadcastStatus.SENDING, **more: Any) -> Broadcast:
    known: dict[str, Any] = {
        "id": "f" * 24,
        "key": "draft",
        "title": "Autumn sale",
        "source_chat_id": -1,
        "message_ids": (1,),
        "created_by": 1,
        "created_at": NOW,
        "send_at": NOW,
        "started_at": NOW,
        "is_filled": True,
        "status": status,
        "progress_chat_id": 1,
    }
    if status not in UNFINISHED:
        known["finished_at"] = NOW
    return Broadcast.model_validate(known | more)


def said(one: Broadcast, **more: Any) -> str:
    """The screen without its tags and isolates."""
    return re.sub("<[^>]+>|[\u2068\u2069]", "", texts.progress(one, NOW, BERLIN, **more).text)


def labels(one: Broadcast, now: datetime = NOW) -> list[str]:
    return [button.text for row in keyboards.progress(one, now) for button in row]


# --- texts


def test_the_progress_of_a_broadcast_being_sent() -> None:
    assert said(broadcast(counts=COUNTS), rate_per_s=28.7) == (
        "Broadcast “Autumn sale”\nSending\n"
        "██░░░░░░░░░░░░░░░░░░\n1,234 of 10,000 — 12 %\n"
        "Sent 1,150 · blocked the bot or gone 70 · failed 3 · unknown 10 · news off 1\n"
        "Unknown: no answer came, or a record is damaged. They may have it already.\n"
        "29 a second, about 5 minutes left\n"
        "It stays with those who get it."
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"status": "queued", "started_at": None, "send_at": NOW + timedelta(days=3, hours=5, minutes=30)},
            "\nWaits for 25 November 2026, 18:30 (Europe/Berlin)",
        ),
        ({"status": "queued", "started_at": None}, "\nBegins in a moment"),
        # resumed: the planned time no longer matters
        ({"status": "queued", "send_at": NOW + timedelta(days=1)}, "\nGoes on in a moment"),
        ({"is_filled": False}, "\nMaking the list of recipients"),
        ({}, "\nSending"),
        ({"status": "paused"}, "\nPaused"),
        ({"status": "sent"}, "\nSent 22 November 2026, 13:00 (Europe/Berlin)"),
        ({"status": "cancelled"}, "\nCancelled 22 November 2026, 13:00 (Europe/Berlin)"),
        ({"status": "failed", "error": "Its <message> is gone."}, "\nStopped: Its &lt;message&gt; is gone."),
        ({"status": "failed"}, "\nStopped: the reason is not known."),
        ({"status": "recalling"}, "\nBeing deleted for everyone"),
        ({"status": "recalled"}, "\nDeleted"),
        ({"status": "recalled", "error": "It broke."}, "\nDeleted\nStopped: It broke."),
    ],
)
def test_each_status_is_named(more: dict[str, Any], words: str) -> None:
    assert f"Broadcast “Autumn sale”{words}" in said(broadcast(**more))


@pytest.mark.parametrize("started_at", [None, NOW])
def test_a_broadcast_behind_another_says_so(started_at: datetime | None) -> None:
    waiting = broadcast(BroadcastStatus.QUEUED, started_at=started_at)
    assert "Waits for its turn: another broadcast is being sent" in said(waiting, is_behind_another=True)


@pytest.mark.parametrize(
    ("done", "cells", "percent"),
    [(0, 0, 0), (1, 0, 0), (499, 0, 4), (500, 1, 5), (9_999, 19, 99), (10_000, 20, 100)],
)
def test_the_bar_is_full_only_when_all_recipients_are_done(done: int, cells: int, percent: int) -> None:
    one = broadcast(counts={"pending": 10_000 - done, "sent": done})
    bar = re.search("█*░+|█+", said(one))
    assert bar is not None and (bar[0].count("█"), len(bar[0])) == (cells, 20)
    assert f"{done:,} of 10,000 — {percent} %" in said(one)


def test_the_bar_of_a_recall_counts_those_who_got_it() -> None:
    one = broadcast(BroadcastStatus.RECALLING, counts={"sent": 50, "deleted": 40, "kept": 10, "blocked": 7})
    assert "50 of 100 — 50 %" in said(one)
    assert "Sent 100 · blocked the bot or gone 7 · deleted 40 · stays with 10\nStays: too old" in said(one)


def test_no_percentage_is_shown_while_the_list_is_made() -> None:
    one = broadcast(is_filled=False, counts={"pending": 12_000})
    assert "12,000 people so far" in said(one, rate_per_s=5.0)
    assert "%" not in said(one, rate_per_s=5.0)
    assert "second" not in said(one, rate_per_s=5.0)


def test_an_empty_audience_is_shown() -> None:
    assert "Nobody was in its audience." in said(broadcast(BroadcastStatus.SENT))
    assert "Nobody got it." in said(broadcast(BroadcastStatus.CANCELLED, started_at=None, is_filled=False))
    assert "stays" not in said(broadcast(BroadcastStatus.SENT)).lower()


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (None, None),
        (0.0, "\n0 a second\n"),
        (0.5, "\n30 a minute, about 33 minutes left\n"),
        (1.0, "\n1 a second, about 17 minutes left\n"),
        (29.4, "\n29 a second, about 34 seconds left\n"),
    ],
)
def test_the_rate_and_the_time_left_are_shown_if_known(rate: float | None, words: str | None) -> None:
    text = said(broadcast(counts={"pending": 1000, "sent": 1}), rate_per_s=rate)
    assert (words in text) if words else ("second" not in text and "left" not in text)


@pytest.mark.parametrize("status", [one for one in BroadcastStatus if one is not BroadcastStatus.SENDING])
def test_only_what_is_being_sent_has_a_rate(status: BroadcastStatus) -> None:
    assert "a second" not in said(broadcast(status, counts=COUNTS), rate_per_s=29.0)


def test_the_progress_says_when_copies_are_deleted() -> None:
    sent = {"sent": 5}
    assert "It stays." in said(broadcast(BroadcastStatus.SENT, counts=sent))
    assert "Auto-delete: 2 hours after each got it." in said(broadcast(counts=sent, lifetime_minutes=120))
    assert "2 hours after each got it, the last one 22 November 2026, 15:00 (Europe/Berlin)." in said(
        broadcast(BroadcastStatus.CANCELLED, counts=sent, lifetime_minutes=120)
    )
    assert "after each got it" not in said(broadcast(BroadcastStatus.RECALLING, counts=sent, lifetime_minutes=120))


def test_recipients_without_a_copy_are_counted_only_at_the_end() -> None:
    assert "not sent to" not in said(broadcast(counts=COUNTS))
    assert "not sent to 8,766" in said(broadcast(BroadcastStatus.CANCELLED, counts=COUNTS))


def test_confirmations_name_title_and_count() -> None:
    assert "“\u2068Autumn sale\u2069”" in texts.confirm_cancel(broadcast(counts=COUNTS)).text
    assert (
        "1,150 of 10,000 people got it so far; 8,766 will not." in texts.confirm_cancel(broadcast(counts=COUNTS)).text
    )
    assert "Nobody has got it yet" in texts.confirm_cancel(broadcast(BroadcastStatus.QUEUED, started_at=None)).text
    taking = texts.confirm_recall(broadcast(BroadcastStatus.SENT, counts=COUNTS)).text
    assert "“\u2068Autumn sale\u2069” for 1,150 people?" in taking
    assert "10 people may have it too: what arrived there is looked for and deleted." in taking
    sent_once = texts.confirm_recall(broadcast(BroadcastStatus.SENT, counts={"sent": 1})).text
    assert "for 1 person?" in sent_once
    assert "may have it" not in sent_once
    assert (
        "sale\u2069” for everyone?" in texts.confirm_recall(broadcast(BroadcastStatus.SENT, counts={"unknown": 1})).text
    )


def test_what_was_cleaned_up_after_a_lost_answer_is_shown() -> None:
    shown = said(broadcast(BroadcastStatus.RECALLED, counts={"deleted": 3, "swept": 2}))
    assert "Sent 3 · unclear, cleaned up 2" in shown


def test_a_broadcast_of_which_every_answer_was_lost_can_be_taken_back() -> None:
    lost = broadcast(BroadcastStatus.SENT, counts={"unknown": 1})
    assert labels(lost) == ["Delete for everyone"]
    assert keyboards.confirm_recall(lost)[0][0].text == "Delete"
    assert labels(broadcast(BroadcastStatus.SENT, counts={"swept": 1})) == []


@given(st.text(max_size=5000), st.sampled_from(list(BroadcastStatus)))
def test_whatever_it_is_called_and_why_it_stopped_its_screens_are_sound_html(
    foreign: str, status: BroadcastStatus
) -> None:
    one = broadcast(status, title=foreign, error=foreign or None, counts=dict.fromkeys(RecipientState, 10**9))
    screens = (
        texts.progress(one, NOW, BERLIN, rate_per_s=1e6).text,
        texts.confirm_cancel(one).text,
        texts.confirm_recall(one).text,
        texts.moved(one).text,
        texts.stopped(one),
        texts.list_screen([one] * 10, 1, more=True).text,
    )
    for html in screens:
        bare = re.sub(r"</?b>|</?tg-time[^<>]*>", "", html)
        assert "<" not in bare and ">" not in bare
        assert not re.search(r"&(?!(amp|lt|gt|quot|#x27);)", bare)
        assert html.count("\u2068") == html.count("\u2069")
        assert not re.search("[\u202a-\u202e\u2066\u2067]", html)
        assert len(bare) <= 4096


@pytest.mark.parametrize("title", ["", " ", "\u202e"])
def test_a_broadcast_without_text_has_a_name(title: str) -> None:
    assert "Broadcast without text" in said(broadcast(title=title))


def test_toasts_are_short_and_plain() -> None:
    answers = [texts.paused(), texts.resumed(), texts.cancelled(), texts.recall_started(), texts.gone()]
    for status in BroadcastStatus:
        for counts in ({}, {"sent": 1}):
            one = broadcast(status, counts=counts)
            answers += [
                texts.cannot_pause(one),
                texts.cannot_resume(one),
                texts.cannot_cancel(one),
                texts.cannot_recall(one),
            ]
    assert all(0 < len(answer) <= TOAST_MAX and "<" not in answer for answer in answers)


# --- buttons


@pytest.mark.parametrize(
    ("status", "buttons"),
    [
        (BroadcastStatus.QUEUED, ["Cancel"]),
        (BroadcastStatus.SENDING, ["Pause", "Cancel"]),
        (BroadcastStatus.PAUSED, ["Resume", "Cancel"]),
        (BroadcastStatus.SENT, ["Delete for everyone"]),
        (BroadcastStatus.CANCELLED, ["Delete for everyone"]),
        (BroadcastStatus.FAILED, ["Delete for everyone"]),
        (BroadcastStatus.RECALLING, ["Delete for everyone"]),
        (BroadcastStatus.RECALLED, []),
    ],
)
def test_each_status_has_its_buttons(status: BroadcastStatus, buttons: list[str]) -> None:
    assert labels(broadcast(status, counts={"sent": 1})) == buttons


@pytest.mark.parametrize("status", [*ENDED, BroadcastStatus.RECALLING])
def test_recall_is_offered_only_while_it_is_possible(status: BroadcastStatus) -> None:
    one = broadcast(status, counts={"sent": 1})
    last = NOW + TELEGRAM_DELETE_LIMIT
    assert labels(one, last - timedelta(milliseconds=1)) == ["Delete for everyone"]
    assert labels(one, last) == []
    for more in ({"is_recall_wanted": True}, {"are_rows_removed": True}, {"counts": {"deleted": 5}}):
        assert labels(one.model_copy(update=more)) == []


@pytest.mark.parametrize("broadcast_id", ["", "f" * 23, "f" * 25, "g" * 24, "F" * 24, "f" * 23 + "\n", "f" * 23 + "é"])
def test_a_button_with_an_invalid_id_is_refused(broadcast_id: str) -> None:
    with pytest.raises(ValueError):
        BroadcastButton.unpack(f"br:pause:{broadcast_id}")
    with pytest.raises(ValueError):
        BroadcastList.unpack(f"bl:{broadcast_id or -1}")
    assert BroadcastButton.unpack(f"br:pause:{'f' * 24}").act is BroadcastAction.PAUSE


# --- the list


def test_the_list_begins_with_a_new_one_and_shows_each_status() -> None:
    shown = texts.list_screen([broadcast(BroadcastStatus.RECALLED), broadcast()], 0, more=True)
    assert [button.text for row in shown.rows for button in row] == [
        "New broadcast",
        "Autumn sale · deleted",
        "Autumn sale · being sent",
        "Next ›",
    ]


def test_an_empty_list_says_what_a_broadcast_is() -> None:
    assert "None yet. A broadcast is one message to all subscribers" in texts.list_screen([], 0, more=False).text
    assert "This page is empty." in texts.list_screen([], 3, more=False).text

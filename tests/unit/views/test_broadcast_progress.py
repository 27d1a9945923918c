"""The screens of a broadcast that was confirmed: what they say, sound HTML, and the buttons they have."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_bot.broadcasts.rate import WINDOW_S, ProgressRate
from core.broadcasts import ENDED, UNFINISHED, Broadcast, BroadcastStatus, RecipientState
from core.delivery import TELEGRAM_DELETE_LIMIT
from views.admin_buttons import PAGE_MAX
from views.admin_texts import TOAST_MAX
from views.broadcasts import progress_keyboards as keyboards
from views.broadcasts import progress_texts as texts
from views.broadcasts.progress_callbacks import RunAction, RunButton, RunList

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
    return re.sub("<[^>]+>|[\u2068\u2069]", "", texts.progress(one, NOW, BERLIN, **more))


def labels(one: Broadcast, now: datetime = NOW) -> list[str]:
    found = keyboards.progress(one, now)
    return [button.text for row in found.inline_keyboard for button in row] if found else []


# --- what it says


def test_while_it_is_sent_everything_that_counts_stands_there_once() -> None:
    assert said(broadcast(counts=COUNTS), rate_per_s=28.7) == (
        "Broadcast “Autumn sale”\nSending\n\n"
        "██░░░░░░░░░░░░░░░░░░\n1,234 of 10,000 — 12 %\n\n"
        "Sent: 1,150\nBlocked the bot or left Telegram: 70\nFailed: 3 (Telegram refused)\n"
        "Unknown: 10 (Telegram never answered: they may have it, so it is not sent again)\n"
        "Left out: 1 (wanted no news any more)\n\n"
        "29 a second, about 5 minutes left\n\n"
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
        # resumed: whatever time it was planned for, it goes on
        ({"status": "queued", "send_at": NOW + timedelta(days=1)}, "\nGoes on in a moment"),
        ({"is_filled": False}, "\nMaking the list of recipients"),
        ({}, "\nSending"),
        ({"status": "paused"}, "\nPaused"),
        ({"status": "sent"}, "\nSent 22 November 2026, 13:00 (Europe/Berlin)"),
        ({"status": "cancelled"}, "\nCancelled 22 November 2026, 13:00 (Europe/Berlin)"),
        ({"status": "failed", "error": "Its <message> is gone."}, "\nStopped: Its &lt;message&gt; is gone."),
        ({"status": "failed"}, "\nStopped: the reason is not known."),
        ({"status": "recalling"}, "\nBeing taken back"),
        ({"status": "recalled"}, "\nTaken back"),
        ({"status": "recalled", "error": "It broke."}, "\nTaken back\nStopped: It broke."),
    ],
)
def test_each_status_is_named(more: dict[str, Any], words: str) -> None:
    assert f"Broadcast “Autumn sale”{words}" in said(broadcast(**more))


@pytest.mark.parametrize("started_at", [None, NOW])
def test_one_after_the_other_is_said(started_at: datetime | None) -> None:
    waiting = broadcast(BroadcastStatus.QUEUED, started_at=started_at)
    assert "Waits for its turn: another broadcast is being sent" in said(waiting, is_behind_another=True)


@pytest.mark.parametrize(
    ("done", "cells", "percent"),
    [(0, 0, 0), (1, 0, 0), (499, 0, 4), (500, 1, 5), (9_999, 19, 99), (10_000, 20, 100)],
)
def test_the_bar_is_full_only_when_everybody_had_their_turn(done: int, cells: int, percent: int) -> None:
    one = broadcast(counts={"pending": 10_000 - done, "sent": done})
    bar = re.search("█*░+|█+", said(one))
    assert bar is not None and (bar[0].count("█"), len(bar[0])) == (cells, 20)
    assert f"{done:,} of 10,000 — {percent} %" in said(one)


def test_the_bar_of_a_recall_counts_those_who_got_it() -> None:
    one = broadcast(BroadcastStatus.RECALLING, counts={"sent": 50, "deleted": 40, "kept": 10, "blocked": 7})
    assert "50 of 100 — 50 %" in said(one)
    assert "Sent: 100\n" in said(one)
    assert "Taken back: 40\nStays with: 10 (too old, refused by Telegram, or the account is gone)" in said(one)


def test_while_the_list_is_made_no_share_is_claimed() -> None:
    one = broadcast(is_filled=False, counts={"pending": 12_000})
    assert "12,000 people so far" in said(one, rate_per_s=5.0)
    assert "%" not in said(one, rate_per_s=5.0)
    assert "second" not in said(one, rate_per_s=5.0)


def test_nobody_in_the_audience_is_said() -> None:
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
def test_the_rate_and_what_is_left_are_told_as_far_as_they_are_known(rate: float | None, words: str | None) -> None:
    text = said(broadcast(counts={"pending": 1000, "sent": 1}), rate_per_s=rate)
    assert (words in text) if words else ("second" not in text and "left" not in text)


@pytest.mark.parametrize("status", [one for one in BroadcastStatus if one is not BroadcastStatus.SENDING])
def test_only_what_is_being_sent_has_a_rate(status: BroadcastStatus) -> None:
    assert "a second" not in said(broadcast(status, counts=COUNTS), rate_per_s=29.0)


def test_what_becomes_of_the_copies_is_said() -> None:
    sent = {"sent": 5}
    assert "It stays." in said(broadcast(BroadcastStatus.SENT, counts=sent))
    assert "Each copy is taken back 2 hours after it was sent." in said(broadcast(counts=sent, lifetime_minutes=120))
    assert "taken back 2 hours after it was sent, the last one 22 November 2026, 15:00 (Europe/Berlin)." in said(
        broadcast(BroadcastStatus.CANCELLED, counts=sent, lifetime_minutes=120)
    )
    assert "after it was sent" not in said(broadcast(BroadcastStatus.RECALLING, counts=sent, lifetime_minutes=120))


def test_who_was_not_sent_to_any_more_is_counted_only_at_the_end() -> None:
    assert "Not sent to" not in said(broadcast(counts=COUNTS))
    assert "Not sent to: 8,766" in said(broadcast(BroadcastStatus.CANCELLED, counts=COUNTS))


def test_questions_name_title_and_count() -> None:
    assert "“\u2068Autumn sale\u2069”" in texts.confirm_cancel(broadcast(counts=COUNTS))
    assert "1,150 of 10,000 people got it so far; 8,766 will not." in texts.confirm_cancel(broadcast(counts=COUNTS))
    assert "Nobody has got it yet" in texts.confirm_cancel(broadcast(BroadcastStatus.QUEUED, started_at=None))
    taking = texts.confirm_take_back(broadcast(BroadcastStatus.SENT, counts=COUNTS))
    assert "“\u2068Autumn sale\u2069” from 1,150 people?" in taking
    assert "from 1 person?" in texts.confirm_take_back(broadcast(BroadcastStatus.SENT, counts={"sent": 1}))


@given(st.text(max_size=5000), st.sampled_from(list(BroadcastStatus)))
def test_whatever_it_is_called_and_why_it_stopped_its_screens_are_sound_html(
    foreign: str, status: BroadcastStatus
) -> None:
    one = broadcast(status, title=foreign, error=foreign or None, counts=dict.fromkeys(RecipientState, 10**9))
    screens = (
        texts.progress(one, NOW, BERLIN, rate_per_s=1e6),
        texts.confirm_cancel(one),
        texts.confirm_take_back(one),
        texts.moved(one),
        texts.stopped(one),
        texts.list_screen([one] * 10, 1, NOW, BERLIN),
    )
    for html in screens:
        bare = re.sub(r"</?b>|</?tg-time[^<>]*>", "", html)
        assert "<" not in bare and ">" not in bare
        assert not re.search(r"&(?!(amp|lt|gt|quot|#x27);)", bare)
        assert html.count("\u2068") == html.count("\u2069")
        assert not re.search("[\u202a-\u202e\u2066\u2067]", html)
        assert len(bare) <= 4096


@pytest.mark.parametrize("title", ["", " ", "\u202e"])
def test_one_without_text_has_a_name_all_the_same(title: str) -> None:
    assert "Broadcast without text" in said(broadcast(title=title))


def test_toasts_are_short_and_plain() -> None:
    answers = [texts.PAUSED, texts.RESUMED, texts.CANCELLED, texts.TAKING_BACK, texts.GONE]
    for status in BroadcastStatus:
        for counts in ({}, {"sent": 1}):
            one = broadcast(status, counts=counts)
            answers += [
                texts.not_to_pause(one),
                texts.not_to_resume(one),
                texts.not_to_cancel(one),
                texts.not_to_take_back(one),
            ]
    assert all(0 < len(answer) <= TOAST_MAX and "<" not in answer for answer in answers)


# --- buttons


@pytest.mark.parametrize(
    ("status", "buttons"),
    [
        (BroadcastStatus.QUEUED, ["Cancel"]),
        (BroadcastStatus.SENDING, ["Pause", "Cancel"]),
        (BroadcastStatus.PAUSED, ["Resume", "Cancel"]),
        (BroadcastStatus.SENT, ["Take back now"]),
        (BroadcastStatus.CANCELLED, ["Take back now"]),
        (BroadcastStatus.FAILED, ["Take back now"]),
        (BroadcastStatus.RECALLING, ["Take back now"]),
        (BroadcastStatus.RECALLED, []),
    ],
)
def test_each_status_has_its_buttons(status: BroadcastStatus, buttons: list[str]) -> None:
    assert labels(broadcast(status, counts={"sent": 1})) == buttons


@pytest.mark.parametrize("status", [*ENDED, BroadcastStatus.RECALLING])
def test_take_back_is_offered_only_while_it_can_do_something(status: BroadcastStatus) -> None:
    one = broadcast(status, counts={"sent": 1})
    last = NOW + TELEGRAM_DELETE_LIMIT
    assert labels(one, last - timedelta(milliseconds=1)) == ["Take back now"]
    assert labels(one, last) == []
    for more in ({"is_recall_wanted": True}, {"are_rows_removed": True}, {"counts": {"deleted": 5}}):
        assert labels(one.model_copy(update=more)) == []


def test_every_button_fits_telegrams_limits() -> None:
    one = broadcast(title="ש" * 300, counts={"sent": 10**9, "pending": 1})
    found = [
        keyboards.progress(one, NOW),
        keyboards.confirm_cancel(one),
        keyboards.confirm_take_back(one),
        keyboards.moved(one),
        keyboards.broadcast_list([one] * 10, PAGE_MAX * 10, PAGE_MAX - 1, more=True),
    ]
    for keyboard in found:
        assert keyboard is not None
        for button in (button for row in keyboard.inline_keyboard for button in row):
            assert len((button.callback_data or "").encode()) <= 64
            assert 1 <= len(button.text) <= 64


@pytest.mark.parametrize("broadcast_id", ["", "f" * 23, "f" * 25, "g" * 24, "F" * 24, "f" * 23 + "\n", "f" * 23 + "é"])
def test_what_is_no_id_is_no_button_of_ours(broadcast_id: str) -> None:
    with pytest.raises(ValueError):
        RunButton.unpack(f"br:pause:{broadcast_id}")
    with pytest.raises(ValueError):
        RunList.unpack(f"bl:{broadcast_id or -1}")
    assert RunButton.unpack(f"br:pause:{'f' * 24}").act is RunAction.PAUSE


# --- the list


def test_the_list_tells_status_time_and_counts_of_each() -> None:
    one = broadcast(
        BroadcastStatus.RECALLED, counts={"deleted": 1150, "kept": 2, "blocked": 7, "failed": 1, "unknown": 3}
    )
    html = re.sub("<[^>]+>|[\u2068\u2069]", "", texts.list_screen([one, broadcast()], 11, NOW, BERLIN))
    assert "11. “Autumn sale” · taken back\n22 November 2026, 13:00 (Europe/Berlin)\n" in html
    assert "1,152 sent · 7 blocked · 1 failed · 3 unknown · 1,150 taken back" in html
    assert "12. “Autumn sale” · being sent" in html
    assert html.endswith("nobody so far")


# --- the pace


def test_a_pace_is_unknown_until_the_second_look() -> None:
    pace = ProgressRate()
    assert pace.look(100.0, 10) is None
    assert pace.look(100.9, 30) is None
    assert pace.look(103.0, 70) == pytest.approx(20.0)


def test_a_pace_forgets_what_is_longer_ago_than_its_window() -> None:
    pace, done = ProgressRate(), 0
    for second in range(0, 61, 3):
        done += 300 if second <= 30 else 3
        rate = pace.look(float(second), done)
    assert rate == pytest.approx(1.0)
    for second in range(63, 63 + int(WINDOW_S) + 3, 3):
        rate = pace.look(float(second), done)
    assert rate == 0.0


def test_a_count_that_falls_or_a_rest_begin_anew() -> None:
    pace = ProgressRate()
    pace.look(0.0, 100)
    assert pace.look(3.0, 40) is None
    assert pace.look(6.0, 70) == pytest.approx(10.0)
    pace.rest()
    assert pace.look(900.0, 70) is None

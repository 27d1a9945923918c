"""The watch over progress messages: what it edits and when, and what it tells once."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiogram.methods import EditMessageText, SendMessage

from admin_bot.broadcasts.progress import EVERY_S, QUESTION_S, BroadcastWatch
from core.broadcasts import Broadcast, BroadcastStatus
from database.operations import broadcast_ops
from tests.bots.admin_bot.broadcasts.broadcasts import (
    COUNTS,
    count,
    edits,
    failed,
    made,
    new_watch,
    sending,
    sends,
    sent,
    stored,
)
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from views.broadcasts import progress_texts as texts


@pytest.fixture
async def watch(admin: AdminBot) -> AsyncIterator[BroadcastWatch]:
    """One that looks whenever the time moves on."""
    watch = new_watch(admin)
    await watch.start()
    yield watch
    await watch.stop()


# --- when it edits


async def test_nothing_is_edited_before_the_first_three_seconds_and_nothing_without_news(
    admin: AdminBot, watch: BroadcastWatch
) -> None:
    one = await made(admin)
    await admin.time.move(EVERY_S - 0.1)
    assert edits(admin) == []
    await admin.time.move(0.1)
    assert len(edits(admin, one)) == 1
    await admin.time.move(600)
    assert len(edits(admin, one)) == 1, "a text that stands there is not sent again"


async def test_a_message_is_edited_at_most_every_three_seconds_whatever_happens(
    admin: AdminBot, watch: BroadcastWatch
) -> None:
    one = await sending(admin)
    last_at: float | None = None
    gaps: list[float] = []
    for tenth in range(600):
        await count(one, tenth)
        before = len(edits(admin))
        await admin.time.move(0.1)
        if len(edits(admin)) > before:
            assert len(edits(admin)) == before + 1
            gaps += [admin.time._now - last_at] if last_at is not None else []
            last_at = admin.time._now
        if tenth % 110 == 35:
            # an admin's press shows it at once, between two looks
            await watch.show(await stored(one))
            last_at = admin.time._now
    assert len(gaps) > 10
    # measured in steps of a tenth
    assert min(gaps) > EVERY_S - 0.11


async def test_the_rate_and_the_time_left_appear_with_the_second_look(admin: AdminBot, watch: BroadcastWatch) -> None:
    one = await sending(admin)
    await count(one, 100)
    await admin.time.move(3)
    assert "a second" not in edits(admin)[-1]
    await count(one, 187)
    await admin.time.move(3)
    assert "29 a second, about 28 seconds left" in edits(admin)[-1]


async def test_one_that_waits_behind_another_says_so_until_its_turn_comes(
    admin: AdminBot, watch: BroadcastWatch
) -> None:
    first, second = await sending(admin, "First"), await made(admin, "Second")
    await admin.time.move(3)
    assert "Waits for its turn: another broadcast is being sent" in edits(admin, second)[-1]
    assert await broadcast_ops.finish(first.id, BroadcastStatus.SENT, admin.clock.now(), {"sent": 1})
    await admin.time.move(3)
    assert "Begins in a moment" in edits(admin, second)[-1]
    assert await broadcast_ops.start(second, admin.clock.now())
    await admin.time.move(3)
    assert "Making the list of recipients" in edits(admin, second)[-1]


async def test_one_planned_for_later_shows_its_time_and_then_its_turn(admin: AdminBot, watch: BroadcastWatch) -> None:
    one = await made(admin, send_at=admin.clock.now() + timedelta(hours=1))
    await admin.time.move(3)
    assert "Waits for " in edits(admin, one)[-1]
    admin.clock.move(timedelta(hours=1))
    await admin.time.move(3)
    assert "Begins in a moment" in edits(admin, one)[-1]


async def test_many_planned_for_later_do_not_hide_the_one_that_is_sent(admin: AdminBot, watch: BroadcastWatch) -> None:
    for _ in range(60):
        await made(admin, send_at=admin.clock.now() + timedelta(days=30))
        admin.clock.move(timedelta(seconds=1))
    one = await sending(admin)
    await admin.time.move(3)
    assert "20 of 100" in edits(admin, one)[-1]


async def test_idle_it_costs_one_query_every_three_seconds(admin: AdminBot, watch: BroadcastWatch) -> None:
    calls: list[tuple[str, str]] = []
    admin.database.before_call = lambda *call: calls.append(call)
    await admin.time.move(30)
    assert calls == [("find", "broadcasts")] * 10


# --- the end


@pytest.mark.parametrize("make", [sent, failed])
async def test_the_last_word_is_shown_and_then_it_is_looked_at_no_more(
    admin: AdminBot, watch: BroadcastWatch, make: Any
) -> None:
    one = await make(admin)
    await admin.time.move(3)
    after = await stored(one)
    assert after.is_shown
    assert edits(admin, one) == [texts.progress(one, admin.clock.now(), admin.data["zone"])]
    assert sends(admin) == ([texts.stopped(one)] if make is failed else [])
    await admin.time.move(60)
    assert len(edits(admin)) + len(sends(admin)) == (2 if make is failed else 1)


async def test_what_was_on_its_way_when_it_was_cancelled_is_shown_when_it_is_counted(
    admin: AdminBot, watch: BroadcastWatch
) -> None:
    one = await sending(admin)
    assert await broadcast_ops.cancel(one.id, admin.clock.now())
    await admin.time.move(3)
    assert (await stored(one)).is_shown
    await broadcast_ops.record_counts(one.id, COUNTS | {"pending": 77, "sent": 18})
    await admin.time.move(3)
    assert "Sent: 18" in edits(admin, one)[-1]
    assert (await stored(one)).is_shown


async def test_one_that_was_missed_is_told_to_its_maker_once(admin: AdminBot, watch: BroadcastWatch) -> None:
    one = await made(admin, lifetime_minutes=10)
    admin.clock.move(timedelta(minutes=10))
    assert await broadcast_ops.start(one, admin.clock.now())
    await admin.time.move(30)
    (told,) = sends(admin)
    assert str((await stored(one)).error) in told
    assert "Nobody got it." in told
    assert admin.world.of(SendMessage)[-1].chat_id == OWNER.id


async def test_a_recall_is_shown_to_its_end(admin: AdminBot, watch: BroadcastWatch) -> None:
    one = await sent(admin)
    await admin.time.move(3)
    now = admin.clock.now()
    assert await broadcast_ops.request_recall(one.id, now)
    await broadcast_ops.postpone_recall(one.id, now, {"sent": 5, "deleted": 90, "blocked": 5}, is_requested=True)
    await admin.time.move(3)
    assert "90 of 95 — 94 %" in edits(admin, one)[-1]
    assert await broadcast_ops.finish_recall(one.id, {"deleted": 93, "kept": 2, "blocked": 5})
    await admin.time.move(3)
    assert "Taken back: 93\nStays with: 2" in edits(admin, one)[-1]
    assert (await stored(one)).is_shown


# --- questions


async def test_a_question_keeps_the_progress_away_for_a_minute_at_most(admin: AdminBot) -> None:
    one, watch = await sending(admin), admin.data["watch"]
    watch._sleep, watch._monotonic = admin.time.sleep, lambda: admin.time._now
    await watch.start()
    await admin.callback(f"br:cancel:{one.id}", message_id=one.progress_message_id)
    for done in range(int((QUESTION_S - EVERY_S) / EVERY_S)):
        await count(one, done)
        await admin.time.move(3)
        assert "Cancel the broadcast" in edits(admin, one)[-1]
    await admin.time.move(2 * EVERY_S)
    assert "Sending" in edits(admin, one)[-1]
    await watch.stop()


async def test_a_question_gives_way_when_the_broadcast_is_over(admin: AdminBot) -> None:
    one, watch = await sending(admin), admin.data["watch"]
    await admin.callback(f"br:cancel:{one.id}", message_id=one.progress_message_id)
    assert await broadcast_ops.finish(one.id, BroadcastStatus.SENT, admin.clock.now(), {"sent": 100})
    await watch.look()
    await watch.look()
    assert "\nSent " in edits(admin, one)[-1]
    assert (await stored(one)).is_shown


async def test_a_look_that_read_before_a_press_does_not_put_the_old_screen_back(admin: AdminBot) -> None:
    one, watch = await sending(admin), admin.data["watch"]
    await watch.look()
    stale = await broadcast_ops.find_not_shown(10)
    await admin.callback(f"br:pause:{one.id}", message_id=one.progress_message_id)
    for old in stale:
        await watch._bring_up_to_date(old, watch._look)
    assert "\nPaused" in edits(admin, one)[-1]


async def test_one_that_stopped_and_is_opened_during_a_look_is_told_no_second_time(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, watch = await failed(admin), new_watch(admin)
    await watch.look()
    listed = await admin.bot.send_message(OWNER.id, "confirmed")
    not_shown = broadcast_ops.find_not_shown

    async def opened_meanwhile(limit: int) -> list[Broadcast]:
        found = await not_shown(limit)
        monkeypatch.undo()
        await watch.show_here(await stored(one), (OWNER.id, listed.message_id))
        return found

    monkeypatch.setattr(broadcast_ops, "find_not_shown", opened_meanwhile)
    for _ in range(4):
        await watch.look()
    assert sends(admin) == [texts.stopped(one)]
    assert (await stored(one)).is_shown


async def test_where_the_row_says_is_where_it_is_shown(admin: AdminBot, watch: BroadcastWatch) -> None:
    one = await sending(admin)
    await admin.time.move(3)
    other = await admin.bot.send_message(OWNER.id, "confirmed")
    await broadcast_ops.set_progress_message(one.id, OWNER.id, other.message_id)
    await admin.time.move(3)
    assert [call.message_id for call in admin.world.of(EditMessageText)] == [one.progress_message_id, other.message_id]
    assert (await stored(one)).progress_message_id == other.message_id


async def test_what_is_over_and_shown_is_forgotten(admin: AdminBot, watch: BroadcastWatch) -> None:
    await sent(admin)
    await failed(admin)
    await admin.time.move(12)
    assert watch._screens._known == {}

"""Updates of progress messages: what is edited and when, and what is notified once."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiogram.methods import EditMessageText, SendMessage

from admin_bot.broadcasts.progress_updater import CONFIRMATION_S, POLL_EVERY_S, ProgressUpdater
from admin_bot.screens import MessageRef
from core.broadcasts import Broadcast, BroadcastStatus
from database.operations import broadcast_ops
from tests.bots.admin_bot.broadcasts.broadcasts import (
    COUNTS,
    count,
    edits,
    failed,
    made,
    new_updater,
    sending,
    sends,
    sent,
    stored,
)
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from views.broadcasts import progress_texts as texts


@pytest.fixture
async def updater(admin: AdminBot) -> AsyncIterator[ProgressUpdater]:
    """An updater that polls whenever the time moves on."""
    updater = new_updater(admin)
    await updater.start()
    yield updater
    await updater.stop()


# --- when it edits


async def test_nothing_is_edited_before_three_seconds_or_without_changes(
    admin: AdminBot, updater: ProgressUpdater
) -> None:
    one = await made(admin)
    await admin.time.move(POLL_EVERY_S - 0.1)
    assert edits(admin) == []
    await admin.time.move(0.1)
    assert len(edits(admin, one)) == 1
    await admin.time.move(600)
    assert len(edits(admin, one)) == 1, "a text that is shown is not sent again"


async def test_a_message_is_edited_at_most_every_three_seconds(admin: AdminBot, updater: ProgressUpdater) -> None:
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
            # an admin's press shows it at once, between two polls
            await updater.show(await stored(one))
            last_at = admin.time._now
    assert len(gaps) > 10
    # measured in steps of a tenth
    assert min(gaps) > POLL_EVERY_S - 0.11


async def test_the_rate_and_the_time_left_appear_with_the_second_poll(
    admin: AdminBot, updater: ProgressUpdater
) -> None:
    one = await sending(admin)
    await count(one, 100)
    await admin.time.move(3)
    assert "a second" not in edits(admin)[-1]
    await count(one, 187)
    await admin.time.move(3)
    assert "29 a second, about 28 seconds left" in edits(admin)[-1]


async def test_a_broadcast_that_waits_for_another_says_so(admin: AdminBot, updater: ProgressUpdater) -> None:
    first, second = await sending(admin, "First"), await made(admin, "Second")
    await admin.time.move(3)
    assert "Waits for its turn: another broadcast is being sent" in edits(admin, second)[-1]
    assert await broadcast_ops.finish(first.id, BroadcastStatus.SENT, admin.clock.now(), {"sent": 1})
    await admin.time.move(3)
    assert "Begins in a moment" in edits(admin, second)[-1]
    assert await broadcast_ops.start(second, admin.clock.now())
    await admin.time.move(3)
    assert "Making the list of recipients" in edits(admin, second)[-1]


async def test_a_planned_broadcast_shows_its_time_until_it_comes(admin: AdminBot, updater: ProgressUpdater) -> None:
    one = await made(admin, send_at=admin.clock.now() + timedelta(hours=1))
    await admin.time.move(3)
    assert "Waits for " in edits(admin, one)[-1]
    admin.clock.move(timedelta(hours=1))
    await admin.time.move(3)
    assert "Begins in a moment" in edits(admin, one)[-1]


async def test_many_planned_broadcasts_do_not_hide_the_one_that_is_sent(
    admin: AdminBot, updater: ProgressUpdater
) -> None:
    for _ in range(60):
        await made(admin, send_at=admin.clock.now() + timedelta(days=30))
        admin.clock.move(timedelta(seconds=1))
    one = await sending(admin)
    await admin.time.move(3)
    assert "20 of 100" in edits(admin, one)[-1]


async def test_an_idle_poll_costs_one_query(admin: AdminBot, updater: ProgressUpdater) -> None:
    calls: list[tuple[str, str]] = []
    admin.database.before_call = lambda *call: calls.append(call)
    await admin.time.move(30)
    assert calls == [("find", "broadcasts")] * 10


# --- the end


@pytest.mark.parametrize("make", [sent, failed])
async def test_the_end_is_shown_and_then_nothing_is_edited(
    admin: AdminBot, updater: ProgressUpdater, make: Any
) -> None:
    one = await make(admin)
    await admin.time.move(3)
    after = await stored(one)
    assert after.is_shown
    assert edits(admin, one) == [texts.progress(one, admin.clock.now(), admin.data["zone"]).text]
    assert sends(admin) == ([texts.stopped(one)] if make is failed else [])
    await admin.time.move(60)
    assert len(edits(admin)) + len(sends(admin)) == (2 if make is failed else 1)


async def test_copies_counted_after_a_cancellation_are_shown(admin: AdminBot, updater: ProgressUpdater) -> None:
    one = await sending(admin)
    assert await broadcast_ops.cancel(one.id, admin.clock.now())
    await admin.time.move(3)
    assert (await stored(one)).is_shown
    await broadcast_ops.record_counts(one.id, COUNTS | {"pending": 77, "sent": 18})
    await admin.time.move(3)
    assert "Sent 18" in edits(admin, one)[-1]
    assert (await stored(one)).is_shown


async def test_a_missed_broadcast_notifies_its_creator_once(admin: AdminBot, updater: ProgressUpdater) -> None:
    one = await made(admin, lifetime_minutes=10)
    admin.clock.move(timedelta(minutes=10))
    assert await broadcast_ops.start(one, admin.clock.now())
    await admin.time.move(30)
    (told,) = sends(admin)
    assert str((await stored(one)).error) in told
    assert "Nobody got it." in told
    assert admin.world.of(SendMessage)[-1].chat_id == OWNER.id


async def test_a_recall_is_shown_until_its_end(admin: AdminBot, updater: ProgressUpdater) -> None:
    one = await sent(admin)
    await admin.time.move(3)
    now = admin.clock.now()
    assert await broadcast_ops.request_recall(one.id, now)
    await broadcast_ops.postpone_recall(one.id, now, {"sent": 5, "deleted": 90, "blocked": 5}, is_requested=True)
    await admin.time.move(3)
    assert "90 of 95 — 94 %" in edits(admin, one)[-1]
    assert await broadcast_ops.finish_recall(one.id, {"deleted": 93, "kept": 2, "blocked": 5})
    await admin.time.move(3)
    assert "deleted 93 · stays with 2" in edits(admin, one)[-1]
    assert (await stored(one)).is_shown


# --- confirmations


async def test_a_confirmation_replaces_the_progress_for_a_minute_at_most(admin: AdminBot) -> None:
    one, updater = await sending(admin), admin.data["progress_updater"]
    await updater.start()
    await admin.callback(f"br:cancel:{one.id}", message_id=one.progress_message_id)
    for done in range(int((CONFIRMATION_S - POLL_EVERY_S) / POLL_EVERY_S)):
        await count(one, done)
        await admin.time.move(3)
        assert "Cancel the broadcast" in edits(admin, one)[-1]
    await admin.time.move(2 * POLL_EVERY_S)
    assert "Sending" in edits(admin, one)[-1]
    await updater.stop()


async def test_a_confirmation_is_replaced_when_the_broadcast_ends(admin: AdminBot) -> None:
    one, updater = await sending(admin), admin.data["progress_updater"]
    await admin.callback(f"br:cancel:{one.id}", message_id=one.progress_message_id)
    assert await broadcast_ops.finish(one.id, BroadcastStatus.SENT, admin.clock.now(), {"sent": 100})
    await updater.poll()
    await updater.poll()
    assert "\nSent " in edits(admin, one)[-1]
    assert (await stored(one)).is_shown


async def test_a_poll_that_read_before_a_press_does_not_restore_the_old_screen(admin: AdminBot) -> None:
    one, updater = await sending(admin), admin.data["progress_updater"]
    await updater.poll()
    stale = await broadcast_ops.find_not_shown(10)
    await admin.callback(f"br:pause:{one.id}", message_id=one.progress_message_id)
    for old in stale:
        await updater._update(old, updater._poll_number)
    assert "\nPaused" in edits(admin, one)[-1]


async def test_a_failed_broadcast_opened_during_a_poll_sends_no_second_notification(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, updater = await failed(admin), new_updater(admin)
    await updater.poll()
    listed = await admin.bot.send_message(OWNER.id, "confirmed")
    not_shown = broadcast_ops.find_not_shown

    async def opened_meanwhile(limit: int) -> list[Broadcast]:
        found = await not_shown(limit)
        monkeypatch.undo()
        await updater.show_here(await stored(one), MessageRef(OWNER.id, listed.message_id))
        return found

    monkeypatch.setattr(broadcast_ops, "find_not_shown", opened_meanwhile)
    for _ in range(4):
        await updater.poll()
    assert sends(admin) == [texts.stopped(one)]
    assert (await stored(one)).is_shown


async def test_the_message_named_by_the_row_is_edited(admin: AdminBot, updater: ProgressUpdater) -> None:
    one = await sending(admin)
    await admin.time.move(3)
    other = await admin.bot.send_message(OWNER.id, "confirmed")
    await broadcast_ops.set_progress_message(one.id, OWNER.id, other.message_id)
    await admin.time.move(3)
    assert [call.message_id for call in admin.world.of(EditMessageText)] == [one.progress_message_id, other.message_id]
    assert (await stored(one)).progress_message_id == other.message_id


async def test_a_shown_broadcast_is_forgotten(admin: AdminBot, updater: ProgressUpdater) -> None:
    await sent(admin)
    await failed(admin)
    await admin.time.move(12)
    assert updater._messages._known == {}

"""Broadcasts are recalled recipient by recipient; a row changes only after Telegram has answered."""

from datetime import timedelta
from typing import Any

import pytest

from core.broadcasts import Broadcast, BroadcastStatus
from core.jobs import JobOutcome, RunReport
from database.operations import broadcast_ops, broadcast_rows
from schedulers import create_broadcast_deleter_scheduler
from schedulers.jobs import broadcast_closing
from sender.lanes import Lane, current_lane, is_urgent
from tests.house import ALICE, BOB, House
from tests.jobs.broadcasts.broadcasts import reread, states
from tests.jobs.broadcasts.sent_broadcasts import (
    copies_left,
    create_sent,
    deliver,
    finish,
    open_bot,
    set_row,
    start_sending,
)


@pytest.fixture(autouse=True)
def keep_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleting rows has a test file of its own."""
    monkeypatch.setattr(broadcast_closing, "are_rows_useless", lambda *_: False)


async def recall(house: House) -> RunReport:
    deleter = create_broadcast_deleter_scheduler(house.base.user_bot, house.user_bot.jobs)
    return await deleter.delete_expired_broadcasts()


async def status(broadcast: Broadcast) -> str:
    return (await reread(broadcast)).status.value


async def test_no_copy_is_deleted_before_its_time(house: House) -> None:
    broadcast = await create_sent(house, ALICE)
    await house.advance(minutes=59)
    assert (await recall(house)).counts == {}
    assert await status(broadcast) == "sent"
    assert len(await copies_left(house, ALICE)) == 1


async def test_each_recipients_own_copy_is_deleted_and_nothing_else(house: House) -> None:
    broadcast = await create_sent(house, ALICE, BOB)
    other = (await house.base.user_bot.send_message(ALICE, "News!")).message_id
    await house.advance(minutes=61)
    report = await recall(house)
    assert (report.outcome, report.counts, report.more) == (JobOutcome.SUCCEEDED, {"deleted": 2}, False)
    assert await states(broadcast) == {ALICE: "deleted", BOB: "deleted"}
    assert (await copies_left(house, ALICE), await copies_left(house, BOB)) == ([other], [])
    ended = await reread(broadcast)
    assert (ended.status, ended.delete_at, ended.is_shown) == (BroadcastStatus.RECALLED, None, False)
    assert ended.counts == {"deleted": 2}


async def test_a_recall_is_one_call_a_recipient_in_the_lane_of_deletions(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create_sent(house, ALICE, BOB, items=10)
    lanes: list[Lane] = []
    delete = house.base.user_bot.delete_messages

    async def note_lane(*arguments: Any, **more: Any) -> bool:
        lanes.append(current_lane())
        return await delete(*arguments, **more)

    monkeypatch.setattr(house.base.user_bot, "delete_messages", note_lane)
    await house.advance(minutes=61)
    before = len(await house.calls())
    await recall(house)
    assert [call["method"] for call in (await house.calls())[before:]] == ["deleteMessages"] * 2
    assert lanes == [Lane.DELETION] * 2


async def test_copies_with_less_than_six_hours_to_telegrams_limit_are_urgent(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    broadcast = await create_sent(house, ALICE, BOB, lifetime=0)
    now = house.base.clock.now()
    await set_row(broadcast, ALICE, sent_at=now - timedelta(hours=42, seconds=1))
    await set_row(broadcast, BOB, sent_at=now - timedelta(hours=41))
    assert await broadcast_ops.request_recall(broadcast.id, now)
    urgent: dict[int, bool] = {}
    delete = house.base.user_bot.delete_messages

    async def note_urgency(chat_id: int, *arguments: Any, **more: Any) -> bool:
        urgent[chat_id] = is_urgent()
        return await delete(chat_id, *arguments, **more)

    monkeypatch.setattr(house.base.user_bot, "delete_messages", note_urgency)
    await recall(house)
    assert urgent == {ALICE: True, BOB: False}


# while it is being sent


async def test_first_copies_are_deleted_while_others_are_still_being_sent(house: House) -> None:
    await open_bot(house, ALICE, BOB)
    broadcast = await start_sending(house.base.clock.now(), send_to=[ALICE, BOB, 777])
    await deliver(house, broadcast, ALICE)
    await house.advance(minutes=30)
    await deliver(house, broadcast, BOB)
    await house.advance(minutes=31)
    assert (await recall(house)).counts == {"deleted": 1}
    assert await states(broadcast) == {ALICE: "deleted", BOB: "sent", 777: "pending"}
    now = await reread(broadcast)
    assert now.status is BroadcastStatus.SENDING
    assert now.counts == {"deleted": 1, "sent": 1, "pending": 1}
    (bobs,) = await broadcast_rows.next_to_recall(broadcast.id, house.base.clock.now(), 10)
    assert bobs.user_id == BOB and bobs.sent_at is not None
    assert now.delete_at == bobs.sent_at + timedelta(minutes=60)


async def test_copies_due_in_a_few_seconds_are_deleted_half_a_minute_later(house: House) -> None:
    await open_bot(house, ALICE, BOB)
    broadcast = await start_sending(house.base.clock.now(), send_to=[ALICE, BOB])
    await deliver(house, broadcast, ALICE)
    await house.advance(seconds=5)
    await deliver(house, broadcast, BOB)
    await finish(broadcast, house.base.clock.now())
    # Alice's are due, Bob's in a few seconds
    await house.advance(minutes=60, seconds=-3)
    before = house.base.clock.now()
    assert (await recall(house)).counts == {"deleted": 1}
    now = await reread(broadcast)
    assert now.delete_at is not None
    assert timedelta(seconds=30) <= now.delete_at - before < timedelta(seconds=33)
    assert now.status is BroadcastStatus.RECALLING
    await house.advance(seconds=31)
    assert (await recall(house)).counts == {"deleted": 1}
    assert await status(broadcast) == "recalled"


async def test_a_broadcast_paused_beyond_its_lifetime_loses_its_copies_and_can_be_resumed(
    house: House,
) -> None:
    await open_bot(house, ALICE, BOB)
    broadcast = await start_sending(house.base.clock.now(), send_to=[ALICE, BOB])
    await deliver(house, broadcast, ALICE)
    await broadcast_ops.pause(broadcast.id)
    await house.advance(hours=3)
    assert (await recall(house)).counts == {"deleted": 1}
    paused = await reread(broadcast)
    assert (paused.status, await states(broadcast)) == (BroadcastStatus.PAUSED, {ALICE: "deleted", BOB: "pending"})
    assert paused.delete_at is not None
    assert paused.delete_at - house.base.clock.now() <= timedelta(minutes=10)
    resumed = await broadcast_ops.resume(broadcast.id)
    assert resumed is not None
    assert await broadcast_ops.start(resumed, house.base.clock.now())
    await deliver(house, broadcast, BOB)
    await finish(broadcast, house.base.clock.now())
    await house.advance(minutes=59)
    assert (await recall(house)).counts == {}
    assert len(await copies_left(house, BOB)) == 1
    await house.advance(minutes=2)
    assert (await recall(house)).counts == {"deleted": 1}
    assert (await reread(broadcast)).counts == {"deleted": 2}


# however sending ended


@pytest.mark.parametrize("end", [BroadcastStatus.CANCELLED, BroadcastStatus.FAILED])
async def test_a_half_sent_broadcast_is_recalled_at_its_time_too(house: House, end: BroadcastStatus) -> None:
    await open_bot(house, ALICE)
    broadcast = await start_sending(house.base.clock.now(), send_to=[ALICE, BOB])
    await deliver(house, broadcast, ALICE)
    await finish(broadcast, house.base.clock.now(), end)
    await house.advance(minutes=61)
    assert (await recall(house)).counts == {"deleted": 1}
    ended = await reread(broadcast)
    assert (ended.status, ended.counts) == (BroadcastStatus.RECALLED, {"deleted": 1, "pending": 1})


async def test_a_recall_waits_for_a_copy_in_flight_when_it_was_cancelled(house: House) -> None:
    await open_bot(house, ALICE)
    broadcast = await start_sending(house.base.clock.now(), send_to=[ALICE])
    await broadcast_rows.claim(broadcast.id, [ALICE], "sender")
    message = await house.base.user_bot.send_message(ALICE, "News!")
    await finish(broadcast, house.base.clock.now(), BroadcastStatus.CANCELLED)
    assert await broadcast_ops.request_recall(broadcast.id, house.base.clock.now())
    await recall(house)
    assert await status(broadcast) == "recalling", "its answer may still come"
    now = house.base.clock.now()
    assert await broadcast_rows.mark_sent(broadcast.id, ALICE, "sender", [message.message_id], now)
    await house.advance(seconds=31)
    assert (await recall(house)).counts == {"deleted": 1}
    assert (await status(broadcast), await copies_left(house, ALICE)) == ("recalled", [])


async def test_a_recall_waits_a_quarter_of_an_hour_for_the_copy_of_a_killed_process(house: House) -> None:
    await open_bot(house, ALICE)
    broadcast = await start_sending(house.base.clock.now(), send_to=[ALICE])
    await broadcast_rows.claim(broadcast.id, [ALICE], "sender")
    await finish(broadcast, house.base.clock.now(), BroadcastStatus.CANCELLED)
    assert await broadcast_ops.request_recall(broadcast.id, house.base.clock.now())
    await house.advance(minutes=14)
    await recall(house)
    assert (await status(broadcast), await states(broadcast)) == ("recalling", {ALICE: "sending"})
    await house.advance(minutes=2)
    await recall(house)
    assert (await status(broadcast), await states(broadcast)) == ("recalled", {ALICE: "unknown"})


# an admin requests it


async def test_a_broadcast_without_a_lifetime_stays_until_an_admin_requests_its_recall(house: House) -> None:
    broadcast = await create_sent(house, ALICE, lifetime=0)
    await house.advance(hours=47)
    assert (await recall(house)).counts == {}
    assert len(await copies_left(house, ALICE)) == 1
    taps = [await broadcast_ops.request_recall(broadcast.id, house.base.clock.now()) for _ in range(2)]
    assert [one is not None for one in taps] == [True, False]
    assert await broadcast_ops.is_any_expired(house.base.clock.now())
    assert (await recall(house)).counts == {"deleted": 1}
    assert (await status(broadcast), await copies_left(house, ALICE)) == ("recalled", [])
    assert await broadcast_ops.request_recall(broadcast.id, house.base.clock.now()) is None
    assert not await broadcast_ops.is_any_expired(house.base.clock.now())
    assert (await recall(house)).counts == {}


async def test_a_recall_requested_while_first_copies_are_deleted_is_not_postponed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_bot(house, ALICE, BOB)
    broadcast = await start_sending(house.base.clock.now(), send_to=[ALICE, BOB])
    await deliver(house, broadcast, ALICE)
    await house.advance(minutes=40)
    await deliver(house, broadcast, BOB)
    await finish(broadcast, house.base.clock.now())
    await house.advance(minutes=21)
    count_states = broadcast_rows.count_states

    async def request_and_count(broadcast_id: str) -> dict[str, int]:
        counts = await count_states(broadcast_id)
        assert await broadcast_ops.request_recall(broadcast_id, house.base.clock.now())
        return counts

    with monkeypatch.context() as patch:
        patch.setattr(broadcast_rows, "count_states", request_and_count)
        assert (await recall(house)).counts == {"deleted": 1}
    assert await broadcast_ops.is_any_expired(house.base.clock.now())
    assert (await recall(house)).counts == {"deleted": 1}
    assert (await status(broadcast), await copies_left(house, BOB)) == ("recalled", [])


async def test_several_broadcasts_are_recalled_in_one_run(house: House) -> None:
    first, second = await create_sent(house, ALICE), await create_sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    assert (await recall(house)).counts == {"deleted": 3}
    assert (await status(first), await status(second)) == ("recalled", "recalled")


# Telegram's limit


async def test_a_copy_too_old_for_telegram_is_kept_without_a_call_and_does_not_hold_up_others(house: House) -> None:
    broadcast = await create_sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    now = house.base.clock.now()
    await set_row(broadcast, ALICE, sent_at=now - timedelta(hours=48))
    await set_row(broadcast, BOB, sent_at=now - timedelta(hours=48, minutes=-1))
    before = len(await house.calls("deleteMessages"))
    assert (await recall(house)).counts == {"kept": 1, "deleted": 1}
    assert await states(broadcast) == {ALICE: "kept", BOB: "deleted"}
    assert len(await house.calls("deleteMessages")) == before + 1
    assert (await status(broadcast), (await reread(broadcast)).counts) == ("recalled", {"kept": 1, "deleted": 1})


async def test_after_days_without_a_run_all_copies_are_kept_and_counted(house: House) -> None:
    broadcast = await create_sent(house, ALICE, BOB)
    await house.advance(days=5)
    assert (await recall(house)).counts == {"kept": 2}
    about = {call["method"] for call in await house.calls()}
    assert not {name for name in about if name.startswith(("delete", "edit"))}
    assert (await reread(broadcast)).counts == {"kept": 2}

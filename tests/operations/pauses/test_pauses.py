"""Pauses of a send limiter are kept by the limiter of the next start."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiogram.exceptions import TelegramRetryAfter

from core.clock import ManualClock
from database.connection import Database
from database.operations import pause_ops
from database.operations.pause_ops import Pause
from sender.lanes import Lane
from sender.limiting.pauses import AT_ONCE, Pauses
from tests.operations.conftest import StepIn
from tests.operations.pauses.writing import BOT, FORGET, SECOND, WRITE, a_gate, note, until, writing, written
from tests.unit.sender.telegram import Telegram, flood

# from process to process


async def test_a_pause_of_one_limiter_is_kept_by_the_next(db: Database, clock: ManualClock) -> None:
    pauses = Pauses(clock, pause_ops)
    first = a_gate(pauses)
    first.script.append(flood(20))
    async with writing(pauses):
        first.send(1)
        await first.time.settle()
        await written(pauses)

    clock.move(5 * SECOND)
    second = Telegram()
    assert await Pauses(clock, pause_ops).restore(BOT, second.limiter) == 1
    tasks = [second.send(1), second.send(2)]
    await second.results(tasks)
    with pytest.raises(TelegramRetryAfter, match="not sent"):
        again = Telegram()
        await Pauses(clock, pause_ops).restore(BOT, again.limiter)
        await again.result(again.send(3, lane=Lane.BULK))
    assert (second.times_to(1), second.times_to(2)) == ([15.0], [0.0])
    assert second.limiter.bulk_rate == 29.0


async def test_a_pause_does_not_hold_the_other_bot(db: Database, clock: ManualClock) -> None:
    await pause_ops.record(BOT + 1, 1, clock.now() + 20 * SECOND, clock.now())
    telegram = Telegram()

    assert await Pauses(clock, pause_ops).restore(BOT, telegram.limiter) == 0
    await telegram.result(telegram.send(1))
    assert telegram.times == [0.0]


async def test_a_pause_that_ended_before_the_start_holds_no_call(db: Database, clock: ManualClock) -> None:
    await pause_ops.record(BOT, 1, clock.now() + 20 * SECOND, clock.now())
    clock.move(20 * SECOND)
    telegram = Telegram()

    assert await Pauses(clock, pause_ops).restore(BOT, telegram.limiter) == 0
    await telegram.result(telegram.send(1, lane=Lane.BULK))
    assert telegram.times == [0.0]


async def test_a_start_costs_one_read_and_no_write(db: Database, clock: ManualClock) -> None:
    await pause_ops.record(BOT, 1, clock.now() + 20 * SECOND, clock.now())
    db.calls.clear()
    pauses = Pauses(clock, pause_ops)
    telegram = a_gate(pauses)
    await pauses.restore(BOT, telegram.limiter)

    assert dict(db.calls) == {"find send_pauses": 1}
    assert pauses.pending == 0


# writing


async def test_a_call_does_not_wait_for_the_database(db: Database, clock: ManualClock, step_in: StepIn) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        asked.set()
        await answer.wait()

    step_in("send_pauses", "update_one", hang)
    pauses = Pauses(clock, pause_ops)
    telegram = a_gate(pauses)
    telegram.script.append(flood(20))
    async with writing(pauses):
        assert await telegram.result(telegram.send(1)) == "done"
        await asyncio.wait_for(asked.wait(), 5)
        assert await telegram.result(telegram.send(2)) == "done"
        answer.set()
        await written(pauses)
    assert [pause.chat for pause in await pause_ops.load(BOT, clock.now())] == [1]


@pytest.mark.sweep
async def test_two_thousand_pauses_are_one_command_each_and_few_run_at_once(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection, busy, most = db.collection("send_pauses"), 0, 0
    update_one = collection.update_one

    async def counted(*args: Any, **options: Any) -> bool:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        try:
            await asyncio.sleep(0)
            return await update_one(*args, **options)
        finally:
            busy -= 1

    monkeypatch.setattr(collection, "update_one", counted)
    pauses = Pauses(clock, pause_ops)
    gate = a_gate(pauses).limiter
    assert gate.on_pause is not None
    async with writing(pauses):
        for chat in range(1, 2001):
            gate.on_pause(chat, 20.0 + chat)
        await until(lambda: db.calls[FORGET] == 1)
    assert dict(db.calls) == {WRITE: 2000, FORGET: 1}
    assert most == AT_ONCE
    assert len(await pause_ops.load(BOT, clock.now())) == 2000


async def test_five_pauses_of_one_chat_are_written_once_with_the_latest_end(
    db: Database, clock: ManualClock, now: datetime
) -> None:
    pauses = Pauses(clock, pause_ops)
    async with writing(pauses):
        for seconds in (5, 30, 10, 20, 7):
            note(pauses, 1, seconds)
        await written(pauses)
    assert db.calls[WRITE] == 1
    assert await pause_ops.load(BOT, now) == [Pause(BOT, 1, now + 30 * SECOND)]


async def test_a_pause_that_grows_while_it_is_written_is_written_again(
    db: Database, clock: ManualClock, now: datetime, step_in: StepIn
) -> None:
    pauses = Pauses(clock, pause_ops)

    async def grow() -> None:
        note(pauses, 1, 60)

    step_in("send_pauses", "update_one", grow)
    async with writing(pauses):
        note(pauses, 1, 20)
        await written(pauses)
    assert db.calls[WRITE] == 2
    assert await pause_ops.load(BOT, now) == [Pause(BOT, 1, now + 60 * SECOND)]


async def test_a_pause_of_years_is_stored_as_a_month(db: Database, clock: ManualClock, now: datetime) -> None:
    pauses = Pauses(clock, pause_ops)
    async with writing(pauses):
        note(pauses, 1, 1e18)
        await written(pauses)
    assert await pause_ops.load(BOT, now) == [Pause(BOT, 1, now + timedelta(days=30))]


async def test_a_pause_that_cannot_be_stored_does_not_stop_the_others(
    db: Database, clock: ManualClock, now: datetime
) -> None:
    pauses = Pauses(clock, pause_ops)
    async with writing(pauses):
        note(pauses, "@\ud800", 20)
        note(pauses, 1, 20)
        await written(pauses)
    assert [pause.chat for pause in await pause_ops.load(BOT, now)] == [1]

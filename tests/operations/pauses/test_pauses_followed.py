"""Pauses noted by one process are heeded by the others that send for the bot."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from aiogram.exceptions import TelegramRetryAfter

from core.clock import ManualClock
from core.errors import StoreUnavailable
from core.supervisor import Supervisor
from database.connection import Database
from database.operations import pause_ops
from database.operations.pause_ops import Pause
from sender.lanes import Lane
from sender.limiting.limits import EVERY_CHAT
from sender.limiting.pauses import FOLLOW_S, SKEW, Pauses
from tests.operations.pauses.writing import BOT, SECOND, Naps, napping, note, until, writing, written
from tests.unit.sender.telegram import Telegram, flood

FOLLOW = "find send_pauses"


async def process(clock: ManualClock) -> tuple[Pauses, Telegram]:
    """A process that sends for the bot: restored, watched, reading when the test says so."""
    pauses, telegram = Pauses(clock, pause_ops), Telegram()
    await pauses.restore(BOT, telegram.limiter)
    pauses.watch(BOT, telegram.limiter)
    return pauses, telegram


async def test_a_pause_of_one_process_is_heeded_by_another_that_runs_already(db: Database, clock: ManualClock) -> None:
    (first, here), (second, there) = await process(clock), await process(clock)
    here.script.append(flood(20))
    async with writing(first):
        here.send(1)
        await here.time.settle()
        await written(first)
    clock.move(5 * SECOND)
    assert await second.read_noted() == 1
    await there.results([there.send(1), there.send(2)])
    assert (there.times_to(1), there.times_to(2)) == ([15.0], [0.0])


async def test_a_pause_of_the_bot_is_stored_and_holds_the_other_process_and_the_next_one(
    db: Database, clock: ManualClock
) -> None:
    (first, here), (second, there) = await process(clock), await process(clock)
    here.script.extend([flood(20), flood(30)])
    async with writing(first):
        here.send(1)
        here.send(2)
        await here.time.settle()
        await written(first)
    assert Pause(BOT, EVERY_CHAT, clock.now() + 20 * SECOND) in await pause_ops.load(BOT, clock.now())
    assert await second.read_noted() == 3
    _, later = await process(clock)
    for telegram in (there, later):
        assert await telegram.results([telegram.send(8), telegram.send(9, lane=Lane.INTERACTIVE)]) == ["done"] * 2
        assert telegram.times[0] == 20.0
        with pytest.raises(TelegramRetryAfter, match="not sent"):
            telegram.limiter.restore(EVERY_CHAT, 11.0)
            await telegram.result(telegram.send(10, lane=Lane.DELETION))


async def test_a_process_takes_its_own_pauses_for_no_news(db: Database, clock: ManualClock, now: datetime) -> None:
    pauses, telegram = await process(clock)
    telegram.script.extend([flood(20), flood(30)])
    async with writing(pauses):
        telegram.send(1)
        telegram.send(2)
        await telegram.time.settle()
        await written(pauses)
    telegram.limiter.restore = lambda *_: pytest.fail("it knew that")  # type: ignore[method-assign]
    assert await pauses.read_noted() == 0


async def test_a_shorter_wait_of_the_bot_is_news_and_a_shorter_one_of_a_chat_is_not(
    db: Database, clock: ManualClock, now: datetime
) -> None:
    pauses, telegram = await process(clock)
    for chat in (7, EVERY_CHAT):
        await pause_ops.record(BOT, chat, now + 50 * SECOND, now)
    assert await pauses.read_noted() == 2
    for chat in (7, EVERY_CHAT):
        await pause_ops.record(BOT, chat, now + 5 * SECOND, now, replace=chat == EVERY_CHAT)
    assert await pauses.read_noted() == 1
    await telegram.result(telegram.send(8))
    assert telegram.times == [5.0]


async def test_a_read_is_one_command_for_all_bots_and_finds_what_was_noted_since(
    db: Database, clock: ManualClock, now: datetime
) -> None:
    pauses, _ = await process(clock)
    other = Telegram()
    pauses.watch(BOT + 1, other.limiter)
    for chat in range(5):
        await pause_ops.record(BOT, chat, now + 90 * SECOND, now)
    await pause_ops.record(BOT + 1, 1, now + 90 * SECOND, now)
    await pause_ops.record(BOT + 2, 1, now + 90 * SECOND, now)
    db.calls.clear()
    assert await pauses.read_noted() == 6
    assert dict(db.calls) == {FOLLOW: 1}
    clock.move(60 * SECOND)
    await pauses.read_noted()
    clock.move(FOLLOW_S * SECOND)
    found = await pause_ops.load_noted((BOT,), clock.now() - FOLLOW_S * SECOND - SKEW)
    assert found == []


async def test_a_pause_noted_by_a_clock_that_is_late_is_found(db: Database, clock: ManualClock) -> None:
    pauses, _ = await process(clock)
    for _ in range(3):
        clock.move(FOLLOW_S * SECOND)
        await pauses.read_noted()
    late = clock.now() - SKEW + SECOND
    await pause_ops.record(BOT, 7, clock.now() + 60 * SECOND, late)
    clock.move(SECOND * 0.5)
    assert await pauses.read_noted() == 1


async def test_what_was_noted_while_the_database_was_away_is_read_afterwards(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses, _ = await process(clock)
    await pause_ops.record(BOT, 7, clock.now() + 900 * SECOND, clock.now() + SECOND)

    async def gone(*_: Any, **__: Any) -> list[Any]:
        raise StoreUnavailable("gone")

    with monkeypatch.context() as broken:
        broken.setattr(db.collection("send_pauses"), "find", gone)
        for _ in range(20):
            clock.move(FOLLOW_S * SECOND)
            with pytest.raises(StoreUnavailable):
                await pauses.read_noted()
    assert await pauses.read_noted() == 1


async def test_following_reads_every_five_seconds_and_outlives_an_outage(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps = Naps()
    pauses, telegram = Pauses(napping(clock, naps), pause_ops), Telegram()
    pauses.watch(BOT, telegram.limiter)
    reads: list[int] = []

    async def read_noted() -> int:
        reads.append(len(reads))
        if len(reads) == 1:
            raise StoreUnavailable("gone")
        return 0

    monkeypatch.setattr(pauses, "read_noted", read_noted)
    tasks = Supervisor()
    task = tasks.spawn(pauses.follow(), "pauses of others")
    for n in (1, 2, 3):
        await until(lambda n=n: len(naps.taken) == n)  # type: ignore[misc]
        naps.end()
        await until(lambda n=n: len(reads) == n)  # type: ignore[misc]
    assert naps.taken[:3] == [FOLLOW_S] * 3
    assert not task.done()
    await tasks.close()


async def test_of_the_bots_pauses_the_latest_is_stored(db: Database, clock: ManualClock, now: datetime) -> None:
    pauses = Pauses(clock, pause_ops)
    async with writing(pauses):
        note(pauses, EVERY_CHAT, 50)
        await written(pauses)
        note(pauses, EVERY_CHAT, 5)
        await written(pauses)
    assert await pause_ops.load(BOT, now) == [Pause(BOT, EVERY_CHAT, now + 5 * SECOND)]


async def test_a_process_whose_clock_is_an_hour_behind_waits_as_long_as_telegram_asked(
    db: Database, clock: ManualClock
) -> None:
    """Until its clock is set it would take a pause of a second for one of an hour, also of chats with due deletions."""
    ahead = ManualClock(clock.now() + timedelta(hours=1))
    second, there = await process(clock)
    await pause_ops.record(BOT, 1, ahead.now() + 5 * SECOND, ahead.now())
    _, later = await process(clock)
    assert await second.read_noted() == 1
    for telegram in (there, later):
        await telegram.result(telegram.send(1))
        assert 5.0 <= telegram.times[0] <= 5.0 + SKEW.total_seconds()


async def test_a_pause_is_heeded_whichever_of_two_clocks_noted_it_last(db: Database, clock: ManualClock) -> None:
    await pause_ops.record(BOT, 1, clock.now() + 2 * SECOND, clock.now() + timedelta(minutes=2))
    _, there = await process(clock)
    await there.result(there.send(1))
    assert there.times == [2.0]

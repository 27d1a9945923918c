"""Pauses when the database is away, at a stop, and when they are over."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.clock import ManualClock
from core.errors import StoreUnavailable
from database.connection import Database
from database.operations import pause_ops
from sender.limiting import pauses as pauses_module
from sender.limiting.pauses import FORGET_EVERY, MOST_PENDING, Pauses
from tests.operations.conftest import StepIn
from tests.operations.pauses.writing import BOT, FORGET, SECOND, WRITE, Naps, napping, note, until, writing, written

# the database away


async def test_an_outage_is_logged_once_and_the_write_retried(
    db: Database, clock: ManualClock, take_away: Callable[[], None]
) -> None:
    naps = Naps()
    pauses = Pauses(napping(clock, naps), pause_ops)
    take_away()
    with capture_logs() as logged:
        async with writing(pauses):
            note(pauses, 1, 20)
            await until(lambda: len(naps.taken) == 1)
            note(pauses, 2, 20)
            naps.end()
            await until(lambda: len(naps.taken) == 2)
            db.before_call = None
            naps.end()
            await until(lambda: len(logged) == 2)
    assert naps.taken == [1.0, 1.0]
    assert [entry["event"] for entry in logged] == ["pauses.not_written", "pauses.written_again"]
    assert {pause.chat for pause in await pause_ops.load(BOT, clock.now())} == {1, 2}


async def test_a_pause_that_ends_before_the_database_is_back_is_not_written(
    db: Database, clock: ManualClock, take_away: Callable[[], None]
) -> None:
    naps = Naps()
    pauses = Pauses(napping(clock, naps), pause_ops)
    take_away()
    async with writing(pauses):
        note(pauses, 1, 20)
        await until(lambda: len(naps.taken) == 1)
        clock.move(20 * SECOND)
        db.before_call = None
        db.calls.clear()
        naps.end()
        await written(pauses)
    assert db.calls[WRITE] == 0
    assert await db.collection("send_pauses").count({}) == 0


async def test_the_pauses_that_wait_for_the_database_are_bounded(
    db: Database, clock: ManualClock, take_away: Callable[[], None]
) -> None:
    naps = Naps()
    pauses = Pauses(napping(clock, naps), pause_ops)
    take_away()
    for chat in range(MOST_PENDING + 5):
        note(pauses, chat, 20)
    note(pauses, 5, 30)
    assert pauses.pending == MOST_PENDING
    assert {0, 4}.isdisjoint(chat for _, chat in pauses._pending)


# a stop


async def test_a_stop_writes_the_remaining_pauses(db: Database, clock: ManualClock, step_in: StepIn) -> None:
    asked = asyncio.Event()

    async def hang() -> None:
        asked.set()
        await asyncio.Event().wait()

    step_in("send_pauses", "update_one", hang)
    pauses = Pauses(clock, pause_ops)
    async with writing(pauses):
        note(pauses, 1, 20)
        await asyncio.wait_for(asked.wait(), 5)
        note(pauses, 2, 20)
    assert pauses.pending == 2
    await pauses.close()
    assert {pause.chat for pause in await pause_ops.load(BOT, clock.now())} == {1, 2}


async def hanging(*args: Any, **options: Any) -> bool:
    return await asyncio.Event().wait()


async def refusing(*args: Any, **options: Any) -> bool:
    raise StoreUnavailable("gone")


@pytest.mark.parametrize("update_one", [hanging, refusing])
async def test_a_stop_without_a_database_is_bounded_and_logs_what_is_lost(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, update_one: Callable[..., Awaitable[bool]]
) -> None:
    monkeypatch.setattr(db.collection("send_pauses"), "update_one", update_one)
    monkeypatch.setattr(pauses_module, "END_S", 0.01)
    pauses = Pauses(clock, pause_ops)
    for chat in (1, 2):
        note(pauses, chat, 20)
    with capture_logs() as logged:
        await asyncio.wait_for(pauses.close(), 5)
    assert (logged[-1]["event"], logged[-1]["count"]) == ("pauses.lost", 2)


async def test_a_stop_waits_less_when_the_database_is_known_to_be_away(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps = Naps()
    pauses = Pauses(napping(clock, naps), pause_ops)
    monkeypatch.setattr(db.collection("send_pauses"), "update_one", refusing)
    async with writing(pauses):
        note(pauses, 1, 20)
        await until(lambda: len(naps.taken) == 1)
    monkeypatch.setattr(db.collection("send_pauses"), "update_one", hanging)
    monkeypatch.setattr(pauses_module, "END_AWAY_S", 0.01)
    monkeypatch.setattr(pauses_module, "END_S", 60.0)
    await asyncio.wait_for(pauses.close(), 5)
    assert pauses.pending == 1


async def test_a_stop_with_nothing_to_write_costs_no_command(db: Database, clock: ManualClock) -> None:
    await Pauses(clock, pause_ops).close()
    assert db.calls.total() == 0


# deleting


async def test_expired_pauses_are_deleted_after_a_write_at_most_once_an_hour(db: Database, clock: ManualClock) -> None:
    pauses = Pauses(clock, pause_ops)
    async with writing(pauses):
        await pause_ops.record(BOT, 1, clock.now() - SECOND, clock.now())
        note(pauses, 2, 20)
        await until(lambda: pauses._forgotten_at == clock.now())
        clock.move(FORGET_EVERY - SECOND)
        note(pauses, 3, 20)
        await written(pauses)
        for _ in range(5):  # until then the writer needs no database
            await asyncio.sleep(0)
        assert db.calls[FORGET] == 1
        clock.move(SECOND)
        note(pauses, 4, 20)
        await until(lambda: pauses._forgotten_at == clock.now())
    assert db.calls[FORGET] == 2
    assert {document["chat"] for document in await db.collection("send_pauses").find({}, limit=9)} == {3, 4}


async def test_many_expired_pauses_are_deleted_a_hundred_per_write(db: Database, clock: ManualClock) -> None:
    over = clock.now() - SECOND
    rows = [{"_id": f"{BOT}:{chat}", "bot_id": BOT, "chat": chat, "until": over} for chat in range(1, 102)]
    await db.collection("send_pauses").insert_many(rows)
    pauses = Pauses(clock, pause_ops)
    async with writing(pauses):
        note(pauses, 1001, 20)
        await until(lambda: db.calls["delete_many send_pauses"] == 1)
        note(pauses, 1002, 20)
        await until(lambda: pauses._forgotten_at == clock.now())
    assert {document["chat"] for document in await db.collection("send_pauses").find({}, limit=9)} == {1001, 1002}


async def test_deleting_is_postponed_while_the_database_is_away(db: Database, clock: ManualClock) -> None:
    await pause_ops.record(BOT, 1, clock.now() - SECOND, clock.now())

    def no_finds(operation: str, collection: str) -> None:
        if operation == "find":
            raise StoreUnavailable("gone")

    db.before_call = no_finds
    pauses = Pauses(clock, pause_ops)
    async with writing(pauses):
        note(pauses, 2, 20)
        await until(lambda: db.calls[FORGET] == 1)
        db.before_call = None
        note(pauses, 3, 20)
        await until(lambda: pauses._forgotten_at == clock.now())
    assert {document["chat"] for document in await db.collection("send_pauses").find({}, limit=9)} == {2, 3}

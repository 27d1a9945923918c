"""Handlers of one admin's conversation in two processes: none writes over what the other has written."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import pytest
from aiogram.fsm.storage.base import StorageKey
from aiogram.fsm.storage.memory import MemoryStorage
from pymongo.errors import AutoReconnect

from admin_bot.conversation.locks import LocalLocks, SharedLocks
from core.errors import StoreUnavailable
from core.processes.dialogue_locks import RENEW_EVERY_S, TAKEN_OVER_AFTER_S
from database.connection import Database, close_database, open_database
from database.operations.processes import dialogue_lock_ops
from tests.unit.sender.virtual import VirtualTime

OLIVE, PAUL = StorageKey(1001, 7, 7), StorageKey(1001, 8, 8)


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    yield await open_database("memory://", "test")
    await close_database()


def processes(time: VirtualTime) -> tuple[SharedLocks, SharedLocks]:
    return SharedLocks(dialogue_lock_ops, time), SharedLocks(dialogue_lock_ops, time)


async def add_to_draft(locks: LocalLocks, storage: MemoryStorage, message: int) -> None:
    async with locks.lock(OLIVE):
        draft = list((await storage.get_data(OLIVE)).get("draft", []))
        # the other process writes now, if it can
        for _ in range(5):
            await asyncio.sleep(0)
        await storage.update_data(OLIVE, {"draft": [*draft, message]})


async def hold(locks: SharedLocks, key: StorageKey, until: asyncio.Event) -> None:
    async with locks.lock(key):
        await until.wait()


async def test_a_batch_sent_to_two_processes_is_complete(database: Database) -> None:
    time, storage = VirtualTime(), MemoryStorage()
    both = processes(time)
    adding = asyncio.gather(*(add_to_draft(both[number % 2], storage, number) for number in range(40)))

    async def all_added() -> None:
        await adding

    await time.run(all_added())
    assert sorted((await storage.get_data(OLIVE))["draft"]) == list(range(40))
    assert await database.collection("dialogue_locks").count({}) == 0


async def test_conversations_of_two_admins_do_not_wait_for_each_other(database: Database) -> None:
    one, two = processes(VirtualTime())
    async with one.lock(OLIVE), two.lock(PAUL):
        pass


async def test_the_lock_of_a_process_that_died_is_taken_over_and_one_that_is_slow_keeps_it(database: Database) -> None:
    time = VirtualTime()
    slow, waiting = processes(time)
    slow_ends, entered = asyncio.Event(), asyncio.Event()
    entered.set()
    holding = asyncio.create_task(hold(slow, OLIVE, slow_ends))
    await time.settle()
    getting = asyncio.create_task(hold(waiting, OLIVE, entered))
    await time.advance(10 * TAKEN_OVER_AFTER_S)
    assert not getting.done()
    # killed: no renewal and no release any more
    slow._store = cast(Any, _Dead())
    await time.advance(TAKEN_OVER_AFTER_S - RENEW_EVERY_S - 1)
    assert not getting.done()
    await time.advance(RENEW_EVERY_S + 2)
    assert getting.done()
    slow_ends.set()
    await holding


class _Dead:
    """The database as a process that was killed reaches it."""

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def silent(*arguments: object) -> bool:
            return False

        return silent


async def test_a_lock_whose_answer_was_lost_is_held_at_the_next_attempt(database: Database) -> None:
    locks, _ = processes(VirtualTime())
    insert_one = database.collection("dialogue_locks").insert_one

    async def answer_lost(document: Any) -> Any:
        await insert_one(document)
        raise StoreUnavailable("the answer was lost")

    database.collection("dialogue_locks").insert_one = answer_lost  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        async with locks.lock(OLIVE):
            raise AssertionError("it is not known to be held")
    database.collection("dialogue_locks").insert_one = insert_one  # type: ignore[method-assign]
    async with asyncio.timeout(5), locks.lock(OLIVE):
        pass
    assert await database.collection("dialogue_locks").count({}) == 0


async def test_an_outage_in_the_handler_does_not_keep_the_lock_from_its_own_process(database: Database) -> None:
    locks, _ = processes(VirtualTime())

    def refuse(operation: str, collection: str) -> None:
        raise AutoReconnect("away")

    async with locks.lock(OLIVE):
        database.before_call = refuse
    database.before_call = None
    async with asyncio.timeout(5), locks.lock(OLIVE):
        pass


async def test_a_lock_nobody_wants_any_more_is_forgotten() -> None:
    locks, order = LocalLocks(), list[int]()

    async def handle(number: int) -> None:
        async with locks.lock(OLIVE):
            order.append(number)
            await asyncio.sleep(0)
            order.append(number)

    cut_off = asyncio.create_task(handle(0))
    others = [asyncio.create_task(handle(number)) for number in (1, 2, 3)]
    await asyncio.sleep(0)
    others[1].cancel()
    await asyncio.gather(cut_off, *others, return_exceptions=True)
    assert order == [0, 0, 1, 1, 3, 3]
    assert locks._locks == {}

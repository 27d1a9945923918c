"""Handlers of one admin's conversation run one after the other, and nothing of a conversation stays in memory."""

import asyncio

from aiogram.fsm.storage.base import StorageKey

from admin_bot.conversation.locks import Locks

OLIVE, PAUL = StorageKey(1001, 7, 7), StorageKey(1001, 8, 8)


async def test_handlers_of_one_admin_take_turns_and_a_lock_nobody_wants_any_more_is_forgotten() -> None:
    locks, order = Locks(), list[int]()

    async def handle(number: int) -> None:
        async with locks.lock(OLIVE):
            order.append(number)
            await asyncio.sleep(0)
            order.append(number)

    handlers = [asyncio.create_task(handle(number)) for number in range(4)]
    await asyncio.sleep(0)
    handlers[2].cancel()
    await asyncio.gather(*handlers, return_exceptions=True)
    assert order == [0, 0, 1, 1, 3, 3]
    assert locks._locks == {}


async def test_conversations_of_two_admins_do_not_wait_for_each_other() -> None:
    locks = Locks()
    async with asyncio.timeout(5), locks.lock(OLIVE), locks.lock(PAUL):
        assert set(locks._locks) == {OLIVE, PAUL}
    assert locks._locks == {}

"""One handler at a time works on an admin's conversation: of two at once, one would overwrite what the other wrote."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import structlog
from aiogram.fsm.storage.base import BaseEventIsolation, StorageKey

from core.clock import Clock
from core.errors import TollgateError
from core.processes.dialogue_locks import LOOK_EVERY_S, RENEW_EVERY_S, DialogueLock, LockWatch
from core.supervisor import Supervisor
from database.owners import new_owner

log = structlog.get_logger("tollgate.admin")


class LockStore(Protocol):
    """Where the locks are (`database.operations.processes.dialogue_lock_ops`)."""

    async def take(self, key: str, owner: str) -> bool: ...

    async def find(self, key: str) -> DialogueLock | None: ...

    async def take_over(self, key: str, owner: str, seen: DialogueLock) -> bool: ...

    async def renew(self, key: str, owner: str) -> bool: ...

    async def release(self, key: str, owner: str) -> bool: ...


class LocalLocks(BaseEventIsolation):
    """Locks of this process. One that nobody holds or waits for is forgotten."""

    def __init__(self) -> None:
        #: the lock, and how many hold it or wait for it
        self._locks: dict[StorageKey, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def lock(self, key: StorageKey) -> AsyncGenerator[None, None]:
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks.pop(key)
            if users > 1:
                self._locks[key] = lock, users - 1

    async def close(self) -> None:
        self._locks.clear()


class SharedLocks(LocalLocks):
    """Locks among all processes, for updates that any of them may get.

    A process that waits takes the lock of one that has died 20 s after its last beat. Raises StoreUnavailable.
    """

    def __init__(self, store: LockStore, clock: Clock) -> None:
        super().__init__()
        self._store = store
        self._clock = clock
        self._owner = new_owner()

    @asynccontextmanager
    async def lock(self, key: StorageKey) -> AsyncGenerator[None, None]:
        # in this process first: its handlers wait for each other without a command
        async with super().lock(key), self._shared(f"{key.bot_id}:{key.chat_id}:{key.user_id}"):
            yield

    @asynccontextmanager
    async def _shared(self, name: str) -> AsyncIterator[None]:
        await self._take(name)
        tasks = Supervisor()
        tasks.spawn(self._keep(name), f"lease dialogue {name}")
        try:
            yield
        finally:
            await tasks.close()
            try:
                await self._store.release(name, self._owner)
            except TollgateError as error:
                # others wait until it has had no beat for a while
                log.info("dialogue.not_released", error=type(error).__name__)

    async def _take(self, name: str) -> None:
        watch = LockWatch()
        while not await self._store.take(name, self._owner):
            lock = await self._store.find(name)
            if lock is None:
                continue
            if lock.owner == self._owner:
                # the answer to the taking was lost: no other handler of this process is here
                return
            if watch.may_take(lock, self._clock.monotonic()) and await self._store.take_over(name, self._owner, lock):
                log.warning("dialogue.taken_over", dialogue=name)
                return
            await self._clock.sleep(LOOK_EVERY_S)

    async def _keep(self, name: str) -> None:
        while True:
            await self._clock.sleep(RENEW_EVERY_S)
            try:
                await self._store.renew(name, self._owner)
            except TollgateError as error:
                log.info("dialogue.not_renewed", error=type(error).__name__)

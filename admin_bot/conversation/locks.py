"""One handler at a time works on an admin's conversation: of two at once, one would overwrite what the other wrote.

Of several processes one polls the admin bot, so its own locks are enough.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiogram.fsm.storage.base import BaseEventIsolation, StorageKey


class Locks(BaseEventIsolation):
    """A lock for each conversation. One that nobody holds or waits for is forgotten; aiogram's own keep them all."""

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

"""Virtual time: a clock that jumps to the end of the next sleep as soon as no task can run."""

import asyncio
import heapq
import itertools
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualTime:
    """A clock for the code under test; `run` lets virtual time pass until a coroutine has ended."""

    def __init__(self, start: float = 1000.0) -> None:
        self.start = start
        self.at_s = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    @property
    def passed(self) -> float:
        """Virtual seconds since the start."""
        return self.at_s - self.start

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at_s, UTC)

    def monotonic(self) -> float:
        return self.at_s

    async def sleep(self, seconds: float) -> None:
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.at_s + seconds, next(self._numbers), wake))
        await wake

    @property
    def sleeping(self) -> int:
        """How many sleeps have neither ended nor been cancelled."""
        return sum(not wake.done() for _, _, wake in self._sleepers)

    async def settle(self) -> None:
        """Run every task until all wait for something."""
        ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
        while True:
            await asyncio.sleep(0)
            if not ready:
                return

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass, waking sleepers on the way."""
        end = self.at_s + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            await self._wake_next()
        self.at_s = end
        await self.settle()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the coroutine's result after the virtual time it needs. Fails when no sleep can end its wait."""
        task = asyncio.ensure_future(work)
        await self.settle()
        while not task.done():
            assert self._sleepers, "it waits although no task sleeps: it would never end"
            await self._wake_next()
        return task.result()

    async def _wake_next(self) -> None:
        at, _, wake = heapq.heappop(self._sleepers)
        if not wake.done():
            self.at_s = max(self.at_s, at)
            wake.set_result(None)
        await self.settle()

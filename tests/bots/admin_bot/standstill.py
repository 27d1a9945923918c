"""Time that stands still until a test moves it."""

import asyncio
from datetime import datetime

from core.clock import ManualClock


class Time:
    """Sleeping without real time: a sleeper wakes when the test moves on."""

    def __init__(self) -> None:
        self._now = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        waker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now + seconds, waker))
        await waker

    async def move(self, seconds: float) -> None:
        """Let everything that can run do so, step to each wake-up in between, and settle again."""
        end = self._now + seconds
        await settle()
        while due := [entry for entry in self._sleepers if entry[0] <= end]:
            entry = min(due, key=lambda one: one[0])
            self._sleepers.remove(entry)
            self._now = max(self._now, entry[0])
            if not entry[1].done():
                entry[1].set_result(None)
            await settle()
        self._now = end


class StandingClock(ManualClock):
    """The date stands still until it is moved; waiting and seconds are those of `time`."""

    def __init__(self, start: datetime, time: Time) -> None:
        super().__init__(start)
        self._time = time

    def monotonic(self) -> float:
        return self._time._now

    async def sleep(self, seconds: float) -> None:
        await self._time.sleep(seconds)


async def settle() -> None:
    """Give every task that is ready its turn."""
    for _ in range(100):
        await asyncio.sleep(0)

"""Clocks for tests: real backends of `core.clock.Clock` whose waiting is the test's."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from core.clock import ManualClock, SystemClock

Sleep = Callable[[float], Awaitable[None]]

#: names of tasks that wait periodically for as long as they live; time must not pass on their account
PERIODIC = (
    "lease ",
    "poll ",
    "catch-up",
    "requested runs",
    "broadcast beat",
    "broadcast progress",
    "following ",
    "import watch",
    "pauses",
    "shares of calls",
    "delivery leases",
    "recovery",
    "event counts",
    "gift payments",
    "team notices",
    "sandbox clock",
)


async def yielding(seconds: float) -> None:
    """Wait without time passing; every other task gets a turn."""
    await asyncio.sleep(0)


async def never(seconds: float) -> None:
    """Wait for good."""
    await asyncio.Event().wait()


class SteeredClock(SystemClock):
    """The product's clock with the test's waiting.

    `sleep` is called for every wait, except in tasks whose name starts with a key of `in_tasks`: there that one. With
    `start` the clock stands still until `move` or `shift_to`; `monotonic` follows `now`.
    """

    def __init__(
        self, sleep: Sleep = yielding, *, start: datetime | None = None, in_tasks: Mapping[str, Sleep] | None = None
    ) -> None:
        super().__init__()
        self.on_sleep: Sleep = sleep
        self.in_tasks = dict(in_tasks or {})
        self._start = start

    def now(self) -> datetime:
        return super().now() if self._start is None else self._start + self.offset

    def monotonic(self) -> float:
        return self.now().timestamp()

    async def sleep(self, seconds: float) -> None:
        task = asyncio.current_task()
        name = "" if task is None else task.get_name()
        sleep = next((one for prefix, one in self.in_tasks.items() if name.startswith(prefix)), self.on_sleep)
        await sleep(seconds)

    def move(self, step: timedelta) -> None:
        """Let time pass as it always does: no listener is called."""
        self.offset += step


class WithSeconds(ManualClock):
    """A date that stands still until it is moved, with the monotonic seconds of the test."""

    def __init__(
        self, seconds: Callable[[], float], start: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC), sleep: Sleep = never
    ) -> None:
        super().__init__(start)
        self._seconds, self._sleep = seconds, sleep

    def monotonic(self) -> float:
        return self._seconds()

    async def sleep(self, seconds: float) -> None:
        await self._sleep(seconds)

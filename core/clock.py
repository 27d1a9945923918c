"""The one source of time. Whatever waits or measures asks a `Clock`; rules take `now` as an argument."""

import asyncio
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits by it."""

    def now(self) -> datetime:
        """The present as aware UTC; may jump when the machine's clock is set."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean something."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`; 0 lets every other task run once."""
        ...


class SystemClock:
    """The machine's clock, plus an offset that only the sandbox moves. The offset concerns `now` alone."""

    def __init__(self) -> None:
        self.offset = timedelta()
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def shift_to(self, offset: timedelta) -> None:
        """Set the offset from the machine's clock; call the listeners when it changed."""
        if offset == self.offset:
            return
        self.offset = offset
        for listener in tuple(self._listeners):
            listener()

    def on_shift(self, listener: Callable[[], None]) -> None:
        """Call `listener()` after every change of the offset."""
        self._listeners.append(listener)

    def forget(self, listener: Callable[[], None]) -> None:
        """Stop calling `listener`; an unknown one is ignored."""
        if listener in self._listeners:
            self._listeners.remove(listener)


class MachineClock(SystemClock):
    """The machine's clock, whose monotonic seconds also pass while the machine is suspended: Linux stops its others."""

    def monotonic(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()


class ManualClock:
    """A clock that moves only when told to, or by as much as is slept; for tests."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs an aware datetime")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.move(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    def move(self, step: timedelta) -> None:
        self._now += step


def to_milliseconds(moment: datetime) -> datetime:
    """Cut an aware datetime to the precision MongoDB keeps (milliseconds)."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

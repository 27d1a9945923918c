"""The one source of time. Everything asks a `Clock`; rules take `now` as an argument."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time as aware UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock, plus an offset that only the sandbox moves."""

    def __init__(self) -> None:
        self.offset = timedelta()
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def shift_to(self, offset: timedelta) -> None:
        """Set the offset against the machine's clock and tell the listeners when it changed."""
        if offset == self.offset:
            return
        self.offset = offset
        for listener in tuple(self._listeners):
            listener()

    def on_shift(self, listener: Callable[[], None]) -> None:
        """Call `listener()` after every change of the offset."""
        self._listeners.append(listener)

    def forget(self, listener: Callable[[], None]) -> None:
        """Call `listener` no more; one that is not known is ignored."""
        if listener in self._listeners:
            self._listeners.remove(listener)


class ManualClock:
    """A clock that stands still until it is moved; for tests."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs an aware datetime")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def move(self, step: timedelta) -> None:
        self._now += step


def to_milliseconds(moment: datetime) -> datetime:
    """Cut an aware datetime to the precision MongoDB keeps (milliseconds)."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

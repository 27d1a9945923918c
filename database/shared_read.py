"""A small value that every delivery needs: kept for some seconds, read once for all who need it at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from core.errors import TollgateError

T = TypeVar("T")
#: how long a value is kept: a change by another process is seen after at most this time
KEPT_FOR = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class _Value(Generic[T]):
    value: T
    read_at: datetime


@dataclass(slots=True)
class _Read(Generic[T]):
    """A read in progress. Neither a value nor an error at its end: it was cancelled."""

    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    value: _Value[T] | None = None
    error: TollgateError | None = None


class SharedRead(Generic[T]):
    """One value of one database. Concurrent callers share a read, its result or its error."""

    def __init__(self) -> None:
        self._kept: _Value[T] | None = None
        self._reading: _Read[T] | None = None

    async def get(self, now: datetime, load: Callable[[], Awaitable[T]]) -> T:
        """Return the value as of at most KEPT_FOR ago, by `load()` when none is kept. Raises what `load` raises."""
        while True:
            kept = self._kept
            if kept is not None and timedelta() <= now - kept.read_at < KEPT_FOR:
                return kept.value
            reading = self._reading
            if reading is None:
                return await self._read(now, load)
            await reading.is_over.wait()
            if reading.error is not None:
                raise type(reading.error)(*reading.error.args) from reading.error
            if reading.value is not None:
                return reading.value.value

    def clear(self) -> None:
        """Forget the value: it has changed. A read that started before serves only those who wait for it already."""
        self._kept = self._reading = None

    async def _read(self, now: datetime, load: Callable[[], Awaitable[T]]) -> T:
        reading = self._reading = _Read[T]()
        try:
            reading.value = _Value(await load(), now)
            if self._reading is reading:
                self._kept = reading.value
            return reading.value.value
        except TollgateError as error:
            reading.error = error
            raise
        finally:
            if self._reading is reading:
                self._reading = None
            reading.is_over.set()

"""Repeating with back-off, written once: what to repeat, on which errors, after which pauses."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from core.clock import Clock
from core.errors import StoreUnavailable

T = TypeVar("T")

#: pauses in seconds between two attempts: about ten minutes in all
LONG_S: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, *([8.0] * 75))
#: for what a person or an operator waits for: about ten seconds in all
SHORT_S: tuple[float, ...] = (0.5, 1.0, 2.0, 3.0, 4.0)


async def retry(
    work: Callable[[], Awaitable[T]],
    clock: Clock,
    pauses_s: Iterable[float],
    on: type[BaseException] | tuple[type[BaseException], ...],
) -> T:
    """Call the idempotent `work` until it raises none of `on`; return its result.

    One attempt, then one after each of `pauses_s`, which may be endless. Raises the error of the last attempt.
    """
    for pause_s in pauses_s:
        try:
            return await work()
        except on:
            await clock.sleep(pause_s)
    return await work()


async def retry_while_unavailable(
    write: Callable[[], Awaitable[T]], clock: Clock, pauses_s: Iterable[float] = LONG_S
) -> T:
    """Call the idempotent `write` until the database takes it; return its result.

    Raises StoreUnavailable when the database is still away after the last pause.
    """
    return await retry(write, clock, pauses_s, StoreUnavailable)

"""Repeating a database write that must not be lost, while the database is away."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from core.clock import Clock
from core.errors import StoreUnavailable

T = TypeVar("T")

#: pauses in seconds between two attempts: about ten minutes in all
LONG_S: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, *([8.0] * 75))
#: for what a person or an operator waits for: about ten seconds in all
SHORT_S: tuple[float, ...] = (0.5, 1.0, 2.0, 3.0, 4.0)


async def retry_while_unavailable(
    write: Callable[[], Awaitable[T]], clock: Clock, pauses_s: Sequence[float] = LONG_S
) -> T:
    """Call the idempotent `write` until the database takes it; return its result.

    Raises StoreUnavailable when the database is still away after the last pause.
    """
    for pause_s in pauses_s:
        try:
            return await write()
        except StoreUnavailable:
            await clock.sleep(pause_s)
    return await write()

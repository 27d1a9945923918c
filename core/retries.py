"""Writing down what has already happened while the database is away: again and again, with growing pauses."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from core.errors import StoreUnavailable

T = TypeVar("T")

#: pauses in seconds between two tries: about ten minutes in all
LONG_S: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, *([8.0] * 75))
#: for what somebody waits for: about ten seconds in all
SHORT_S: tuple[float, ...] = (0.5, 1.0, 2.0, 3.0, 4.0)


async def retry_while_unavailable(
    write: Callable[[], Awaitable[T]],
    pauses_s: Sequence[float] = LONG_S,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Call `write`, which must be repeatable, until the database takes it; returns what it returned.

    Raises StoreUnavailable when it is still away after the last pause.
    """
    for pause_s in pauses_s:
        try:
            return await write()
        except StoreUnavailable:
            await sleep(pause_s)
    return await write()

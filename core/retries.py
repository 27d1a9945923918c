"""Repeating with back-off, written once: what to repeat, on which errors, after which pauses."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from core.clock import Clock
from core.errors import StoreSlow, StoreUnavailable

T = TypeVar("T")

#: seconds before a command that took too long is repeated the first time; each further time twice as many
SLOW_FIRST_S = 5.0

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


class OutagePauses:
    """The pauses of one piece of work that meets outages, one for each failed attempt.

    A command that was too slow waits for several of the pauses at once: as long in all, with far fewer attempts.
    """

    def __init__(self, pauses_s: Iterable[float] = LONG_S) -> None:
        """`pauses_s` may be endless."""
        self._left_s = iter(pauses_s)
        self._slow_s = SLOW_FIRST_S

    def after(self, error: StoreUnavailable) -> float | None:
        """Return the seconds to wait after this error; None: give up."""
        pause_s = next(self._left_s, None)
        if pause_s is None or not isinstance(error, StoreSlow):
            return pause_s
        while pause_s < self._slow_s and (more_s := next(self._left_s, None)) is not None:
            pause_s += more_s
        self._slow_s *= 2
        return pause_s


async def retry_while_unavailable(
    write: Callable[[], Awaitable[T]], clock: Clock, pauses_s: Iterable[float] = LONG_S
) -> T:
    """Call the idempotent `write` until the database takes it; return its result.

    Raises StoreUnavailable when the database is still away after the last pause. Slow commands: see `OutagePauses`.
    """
    pauses = OutagePauses(pauses_s)
    while True:
        try:
            return await write()
        except StoreUnavailable as error:
            pause_s = pauses.after(error)
            if pause_s is None:
                raise
        await clock.sleep(pause_s)

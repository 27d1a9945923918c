"""A running writer of pauses, and limiters that report pauses to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from core.clock import ManualClock
from core.supervisor import Supervisor
from sender.limiting.pauses import Pauses
from tests.clocks import SteeredClock
from tests.unit.sender.telegram import Telegram

BOT = 42
SECOND = timedelta(seconds=1)
WRITE, FORGET = "update_one send_pauses", "find send_pauses"


def napping(clock: ManualClock, naps: "Naps") -> SteeredClock:
    """Let waits of `clock` last until the test ends them."""
    steered = SteeredClock(naps)
    steered.now = clock.now  # type: ignore[method-assign]
    return steered


class Naps:
    """Sleeps that last until the test ends them."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self._over = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        await self._over.wait()
        self._over.clear()

    def end(self) -> None:
        self._over.set()


@asynccontextmanager
async def writing(pauses: Pauses) -> AsyncIterator[None]:
    tasks = Supervisor()
    task = tasks.spawn(pauses.write(), "pauses")
    try:
        yield
        assert not task.done()
    finally:
        await tasks.close()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - waits for a count of the database's calls
            await asyncio.sleep(0)


async def written(pauses: Pauses) -> None:
    await until(lambda: pauses.pending == 0)


def a_gate(pauses: Pauses) -> Telegram:
    telegram = Telegram()
    pauses.watch(BOT, telegram.limiter)
    return telegram


def note(pauses: Pauses, chat: int | str, seconds: float) -> None:
    """Report a pause as a limiter does."""
    gate = Telegram().limiter
    pauses.watch(BOT, gate)
    assert gate.on_pause is not None
    gate.on_pause(chat, seconds)

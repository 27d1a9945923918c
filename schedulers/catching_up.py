"""The missed ticks of a process, one after the other: at a start many people may be waiting for the bots."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from core.clock import Clock
from core.supervisor import Supervisor

#: seconds for which a run holds up those behind it; a long one goes on beside them
HOLDS_FOR_S = 15.0
#: seconds between two
PAUSE_S = 1.0

#: starts the missed run; returns its task, None when nothing was missed
CatchUp = Callable[[], Awaitable["asyncio.Task[Any] | None"]]


class CatchUps:
    """Gives the jobs of one process their turns, in the order in which they ask, from `open` on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._opened = asyncio.Event()
        self._turn = asyncio.Lock()

    def open(self) -> None:
        """Let the first begin: the process takes updates."""
        self._opened.set()

    async def run(self, catch_up: CatchUp) -> None:
        """Call `catch_up` when its turn has come. Others wait until its run has ended, or for HOLDS_FOR_S."""
        await self._opened.wait()
        async with self._turn:
            run = await catch_up()
            if run is not None:
                await self._until_ended(run)
                await self._clock.sleep(PAUSE_S)

    async def _until_ended(self, run: "asyncio.Task[Any]") -> None:
        tasks = Supervisor()
        try:
            patience = tasks.spawn(self._clock.sleep(HOLDS_FOR_S), "catch-up patience")
            await asyncio.wait({run, patience}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await tasks.close()

"""Takes updates by long polling, in one process of a bot at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from core.supervisor import Supervisor
from monitoring import metrics
from runtime.updates.source import ServedBot
from sender.updates.right import PollingRight

T = TypeVar("T")

#: what a process does about the updates of a bot, as /readyz and the terminal show it
POLLING = "polling"
STANDING_BY = "standing by, another process polls"


class KeptRight(PollingRight, Protocol):
    """A right to poll that has to be kept, and given back (`runtime.updates.polling_turn.PollingTurn`)."""

    @property
    def number(self) -> int:
        """How often this process has got it."""
        ...

    async def run(self) -> None: ...

    async def release(self) -> None: ...


class PreparedRight:
    """A right to poll that is held only when what each of its turns begins with has been done."""

    def __init__(self, turn: KeptRight, prepare: Callable[[], Awaitable[None]]) -> None:
        self._turn = turn
        self._prepare = prepare
        self._prepared = 0

    @property
    def is_held(self) -> bool:
        return self._turn.is_held

    async def held(self) -> None:
        await self._turn.held()
        while self._prepared != self._turn.number:
            number = self._turn.number
            await self._prepare()
            self._prepared = number
            await self._turn.held()

    async def while_held(self, request: Callable[[], Awaitable[T]]) -> T | None:
        return await self._turn.while_held(request)


class LongPolling:
    """Polls for one bot whenever it is this process's turn."""

    #: whether it polls or stands by shows a moment after the start
    state = None

    def __init__(
        self, served: ServedBot, turn: KeptRight, before_polls: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """`before_polls` is awaited before the first poll of each turn: another process may have polled meanwhile."""
        self.served = served
        self.begun = asyncio.Event()
        self._turn = turn
        served.acknowledger.right = turn if before_polls is None else PreparedRight(turn, before_polls)

    async def serve(self) -> None:
        """Stand by, then poll, until `stop`. Another process may begin when it returns."""
        tasks, name = Supervisor(), self.served.name
        keeping = tasks.spawn(self._turn.run(), f"polling lease {name}")
        polling = tasks.spawn(self._poll(), f"polling {name}")
        try:
            await asyncio.wait({keeping, polling}, return_when=asyncio.FIRST_COMPLETED)
            if not polling.done() and not await self.stop():
                polling.cancel()
            await asyncio.wait({polling})
            # a lease that is not renewed any more ends the process: its supervisor starts another
            for task in (keeping, polling):
                if task.done() and not task.cancelled():
                    task.result()
        finally:
            await tasks.close()
            await self._turn.release()

    async def _poll(self) -> None:
        await self._turn.held()
        self.begun.set()
        await self.served.dispatcher.start_polling(
            self.served.bot,
            allowed_updates=list(self.served.allowed_updates),
            handle_signals=False,
            close_bot_session=False,
        )

    async def stop(self) -> bool:
        """Stop polling, and wait for the shutdown handlers. False: it had not started to poll."""
        try:
            await self.served.dispatcher.stop_polling()
        except RuntimeError:
            return False
        return True


def show_turn(
    name: str, bot_id: int, states: dict[str, str], announce: Callable[[str, str], None]
) -> Callable[[bool], None]:
    """Return what a `PollingTurn` calls at each change: it is printed, counted and kept in `states`."""

    def show(is_polling: bool) -> None:
        states[name] = POLLING if is_polling else STANDING_BY
        metrics.POLLS.labels(str(bot_id)).set(int(is_polling))
        announce(name.replace("_", " "), "running" if is_polling else STANDING_BY)

    return show

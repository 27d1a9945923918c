"""The shares of one process in the calls of all its bots."""

import asyncio
from collections.abc import Awaitable, Callable

from core.clock import Clock
from sender.limiting.send_limiter import SendLimiter
from sender.limiting.sharing.shared_ceiling import TICK_S, LedgerStore, SharedCeiling


class SharedCeilings:
    """Keeps the calls of this process and of others, for the same bots, below the ceiling of each bot.

    `on_slowed` reads pauses that others noted; it may raise StoreUnavailable and StoreRefused.
    """

    def __init__(
        self, clock: Clock, store: LedgerStore, process: str, on_slowed: Callable[[], Awaitable[object]]
    ) -> None:
        self._clock, self._store, self._process, self._on_slowed = clock, store, process, on_slowed
        self._bots: dict[int, SharedCeiling] = {}

    async def join(self, bot_id: int, limiter: SendLimiter) -> None:
        """Let `limiter` have a share from now on. Raises StoreUnavailable; may then be called again."""
        if bot_id not in self._bots:
            self._bots[bot_id] = SharedCeiling(
                bot_id, self._process, limiter.own_share, self._store, self._clock, self._on_slowed
            )
        await self._bots[bot_id].beat()

    async def run(self) -> None:
        """Beat for each bot until cancelled."""
        while True:
            await self._clock.sleep(TICK_S)
            await self.tick()

    async def tick(self) -> None:
        """Beat for each bot whose time it is."""
        await asyncio.gather(*(one.tick() for one in self._bots.values()))

    async def close(self) -> None:
        """Leave the shares to others. Call it after all calls to Telegram ended."""
        await asyncio.gather(*(one.close() for one in self._bots.values()))

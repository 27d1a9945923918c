"""Counts deliveries that arrived, beside them: no delivery waits for it, and a burst is one batch."""

import asyncio

import structlog

from core.clock import Clock
from core.errors import TollgateError
from database.operations.delivered_counts import count_delivered

log = structlog.get_logger("tollgate.delivery")

#: seconds from a delivery until it is counted
COUNT_AFTER_S = 1.0
#: deliveries of one batch
BATCH = 500


class DeliveredCounts:
    """One per bot and process, for as long as it serves."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._is_due = asyncio.Event()
        # what an earlier process has left
        self._is_due.set()

    def note(self) -> None:
        """Have the deliveries that were recorded counted soon. Returns at once."""
        self._is_due.set()

    async def run(self) -> None:
        """Count whenever there is something to count, until cancelled. An outage of the database only postpones."""
        while True:
            await self._is_due.wait()
            await self._clock.sleep(COUNT_AFTER_S)
            self._is_due.clear()
            try:
                await self.count_all()
            except TollgateError as error:
                log.warning("delivered_counts.put_off", error=str(error))
                self._is_due.set()

    async def count_all(self) -> int:
        """Count every delivery that is not counted yet; return how many. Raises StoreUnavailable."""
        total = 0
        while counted := await count_delivered(self._clock.now(), BATCH):
            total += counted
        return total

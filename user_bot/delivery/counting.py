"""Counts events beside what makes them happen: nobody waits for it, and a burst is one batch."""

from zoneinfo import ZoneInfo

import structlog

from core.clock import Clock
from core.errors import TollgateError
from database.connection import current_database
from database.operations.counting.batches import EVERYWHERE, count_events
from database.uncounted import TRIES

log = structlog.get_logger("tollgate.statistics")

#: seconds from an event until it is counted
COUNT_AFTER_S = 1.0
#: rows of each collection in one batch
BATCH = 500


class EventCounts:
    """One per bot and process, for as long as it serves. Events of other processes are counted with its next one."""

    def __init__(self, clock: Clock, zone: ZoneInfo) -> None:
        self._clock = clock
        self._zone = zone

    async def run(self) -> None:
        """Count whenever there is something to count, until cancelled. An outage of the database only postpones."""
        uncounted = current_database().uncounted
        while True:
            await uncounted.wait()
            await self._clock.sleep(COUNT_AFTER_S)
            names = uncounted.take()
            try:
                await self.count_all(names)
            except TollgateError as error:
                log.warning("event_counts.put_off", error=str(error))
                uncounted.note(*names, TRIES)

    async def count_all(self, names: frozenset[str] = EVERYWHERE) -> int:
        """Count every event of these collections that is not counted yet; return how many rows.

        Raises StoreUnavailable; then it may be repeated.
        """
        total = 0
        # what is left after fewer than a batch came in since, and is noted
        while counted := await count_events(self._zone, BATCH, names):
            total += counted
            if counted < BATCH:
                break
        return total

"""The statistics job: what is kept of a day at its midnight, and events that nobody has counted yet.

Everything else is counted when it happens (docs/decisions/0035-statistics.md). Kept are the subscribers active in the
1, 7 and 30 days that end with the day, the posts delivered most, and totals. Subscribers seen again between midnight
and the run belong to the new day by then: the day that is over keeps the highest of its runs. A day that is closed
more than an hour late keeps what its last run found.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from core.days import start_of_day
from core.jobs import Counts
from core.statistics import ACTIVE, Count
from core.statistics.periods import days_before
from database.batches import Bounds
from database.operations import statistics_ops
from database.operations.counting import batches, post_days, tries
from schedulers.context import JobContext
from schedulers.runner import Run

log = structlog.get_logger("tollgate.statistics")

#: posts in the list of those most delivered
TOP_POSTS = 10
#: days before today that are closed late, after an outage
DAYS_BACK = 7
#: totals counted within this time after a day are taken for those of its end
TOTALS_FIT_FOR = timedelta(hours=1)
#: rows of each collection in one batch of events
BATCH = 500
#: days after which the rows of tries are of no use: a delivery that was interrupted is told within a day
TRIES_KEPT_DAYS = 3


class Statistics:
    """Counts on the server and writes one row a day; the row refuses a run with an older fence."""

    def __init__(self, zone: ZoneInfo, bounds: Bounds) -> None:
        self._zone = zone
        self._bounds = bounds
        self._pause_s = bounds.get("pause_ms", 50) / 1000

    async def __call__(self, run: Run) -> Counts:
        await self._count_events(run)
        today = start_of_day(run.now(), self._zone)
        spans: list[tuple[datetime, datetime | None]] = [*await self._open_before(today), (today, None)]
        for start, end in spans:
            if not await self._count(run, start, end):
                return Counts(dict(run.done), more=True)
        return Counts(dict(run.done), more=await self._delete_old_tries(run, today))

    async def _count_events(self, run: Run) -> None:
        """Count what the bots have left, for example of a page whose visitor never came back."""
        while not run.should_stop and (counted := await batches.count_events(self._zone, BATCH)):
            run.done["events"] += counted
            await run.clock.sleep(self._pause_s)

    async def _delete_old_tries(self, run: Run, today: datetime) -> bool:
        """Delete the rows of tries that are counted and over; returns whether some are left."""
        bounds: Bounds = {**self._bounds, "clock": run.clock, "goes_on": lambda: not run.should_stop}
        removed = await tries.delete_old(days_before(today, TRIES_KEPT_DAYS, self._zone), **bounds)
        if removed.count:
            run.done["tries_removed"] += removed.count
        return removed.more

    async def _open_before(self, today: datetime) -> list[tuple[datetime, datetime | None]]:
        """Return start and end of the days since the last closed one, DAYS_BACK at most, oldest first.

        Oldest first, so that a run that ends early leaves no open day before a closed one. An open yesterday is always
        included, an earlier day only when it or a day before it has a row: before the first row there was no traffic.
        """
        rows = {day.date for day in await statistics_ops.last_days(today, DAYS_BACK)}
        found: list[tuple[datetime, datetime | None]] = []
        wanted, end = 1, today
        for place in range(1, DAYS_BACK + 1):
            start = start_of_day(end - timedelta(hours=1), self._zone)
            if await statistics_ops.is_closed(start):
                wanted = len(found)
                break
            found.append((start, end))
            if start in rows:
                wanted = place
            end = start
        return found[:wanted][::-1]

    async def _count(self, run: Run, start: datetime, end: datetime | None) -> bool:
        """Write what is kept of one day; False when the run was stopped before, or lost its lease to another."""
        until = run.now() if end is None else end
        fits = end is None or run.now() - end <= TOTALS_FIT_FOR
        active: dict[Count, int] = {}
        for days, counter in ACTIVE.items() if fits else ():
            if run.should_stop:
                return False
            active[counter] = await statistics_ops.count_active(days_before(start, days - 1, self._zone), until)
            await run.clock.sleep(self._pause_s)
        posts = await post_days.top(start, until, TOP_POSTS)
        await run.clock.sleep(self._pause_s)
        totals = await statistics_ops.count_totals() if fits else None
        if run.should_stop:
            return False
        is_written = await statistics_ops.write_day(
            start, run.fence, run.now(), active, totals=totals, posts=posts, is_over=end is not None
        )
        if not is_written:
            log.warning("statistics.refused", day=start.isoformat(), fence=run.fence)
        run.done["days" if is_written else "refused"] += 1
        return is_written


def create(context: JobContext) -> Statistics:
    return Statistics(context.zone, context.bounds)

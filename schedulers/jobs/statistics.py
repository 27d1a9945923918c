"""The daily statistics: of today so far, and of past days until they are closed.

Exact once the day is closed: new users (those not deleted since), created verification tokens, started broadcasts, and
the copies that were sent, on the day the sending ended.

As of the last run within the day, or of the run that closes it at midnight:
- deliveries: each post to each user once a day, by the time of the latest delivery. A delivery writes that time anyway,
  so counting costs it nothing. One whose answer was lost counts, one that failed does not. A post opened again after
  midnight moves to the new day: yesterday may lack those of the seconds before the closing run, never those an earlier
  run had counted.
- active users: by when they were last seen, in the same way.
- verified and bypassed tokens: those that expired and were deleted since the last run are missing; a token that paid is
  kept for two days and is never missing.
- totals (users, blocked users, posts, database size): at that time; a day closed more than an hour late keeps those of
  its last run.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from core.days import start_of_day
from core.jobs import Counts
from core.statistics import Count
from database.batches import Bounds
from database.operations import statistics_ops
from schedulers.context import JobContext
from schedulers.runner import Run

log = structlog.get_logger("tollgate.statistics")

#: posts in the list of those most delivered
TOP_POSTS = 10
#: days before today that are closed late, after an outage
DAYS_BACK = 7
#: totals counted within this time after a day are taken for those of its end
TOTALS_FIT_FOR = timedelta(hours=1)


class Statistics:
    """Counts on the server and writes one row a day; the row refuses a run with an older fence."""

    def __init__(self, zone: ZoneInfo, bounds: Bounds) -> None:
        self._zone = zone
        self._pause_s = bounds.get("pause_ms", 50) / 1000

    async def __call__(self, run: Run) -> Counts:
        today = start_of_day(run.now(), self._zone)
        spans: list[tuple[datetime, datetime | None]] = [*await self._open_before(today), (today, None)]
        for start, end in spans:
            if not await self._count(run, start, end):
                return Counts(dict(run.done), more=True)
        return Counts(dict(run.done))

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
        """Count one day and write it; False when the run was stopped before, or lost its lease to another."""
        until = run.now() if end is None else end
        counted: dict[Count, int] = {}
        for counter in statistics_ops.DAILY_COUNTS:
            if run.should_stop:
                return False
            counted[counter] = await statistics_ops.count_on(counter, start, until)
            await run.clock.sleep(self._pause_s)
        posts = await statistics_ops.top_posts(start, until, TOP_POSTS)
        fits = end is None or run.now() - end <= TOTALS_FIT_FOR
        totals = await statistics_ops.count_totals() if fits else None
        if run.should_stop:
            return False
        is_written = await statistics_ops.write_day(
            start, run.fence, run.now(), counted, totals=totals, posts=posts, is_over=end is not None
        )
        if not is_written:
            log.warning("statistics.refused", day=start.isoformat(), fence=run.fence)
        run.done["days" if is_written else "refused"] += 1
        return is_written


def create(context: JobContext) -> Statistics:
    return Statistics(context.zone, context.bounds)

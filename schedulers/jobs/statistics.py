"""The numbers of each day: of today so far, and of those before it until they are closed.

Exact once the day is closed: new users (who was kept since), verification tokens made, broadcasts begun, and their
copies that arrived, on the day the sending ended.

As of the last run within the day, or of the one that closes it at midnight:
- deliveries: each post to each person once a day, by the time of the latest. A delivery writes that time anyway, so
  counting costs it nothing. One whose answer was lost counts as delivered, one that failed does not. Opened again after
  midnight it moves to the new day: those of the seconds before the closing run are missing in yesterday's number, never
  those an earlier run had seen.
- active users: by when they were last seen, in the same way.
- verified and bypassed tokens: what expired and was cleaned away since the last run is missing; a token that paid stays
  two days and is never missing.
- totals (users, blocked users, posts, database size): as they stand then; of a day that is closed more than an hour
  late those of its last run stay.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from core.days import start_of_day
from core.jobs import Counts
from core.statistics import Count
from database.batches import Bounds
from database.operations import statistics_ops, stats_ops
from schedulers.context import JobContext
from schedulers.runner import Run

log = structlog.get_logger("tollgate.statistics")

#: posts in the list of those most delivered
TOP_POSTS = 10
#: days before today that are closed belatedly, after an outage
DAYS_BACK = 7
#: totals counted so late after a day still are those of its end
TOTALS_FIT_FOR = timedelta(hours=1)


class Statistics:
    """Counts on the server and writes one row a day, which refuses whoever lost the job meanwhile."""

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
        """Start and end of the days since the last closed one, DAYS_BACK at most, oldest first.

        Oldest first, so that a run that ends early leaves no open day behind a closed one. Yesterday is always among
        those not closed; a day before it only when it, or one before it, has a row: before the first there was nothing.
        """
        rows = {day.date for day in await stats_ops.last_days(today, DAYS_BACK)}
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
        """Count one day and write it; False when the run was stopped before, or has lost its job to another."""
        until = run.now() if end is None else end
        counted: dict[Count, int] = {}
        for counter in statistics_ops.OF_A_DAY:
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

"""Current totals and today's counts, for the tiles of the admin page."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.days import start_of_day
from core.statistics import Count
from database.operations import deletion_ops, statistics_ops
from web_app.cached_result import CachedResult

#: seconds the counts are cached: each of them scans an index
_CACHED_FOR_S = 10.0
#: later than the time of any pending deletion
_FAR_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)
#: the precision of the database: the current millisecond is included
_MILLISECOND = timedelta(milliseconds=1)
#: the name in the answer, and the counter it shows of today
_TODAY = {
    "new_users_today": Count.NEW_USERS,
    "active_today": Count.ACTIVE_USERS,
    "deliveries_today": Count.DELIVERIES,
    "verified_today": Count.VERIFIED,
    "bypassed_today": Count.BYPASSED,
}


class LiveCounts:
    """Counts at most once in 10 seconds, however many ask."""

    def __init__(self, zone: ZoneInfo, clock: Clock) -> None:
        async def count() -> dict[str, int]:
            return await _count(clock.now(), zone)

        self._counts = CachedResult(count, _CACHED_FOR_S, clock)

    async def get(self) -> dict[str, int]:
        """The counts by name, at most 10 seconds old. Raises StoreUnavailable."""
        return await self._counts.get()


async def _count(now: datetime, zone: ZoneInfo) -> dict[str, int]:
    totals = await statistics_ops.count_totals()
    midnight = start_of_day(now, zone)
    counted = await statistics_ops.read_day(midnight)
    until = now + _MILLISECOND
    today = {name: await statistics_ops.count_on(counter, midnight, until) for name, counter in _TODAY.items()}
    return {
        **{counter.value: count for counter, count in totals.items()},
        # documents that the statistics job counted earlier today may have been deleted since
        **{name: max(count, counted.get(_TODAY[name], 0)) for name, count in today.items()},
        "pending_deletions": await deletion_ops.count_overdue(_FAR_FUTURE),
        "overdue_deletions": await deletion_ops.count_overdue(now),
    }

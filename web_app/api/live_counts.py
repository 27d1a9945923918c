"""Current totals and today's numbers, for the tiles of the admin page: those the admin bot shows."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.statistics import Count
from core.statistics.periods import Period
from database.operations import deletion_ops, statistics_ops
from web_app.cached_result import CachedResult

#: seconds the counts are cached: each of them scans an index
_CACHED_FOR_S = 10.0
#: later than the time of any pending deletion
_FAR_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)


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
    today = await statistics_ops.overview(Period.TODAY, now, zone)
    return {
        **{counter.value: count for counter, count in totals.items()},
        "new_users_today": today.figures.of(Count.NEW_USERS),
        "active_today": today.active,
        "deliveries_today": today.figures.of(Count.DELIVERED),
        "verified_today": today.figures.of(Count.UNLOCKS),
        "bypassed_today": today.figures.too_fast,
        "pending_deletions": await deletion_ops.count_overdue(_FAR_FUTURE),
        "overdue_deletions": await deletion_ops.count_overdue(now),
    }

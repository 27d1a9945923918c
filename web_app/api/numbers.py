"""How many there are right now."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.days import start_of_day
from core.statistics import Count
from database.operations import deletion_ops, statistics_ops

#: seconds the numbers are shown without counting again: each is a walk through an index
_HOLD_S = 10.0
#: after every promise there is
_EVER = datetime(9999, 1, 1, tzinfo=UTC)
#: the database keeps milliseconds: what happens in this one counts, too
_MOMENT = timedelta(milliseconds=1)
#: what is told of today, and what it is called there
_TODAY = {
    "new_users_today": Count.NEW_USERS,
    "active_today": Count.ACTIVE_USERS,
    "deliveries_today": Count.DELIVERIES,
    "verified_today": Count.VERIFIED,
    "bypassed_today": Count.BYPASSED,
}


@dataclass(slots=True)
class Numbers:
    """Counts at most every _HOLD_S seconds, however many ask."""

    zone: ZoneInfo
    monotonic: Callable[[], float] = time.monotonic
    _found: dict[str, int] | None = None
    _at: float = 0.0
    _counting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def current(self, now: datetime) -> dict[str, int]:
        """The numbers by name, at most a few seconds old. Raises StoreUnavailable."""
        async with self._counting:
            if self._found is None or self.monotonic() - self._at >= _HOLD_S:
                self._found = await _count(now, self.zone)
                self._at = self.monotonic()
            return self._found


async def _count(now: datetime, zone: ZoneInfo) -> dict[str, int]:
    totals = await statistics_ops.count_totals()
    midnight = start_of_day(now, zone)
    counted = await statistics_ops.read_day(midnight)
    today = {name: await statistics_ops.count_on(counter, midnight, now + _MOMENT) for name, counter in _TODAY.items()}
    return {
        **{counter.value: count for counter, count in totals.items()},
        # what the statistics job has seen today may have been cleaned away since
        **{name: max(count, counted.get(_TODAY[name], 0)) for name, count in today.items()},
        "pending_deletions": await deletion_ops.count_overdue(_EVER),
        "overdue_deletions": await deletion_ops.count_overdue(now),
    }

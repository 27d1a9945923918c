"""The days of a period as a table: what the screens show, day by day."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from core.csv_tables import Cell, to_csv
from core.statistics.counts import Count, DayStats
from core.statistics.periods import sum_of

#: counters in the order of the columns
COLUMNS = (
    Count.USERS,
    Count.NEW_USERS,
    Count.BLOCKED,
    Count.ACTIVE_USERS,
    Count.ACTIVE_7,
    Count.ACTIVE_30,
    Count.TRIES,
    Count.JOINED,
    Count.UNLOCKED,
    Count.DELIVERED,
    Count.UNLOCKS,
    Count.TOO_FAST,
    Count.ANNOUNCEMENTS,
    Count.BROADCASTS,
    Count.BROADCAST_COPIES,
)
#: kept at midnight, or not at all; every other counter of a day that counts events is 0 where it is missing
_KEPT = frozenset({Count.USERS, Count.ACTIVE_USERS, Count.ACTIVE_7, Count.ACTIVE_30})


def days_csv(days: Sequence[DayStats], zone: ZoneInfo) -> bytes:
    """Return the days as a CSV file, oldest first; what was not counted or kept is an empty cell."""
    header = ["date", *(count.value for count in COLUMNS)]
    return to_csv(header, [_row(day, zone) for day in days])


def _row(day: DayStats, zone: ZoneInfo) -> list[Cell]:
    date = day.date.astimezone(zone).date().isoformat()
    return [date, *(cell_of(day, count) for count in COLUMNS)]


def cell_of(day: DayStats, count: Count) -> Cell:
    """Return a counter of a day; None where it was not counted or kept."""
    if count not in day.counters and (count in _KEPT or not day.is_by_event):
        return None
    return sum_of([day]).too_fast if count is Count.TOO_FAST else day.count(count)

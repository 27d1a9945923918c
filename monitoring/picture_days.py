"""The days a picture shows: one after the other without gaps, each with the numbers of its row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from core.statistics import Count, DayStats

#: more days than this are not told apart any more; the latest are shown
DAYS_MAX = 366
#: from so many days on the months are written, not the days
_MONTHS_FROM = 100
_MARKS_MAX = 7


@dataclass(frozen=True, slots=True)
class Days:
    """`dates` are those of the calendar in TIMEZONE, oldest first, each there; `rows` those somebody counted."""

    dates: tuple[date, ...]
    rows: dict[date, DayStats]

    def counts(self, name: Count) -> list[int]:
        """Of each day; 0 where nothing was counted."""
        return [self.rows[day].count(name) if day in self.rows else 0 for day in self.dates]

    def totals(self, name: Count) -> list[float]:
        """As each day ended; not a number where nobody looked, for a total of 0 would be untrue."""
        rows = (self.rows.get(day) for day in self.dates)
        return [float("nan") if row is None or name not in row.counters else row.count(name) for row in rows]

    def marks(self) -> list[tuple[int, str]]:
        """Places along the axis, counted from 0, and what is written there."""
        if len(self.dates) >= _MONTHS_FROM:
            return self._months()
        step = -(-len(self.dates) // _MARKS_MAX)
        places = range(len(self.dates) - 1, -1, -step)
        return [(place, _day(self.dates[place])) for place in reversed(places)]

    def _months(self) -> list[tuple[int, str]]:
        firsts = [(place, day) for place, day in enumerate(self.dates) if day.day == 1]
        return [
            (place, f"{day:%b}\n{day.year}" if day.month == 1 or place == firsts[0][0] else f"{day:%b}")
            for place, day in firsts
        ]


def days_of(stats: Sequence[DayStats], zone: ZoneInfo) -> Days:
    """From the first day with a row to the last, at most DAYS_MAX; of two rows of a day the later counts."""
    rows = {row.date.astimezone(zone).date(): row for row in sorted(stats, key=lambda row: row.date)}
    if not rows:
        return Days((), {})
    last = max(rows)
    first = max(min(rows), last - timedelta(days=DAYS_MAX - 1))
    return Days(tuple(first + timedelta(days=past) for past in range((last - first).days + 1)), rows)


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"

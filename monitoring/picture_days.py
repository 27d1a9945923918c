"""The days of a chart: consecutive dates without gaps, with the counters of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from core.language import spoken
from core.statistics import Count, DayStats
from core.statistics.periods import sum_of

#: more days cannot be distinguished in a chart; the latest are shown
DAYS_MAX = 366
#: from this number of days on the axis is labelled by months instead of days
_MONTHS_FROM = 100
_LABELS_MAX = 7


@dataclass(frozen=True, slots=True)
class Days:
    """`dates` are all calendar dates in TIMEZONE, oldest first; `rows` has those that were counted."""

    dates: tuple[date, ...]
    rows: dict[date, DayStats]

    def counts(self, name: Count) -> list[int]:
        """The counter of each day, as it is shown (`Figures`); 0 for a day without a row."""
        return [_shown(self.rows[day], name) if day in self.rows else 0 for day in self.dates]

    def totals(self, name: Count) -> list[float]:
        """The total at the end of each day; NaN for a day without a row, where 0 would be wrong."""
        rows = (self.rows.get(day) for day in self.dates)
        return [float("nan") if row is None or name not in row.counters else row.count(name) for row in rows]

    def labels(self) -> list[tuple[int, str]]:
        """Labels of the axis: index of the day, and text."""
        if len(self.dates) >= _MONTHS_FROM:
            return self._months()
        step = -(-len(self.dates) // _LABELS_MAX)
        places = range(len(self.dates) - 1, -1, -step)
        return [(place, _day(self.dates[place])) for place in reversed(places)]

    def _months(self) -> list[tuple[int, str]]:
        firsts = [(place, day) for place, day in enumerate(self.dates) if day.day == 1]
        return [
            (place, f"{_month(day)}\n{day.year}" if day.month == 1 or place == firsts[0][0] else _month(day))
            for place, day in firsts
        ]


def _shown(day: DayStats, name: Count) -> int:
    return sum_of([day]).too_fast if name is Count.TOO_FAST else day.count(name)


def days_of(stats: Sequence[DayStats], zone: ZoneInfo) -> Days:
    """The days from the first row to the last, at most DAYS_MAX; of two rows of one day the later is used."""
    rows = {row.date.astimezone(zone).date(): row for row in sorted(stats, key=lambda row: row.date)}
    if not rows:
        return Days((), {})
    last = max(rows)
    first = max(min(rows), last - timedelta(days=DAYS_MAX - 1))
    return Days(tuple(first + timedelta(days=past) for past in range((last - first).days + 1)), rows)


def _day(day: date) -> str:
    return format_date(day, "d MMM", locale=spoken())


def _month(day: date) -> str:
    return format_date(day, "LLL", locale=spoken())

"""What is shown of a period: sums of its days, and of the period before."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from core.days import start_of_day
from core.statistics.counts import Count, DayStats, SourceDay, TopPost

#: a counter that only rows of older versions have
_OLD = "deliveries"


class Period(StrEnum):
    """The periods that can be shown. A closed list."""

    TODAY = "today"
    WEEK = "7"
    MONTH = "30"
    ALL = "all"

    @property
    def days(self) -> int | None:
        """How many days it has, today included; None: all."""
        return {Period.TODAY: 1, Period.WEEK: 7, Period.MONTH: 30}.get(self)


def days_before(day: datetime, count: int, zone: ZoneInfo) -> datetime:
    """Return the midnight of the day `count` days before the day of `day`, whatever clocks were changed between."""
    date = day.astimezone(zone).date() - timedelta(days=count)
    return start_of_day(datetime.combine(date, time(12), tzinfo=zone), zone)


@dataclass(frozen=True, slots=True)
class Figures:
    """The sums of some days."""

    counts: Mapping[str, int] = field(default_factory=dict)

    def of(self, name: Count) -> int:
        return self.counts.get(name, 0)

    @property
    def too_fast(self) -> int:
        """Unlocks that ended as too fast: without those whose free page after it was paid."""
        return max(self.of(Count.TOO_FAST) - self.of(Count.MENDED), 0)

    @property
    def too_fast_share(self) -> float:
        """The part of all ended unlocks that ended as too fast, from 0 to 1."""
        ended = self.of(Count.UNLOCKS) + self.too_fast
        return self.too_fast / ended if ended else 0.0

    @property
    def delivered_share(self) -> float:
        """The part of all tries that arrived whole, from 0 to 1."""
        tries = self.of(Count.TRIES)
        return self.of(Count.DELIVERED) / tries if tries else 0.0


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the statistics show of a period."""

    period: Period
    #: all subscribers now
    subscribers: int
    #: seen in the period, each once; of `Period.ALL` in the last 30 days
    active: int
    #: in the period before; None: it was not kept
    active_before: int | None
    figures: Figures
    #: of the period before; None for `Period.ALL`
    before: Figures | None
    #: by name in the link
    sources: Mapping[str, SourceDay] = field(default_factory=dict)
    most_wanted: TopPost | None = None
    #: the first day on which events were counted, if an older version counted days of the period before it
    counted_since: datetime | None = None


def sum_of(days: Iterable[DayStats]) -> Figures:
    """Return the sums of the days."""
    counts: Counter[str] = Counter()
    for day in days:
        counts.update(day.counters)
    return Figures(counts)


def sources_of(days: Iterable[DayStats]) -> dict[str, SourceDay]:
    """Return what came by each source, the most new subscribers first, then the most tries."""
    found: dict[str, Counter[str]] = {}
    for day in days:
        for name, counts in day.sources.items():
            found.setdefault(name, Counter()).update(counts.model_dump())
    ordered = sorted(found.items(), key=lambda one: (-one[1]["new"], -one[1]["tries"], one[0]))
    return {name: SourceDay.model_validate(counts) for name, counts in ordered}


def counted_since(days: Iterable[DayStats]) -> datetime | None:
    """Return the first day on which events were counted, if there is an older one that a former version counted.

    None as well when no event was counted after such a day: then nothing newer is shown.
    """
    ordered = sorted(days, key=lambda day: day.date)
    first = next((day.date for day in ordered if day.is_by_event), None)
    return first if any(_OLD in day.counters and (first is None or day.date <= first) for day in ordered) else None


def change(now: int, before: int | None) -> float | None:
    """Return the change against the period before, 0.08 for 8 % more; None when there is nothing to compare."""
    return (now - before) / before if before else None

"""WHEN things run: planned instants as plain data and arithmetic. `schedulers/registry.py` says which job has which."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class Schedule(Protocol):
    """Planned instants, aware UTC."""

    def latest_tick(self, now: datetime) -> datetime:
        """The last planned instant at or before `now`."""
        ...

    def next_tick(self, now: datetime) -> datetime:
        """The first planned instant after `now`."""
        ...

    def in_words(self) -> str: ...

    def as_trigger(self) -> str:
        """For programs, as APScheduler writes one: `interval[0:01:00]`, `cron[hour='0,12', minute='0']`."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """Every full `period` of the zone's clock: each minute, each full hour. Longer ones ignore daylight changes."""

    period: timedelta
    zone: ZoneInfo

    def latest_tick(self, now: datetime) -> datetime:
        # zones such as Asia/Kolkata have their full hour at half past in UTC
        shift = (now.astimezone(self.zone).utcoffset() or timedelta()) % _HOUR
        return now.astimezone(UTC) - (now - _EPOCH + shift) % self.period

    def next_tick(self, now: datetime) -> datetime:
        return self.latest_tick(now) + self.period

    def in_words(self) -> str:
        minutes = int(self.period.total_seconds() // 60)
        if minutes > 60 and not minutes % 60:
            return f"every {minutes // 60} hours"
        return {1: "every minute", 60: "every full hour"}.get(minutes, f"every {minutes} minutes")

    def as_trigger(self) -> str:
        return f"interval[{self.period}]"


@dataclass(frozen=True, slots=True)
class Daily:
    """At full hours of the zone's day.

    An hour that a daylight change skips comes at the first instant after it; one that comes twice counts once.
    """

    hours: tuple[int, ...]
    zone: ZoneInfo

    def _ticks(self, day: date) -> list[datetime]:
        moments = (datetime.combine(day, time(hour), tzinfo=self.zone) for hour in sorted(set(self.hours)))
        return sorted({moment.astimezone(UTC) for moment in moments})

    def latest_tick(self, now: datetime) -> datetime:
        today = now.astimezone(self.zone).date()
        return max(tick for day in (today - _DAY, today, today + _DAY) for tick in self._ticks(day) if tick <= now)

    def next_tick(self, now: datetime) -> datetime:
        today = now.astimezone(self.zone).date()
        return min(tick for day in (today, today + _DAY, today + 2 * _DAY) for tick in self._ticks(day) if tick > now)

    def in_words(self) -> str:
        *others, last = [f"{hour:02d}:00" for hour in sorted(set(self.hours))]
        return "daily at " + (f"{', '.join(others)} and {last}" if others else last)

    def as_trigger(self) -> str:
        return f"cron[hour='{','.join(str(hour) for hour in sorted(set(self.hours)))}', minute='0']"


@dataclass(frozen=True, slots=True)
class Both:
    """At the ticks of two schedules; one they share counts once."""

    first: Schedule
    second: Schedule

    def latest_tick(self, now: datetime) -> datetime:
        return max(self.first.latest_tick(now), self.second.latest_tick(now))

    def next_tick(self, now: datetime) -> datetime:
        return min(self.first.next_tick(now), self.second.next_tick(now))

    def in_words(self) -> str:
        return f"{self.first.in_words()}, and {self.second.in_words()}"

    def as_trigger(self) -> str:
        return f"{self.first.as_trigger()} or {self.second.as_trigger()}"


def every_minute(zone: ZoneInfo) -> Schedule:
    return Every(timedelta(minutes=1), zone)


def every_full_hour(zone: ZoneInfo) -> Schedule:
    return Every(timedelta(hours=1), zone)


def daily_at(hours: tuple[int, ...], zone: ZoneInfo) -> Schedule:
    return Daily(hours, zone)

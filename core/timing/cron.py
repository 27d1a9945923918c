"""Lines of cron: five fields (minute, hour, day of month, month, weekday), as plain data and as a schedule.

As crontab(5): Sunday is 0 and 7; where day of month and weekday are both restricted, either is enough. Refused are what
some programs add to it: seconds, `@daily`, `L`, `W`, `#`, `?`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.errors import BadInput

_DAY = timedelta(days=1)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_WEEKDAYS_SHOWN = ("Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays")
#: days of the longest month of that number
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
#: days after which a line with any date at all has come: the first of a month on a certain weekday, around 2100
_HORIZON = 15 * 366
#: more times a day are not listed in words
_LISTED_MAX = 4
_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d{1,4}))?", re.ASCII)
#: name, lowest, highest, names of the values from the lowest on
_FIELDS: tuple[tuple[str, int, int, Sequence[str]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 7, _WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class CronLine:
    """One line: the values of each field, ascending."""

    #: as it was typed, single spaces between the fields
    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    #: 0 is Sunday
    weekdays: tuple[int, ...]
    #: day of month and weekday are both restricted: either is enough
    is_either_day: bool

    def is_on(self, day: date) -> bool:
        """Return whether it comes on that day."""
        if day.month not in self.months:
            return False
        is_day, is_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (is_day or is_weekday) if self.is_either_day else (is_day and is_weekday)

    @property
    def is_hourly(self) -> bool:
        """True when it comes in every hour of its days: then an hour that comes twice counts twice."""
        return len(self.hours) == 24

    def daily_times(self) -> list[str] | None:
        """Return the few times of each of its weekdays, like `04:00`; None when they are many or not on each."""
        times = [f"{hour:02d}:{minute:02d}" for hour in self.hours for minute in self.minutes]
        is_every_day = len(self.days) == 31 and len(self.months) == 12 and not self.is_either_day
        return times if is_every_day and len(times) <= _LISTED_MAX else None

    def in_words(self) -> str:
        """`daily at 04:00`, `Sundays at 03:00`; for other lines the line itself."""
        times = self.daily_times()
        if times is None:
            return f"at {self.text} (cron)"
        days = "daily" if len(self.weekdays) == 7 else _listed([_WEEKDAYS_SHOWN[number] for number in self.weekdays])
        return f"{days} at {_listed(times)}"


def _listed(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def read_cron_line(text: str) -> CronLine:
    """Parse a line. Raises BadInput naming the field that cannot be read, also for a date that never comes."""
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise BadInput("five fields are expected: minute, hour, day of month, month, weekday, like 30 4 * * *")
    values = [_values(field, *about) for field, about in zip(fields, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = (tuple(sorted(one)) for one in values)
    is_either_day = not fields[2].startswith("*") and not fields[4].startswith("*")
    if not is_either_day and all(days[0] > _LONGEST[month - 1] for month in months):
        raise BadInput(f"there is no day {fields[2]} in month {fields[3]}")
    sundays_once = tuple(sorted({number % 7 for number in weekdays}))
    return CronLine(" ".join(fields), minutes, hours, days, months, sundays_once, is_either_day)


def _values(field: str, name: str, lowest: int, highest: int, names: Sequence[str]) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise BadInput(f"{name}: {part[:20]!r} is no number, range or step")
        found |= _range(match, name, lowest, highest, names)
    return found


def _range(match: re.Match[str], name: str, lowest: int, highest: int, names: Sequence[str]) -> set[int]:
    first, last, step = match["first"], match["last"], int(match["step"] or 1)
    is_open = first == "*"
    if (is_open and last is not None) or (not is_open and last is None and match["step"] is not None) or step == 0:
        raise BadInput(f"{name}: {match.group()[:20]!r} is no number, range or step")
    # */2 of weekdays: Sunday once
    top = min(highest, 6) if is_open and name == "weekday" else highest
    begins = lowest if is_open else _number(first, name, lowest, highest, names)
    ends = top if is_open else begins if last is None else _number(last, name, lowest, highest, names)
    if ends < begins:
        raise BadInput(f"{name}: {match.group()[:20]!r} goes backwards")
    return set(range(begins, ends + 1, step))


def _number(text: str, name: str, lowest: int, highest: int, names: Sequence[str]) -> int:
    if text.lower() in names:
        return lowest + names.index(text.lower())
    if not text.isdecimal() or not lowest <= int(text) <= highest:
        raise BadInput(f"{name}: {text[:20]!r} is not from {lowest} to {highest}")
    return int(text)


@dataclass(frozen=True, slots=True)
class Cron:
    """At the times of a line, in the zone's time.

    A time that a daylight change skips comes an hour later; one that comes twice counts once, except in lines that come
    in every hour.
    """

    line: CronLine
    zone: ZoneInfo

    def latest_tick(self, now: datetime) -> datetime:
        return max(self._first_found(now, -1, lambda tick: tick <= now))

    def next_tick(self, now: datetime) -> datetime:
        return min(self._first_found(now, 1, lambda tick: tick > now))

    def in_words(self) -> str:
        return self.line.in_words()

    def as_trigger(self) -> str:
        return f"cron[{self.line.text}]"

    def _first_found(self, now: datetime, way: int, fits: Callable[[datetime], bool]) -> list[datetime]:
        """Return the fitting ticks of the first day, from the one before `now` on, that has any."""
        today = now.astimezone(self.zone).date()
        for number in range(-1, _HORIZON):
            found = [tick for tick in self._ticks(today + number * way * _DAY) if fits(tick)]
            if found:
                return found
        raise AssertionError(f"{self.line.text} never comes")  # refused by read_cron_line

    def _ticks(self, day: date) -> Iterator[datetime]:
        if not self.line.is_on(day):
            return
        for hour in self.line.hours:
            for minute in self.line.minutes:
                for fold in (0, 1) if self.line.is_hourly else (0,):
                    yield datetime.combine(day, time(hour, minute, fold=fold), tzinfo=self.zone).astimezone(UTC)

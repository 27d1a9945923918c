"""Times of announcements: short enough for a button, and as HTML for a sentence."""

from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_day_names

from views.language import pgettext, spoken
from views.times import LONGEST_AHEAD, in_client_zone

#: a weekday with its day of the month is clear for so long
_DAYS_WITH_WEEKDAY = 27


def short_time(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return `today 14:05`, `tomorrow 09:00`, `Mon 24, 18:00`, `24 Dec, 18:00` or `24 Dec 2027, 18:00`; plain text."""
    days, clock = _days_ahead(moment, zone, now), f"{moment.astimezone(zone):%H:%M}"
    return _on_day(days).format(time=clock) if days in (0, 1) else listed_time(moment, zone, now)


def _days_ahead(moment: datetime, zone: ZoneInfo, now: datetime) -> int:
    return (moment.astimezone(zone).date() - now.astimezone(zone).date()).days


def _on_day(days: int) -> str:
    """Return what stands around a time today or tomorrow."""
    return pgettext("day with time", "tomorrow {time}") if days else pgettext("day with time", "today {time}")


def _day(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return `Mon 24`, `24 Dec` or `24 Dec 2027`."""
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    if abs((local.date() - today).days) <= _DAYS_WITH_WEEKDAY:
        weekday = weekday_names()[local.weekday()]
        return pgettext("short date", "{weekday} {day}").format(weekday=weekday, day=local.day)
    # three letters, as many as there is room for
    month = format_date(local, "MMM", locale=spoken())[:3]
    if local.year == today.year:
        return pgettext("short date", "{day} {month}").format(day=local.day, month=month)
    return pgettext("short date", "{day} {month} {year}").format(day=local.day, month=month, year=local.year)


def weekday_names(width: Literal["abbreviated", "short"] = "abbreviated") -> list[str]:
    """Return the names of the seven days, Monday first. `width`: `short` has two letters."""
    names = get_day_names(width, locale=spoken())
    return [names[day] for day in range(7)]


def listed_time(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return `Mon 24, 18:00`, also for today; a row of the schedule."""
    clock = f"{moment.astimezone(zone):%H:%M}"
    return pgettext("day with time", "{day}, {time}").format(day=_day(moment, zone, now), time=clock)


def time_words(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return `short_time` as HTML, shown in the client's own time zone where the app can."""
    words = short_time(moment, zone, now)
    if moment - now > LONGEST_AHEAD:
        return words
    days = _days_ahead(moment, zone, now)
    if days in (0, 1):
        return _on_day(days).format(time=in_client_zone(moment, "t", f"{moment.astimezone(zone):%H:%M}"))
    return in_client_zone(moment, "Dt", words)


def tight_time(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return at most 12 characters for half a row: `18:00`, `Mon 24 18:00`, `24 Dec 18:00`, `24 Dec 2027`."""
    local = moment.astimezone(zone)
    days = _days_ahead(moment, zone, now)
    if days == 0:
        return f"{local:%H:%M}"
    day, is_this_year = _day(moment, zone, now), local.year == now.astimezone(zone).year
    return f"{day} {local:%H:%M}" if is_this_year or abs(days) <= _DAYS_WITH_WEEKDAY else day


def clock_of(minute: int) -> str:
    """Return `09:05` for minutes since midnight."""
    return f"{timedelta(minutes=minute) // timedelta(hours=1):02}:{minute % 60:02}"

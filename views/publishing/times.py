"""Times of announcements: short enough for a button, and as HTML for a sentence."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from views.times import LONGEST_AHEAD, in_client_zone

#: a weekday with its day of the month is clear for so long
_DAYS_WITH_WEEKDAY = 27


def short_time(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return `today 14:05`, `tomorrow 09:00`, `Mon 24, 18:00`, `24 Dec, 18:00` or `24 Dec 2027, 18:00`; plain text."""
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    days = (local.date() - today).days
    if days in (0, 1):
        return f"{'tomorrow' if days else 'today'} {local:%H:%M}"
    return f"{_day(local, today.year, days)}, {local:%H:%M}"


def _day(local: datetime, this_year: int, days: int) -> str:
    if abs(days) <= _DAYS_WITH_WEEKDAY:
        return f"{local:%a} {local.day}"
    return f"{local.day} {local:%b}" if local.year == this_year else f"{local.day} {local:%b %Y}"


def listed_time(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return `Mon 24, 18:00`, also for today; a row of the schedule."""
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    return f"{_day(local, today.year, (local.date() - today).days)}, {local:%H:%M}"


def time_words(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return `short_time` as HTML, shown in the client's own time zone where the app can."""
    words = short_time(moment, zone, now)
    if moment - now > LONGEST_AHEAD:
        return words
    day, _, clock = words.rpartition(" ")
    if day in ("today", "tomorrow"):
        return f"{day} {in_client_zone(moment, 't', clock)}"
    return in_client_zone(moment, "Dt", words)


def tight_time(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return at most 12 characters for half a row: `18:00`, `Mon 24 18:00`, `24 Dec 18:00`, `24 Dec 2027`."""
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    days = (local.date() - today).days
    if days == 0:
        return f"{local:%H:%M}"
    day = _day(local, today.year, days)
    return day if local.year != today.year and abs(days) > _DAYS_WITH_WEEKDAY else f"{day} {local:%H:%M}"


def clock_of(minute: int) -> str:
    """Return `09:05` for minutes since midnight."""
    return f"{timedelta(minutes=minute) // timedelta(hours=1):02}:{minute % 60:02}"

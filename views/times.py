"""Times and durations in words."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from views.words import counted


def clock_time(moment: datetime, zone: ZoneInfo) -> str:
    """`14:05 (Europe/Berlin)`; the zone is named because the person may live elsewhere."""
    return f"{moment.astimezone(zone):%H:%M} ({zone.key})"


def date_and_time(moment: datetime, zone: ZoneInfo) -> str:
    """`3 March 2026, 14:05 (Europe/Berlin)`."""
    local = moment.astimezone(zone)
    return f"{local.day} {local:%B %Y, %H:%M} ({zone.key})"


def duration(span: timedelta) -> str:
    """`45 seconds`, `30 minutes`, `2 hours 5 minutes`, `3 days 1 hour`; rounded to the nearest unit shown."""
    seconds = round(span.total_seconds())
    if seconds < 60:
        return counted(max(seconds, 0), "second")
    minutes = round(seconds / 60)
    if minutes < 60:
        return counted(minutes, "minute")
    if minutes < 48 * 60:
        parts = (minutes // 60, "hour", minutes % 60, "minute")
    else:
        hours = round(minutes / 60)
        parts = (hours // 24, "day", hours % 24, "hour")
    large, large_word, small, small_word = parts
    return counted(large, large_word) + (f" {counted(small, small_word)}" if small else "")

"""Times and durations in words.

Points in time are HTML for messages: clients that support Telegram's date_time entity show them in their own time zone,
all others show the words, which name the zone.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from views.quantities import counted

#: Telegram accepts up to 1,098 days
LONGEST_AHEAD = timedelta(days=1000)


def clock_time(moment: datetime, zone: ZoneInfo) -> str:
    """Return `14:05 (Europe/Berlin)`."""
    return in_client_zone(moment, "t", f"{moment.astimezone(zone):%H:%M} ({zone.key})")


def date_and_time(moment: datetime, zone: ZoneInfo, now: datetime | None = None) -> str:
    """Return `3 March 2026, 14:05 (Europe/Berlin)`; in the client's own time zone only with `now`.

    Telegram refuses a message with a time more than three years ahead (tdlib/telegram-bot-api issue 852).
    """
    local = moment.astimezone(zone)
    words = f"{local.day} {local:%B %Y, %H:%M} ({zone.key})"
    return words if now is None or moment - now > LONGEST_AHEAD else in_client_zone(moment, "Dt", words)


def in_client_zone(moment: datetime, form: str, words: str) -> str:
    """Wrap the words in a date-time entity. `form`: `t` for the time, `D` for the date in words (Bot API)."""
    return f'<tg-time unix="{int(moment.timestamp())}" format="{form}">{words}</tg-time>'


def duration(span: timedelta) -> str:
    """Return `45 seconds`, `30 minutes`, `2 hours 5 minutes`, `3 days 1 hour`; rounded to the nearest unit shown."""
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


def short_duration(span: timedelta) -> str:
    """Return `45 s`, `30 min`, `5 h`, `3 days` for a button; rounded down, never negative."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 48 * 3600 else f"{seconds // 86400} days"

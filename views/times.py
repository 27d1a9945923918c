"""Times and durations in words.

Points in time are HTML for messages: clients that support Telegram's date_time entity show them in their own time zone,
all others show the words, which name the zone.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from views.language import _, ngettext, pgettext, spoken

#: Telegram accepts up to 1,098 days
LONGEST_AHEAD = timedelta(days=1000)


def clock_time(moment: datetime, zone: ZoneInfo) -> str:
    """Return `14:05 (Europe/Berlin)`."""
    return in_client_zone(moment, "t", f"{moment.astimezone(zone):%H:%M} ({zone.key})")


def date_and_time(moment: datetime, zone: ZoneInfo, now: datetime | None = None) -> str:
    """Return `3 March 2026, 14:05 (Europe/Berlin)`; in the client's own time zone only with `now`.

    The date is as the language writes it. Telegram refuses a message with a time more than three years ahead
    (tdlib/telegram-bot-api issue 852).
    """
    local = moment.astimezone(zone)
    words = _("{day}, {time} ({zone})").format(day=date_in_words(local), time=f"{local:%H:%M}", zone=zone.key)
    return words if now is None or moment - now > LONGEST_AHEAD else in_client_zone(moment, "Dt", words)


def date_in_words(local: date) -> str:
    """Return `3 March 2026`, as the language writes it; day before month, also in English."""
    return format_date(local, "long", locale=_locale())


def short_date(moment: datetime, zone: ZoneInfo) -> str:
    """Return `3 Mar`, as the language writes it."""
    return format_date(moment.astimezone(zone), "d MMM", locale=_locale())


def _locale() -> str:
    # the short forms of American English differ
    return "en_GB" if spoken() == "en" else spoken()


def in_client_zone(moment: datetime, form: str, words: str) -> str:
    """Wrap the words in a date-time entity. `form`: `t` for the time, `D` for the date in words (Bot API)."""
    return f'<tg-time unix="{int(moment.timestamp())}" format="{form}">{words}</tg-time>'


def duration(span: timedelta) -> str:
    """Return `45 seconds`, `30 minutes`, `2 hours 5 minutes`, `3 days 1 hour`; rounded to the nearest unit shown."""
    seconds = round(span.total_seconds())
    if seconds < 60:
        return _seconds(max(seconds, 0))
    minutes = round(seconds / 60)
    if minutes < 60:
        return _minutes(minutes)
    if minutes < 48 * 60:
        return _two_units(_hours(minutes // 60), _minutes(minutes % 60) if minutes % 60 else "")
    hours = round(minutes / 60)
    return _two_units(_days(hours // 24), _hours(hours % 24) if hours % 24 else "")


def short_duration(span: timedelta) -> str:
    """Return `45 s`, `30 min`, `5 h`, `3 days` for a button; rounded down, never negative."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return pgettext("seconds on a button", "{count} s").format(count=seconds)
    if seconds < 3600:
        return pgettext("minutes on a button", "{count} min").format(count=seconds // 60)
    if seconds < 48 * 3600:
        return pgettext("hours on a button", "{count} h").format(count=seconds // 3600)
    return _days(seconds // 86400)


def _seconds(count: int) -> str:
    return ngettext("{count} second", "{count} seconds", count).format(count=f"{count:,}")


def _minutes(count: int) -> str:
    return ngettext("{count} minute", "{count} minutes", count).format(count=f"{count:,}")


def _hours(count: int) -> str:
    return ngettext("{count} hour", "{count} hours", count).format(count=f"{count:,}")


def _days(count: int) -> str:
    return ngettext("{count} day", "{count} days", count).format(count=f"{count:,}")


def _two_units(large: str, small: str) -> str:
    """Join `2 hours` and `5 minutes`."""
    return pgettext("two units of time", "{large} {small}").format(large=large, small=small) if small else large

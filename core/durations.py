"""Durations as people type and read them: `90 min`, `1h 30m`, `2 days`, `never`."""

import re
from datetime import timedelta

from core.errors import BadInput
from core.language import _, ngettext, pgettext

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: the longest duration that is accepted
LONGEST = timedelta(days=3650)

#: unit -> its length, and how it is typed in the languages of the team
_UNITS = {
    "w": (timedelta(weeks=1), "weeks?|w|недел[яиью]|нед"),
    "d": (DAY, "days?|d|день|дня|дней|дн|д"),
    "h": (HOUR, "hours?|hrs?|h|часов|часа|час|ч"),
    "m": (MINUTE, "minutes?|mins?|m|минут[аыу]?|мин|м"),
    "s": (SECOND, "seconds?|secs?|s|секунд[аыу]?|сек|с"),
}
_NUMBER = "[0-9]{1,9}"
#: each unit at most once, the larger before the smaller; minutes at the end need no unit after hours: `1h30`
_PARTS = "".join(
    rf"(?: ?(?P<{unit}>{_NUMBER}) ?(?:{words}){'(?: ?(?P<rest>[0-5]?[0-9])(?=$))?' if unit == 'h' else ''})?"
    for unit, (_, words) in _UNITS.items()
)
_DURATION = re.compile(_PARTS, re.ASCII | re.IGNORECASE)
_AT_THE_START = re.compile(rf"{_PARTS}(?!\w)", re.IGNORECASE)
_BARE = re.compile(_NUMBER, re.ASCII)
#: "no duration", where that is allowed; a zero without a unit is one of them, "0h" is not
_NEVER = frozenset(
    {"never", "off", "none", "no", "-", "for ever", "forever", "никогда", "нет", "навсегда", "выкл", "всегда"}
)


def read_duration(text: str, *, bare: timedelta | None = None, never: bool = False) -> timedelta:
    """Parse a duration. `bare`: the unit of a number without one; None refuses it.

    `never`: also accept `never`, `off`, `for ever` and 0, as a duration of zero. Raises BadInput, also above LONGEST.
    """
    typed = " ".join(text.split()).lower()
    if never and typed in _NEVER:
        return timedelta()
    if bare is not None and _BARE.fullmatch(typed):
        span = _bounded(int(typed), bare)
        is_valid = span > timedelta() or never
    else:
        found = _DURATION.fullmatch(typed)
        span = _span(found) if found is not None else timedelta()
        is_valid = span > timedelta()
    if not is_valid or span > LONGEST:
        raise BadInput(expected(never=never))
    return span


def expected(*, never: bool) -> str:
    """Say how a duration is typed. `never`: it may also be none."""
    if never:
        return _("That is no duration I understand. Send it like 90 min, 1h 30m, 2 days or never.")
    return _("That is no duration I understand. Send it like 90 min, 1h 30m or 2 days, up to 3650 days.")


def split_duration(text: str) -> tuple[timedelta | None, str]:
    """Split `7d sold my posts` into the duration at the start and the rest; None when it starts with none."""
    typed = " ".join(text.split())
    found = _AT_THE_START.match(typed)
    span = _span(found) if found is not None else timedelta()
    if found is None or not timedelta() < span <= LONGEST:
        return None, typed
    return span, typed[found.end() :].strip()


def in_short(span: timedelta) -> str:
    """Return `30 s`, `45 min`, `1 h 30 min`, `47 h`, `3 days`: exact to the second, in English as it is typed."""
    seconds = int(span.total_seconds())
    days, seconds = divmod(seconds, 86400) if seconds >= 2 * 86400 else (0, seconds)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    parts = [ngettext("{count} day", "{count} days", days).format(count=days)] if days else []
    if hours:
        parts.append(pgettext("hours on a button", "{count} h").format(count=hours))
    if minutes or not (days or hours or seconds):
        parts.append(pgettext("minutes on a button", "{count} min").format(count=minutes))
    if seconds:
        parts.append(pgettext("seconds on a button", "{count} s").format(count=seconds))
    return " ".join(parts)


def _span(found: re.Match[str]) -> timedelta:
    total = timedelta()
    for unit, (length, _typed) in _UNITS.items():
        total += _bounded(int(found[unit] or 0), length)
    return total + int(found["rest"] or 0) * MINUTE


def _bounded(number: int, unit: timedelta) -> timedelta:
    """Multiply; a product above LONGEST becomes something above it, which is refused and cannot overflow."""
    return number * unit if number <= LONGEST // unit else LONGEST + DAY

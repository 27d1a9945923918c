"""Maintenance: until a time subscribers get nothing but that time. It ends by itself."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.durations import read_duration
from core.errors import BadInput
from core.settings.model import BotSettings
from core.times import read_time

#: an unlock that was finished before is still valid afterwards (TOKEN_EXPIRY_DAYS is two days)
LONGEST = timedelta(hours=24)
#: how long it may last, on buttons
OFFERED = tuple(timedelta(minutes=minutes) for minutes in (15, 30, 60, 120, 360, 720))
#: ends are rounded up to it: “Back at 18:00” rather than 17:58
_ROUNDED_TO = timedelta(minutes=5)
#: what people write before a time or a duration
_BEFORE = ("until ", "till ", "for ", "in ")


def maintenance_end(settings: BotSettings, now: datetime) -> datetime | None:
    """Return when the maintenance that is on at `now` ends (exclusive); None while there is none.

    One that would last longer than LONGEST was stored by a clock that has been put back since: it is none.
    """
    until = settings.maintenance_until
    return until if until is not None and now < until <= now + LONGEST + _ROUNDED_TO else None


def end_after(span: timedelta, now: datetime) -> datetime:
    """Return when a maintenance of that length ends, rounded up to five minutes."""
    seconds = _ROUNDED_TO.total_seconds()
    stamp = (now + span).timestamp()
    return datetime.fromtimestamp(-(-stamp // seconds) * seconds, now.tzinfo)


def read_end(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Read a typed end: `18:00`, `until 6:00`, `for 90 min`, `2 h`, `tomorrow 9:00`; a number alone is minutes.

    A time of day that has passed is tomorrow's. None for anything else, and for an end that is over or too far. Whole
    minutes, a duration rounded up to five.
    """
    typed = " ".join(text.split()).lower()
    for word in _BEFORE:
        typed = typed.removeprefix(word)
    until = _end_in(typed, now) or _end_at(typed, now, zone) or _end_at(f"tomorrow {typed}", now, zone)
    return until if until is not None and is_possible_end(until, now) else None


def _end_in(typed: str, now: datetime) -> datetime | None:
    try:
        span = read_duration(typed, bare=timedelta(minutes=1))
    except BadInput:
        return None
    # the longest one is not rounded beyond the limit
    return min(end_after(span, now), now + LONGEST) if span <= LONGEST else now + span


def _end_at(typed: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    try:
        return read_time(typed, now, zone)
    except BadInput:
        return None


def is_possible_end(until: datetime, now: datetime) -> bool:
    """Return whether a maintenance may end then."""
    return now < until <= now + LONGEST

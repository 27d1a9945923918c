"""Points in time as people type them: `18:00`, `tomorrow 9:00`, `in 2 hours`, `Mon 18:00`, `24.12. 18:00`."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from core.durations import read_duration
from core.errors import BadInput
from core.language import _, ngettext, spoken

#: the furthest time that is accepted
LONGEST_AHEAD = timedelta(days=366)

#: in the languages of the team
_WEEKDAYS = (
    "mon(?:day)?|пн|понедельник",
    "tue(?:s|sday)?|вт|вторник",
    "wed(?:nesday)?|ср|сред[ау]",
    "thu(?:rs|rsday)?|чт|четверг",
    "fri(?:day)?|пт|пятниц[ау]",
    "sat(?:urday)?|сб|суббот[ау]",
    "sun(?:day)?|вс|воскресенье",
)
_DAYS_OF_WEEK = "|".join(f"(?P<w{n}>{words})" for n, words in enumerate(_WEEKDAYS))
_TIME = re.compile(
    rf"(?:(?P<word>today|tomorrow|сегодня|завтра) |(?:во? )?(?:{_DAYS_OF_WEEK}),? "
    r"|(?P<day>[0-9]{1,2})\. ?(?P<month>[0-9]{1,2})\.?(?: ?(?P<year>[0-9]{4}))?,? "
    r"|(?P<iso_year>[0-9]{4})-(?P<iso_month>[0-9]{1,2})-(?P<iso_day>[0-9]{1,2})[ t])?"
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})",
    re.ASCII,
)
_FROM_NOW = re.compile(r"(?:in|через) (.+)")
#: a day without a year that is longer ago than this means next year's
_LONG_AGO = timedelta(days=183)


def read_time(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Read a time to come, on the clocks of `zone`, as aware UTC.

    A day without a year is the nearer one of this year's and next year's; a weekday is the next one. A time the clocks
    skip moves on by what they skip; of one they show twice the first that is still to come is meant. Raises BadInput,
    also for times in the past or further ahead than LONGEST_AHEAD.
    """
    typed = " ".join(text.split()).lower()
    from_now = _FROM_NOW.fullmatch(typed)
    if from_now is not None:
        return _checked([now + _span(from_now[1])], now, zone)
    found = _TIME.fullmatch(typed)
    if found is None:
        raise BadInput(_expected())
    try:
        day = _day(found, now.astimezone(zone).date())
        moments = _moments(day, found, zone)
        if _weekday(found) is not None and moments[-1] <= now:
            moments = _moments(day + timedelta(days=7), found, zone)
    except (ValueError, OverflowError):
        words = _("There is no such day or time. Send it like 24.12. 18:00 or 2026-12-24 18:00.")
        raise BadInput(words) from None
    return _checked(moments, now, zone)


def at_local(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return the instant when the clocks of `zone` show `clock` on `day`, as aware UTC.

    A time they skip moves on by what they skip; of one they show twice it is the first. Raises OverflowError at the
    ends of the calendar.
    """
    return datetime.combine(day, clock).replace(tzinfo=zone, fold=0).astimezone(UTC)


def _span(typed: str) -> timedelta:
    try:
        return read_duration(typed)
    except BadInput:
        raise BadInput(_expected()) from None


def _moments(day: date, found: re.Match[str], zone: ZoneInfo) -> list[datetime]:
    """Return the typed time on this day; two instants, in order, where the clocks show it twice."""
    clock = time(int(found["hour"]), int(found["minute"]))
    first = at_local(day, clock, zone)
    second = datetime.combine(day, clock).replace(tzinfo=zone, fold=1).astimezone(UTC)
    # of a skipped time the second reading is earlier than the first
    return [first, second] if second > first else [first]


def _checked(moments: list[datetime], now: datetime, zone: ZoneInfo) -> datetime:
    future = [moment for moment in moments if moment > now]
    if not future:
        passed = _("{time} has passed: now it is {now}. Send a later time.")
        raise BadInput(passed.format(time=_words(moments[0], zone), now=_words(now, zone)))
    if future[0] - now > LONGEST_AHEAD:
        too_far = ngettext(
            "At most {count} day ahead. Send an earlier time.",
            "At most {count} days ahead. Send an earlier time.",
            LONGEST_AHEAD.days,
        )
        raise BadInput(too_far.format(count=LONGEST_AHEAD.days))
    return future[0]


def _expected() -> str:
    return _(
        "That is no time I understand. Send it like 18:00, tomorrow 9:00, in 2 hours, Mon 18:00, 24.12. 18:00 or "
        "2026-12-24 18:00."
    )


def _words(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    # day before month, also in English
    day = format_date(local, "long", locale="en_GB" if spoken() == "en" else spoken())
    return _("{day}, {time} ({zone})").format(day=day, time=f"{local:%H:%M}", zone=zone.key)


def _weekday(found: re.Match[str]) -> int | None:
    return next((number for number in range(7) if found[f"w{number}"]), None)


def _day(found: re.Match[str], today: date) -> date:
    """Return the typed day. Raises ValueError if the calendar does not have it."""
    weekday = _weekday(found)
    if weekday is not None:
        return today + timedelta(days=(weekday - today.weekday()) % 7)
    if found["word"] in ("tomorrow", "завтра"):
        return today + timedelta(days=1)
    if found["iso_year"]:
        return date(int(found["iso_year"]), int(found["iso_month"]), int(found["iso_day"]))
    if not found["day"]:
        return today
    day, month = int(found["day"]), int(found["month"])
    if found["year"]:
        return date(int(found["year"]), month, day)
    return _nearest(day, month, today)


def _nearest(day: int, month: int, today: date) -> date:
    """Return this year's day, or next year's if this one is long past. Raises ValueError if that year lacks it."""
    try:
        this_year = date(today.year, month, day)
    except ValueError:
        # the 29th of February: next year may have one
        return date(today.year + 1, month, day)
    return date(today.year + 1, month, day) if today - this_year > _LONG_AGO else this_year

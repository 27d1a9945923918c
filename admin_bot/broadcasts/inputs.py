"""Reading what an admin types about a broadcast. Every BadInput says what is expected."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from admin_bot.inputs import read_minutes_or_never
from core.broadcasts import BUTTONS_MAX, LIFETIME_MAX, LIFETIME_MIN, LONGEST_AHEAD, LinkButton, check_button
from core.errors import BadInput
from core.segments import ACTIVE_DAYS_MAX, LANGUAGE, SOURCE, Segment, SegmentKind
from views.broadcasts import compose_texts as texts
from views.html import bare

#: text, a dash with spaces around it (phones make longer ones of a hyphen), address; the last dash counts
_BUTTON = re.compile(r"(?P<text>.*)\s[-–—]\s+(?P<url>\S+)")
_DAYS = re.compile(r"[0-9]{1,3}", re.ASCII)
_TIME = re.compile(
    r"(?:(?P<word>today|tomorrow)\s+"
    r"|(?P<day>[0-9]{1,2})\.\s?(?P<month>[0-9]{1,2})\.?(?:\s?(?P<year>[0-9]{4}))?\s+"
    r"|(?P<iso_year>[0-9]{4})-(?P<iso_month>[0-9]{1,2})-(?P<iso_day>[0-9]{1,2})\s+)?"
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})",
    re.ASCII,
)
#: a day without a year that is longer ago than this means next year's
_LONG_AGO = timedelta(days=183)


def read_buttons(text: str) -> tuple[LinkButton, ...]:
    """Read one button per line, `text - address`; none for a single dash. Raises BadInput naming the line, from 1."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if [line for _, line in lines] in (["-"], ["–"], ["—"]):
        return ()
    if not lines:
        raise BadInput(texts.BUTTONS_EXPECTED)
    if len(lines) > BUTTONS_MAX:
        raise BadInput(texts.TOO_MANY_BUTTONS)
    return tuple(_button(number, line) for number, line in lines)


def _button(number: int, line: str) -> LinkButton:
    found = _BUTTON.fullmatch(line)
    if found is None:
        raise BadInput(texts.of_line(number, texts.BUTTONS_EXPECTED))
    try:
        return check_button(" ".join(bare(found["text"]).split()), found["url"])
    except BadInput as problem:
        raise BadInput(texts.of_line(number, problem.sentence)) from None


def read_lifetime(text: str) -> int:
    """Read `45`, `2h`, `1h 30m` as minutes, 0 for `never`. Raises BadInput, also below 10 minutes, above 47 hours."""
    minutes = read_minutes_or_never(text)
    if minutes is None:
        raise BadInput(texts.LIFETIME_EXPECTED)
    if minutes > LIFETIME_MAX:
        raise BadInput(texts.LIFETIME_TOO_LONG)
    if 0 < minutes < LIFETIME_MIN:
        raise BadInput(texts.LIFETIME_TOO_SHORT)
    return minutes


def read_active(text: str) -> Segment:
    """Read `90`: subscribers seen within the last 90 days. Raises BadInput."""
    typed = text.strip()
    if not _DAYS.fullmatch(typed) or not 1 <= int(typed) <= ACTIVE_DAYS_MAX:
        raise BadInput(texts.DAYS_EXPECTED)
    return Segment(kind=SegmentKind.ACTIVE, days=int(typed))


def read_language(text: str) -> Segment:
    """Read `pt`, `pt-BR`, `pt_br`: subscribers whose app uses the language. Raises BadInput."""
    typed = text.strip().lower().replace("_", "-")
    if not LANGUAGE.fullmatch(typed):
        raise BadInput(texts.LANGUAGE_EXPECTED)
    return Segment(kind=SegmentKind.LANGUAGE, language=typed)


def read_source(text: str) -> Segment:
    """Read `spring24`, with or without its `s_`: subscribers who came through the source. Raises BadInput."""
    typed = text.strip().removeprefix("-").removeprefix("s_")
    if not SOURCE.fullmatch(typed):
        raise BadInput(texts.SOURCE_EXPECTED)
    return Segment(kind=SegmentKind.SOURCE, source=typed)


def read_send_at(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Read `18:30` (today), `tomorrow 9:00`, `25.11. 18:30`, `2026-11-25 18:30` in `zone`, as aware UTC.

    A day without a year is the nearer one of this year's and next year's. A time the clocks show twice is the first one
    in the future. Raises BadInput, also for times in the past, skipped by the clocks, or more than 366 days ahead.
    """
    found = _TIME.fullmatch(" ".join(text.split()).lower())
    if found is None:
        raise BadInput(texts.TIME_EXPECTED)
    try:
        day = _day(found, now.astimezone(zone).date())
        local = datetime.combine(day, time(int(found["hour"]), int(found["minute"])))
        moments = [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
        is_skipped = moments[0].astimezone(zone).replace(tzinfo=None) != local
    except (ValueError, OverflowError):
        raise BadInput(texts.NO_SUCH_DAY) from None
    if is_skipped:
        raise BadInput(texts.skipped(zone))
    future = [moment for moment in moments if moment > now]
    if not future:
        raise BadInput(texts.past(moments[0], zone, now))
    if future[0] - now > LONGEST_AHEAD:
        raise BadInput(texts.TOO_FAR)
    return future[0]


def _day(found: re.Match[str], today: date) -> date:
    """Return the typed day. Raises ValueError if the calendar does not have it."""
    if found["word"] == "tomorrow":
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

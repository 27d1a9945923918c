"""The numbers of /stats. A number that was not counted is called so, never 0; numbers say when they were counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.days import start_of_day
from core.statistics import Count, DayStats
from views.html import isolate
from views.quantities import counted, in_bytes, people
from views.times import clock_time, date_and_time

#: posts named, and characters of their titles
_TOP, _TITLE_MAX = 5, 60
_NOT_COUNTED = "not counted yet"

COUNTING = "A new count is asked for. It takes a few seconds."
COUNTING_BEFORE = "A new count is asked for already."
DRAWING = "The pictures are being drawn."
DRAWING_BEFORE = "The pictures are being drawn already. They come in a moment."
NOTHING_TO_DRAW = "Nothing was counted in these days, so there is nothing to draw."
NOT_DRAWN = (
    "The pictures could not be drawn. The reason stands in the log; the numbers above are complete without them."
)
NOT_SENT = (
    "The pictures were drawn, but sending them did not work, or Telegram's answer was lost. Press the button again."
)
GONE = "This button is from an older screen. /stats makes a new one."


@dataclass(frozen=True, slots=True)
class Live:
    """Numbers counted now."""

    users: int
    posts: int
    #: deliveries that should have been deleted by now
    overdue: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """Everything /stats shows."""

    #: the days with stored numbers, the oldest first
    days: Sequence[DayStats]
    live: Live
    #: when the last successful count started; None if none is known
    counted_at: datetime | None
    #: whether a count is requested or running
    is_counting: bool
    #: when the last count ended, if it failed
    failed_at: datetime | None = None


def is_counted(day: DayStats) -> bool:
    """Return whether the statistics job has counted the day: a broadcast alone creates a day's row, too."""
    return Count.NEW_USERS in day.counters


def last(days: Sequence[DayStats], count: int, now: datetime, zone: ZoneInfo) -> list[DayStats]:
    """Return the counted days among the last `count` days including today, the oldest first."""
    first = now.astimezone(zone).date() - timedelta(days=count - 1)
    return [day for day in days if is_counted(day) and day.date.astimezone(zone).date() >= first]


def statistics(numbers: Numbers, now: datetime, zone: ZoneInfo) -> str:
    """Return the whole message."""
    blocks = [
        [f"<b>Statistics</b>, {_as_of(numbers, now, zone)}"],
        *_two_days(numbers, now, zone),
        _period(7, numbers, now, zone),
        _period(30, numbers, now, zone),
        _in_all(numbers, now, zone),
        _top_posts(numbers, now, zone),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _as_of(numbers: Numbers, now: datetime, zone: ZoneInfo) -> str:
    if numbers.counted_at is None:
        as_of = "of which no count of late is known. “Refresh” asks for one"
    else:
        as_of = f"as counted {date_and_time(numbers.counted_at, zone, now)}"
    if numbers.is_counting:
        return f"{as_of}. A new count is asked for and not done yet."
    if numbers.failed_at is not None:
        return f"{as_of}. A count since then did not go well: /jobs statistics says why."
    return f"{as_of}."


# days


def _two_days(numbers: Numbers, now: datetime, zone: ZoneInfo) -> list[list[str]]:
    today = start_of_day(now, zone)
    yesterday = start_of_day(today - timedelta(hours=1), zone)
    rows = {day.date: day for day in numbers.days if is_counted(day)}
    at = numbers.counted_at
    up_to = "" if at is None else f" up to {clock_time(at, zone)}"
    is_closed = at is None or at >= today
    return [
        [f"<b>Today</b>{up_to if is_closed else ''}", *_day(rows.get(today))],
        [f"<b>Yesterday</b>{'' if is_closed else up_to}", *_day(rows.get(yesterday))],
    ]


def _day(day: DayStats | None) -> list[str]:
    if day is None:
        return [_NOT_COUNTED]
    return [
        f"Users: {_number(day, Count.NEW_USERS)} new, {_number(day, Count.ACTIVE_USERS)} active",
        f"Posts handed over: {_number(day, Count.DELIVERIES)}",
        _verifications([day]),
        f"Verification links made: {_number(day, Count.TOKENS)}",
        _broadcasts([day]),
    ]


def _number(day: DayStats, name: Count) -> str:
    return f"{day.counters[name]:,}" if name in day.counters else _NOT_COUNTED


# periods


def _period(span: int, numbers: Numbers, now: datetime, zone: ZoneInfo) -> list[str]:
    """Return the sums over the counted days, and how many they are if some are missing."""
    days = last(numbers.days, span, now, zone)
    heading = f"<b>Last {span} days</b>"
    if not days:
        return [heading, _NOT_COUNTED]
    if len(days) < span:
        heading += f", of which {counted(len(days), 'day')} {'was' if len(days) == 1 else 'were'} counted"
    active = _known(days, Count.ACTIVE_USERS)
    # the active users of several days cannot be added up: most are the same
    a_day = f"{sum(active) / len(active):,.1f} active a day" if active else f"active: {_NOT_COUNTED}"
    return [
        heading,
        f"Users: {_sum(days, Count.NEW_USERS)} new, {a_day}",
        f"Posts handed over: {_sum(days, Count.DELIVERIES)}",
        _verifications(days),
        f"Verification links made: {_sum(days, Count.TOKENS)}",
        _broadcasts(days),
    ]


def _known(days: Sequence[DayStats], name: Count) -> list[int]:
    return [day.counters[name] for day in days if name in day.counters]


def _sum(days: Sequence[DayStats], name: Count) -> str:
    known = _known(days, name)
    return f"{sum(known):,}" if known else _NOT_COUNTED


def _verifications(days: Sequence[DayStats]) -> str:
    verified, bypassed = _known(days, Count.VERIFIED), _known(days, Count.BYPASSED)
    if not verified or not bypassed:
        return f"Verified: {_NOT_COUNTED}"
    whole = sum(verified) + sum(bypassed)
    share = f" ({100 * sum(bypassed) / whole:.1f} % of both)" if whole else ""
    return f"Verified: {sum(verified):,}, bypassed: {sum(bypassed):,}{share}"


def _broadcasts(days: Sequence[DayStats]) -> str:
    started, copies = _known(days, Count.BROADCASTS), _known(days, Count.BROADCAST_COPIES)
    if not started:
        return f"Broadcasts: {_NOT_COUNTED}"
    return f"Broadcasts: {sum(started):,}" + (f", which reached {people(sum(copies))}" if sum(copies) else "")


# totals


def _in_all(numbers: Numbers, now: datetime, zone: ZoneInfo) -> list[str]:
    live = numbers.live
    lines = [
        f"<b>In all</b>, as of {clock_time(now, zone)}",
        f"Users: {live.users:,}",
        f"Posts: {live.posts:,}",
        f"Deliveries that should be taken back by now: {live.overdue:,}",
    ]
    day = next((day for day in reversed(numbers.days) if Count.BLOCKED_USERS in day.counters), None)
    if day is None:
        return lines
    lines.append(f"At the last count: {day.count(Count.BLOCKED_USERS):,} of the users had blocked the bot")
    if Count.DATABASE_BYTES in day.counters:
        lines[-1] += f", and the database took {in_bytes(day.count(Count.DATABASE_BYTES))}"
    return lines


def _top_posts(numbers: Numbers, now: datetime, zone: ZoneInfo) -> list[str]:
    """Return the list of the latest day that has one: lists of several days cannot be added up."""
    day = next((day for day in reversed(numbers.days) if is_counted(day) and day.top_posts), None)
    if day is None:
        return []
    local = day.date.astimezone(zone)
    when = "today" if day.date == start_of_day(now, zone) else f"on {local.day} {local:%B %Y}"
    posts = [
        f"{place}. {isolate(post.title, _TITLE_MAX) or 'without a title'}: {people(post.deliveries)}"
        for place, post in enumerate(day.top_posts[:_TOP], 1)
    ]
    return [f"<b>Most wanted</b> {when}", *posts]


def pictures(days: int) -> str:
    """Return the caption of the first picture."""
    return f"The last {days} days"

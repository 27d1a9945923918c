"""The statistics in words. A number that was not counted is called so, never 0; numbers say when they were counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.days import start_of_day
from core.statistics import Count, DayStats
from views.html import bare, isolate
from views.navigation import MENU
from views.quantities import counted, in_bytes, people
from views.screens import Screen
from views.statistics import keyboards
from views.times import date_and_time

#: characters of the most wanted post's title
_TITLE_MAX = 40
#: the shortest period of a picture, in days
PICTURE_SPAN_MIN = 7
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


def statistics(numbers: Numbers, span: int, now: datetime, zone: ZoneInfo) -> Screen:
    """Return the screen with the last `span` days, 1 for today."""
    period = _today(numbers, now, zone) if span == 1 else _period(span, numbers, now, zone)
    blocks = [period, [*_in_all(numbers), *_most_wanted(numbers, now, zone)], _troubles(numbers)]
    text = "\n\n".join("\n".join(block) for block in blocks if block)
    return Screen(text, keyboards.statistics(span), MENU)


def _counted_at(numbers: Numbers, now: datetime, zone: ZoneInfo) -> str:
    return "" if numbers.counted_at is None else f", counted {date_and_time(numbers.counted_at, zone, now)}"


def _troubles(numbers: Numbers) -> list[str]:
    if numbers.is_counting:
        return ["A new count is asked for and not done yet."]
    if numbers.failed_at is not None:
        return ["⚠ The last count did not go well: System, Jobs says why."]
    return ["No recent count is known. “Refresh” asks for one."] if numbers.counted_at is None else []


# periods


def _today(numbers: Numbers, now: datetime, zone: ZoneInfo) -> list[str]:
    today = start_of_day(now, zone)
    yesterday = start_of_day(today - timedelta(hours=1), zone)
    rows = {day.date: day for day in numbers.days if is_counted(day)}
    head = f"<b>Today</b>{_counted_at(numbers, now, zone)}"
    if today not in rows:
        lines = [head, _NOT_COUNTED]
    else:
        lines = [head, *_sums([rows[today]], f"{_sum([rows[today]], Count.ACTIVE_USERS)} active")]
    if yesterday in rows:
        day = rows[yesterday]
        parts = f"{_sum([day], Count.NEW_USERS)} new, {_sum([day], Count.DELIVERIES)} posts delivered"
        lines.append(f"Yesterday: {parts}")
    return lines


def _period(span: int, numbers: Numbers, now: datetime, zone: ZoneInfo) -> list[str]:
    """Return the sums over the counted days, and how many they are if some are missing."""
    days = last(numbers.days, span, now, zone)
    heading = f"<b>Last {span} days</b>{_counted_at(numbers, now, zone)}"
    if not days:
        return [heading, _NOT_COUNTED]
    active = _known(days, Count.ACTIVE_USERS)
    # the active subscribers of several days cannot be added up: most are the same
    a_day = f"{sum(active) / len(active):,.1f} active a day" if active else f"active: {_NOT_COUNTED}"
    lines = [heading, *_sums(days, a_day)]
    if len(days) < span:
        lines.append(f"Only {counted(len(days), 'day')} of them {'was' if len(days) == 1 else 'were'} counted.")
    return lines


def _sums(days: Sequence[DayStats], active: str) -> list[str]:
    return [
        f"Subscribers: {_sum(days, Count.NEW_USERS)} new, {active}",
        f"Posts delivered: {_sum(days, Count.DELIVERIES)}",
        _unlocks(days),
        _broadcasts(days),
    ]


def _known(days: Sequence[DayStats], name: Count) -> list[int]:
    return [day.counters[name] for day in days if name in day.counters]


def _sum(days: Sequence[DayStats], name: Count) -> str:
    known = _known(days, name)
    return f"{sum(known):,}" if known else _NOT_COUNTED


def _unlocks(days: Sequence[DayStats]) -> str:
    verified, bypassed = _known(days, Count.VERIFIED), _known(days, Count.BYPASSED)
    if not verified or not bypassed:
        return f"Unlocks: {_NOT_COUNTED}"
    pages = f" of {_sum(days, Count.TOKENS)} pages made"
    whole = sum(verified) + sum(bypassed)
    share = f" ({100 * sum(bypassed) / whole:.1f} % of both)" if whole else ""
    return f"Unlocks: {sum(verified):,}{pages}, too fast: {sum(bypassed):,}{share}"


def _broadcasts(days: Sequence[DayStats]) -> str:
    started, copies = _known(days, Count.BROADCASTS), _known(days, Count.BROADCAST_COPIES)
    if not started:
        return f"Broadcasts: {_NOT_COUNTED}"
    return f"Broadcasts: {sum(started):,}" + (f", which reached {people(sum(copies))}" if sum(copies) else "")


# totals


def _in_all(numbers: Numbers) -> list[str]:
    live = numbers.live
    lines = [
        f"<b>In all</b>: {counted(live.users, 'subscriber')} · {counted(live.posts, 'post')} · "
        f"{counted(live.overdue, 'late deletion')}",
    ]
    day = next((day for day in reversed(numbers.days) if Count.BLOCKED_USERS in day.counters), None)
    if day is not None:
        size = (
            f" · database {in_bytes(day.count(Count.DATABASE_BYTES))}" if Count.DATABASE_BYTES in day.counters else ""
        )
        lines.append(f"At the last count: {day.count(Count.BLOCKED_USERS):,} blocked the bot{size}")
    return lines


def _most_wanted(numbers: Numbers, now: datetime, zone: ZoneInfo) -> list[str]:
    """Return the first of the latest day that has a list: lists of several days cannot be added up."""
    day = next((day for day in reversed(numbers.days) if is_counted(day) and day.top_posts), None)
    if day is None:
        return []
    local = day.date.astimezone(zone)
    when = "today" if day.date == start_of_day(now, zone) else f"on {local.day} {local:%B %Y}"
    best = day.top_posts[0]
    title = isolate(best.title, _TITLE_MAX) if bare(best.title).strip() else "a post without a title"
    return [f"Most wanted {when}: {title}, {people(best.deliveries)}"]


def pictures(days: int) -> str:
    """Return the caption of the first picture."""
    return f"The last {days} days"

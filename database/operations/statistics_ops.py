"""Statistics of days (collection `daily_stats`), and what is shown of a period.

Events are added by `counting.batches`; the statistics job writes what is kept at each midnight.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from core.days import start_of_day
from core.errors import AlreadyThere
from core.statistics import ACTIVE, Count, DayStats, TopPost
from core.statistics.periods import Overview, Period, counted_since, days_before, sources_of, sum_of
from database.collection import Collection
from database.connection import current_database
from database.operations import user_ops
from database.operations.counting import post_days
from database.readable import find_records, record_or_none
from database.values import Document

#: counter that closed broadcasts add to
_CLOSED_COPIES = "broadcast_sent"
#: earlier than any stored time
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
#: days that are read for `Period.ALL`: ten years
DAYS_MAX = 3_660


def _days() -> Collection:
    return current_database().collection("daily_stats")


def _bulk(name: str) -> Collection:
    return current_database().bulk(name)


async def count_active(start: datetime, end: datetime) -> int:
    """Count the subscribers seen last from `start` to before `end`: exact while `end` is not past."""
    return await _bulk("users").count({"last_seen_at": {"$gte": start, "$lt": end}})


async def count_totals() -> dict[Count, int]:
    """Count users, users who blocked the bot, and live posts; with the database's size where the server reports it."""
    db = current_database()
    totals = {
        Count.USERS: await user_ops.count(),
        Count.BLOCKED_USERS: await _bulk("users").count({"blocked_at": {"$gt": _EPOCH}}),
        Count.POSTS: await _bulk("posts").count({"status": "live"}),
    }
    size = await db.size_bytes()
    return totals if size is None else totals | {Count.DATABASE_BYTES: size}


async def overview(period: Period, now: datetime, zone: ZoneInfo) -> Overview:
    """Return what is shown of a period that ends now; five commands at most."""
    today, start, span = start_of_day(now, zone), start_of(period, now, zone), period.days
    days = await read_days(start if span is None else days_before(start, span, zone), now)
    shown = [day for day in days if day.date >= start]
    before = [day for day in days if day.date < start]
    active_since = days_before(today, 29, zone) if span is None else start
    top = await post_days.top(start, now, 1)
    return Overview(
        period=period,
        subscribers=await user_ops.count(),
        active=await _bulk("users").count({"last_seen_at": {"$gte": active_since}}),
        active_before=None if span is None else _kept_active(before, span, days_before(start, 1, zone)),
        figures=sum_of(shown),
        before=None if span is None else sum_of(before),
        sources=sources_of(shown),
        most_wanted=top[0] if top else None,
        counted_since=counted_since(shown),
    )


def start_of(period: Period, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the midnight a period that ends now began with; of `Period.ALL` a time before all days."""
    return _EPOCH if period.days is None else days_before(now, period.days - 1, zone)


def _kept_active(days: Sequence[DayStats], span: int, last: datetime) -> int | None:
    """Return how many were active in the `span` days that ended with the day `last`; None when that was not kept."""
    return next((day.counters.get(ACTIVE[span]) for day in days if day.date == last), None)


async def read_days(start: datetime, before: datetime) -> list[DayStats]:
    """Return the stored days from `start` to before `before`, oldest first; one command."""
    between: Document = {"date": {"$gte": start, "$lt": before}}
    found = await find_records(_days(), read, between, limit=DAYS_MAX, sort=[("date", -1)])
    return found[::-1]


async def is_closed(date: datetime) -> bool:
    """Return whether the day was counted after it had ended."""
    row = await _days().find_one({"date": date}, projection=["closed_at"])
    return row is not None and row.get("closed_at") is not None


async def write_day(
    date: datetime,
    fence: int,
    now: datetime,
    counted: Mapping[Count, int],
    *,
    totals: Mapping[Count, int] | None = None,
    posts: Sequence[TopPost] = (),
    is_over: bool = False,
) -> bool:
    """Store the statistics of the day that began at `date`; one conditional upsert.

    False when a run with a higher `fence` has written: a run that lost its lease writes nothing. Values of `counted`
    never decrease; `totals` (None: unchanged) and `posts` are replaced. `is_over`: the day has ended, this is its last
    count.
    """
    fresh: Document = {
        "fence": fence,
        "counted_at": now,
        "top_posts": [one.model_dump() for one in posts],
    }
    fresh |= {f"counters.{counter.value}": count for counter, count in (totals or {}).items()}
    if is_over:
        fresh["closed_at"] = now
    update: Document = {"$set": fresh}
    if counted:
        update["$max"] = {f"counters.{counter.value}": count for counter, count in counted.items()}
    # a document inserted by `add_once` has no fence
    condition: Document = {"date": date, "fence": {"$not": {"$gt": fence}}}
    try:
        return await _days().update_one(condition, update, upsert=True)
    except AlreadyThere:
        # a higher fence is stored, or another process inserted the day at the same instant
        return await _days().update_one(condition, update)


async def add_once(date: datetime, key: str, counters: Mapping[str, int]) -> bool:
    """Add `counters` to the day that began at `date` (midnight as UTC), unless that was done for `key`; atomic.

    False when it was: of all calls with one day and `key` one counts, also when its answer is lost. Raises ValueError
    for a counter's name with a dot or a dollar, which MongoDB reads as a path.
    """
    for counter in counters:
        _check(counter)
    update: Document = {"$addToSet": {"counted": key}}
    if counters:
        update["$inc"] = {f"counters.{counter}": by for counter, by in counters.items()}
    uncounted = {"date": date, "counted": {"$ne": key}}
    try:
        return await _days().update_one(uncounted, update, upsert=True)
    except AlreadyThere:
        # the day exists: it was counted, or another process has just inserted it
        return await _days().update_one(uncounted, update)


def _check(counter: str) -> None:
    if not counter or "." in counter or "$" in counter:
        raise ValueError(f"{counter!r} cannot name a counter")


async def read_day(date: datetime) -> dict[str, int]:
    """Return the counters of the day that began at `date`; `{}` when nothing was counted."""
    document = await _days().find_one({"date": date})
    day = await record_or_none(_days(), document, read)
    return {} if day is None or document is None else dict(document.get("counters", {}))


async def last_days(before: datetime, count: int) -> list[DayStats]:
    """Return the last `count` stored days that began before `before`, oldest first."""
    found = await find_records(_days(), read, {"date": {"$lt": before}}, limit=count, sort=[("date", -1)])
    return found[::-1]


def read(document: Document) -> DayStats:
    """Return the statistics of a document. Raises one of `readable.CANNOT_READ`."""
    counters: dict[str, int] = dict(document.get("counters", {}))
    copies = max(counters.get(Count.BROADCAST_COPIES, 0), counters.get(_CLOSED_COPIES, 0))
    if copies:
        counters[Count.BROADCAST_COPIES.value] = copies
    return DayStats.model_validate({**document, "counters": counters})

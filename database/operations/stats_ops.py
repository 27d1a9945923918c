"""Daily counters: what a broadcast adds when it is closed, and the days as they are read.

The statistics job writes the rest: `statistics_ops`.
"""

from collections.abc import Mapping
from datetime import datetime

from core.errors import AlreadyThere
from core.statistics import Count, DayStats
from database.collection import Collection
from database.connection import current_database
from database.values import Document

#: what a closed broadcast adds, of which `Count.BROADCAST_COPIES` is the sum of a day
_CLOSED_COPIES = "broadcast_sent"


def _days() -> Collection:
    return current_database().collection("daily_stats")


async def bump(date: datetime, counter: str, by: int = 1) -> None:
    """Add `by` to a counter of the day that began at `date` (midnight as UTC); one atomic upsert.

    Raises ValueError for a counter's name with a dot or a dollar: MongoDB reads them as paths.
    """
    _check(counter)
    update = {"$inc": {f"counters.{counter}": by}}
    try:
        await _days().update_one({"date": date}, update, upsert=True)
    except AlreadyThere:
        # the day was begun by another call between our look and our insert: nothing was added yet
        await _days().update_one({"date": date}, update, upsert=True)


async def bump_once(date: datetime, key: str, counters: Mapping[str, int]) -> bool:
    """Add `counters` to the day that began at `date`, all together, unless it was done for `key`; atomic.

    False when it was: of all calls for one day and `key` one counts, whatever happens to its answer. Raises ValueError
    as `bump` does.
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
        # the day is there: it was counted, or another call has just begun the day
        return await _days().update_one(uncounted, update)


def _check(counter: str) -> None:
    if not counter or "." in counter or "$" in counter:
        raise ValueError(f"{counter!r} cannot name a counter")


async def read(date: datetime) -> dict[str, int]:
    """The counters of the day that began at `date`; `{}` when nothing was counted."""
    day = await _days().find_one({"date": date}, projection=["counters"])
    return {} if day is None else dict(day.get("counters", {}))


async def last_days(before: datetime, count: int) -> list[DayStats]:
    """The last `count` days that began before `before` and of which something is known, oldest first.

    Each counter under its name in `Count`; copies of broadcasts as the broadcasts' own count says, once it is higher.
    """
    found = await _days().find({"date": {"$lt": before}}, limit=count, sort=[("date", -1)])
    return [_day(document) for document in reversed(found)]


def _day(document: Document) -> DayStats:
    counters: dict[str, int] = dict(document.get("counters", {}))
    copies = max(counters.get(Count.BROADCAST_COPIES, 0), counters.get(_CLOSED_COPIES, 0))
    if copies:
        counters[Count.BROADCAST_COPIES.value] = copies
    return DayStats(date=document["date"], counters=counters, top_posts=document.get("top_posts", ()))

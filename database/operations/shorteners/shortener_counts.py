"""Counts of shorteners (collection `shortener_days`): one document per shortener and day, one increment per event.

Call them within `database.tolerated`: an event that cannot be counted has happened nevertheless.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from core.errors import AlreadyThere
from core.shorteners.counts import ShortenerDay, Tally, tally, time_step
from core.shorteners.records import SHORTENERS_MAX
from database.collection import Collection
from database.connection import current_database
from database.readable import find_records
from database.values import Document

#: days that are summed up, today included, and so the documents of one shortener
_DAYS = 8
#: how far back `tallies` reads
SUMMED_FOR = timedelta(days=_DAYS)
#: counts of a day that are added up
_COUNTS = ("links", "finished", "too_fast", "failed")


def read(document: Document) -> ShortenerDay:
    """Return the counts of a day, which can be summed up. Raises one of `readable.CANNOT_READ`."""
    day = ShortenerDay.model_validate(document)
    tally([day])
    return day


def _days() -> Collection:
    return current_database().collection("shortener_days")


async def count_made(name: str, day: datetime, now: datetime) -> None:
    """Count a link that was made and stored, on the day that began at `day`; one upsert, as below."""
    await _count(name, day, {"$inc": {"links": 1}, "$max": {"made_at": now}})


async def count_finished(name: str, day: datetime, seconds: float) -> None:
    """Count a link that was finished after `seconds`. To be called by the one whose conditional update verified it."""
    await _count(name, day, {"$inc": {"finished": 1, f"times.{time_step(seconds)}": 1}})


async def count_too_fast(name: str, day: datetime) -> None:
    """Count a link that ended as too fast. To be called by the one whose conditional update ended it."""
    await _count(name, day, {"$inc": {"too_fast": 1}})


async def count_failed(name: str, day: datetime, now: datetime, failure: str) -> None:
    """Count a call that failed, and why."""
    await _count(name, day, {"$inc": {"failed": 1}, "$max": {"failed_at": now}, "$set": {"failure": failure}})


async def note_test(name: str, day: datetime, now: datetime, failure: str = "") -> None:
    """Store the result of a test, which counts as no link and no failed call."""
    await _count(
        name, day, {"$max": {"failed_at": now}, "$set": {"failure": failure}} if failure else {"$max": {"made_at": now}}
    )


async def _count(name: str, day: datetime, update: Document) -> None:
    condition: Document = {"name": name, "date": day}
    try:
        await _days().update_one(condition, update, upsert=True)
    except AlreadyThere:
        # another call inserted the day at the same instant
        await _days().update_one(condition, update, upsert=True)


async def sums(names: Iterable[str], since: datetime) -> dict[str, Tally]:
    """Return the counts of each name from the day that began at `since`, however many days; one command.

    Without the median and how the latest call went; see `tallies`.
    """
    wanted = sorted(set(names))
    if not wanted:
        return {}
    group: Document = {"$group": {"_id": "$name", **{count: {"$sum": f"${count}"} for count in _COUNTS}}}
    condition: Document = {"name": {"$in": wanted}, "date": {"$gte": since}}
    found = await _days().aggregate(condition, [group], at_most=len(wanted))
    added = {row["_id"]: Tally.model_validate({count: int(row[count]) for count in _COUNTS}) for row in found}
    return {name: added.get(name, Tally()) for name in wanted}


async def tallies(names: Iterable[str], since: datetime) -> dict[str, Tally]:
    """Return all that is known of each name from the day that began at `since`, at most 8 days back; one find."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    condition: Document = {"name": {"$in": wanted}, "date": {"$gte": since}}
    days = await find_records(_days(), read, condition, limit=_DAYS * max(SHORTENERS_MAX, len(wanted)))
    return {name: tally(day for day in days if day.name == name) for name in wanted}

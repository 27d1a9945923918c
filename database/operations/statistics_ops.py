"""Statistics of a day: counted on the server, and one document per day (collection `daily_stats`).

Counts use an index, on the bulk connections.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from core.broadcasts import RecipientState
from core.errors import AlreadyThere
from core.statistics import Count, DayStats, TopPost
from core.verification import TokenStatus
from database.collection import Collection
from database.connection import current_database
from database.operations.posts import post_ops
from database.readable import find_records, record_or_none
from database.values import Document

#: counters of one day: the collection, and the field whose time is on that day
_DATED: dict[Count, tuple[str, str]] = {
    Count.NEW_USERS: ("users", "joined_at"),
    Count.ACTIVE_USERS: ("users", "last_seen_at"),
    Count.DELIVERIES: ("deliveries", "opened_at"),
    Count.VERIFIED: ("tokens", "verified_at"),
    Count.BYPASSED: ("tokens", "bypassed_at"),
    Count.BROADCASTS: ("broadcasts", "started_at"),
}
#: states of recipients whose copies arrived, deleted later or not
_ARRIVED = (RecipientState.SENT, RecipientState.DELETED, RecipientState.KEPT)
#: counters that `count_on` accepts
DAILY_COUNTS = (*_DATED, Count.TOKENS, Count.BROADCAST_COPIES)
#: counter that closed broadcasts add to; `Count.BROADCAST_COPIES` is counted from the broadcasts themselves
_CLOSED_COPIES = "broadcast_sent"
#: earlier than any stored time
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _days() -> Collection:
    return current_database().collection("daily_stats")


def _bulk(name: str) -> Collection:
    return current_database().bulk(name)


def _between(start: datetime, end: datetime) -> Document:
    return {"$gte": start, "$lt": end}


async def count_on(counter: Count, start: datetime, end: datetime) -> int:
    """Count one of `DAILY_COUNTS` from `start` to before `end`. Raises KeyError for any other counter."""
    if counter is Count.BROADCAST_COPIES:
        return await _copies(start, end)
    if counter is Count.TOKENS:
        # every status: it is in the condition because it is the first field of the index
        condition = {"status": {"$in": list(TokenStatus)}, "created_at": _between(start, end)}
        return await _bulk("tokens").count(condition)
    collection, field = _DATED[counter]
    return await _bulk(collection).count({field: _between(start, end)})


async def _copies(start: datetime, end: datetime) -> int:
    sums: Document = {state.value: {"$sum": f"$counts.{state.value}"} for state in _ARRIVED}
    group = {"$group": {"_id": None, **sums}}
    found = await _bulk("broadcasts").aggregate({"finished_at": _between(start, end)}, [group], at_most=1)
    return sum(int(one.get(state, 0)) for one in found for state in _ARRIVED)


async def count_totals() -> dict[Count, int]:
    """Count users, users who blocked the bot, and live posts; with the database's size where the server reports it."""
    db = current_database()
    totals = {
        Count.USERS: await _bulk("users").count({"user_id": {"$gt": 0}}),
        Count.BLOCKED_USERS: await _bulk("users").count({"blocked_at": {"$gt": _EPOCH}}),
        Count.POSTS: await _bulk("posts").count({"status": "live"}),
    }
    size = await db.size_bytes()
    return totals if size is None else totals | {Count.DATABASE_BYTES: size}


async def top_posts(start: datetime, end: datetime, limit: int) -> list[TopPost]:
    """Return up to `limit` posts delivered from `start` to before `end`, those with most deliveries first."""
    stages: list[Document] = [
        {"$group": {"_id": "$post_code", "deliveries": {"$sum": 1}}},
        # the code makes the order of equal counts stable
        {"$sort": {"deliveries": -1, "_id": 1}},
    ]
    found = await _bulk("deliveries").aggregate({"opened_at": _between(start, end)}, stages, at_most=limit)
    # of rows edited by hand it may be anything
    found = [one for one in found if isinstance(one["_id"], str)]
    names = await post_ops.titles([one["_id"] for one in found])
    return [
        TopPost(code=one["_id"], title=names.get(one["_id"], ""), deliveries=int(one["deliveries"])) for one in found
    ]


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
    """Return the last `count` stored days that began before `before`, oldest first.

    Counters have their names in `Count`; `Count.BROADCAST_COPIES` is the higher of the two counts of copies.
    """
    found = await find_records(_days(), read, {"date": {"$lt": before}}, limit=count, sort=[("date", -1)])
    return found[::-1]


def read(document: Document) -> DayStats:
    """Return the statistics of a document. Raises one of `readable.CANNOT_READ`."""
    counters: dict[str, int] = dict(document.get("counters", {}))
    copies = max(counters.get(Count.BROADCAST_COPIES, 0), counters.get(_CLOSED_COPIES, 0))
    if copies:
        counters[Count.BROADCAST_COPIES.value] = copies
    return DayStats(date=document["date"], counters=counters, top_posts=document.get("top_posts", ()))

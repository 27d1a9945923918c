"""Adding events to the counts, each once, whatever is killed, repeated or done by two processes (decision 0035).

An event is marked on its row by the update that makes it happen. A batch is composed of marked rows and stored with
all it adds and all rows it is made of: one conditional update, so that of several processes one composes. Then it is
carried out: every count takes a batch's number with what it adds, and refuses numbers up to that one. So a batch that
a process left behind is carried out by the next that counts, and one who does it late changes nothing.
"""

import logging
from collections import Counter
from collections.abc import Collection as Names
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.broadcasts import ARRIVED
from core.errors import AlreadyThere, StoreRefused
from core.payloads import is_source
from core.statistics.events import Event, Mark, Step, Sums, read_mark
from database.collection import Collection
from database.connection import current_database
from database.operations.counting import post_days, tries
from database.uncounted import FIELD, MARKED, TRIES
from database.values import Document

log = logging.getLogger("tollgate.database")

#: every collection with events
EVERYWHERE = frozenset({*MARKED, TRIES})
#: the `_id` of the one document of `event_batches`: the last batch
_LAST = "last"


@dataclass(slots=True)
class _Batch:
    """What a batch adds, and the rows it is made of."""

    sums: Sums
    #: (collection, `_id`, its marks)
    marked: list[tuple[str, object, list[object]]] = field(default_factory=list)
    #: (`_id`, the step up to which it is counted)
    tried: list[tuple[str, Step]] = field(default_factory=list)

    def stored(self) -> Document:
        """Return it with pairs in place of paths, which cannot be names of fields."""
        return {
            "days": [[date, list(adds.items())] for date, adds in self.sums.days.items()],
            "posts": [[code, date, list(adds.items())] for (code, date), adds in self.sums.posts.items()],
            "marked": [list(row) for row in self.marked],
            "tried": [list(one) for one in self.tried],
        }


def _batches() -> Collection:
    return current_database().collection("event_batches")


async def count_events(zone: ZoneInfo, limit: int, names: Names[str] = EVERYWHERE) -> int:
    """Add the events of up to `limit` rows of each of the collections `names`; returns how many rows, 0 for none left.

    Finishes a batch that was left behind first. May run in several processes at once: then one of them composes the
    batch, and another may return 0 although rows are left. Raises StoreUnavailable; then it may be repeated.
    """
    last = await _batches().find_one({"_id": _LAST})
    if last is not None and last.get("is_open"):
        await _carry_out(last)
    moved = await tries.move_from_deliveries(zone, limit) if "deliveries" in names else 0
    batch = _Batch(Sums(zone))
    for name in MARKED:
        if name in names and name != "deliveries":
            await _compose(batch, name, limit)
    if moved or TRIES in names:
        for one in await tries.find_due(limit):
            batch.sums.add_try(one)
            batch.tried.append((one.id, one.step))
    size = len(batch.marked) + len(batch.tried)
    if not size:
        return moved
    await _limit_sources(batch.sums)
    opened = await _open(batch, last)
    if opened is None:
        current_database().uncounted.note(*names, TRIES)
        return 0
    await _carry_out(opened)
    return size


async def _compose(batch: _Batch, name: str, limit: int) -> None:
    """Add the marks of one collection."""
    fields = [FIELD, "source", "is_replacement", "bypassed_at", "counts"]
    for row in await current_database().collection(name).find({FIELD: {"$gt": ""}}, limit=limit, projection=fields):
        marks, source = list(tries.marks_of(row)), row.get("source")
        known_source = source if isinstance(source, str) and is_source(source) else None
        for mark in (read_mark(text) for text in marks):
            if mark is not None:
                batch.sums.add(mark, known_source, is_free_page=_goes_on(row, mark), copies=_copies(row))
        batch.marked.append((name, row["_id"], marks))


def _goes_on(row: Document, mark: Mark) -> bool:
    """Whether an event of a token goes on with what was too fast before: by a new page, or by its own."""
    return row.get("is_replacement") is True or (mark.event is Event.PAID and row.get("bypassed_at") is not None)


def _copies(row: Document) -> int:
    """Return how many copies of a broadcast arrived, deleted later or not."""
    counts = row.get("counts")
    found = [counts.get(state.value) for state in ARRIVED] if isinstance(counts, dict) else []
    return sum(count for count in found if isinstance(count, int))


async def _limit_sources(sums: Sums) -> None:
    """Count by name only so many sources of a day."""
    if not sums.names():
        return
    dates = list(sums.days)
    days = current_database().collection("daily_stats")
    found = await days.find({"date": {"$in": dates}}, limit=len(dates), projection=["date", "sources"])
    known = {row["date"]: list(row.get("sources") or {}) for row in found}
    for date in dates:
        sums.limit_sources(date, known.get(date, []))


async def _open(batch: _Batch, last: Document | None) -> Document | None:
    """Store the batch as the next one; None when another process was faster."""
    before = 0 if last is None else int(last["seq"])
    # the time: after a restore the counts may know later numbers than the stored batch
    seq = max(before + 1, round(current_database().now().timestamp() * 1000))
    new: Document = {"seq": seq, "is_open": True, **batch.stored()}
    try:
        # without a last batch this inserts the first one
        condition: Document = {"_id": _LAST, "seq": before, "is_open": False}
        if not await _batches().update_one(condition, {"$set": new}, upsert=last is None):
            return None
    except AlreadyThere:
        return None
    return new


async def _carry_out(batch: Document) -> None:
    """Add what a batch adds, take the marks away, and close it. Every step may be repeated, also later."""
    seq = int(batch["seq"])
    for date, adds in batch["days"]:
        await _add_to_day(date, seq, dict(adds))
    posts = {(code, date): dict(adds) for code, date, adds in batch["posts"]}
    if posts:
        await _tolerate(post_days.add(seq, posts), seq)
        await _tolerate(_add_to_posts(seq, posts), seq)
    await _settle(batch)
    await _batches().update_one({"_id": _LAST, "seq": seq}, {"$set": {"is_open": False, "marked": [], "tried": []}})


async def _add_to_day(date: datetime, seq: int, adds: Mapping[str, int]) -> None:
    update: Document = {"$set": {"seq": seq, "is_by_event": True}}
    if adds:
        update["$inc"] = dict(adds)
    condition: Document = {"date": date, "seq": {"$not": {"$gte": seq}}}
    days = current_database().collection("daily_stats")
    try:
        await _tolerate(days.update_one(condition, update, upsert=True), seq)
    except AlreadyThere:
        # it was added before, or the day was inserted at this instant
        await _tolerate(days.update_one(condition, update), seq)


async def _add_to_posts(seq: int, posts: Mapping[tuple[str, datetime], Mapping[str, int]]) -> None:
    delivered: Counter[str] = Counter()
    for (code, _), adds in posts.items():
        delivered[code] += adds.get("delivered", 0)
    statements: list[tuple[Document, Document]] = [
        (
            {"code": code, "counted_seq": {"$not": {"$gte": seq}}},
            {"$inc": {"delivered": count}, "$set": {"counted_seq": seq}},
        )
        for code, count in delivered.items()
        if count
    ]
    if statements:
        await current_database().collection("posts").update_each(statements)


async def _settle(batch: Document) -> None:
    """Take the marks away that were counted."""
    rows: dict[str, list[tuple[Document, Document]]] = {}
    for name, row_id, marks in batch["marked"]:
        rows.setdefault(name, []).append(({"_id": row_id}, tries.without(marks)))
    for try_id, step in batch["tried"]:
        rows.setdefault(TRIES, []).extend(tries.counted(try_id, Step(step)))
    for name, statements in rows.items():
        await current_database().collection(name).update_each(statements)


async def _tolerate(adding: Any, seq: int) -> None:
    try:
        await adding
    except StoreRefused as error:
        # a count that is no number: all others are counted all the same
        log.error("counting.refused", extra={"batch": seq, "error": str(error)})

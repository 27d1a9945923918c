"""Tries (collection `tries`): one row per subscriber, post and day, with the furthest step.

The row makes a try count once, however often the post is opened. It is deleted a few days later.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack
from zoneinfo import ZoneInfo

from core.days import start_of_day
from core.errors import AlreadyThere
from core.statistics.events import Event, Mark, Step, Try, read_mark
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.readable import find_records, reader
from database.uncounted import FIELD, TRIES
from database.values import Document

#: makes a try of a document
READ = reader(Try)
#: the steps that deliveries mark
_STEPS = {Event.ADMITTED: Step.UNLOCKED, Event.WHOLE: Step.DELIVERED}
#: a statement of `Collection.update_each`
Statement = tuple[Document, Document]


def _tries() -> Collection:
    return current_database().collection(TRIES)


def _stepped(user_id: int, code: str, day: datetime, step: Step, source: str | None) -> Statement:
    """Return the upsert of a try that came to `step`; a step back changes nothing."""
    first: Document = {"user_id": user_id, "post_code": code, "date": day, "source": source, "counted": 0}
    update: Document = {"$max": {"step": step}, "$set": {"is_due": True}, "$setOnInsert": first}
    return {"_id": f"{user_id}:{code}:{day:%Y-%m-%dT%H:%M}"}, update


async def step_up(user_id: int, code: str, day: datetime, step: Step, source: str | None = None) -> None:
    """Store that a subscriber came to `step` with a post on the day that began at `day`; one upsert, may be repeated.

    `source`: of the link; that of the first call of a day counts.
    """
    condition, update = _stepped(user_id, code, day, step, source)
    try:
        await _tries().update_one(condition, update, upsert=True)
    except AlreadyThere:
        # another call inserted it at the same instant
        await _tries().update_one(condition, update, upsert=True)
    current_database().uncounted.note(TRIES)


async def move_from_deliveries(zone: ZoneInfo, limit: int) -> int:
    """Make tries of up to `limit` rows of deliveries with marks; returns how many rows. May be repeated at any point.

    Three commands, one when there is nothing.
    """
    deliveries = current_database().collection("deliveries")
    fields = ["user_id", "post_code", FIELD]
    rows = await deliveries.find({FIELD: {"$gt": ""}}, limit=limit, projection=fields)
    if not rows:
        return 0
    found = [statement for row in rows for statement in _of_delivery(row, zone)]
    if found:
        await _upsert_each(found)
    # the marks that were read, and none that came since
    await deliveries.update_each([({"_id": row["_id"]}, without(marks_of(row))) for row in rows])
    return len(rows)


def _of_delivery(row: Document, zone: ZoneInfo) -> list[Statement]:
    user_id, code = row.get("user_id"), row.get("post_code")
    if not isinstance(user_id, int) or not isinstance(code, str):
        return []
    steps: dict[datetime, Mark] = {}
    for mark in (read_mark(text) for text in marks_of(row)):
        if mark is None or mark.event not in _STEPS:
            continue
        day = start_of_day(mark.at, zone)
        if day not in steps or _STEPS[mark.event] > _STEPS[steps[day].event]:
            steps[day] = mark
    return [_stepped(user_id, code, day, _STEPS[mark.event], mark.source) for day, mark in steps.items()]


def marks_of(row: Document) -> Sequence[object]:
    """Return the stored marks of a row; none where something else stands in their place."""
    marks = row.get(FIELD)
    return marks if isinstance(marks, list) else []


def without(marks: Sequence[object]) -> Document:
    """Return the update that takes these marks from a row."""
    return {"$pull": {FIELD: {"$in": list(marks)}}} if marks else {"$set": {FIELD: []}}


async def _upsert_each(statements: Sequence[Statement]) -> None:
    try:
        await _tries().update_each(statements, upsert=True)
    except AlreadyThere:
        # another process inserted one of them at the same instant
        await _tries().update_each(statements, upsert=True)


async def find_due(limit: int) -> list[Try]:
    """Return up to `limit` tries with steps that are not counted."""
    return await find_records(_tries(), READ, {"is_due": True}, limit=limit)


def counted(try_id: str, step: Step) -> list[Statement]:
    """Return the updates for a try that is counted up to `step`, which may be further by now."""
    return [
        ({"_id": try_id}, {"$max": {"counted": step}}),
        ({"_id": try_id, "step": step}, {"$set": {"is_due": False}}),
    ]


async def delete_old(before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete counted tries of days that began before `before`. Bounded by `bounds` (`database.batches`), not atomic."""
    condition: Document = {"date": {"$lt": before}, "is_due": False}
    return await delete_in_batches(current_database().bulk(TRIES), condition, "date", **bounds)

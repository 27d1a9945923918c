"""Bulk deletes: each batch begins behind the last one, and nothing is left out for it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from bson import ObjectId

from core.clock import ManualClock
from database.batches import Deleted, delete_in_batches
from database.collection import Collection
from database.connection import Database
from database.values import Document

SECOND = timedelta(seconds=1)
OLD: Document = {"is_old": True}


@pytest.fixture
def rows(db: Database) -> Collection:
    return db.collection("things")


async def fill(rows: Collection, values: list[object], **more: object) -> None:
    await rows.insert_many([{"at": value, "is_old": True, **more} for value in values])


@pytest.fixture
def looked_from(db: Database, rows: Collection, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The lower bound of each find, in order; None: from the front."""
    seen: list[object] = []
    find = rows.find

    async def noting(condition: Document, **options: object) -> list[Document]:
        bound = condition.get("at", {})
        seen.append(bound.get("$gte") if isinstance(bound, dict) else None)
        return await find(condition, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(rows, "find", noting)
    return seen


async def delete(
    rows: Collection, condition: Document = OLD, *, size: int = 10, goes_on: Callable[[], bool] = lambda: True
) -> Deleted:
    clock = ManualClock(datetime.fromisoformat("2026-03-01T12:00+00:00"))
    return await delete_in_batches(rows, condition, "at", batch_size=size, pause_ms=0, clock=clock, goes_on=goes_on)


async def test_each_batch_begins_behind_the_last_one_and_the_last_look_is_from_the_front(
    db: Database, rows: Collection, now: datetime, looked_from: list[object]
) -> None:
    times = [now + number * SECOND for number in range(35)]
    await fill(rows, [*times])
    assert await delete(rows) == Deleted(35, more=False)
    assert looked_from == [None, times[9], times[19], times[29]]
    assert db.calls["find_one things"] == 1


async def test_one_batch_needs_no_second_look(
    db: Database, rows: Collection, now: datetime, looked_from: list[object]
) -> None:
    await fill(rows, [now + number * SECOND for number in range(10)])
    assert await delete(rows) == Deleted(10, more=False)
    assert (looked_from, db.calls["find_one things"]) == ([None], 0)


async def test_a_range_of_the_caller_is_kept(rows: Collection, now: datetime) -> None:
    await fill(rows, [now + number * SECOND for number in range(35)])
    assert await delete(rows, {"at": {"$lt": now + 31 * SECOND}}) == Deleted(31, more=False)
    assert await rows.count({}) == 4


async def test_what_is_inserted_behind_meanwhile_is_deleted_too(
    rows: Collection, now: datetime, step_in: Callable[..., None]
) -> None:
    await fill(rows, [now + number * SECOND for number in range(35)])

    async def insert_behind() -> None:
        await fill(rows, [now - SECOND])

    # after the batch was found, so that its range leaves it out
    step_in("things", "delete_many", insert_behind)
    assert await delete(rows) == Deleted(36, more=False)
    assert await rows.count({}) == 0


@pytest.mark.parametrize("equal", [10, 11, 25, 35])
async def test_equal_values_across_batches_are_all_deleted(rows: Collection, now: datetime, equal: int) -> None:
    await fill(rows, [now + number * SECOND for number in range(5)])
    await fill(rows, [now + 5 * SECOND] * equal)
    await fill(rows, [now + number * SECOND for number in range(6, 20)])
    assert await delete(rows) == Deleted(19 + equal, more=False)
    assert await rows.count({}) == 0


async def test_values_of_other_types_and_none_at_all_are_deleted_in_as_many_commands(
    db: Database, rows: Collection, now: datetime
) -> None:
    times = [now + number * SECOND for number in range(15)]
    await fill(rows, [*range(15), *map(str, range(15)), *times, *[None] * 15])
    await rows.insert_many([{"is_old": True} for _ in range(15)])
    db.calls.clear()
    assert await delete(rows) == Deleted(75, more=False)
    assert await rows.count({}) == 0
    assert db.calls["delete_many things"] <= 12
    assert db.calls["find things"] <= 16


async def test_a_document_that_changes_between_the_find_and_the_delete_is_kept(
    rows: Collection, now: datetime, step_in: Callable[..., None]
) -> None:
    await fill(rows, [now + number * SECOND for number in range(25)])
    kept = await rows.find_one({}, sort=[("at", 1)])
    assert kept is not None

    async def renew() -> None:
        await rows.update_one({"_id": kept["_id"]}, {"$set": {"is_old": False}})

    step_in("things", "delete_many", renew)
    assert await delete(rows) == Deleted(24, more=False)
    assert [one["_id"] for one in await rows.find({}, limit=5)] == [kept["_id"]]


async def test_when_the_time_is_up_more_says_whether_any_is_left(rows: Collection, now: datetime) -> None:
    await fill(rows, [now + number * SECOND for number in range(20)])
    assert await delete_in_batches(rows, OLD, "at", batch_size=10, timeout_s=0) == Deleted(10, more=True)
    assert await delete_in_batches(rows, OLD, "at", batch_size=10, timeout_s=0) == Deleted(10, more=False)


async def test_a_document_without_the_field_is_deleted_by_its_id(rows: Collection) -> None:
    key = await rows.insert_one({"is_old": True})
    assert isinstance(key, ObjectId)
    assert await delete(rows) == Deleted(1, more=False)

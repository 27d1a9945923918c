"""Daily counters without lost additions, and the log of admins' actions."""

import asyncio
from datetime import datetime, timedelta

import pytest

from core.errors import AlreadyThere
from database.connection import Database
from database.operations import audit_ops, statistics_ops
from tests.operations.conftest import StepIn


async def test_counters_add_up_by_day(db: Database, now: datetime) -> None:
    await statistics_ops.add_once(now, "first", {"deliveries": 1})
    await statistics_ops.add_once(now, "second", {"deliveries": 4, "posts": 1})
    await statistics_ops.add_once(now + timedelta(days=1), "first", {"posts": 7})

    assert await statistics_ops.read_day(now) == {"deliveries": 5, "posts": 1}
    assert await statistics_ops.read_day(now + timedelta(days=1)) == {"posts": 7}
    assert await statistics_ops.read_day(now - timedelta(days=1)) == {}


async def test_fifty_concurrent_additions_to_a_new_day_are_all_counted(db: Database, now: datetime) -> None:
    await asyncio.gather(*(statistics_ops.add_once(now, f"{key}", {"deliveries": 1}) for key in range(50)))

    assert await statistics_ops.read_day(now) == {"deliveries": 50}
    assert await db.collection("daily_stats").count({}) == 1


async def test_an_addition_whose_upsert_loses_the_race_is_counted_too(
    db: Database, now: datetime, step_in: StepIn
) -> None:
    original = db.collection("daily_stats").update_one

    async def another() -> None:
        await original({"date": now}, {"$set": {"counted": ["another"], "counters": {"deliveries": 1}}}, upsert=True)
        raise AlreadyThere("update_one daily_stats: another process inserted the day")

    step_in("daily_stats", "update_one", another)
    assert await statistics_ops.add_once(now, "ours", {"deliveries": 1})
    assert await statistics_ops.read_day(now) == {"deliveries": 2}


@pytest.mark.parametrize("name", ["", "a.b", "$inc"])
async def test_a_counter_cannot_be_named_like_a_path(db: Database, now: datetime, name: str) -> None:
    with pytest.raises(ValueError, match="counter"):
        await statistics_ops.add_once(now, "first", {name: 1})
    assert await db.collection("daily_stats").count({}) == 0


async def test_actions_are_listed_latest_first_and_bounded(db: Database, now: datetime) -> None:
    await audit_ops.record(now, 1, "post_removed", "abc", {"status": "live"}, {"status": "removed"})
    await audit_ops.record(now, 2, "setting_changed", "pass_hours", 24, 48)
    await audit_ops.record(now - timedelta(days=1), 3, "old")

    entries = await audit_ops.last(2)
    assert [entry.action for entry in entries] == ["setting_changed", "post_removed"]
    assert (entries[1].admin_id, entries[1].target, entries[1].after) == (1, "abc", {"status": "removed"})
    assert len(await audit_ops.last(10)) == 3

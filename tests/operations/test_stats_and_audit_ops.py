"""Counters that lose nothing, and the log of what admins did."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from database.connection import Database
from database.operations import audit_ops, stats_ops


async def test_counters_add_up_by_day(db: Database, now: datetime) -> None:
    await stats_ops.bump(now, "deliveries")
    await stats_ops.bump(now, "deliveries", 4)
    await stats_ops.bump(now, "posts")
    await stats_ops.bump(now + timedelta(days=1), "posts", 7)

    assert await stats_ops.read(now) == {"deliveries": 5, "posts": 1}
    assert await stats_ops.read(now + timedelta(days=1)) == {"posts": 7}
    assert await stats_ops.read(now - timedelta(days=1)) == {}


async def test_fifty_at_once_on_a_new_day_are_all_counted(db: Database, now: datetime) -> None:
    await asyncio.gather(*(stats_ops.bump(now, "deliveries") for _ in range(50)))

    assert await stats_ops.read(now) == {"deliveries": 50}
    assert await db.collection("daily_stats").count({}) == 1


async def test_the_slower_of_two_first_counts_of_a_day_is_counted_too(
    db: Database, now: datetime, lose_insert: Callable[[str, str], None]
) -> None:
    lose_insert("daily_stats", "update_one")
    await stats_ops.bump(now, "deliveries")

    # one of the twin that was first, one of ours
    assert await stats_ops.read(now) == {"deliveries": 2}


@pytest.mark.parametrize("name", ["", "a.b", "$inc"])
async def test_a_counter_cannot_be_named_like_a_path(db: Database, now: datetime, name: str) -> None:
    with pytest.raises(ValueError, match="counter"):
        await stats_ops.bump(now, name)
    assert await db.collection("daily_stats").count({}) == 0


async def test_actions_are_listed_latest_first_and_bounded(db: Database, now: datetime) -> None:
    await audit_ops.note(now, 1, "post_removed", "abc", {"status": "live"}, {"status": "removed"})
    await audit_ops.note(now, 2, "setting_changed", "pass_hours", 24, 48)
    await audit_ops.note(now - timedelta(days=1), 3, "old")

    entries = await audit_ops.last(2)
    assert [entry.action for entry in entries] == ["setting_changed", "post_removed"]
    assert (entries[1].admin_id, entries[1].target, entries[1].after) == (1, "abc", {"status": "removed"})
    assert len(await audit_ops.last(10)) == 3

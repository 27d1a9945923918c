"""Opting out reaches every broadcast that is being sent, however many are unfinished."""

from datetime import datetime, timedelta
from typing import Any

from core.broadcasts import BroadcastStatus, RecipientState
from database.connection import Database
from database.operations import broadcast_ops, broadcast_rows
from user_bot.news import turn_off

STATUSES = (BroadcastStatus.SENDING, BroadcastStatus.PAUSED, BroadcastStatus.QUEUED, BroadcastStatus.SENT)


async def test_an_opt_out_reaches_a_broadcast_behind_many_unfinished_ones(db: Database, now: datetime) -> None:
    # in groups planned for one instant, larger than a page
    broadcasts: list[dict[str, Any]] = [
        {
            "_id": f"b{number:03}",
            "key": f"k{number}",
            "status": STATUSES[number % len(STATUSES)],
            "send_at": now - timedelta(hours=9 - number // 60),
        }
        for number in range(240)
    ]
    await db.collection("broadcasts").insert_many(broadcasts)
    for one in broadcasts:
        await broadcast_rows.add_recipients(one["_id"], [7, 8])
    await turn_off(7, now)
    left_out = await db.collection("broadcast_recipients").find({"state": RecipientState.LEFT_OUT}, limit=500)
    unfinished = {one["_id"] for one in broadcasts if one["status"] is not BroadcastStatus.SENT}
    assert {row["broadcast_id"] for row in left_out} == unfinished
    assert {row["user_id"] for row in left_out} == {7}
    assert db.calls["find broadcasts"] == 180 // 50 + 1


async def test_a_walk_over_unfinished_broadcasts_returns_each_once_while_they_end(db: Database, now: datetime) -> None:
    documents = [
        {"_id": f"b{number}", "key": f"k{number}", "status": "sending", "send_at": now - timedelta(hours=number // 4)}
        for number in range(10)
    ]
    await db.collection("broadcasts").insert_many(documents)
    found, place = await broadcast_ops.find_begun(now, 3)
    seen = [*found]
    while place is not None:
        await db.collection("broadcasts").delete_one({"_id": seen[0]})
        found, place = await broadcast_ops.find_begun(now, 3, place)
        seen += found
    assert sorted(seen) == sorted(f"b{number}" for number in range(10))

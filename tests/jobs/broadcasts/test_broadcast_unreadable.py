"""A recall ends although a recipient's row cannot be read; the row is noted, counted, and used once it is repaired."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.broadcasts import Broadcast, BroadcastStatus
from core.days import start_of_day
from core.jobs import RunReport
from database import examination, unreadable_rows
from database.operations import broadcast_ops, broadcast_rows, statistics_ops
from schedulers import create_broadcast_deleter_scheduler
from tests.house import ALICE, BOB, House
from tests.jobs.broadcasts.broadcasts import reread, rows_of, states
from tests.jobs.broadcasts.sent_broadcasts import (
    copies_left,
    create_sent,
    deliver,
    finish,
    mark_sent,
    open_bot,
    start_sending,
)

FAR = datetime(2900, 1, 1, tzinfo=UTC)
#: what is wrong in rows of recipients with a copy, or with a lost answer
DAMAGED: dict[str, dict[str, Any]] = {
    "ids of another type": {"message_ids": "12"},
    "a user that is none": {"user_id": "alice"},
    "another user": {"user_id": 4_711},
    "a time that is a text": {"sent_at": "yesterday"},
    "a state nobody knows": {"state": "melted"},
    "no state": {"state": None},
    "an end of ids that is none": {"state": "unknown", "sweep_after": "x"},
}
#: of these nobody knows whether there is a copy
UNKNOWN = 3


async def recall(house: House) -> RunReport:
    deleter = create_broadcast_deleter_scheduler(house.base.user_bot, house.user_bot.jobs)
    return await deleter.delete_expired_broadcasts()


async def change(broadcast: Broadcast, user: int, fields: dict[str, Any]) -> None:
    """Change a recipient's stored row directly."""
    row = {"_id": f"{broadcast.id}:{user}"}
    assert await broadcast_rows.rows().update_one(row, {"$set": fields})


async def create_damaged(house: House, fields: dict[str, Any]) -> Broadcast:
    """Create a broadcast that Alice and Bob have got, and change Alice's row."""
    broadcast = await create_sent(house, ALICE, BOB)
    await change(broadcast, ALICE, fields)
    return broadcast


@pytest.mark.parametrize("is_requested", [False, True], ids=["its time is up", "requested"])
async def test_a_recall_ends_whatever_is_stored_with_its_recipients(house: House, is_requested: bool) -> None:
    await open_bot(house, ALICE, BOB)
    now, strangers = house.base.clock.now(), range(9_000, 9_000 + len(DAMAGED))
    broadcast = await start_sending(now, send_to=[ALICE, BOB, *strangers])
    for user in (ALICE, BOB):
        await deliver(house, broadcast, user)
    for user, fields in zip(strangers, DAMAGED.values(), strict=True):
        await mark_sent(broadcast, user, [7], now)
        await change(broadcast, user, fields)
    # these can be read, but no time finds them
    await change(broadcast, ALICE, {"sent_at": FAR})
    await change(broadcast, BOB, {"sent_at": None})
    await finish(broadcast, now)
    if is_requested:
        assert await broadcast_ops.request_recall(broadcast.id, now)
    await house.advance(minutes=76)
    report = await recall(house)
    assert report.counts == {"deleted": 1, "kept": 1}, "no row is served twice"
    ended = await reread(broadcast)
    assert (ended.status, ended.delete_at) == (BroadcastStatus.RECALLED, None)
    assert ended.counts == {"deleted": 1, "kept": 1 + len(DAMAGED) - UNKNOWN, "unknown": UNKNOWN}
    assert await copies_left(house, ALICE) == []
    assert len(await unreadable_rows.find()) == len(DAMAGED)


async def test_copies_are_deleted_once_their_row_is_repaired_and_only_then_the_broadcast_is_closed(
    house: House,
) -> None:
    broadcast = await create_damaged(house, {"message_ids": "12"})
    ids = await copies_left(house, ALICE)
    await house.advance(minutes=76)
    await recall(house)
    for _ in range(3):
        await house.advance(minutes=61)
        report = await recall(house)
        assert (report.counts, report.more) == ({}, False), "a broadcast that waits holds up no run"
    assert not (await reread(broadcast)).are_counts_final
    await change(broadcast, ALICE, {"message_ids": ids})
    assert await examination.recheck() == 1
    await recall(house)
    assert await copies_left(house, ALICE) == []
    closed = await reread(broadcast)
    assert (closed.counts, closed.are_rows_removed) == ({"deleted": 2}, True)


async def test_a_row_that_is_never_repaired_is_closed_as_kept_when_telegram_deletes_no_more(house: House) -> None:
    broadcast = await create_damaged(house, {"message_ids": "12"})
    await house.advance(minutes=76)
    await recall(house)
    await house.advance(hours=48)
    await recall(house)
    closed = await reread(broadcast)
    assert (closed.counts, closed.are_rows_removed) == ({"deleted": 1, "kept": 1}, True)
    assert await rows_of(broadcast) == []
    assert closed.finished_at is not None
    day = await statistics_ops.read_day(start_of_day(closed.finished_at, ZoneInfo("UTC")))
    assert (day["broadcast_sent"], day["broadcast_kept"]) == (2, 1)


async def test_one_that_waits_for_a_repair_keeps_no_other_from_being_closed(house: House) -> None:
    first = await create_damaged(house, {"message_ids": "12"})
    await house.advance(seconds=1)
    second = await create_sent(house, BOB)
    await house.advance(minutes=76)
    await recall(house)
    assert [(await reread(one)).are_rows_removed for one in (first, second)] == [False, True]


async def test_a_store_that_takes_no_mark_leaves_the_recall_open_until_nothing_can_be_deleted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    broadcast = await create_damaged(house, {"message_ids": "12"})

    async def refuse(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr("database.readable.set_aside", refuse)
    await house.advance(minutes=76)
    await recall(house)
    assert (await reread(broadcast)).status is BroadcastStatus.RECALLING
    await house.advance(hours=48)
    await recall(house)
    assert (await reread(broadcast)).status is BroadcastStatus.RECALLED
    assert (await reread(broadcast)).counts == {"deleted": 1, "kept": 1}
    assert await states(broadcast) in ({}, {ALICE: "sent", BOB: "deleted"})

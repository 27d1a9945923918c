"""Recalls of broadcasts: when they are due, how they are postponed, and how they end."""

from datetime import datetime, timedelta

import pytest

from core.broadcasts import ENDED, BroadcastStatus
from database.connection import Database
from database.operations import broadcast_ops
from tests.operations.broadcasts.broadcasting import MINUTE, MS, brought_to, planned, reload, started

SENT, RECALLING, RECALLED = BroadcastStatus.SENT, BroadcastStatus.RECALLING, BroadcastStatus.RECALLED
DAY = timedelta(days=1)


async def test_a_broadcast_is_due_at_its_instant_and_never_without_a_lifetime(db: Database, now: datetime) -> None:
    await started(now, "for good")
    await planned(now, "not started", lifetime_minutes=10)
    due = await started(now, "due", lifetime_minutes=10)

    assert await broadcast_ops.find_expired(now + 10 * MINUTE - MS, 9) == []
    assert not await broadcast_ops.is_any_expired(now + 10 * MINUTE - MS)
    assert await broadcast_ops.find_expired(now + 10 * MINUTE, 9) == [due]
    assert await broadcast_ops.is_any_expired(now + 10 * MINUTE)


async def test_the_oldest_due_come_first_and_bounded(db: Database, now: datetime) -> None:
    later, sooner = await started(now, "a", lifetime_minutes=20), await started(now, "b", lifetime_minutes=10)
    assert await broadcast_ops.find_expired(now + DAY, 9) == [sooner, later]
    assert await broadcast_ops.find_expired(now + DAY, 1) == [sooner]


@pytest.mark.parametrize("status", list(BroadcastStatus))
async def test_only_an_ended_broadcast_is_recalled(db: Database, now: datetime, status: BroadcastStatus) -> None:
    broadcast = await brought_to(status, now)
    may_be = status in (*ENDED, RECALLING)
    assert await broadcast_ops.mark_recalling(broadcast.id) is may_be
    assert (await reload(broadcast.id)).status == (RECALLING if may_be else status)


async def test_a_recall_ends_once_and_keeps_its_counts(db: Database, now: datetime) -> None:
    broadcast = await brought_to(RECALLING, now, lifetime_minutes=10)
    assert await broadcast_ops.finish_recall(broadcast.id, {"deleted": 4})
    assert not await broadcast_ops.finish_recall(broadcast.id, {"deleted": 5})
    ended = await reload(broadcast.id)
    assert (ended.status, ended.delete_at, ended.counts) == (RECALLED, None, {"deleted": 4})
    assert not ended.is_shown


async def test_only_a_broadcast_being_recalled_can_end_as_recalled(db: Database, now: datetime) -> None:
    broadcast = await brought_to(SENT, now)
    assert not await broadcast_ops.finish_recall(broadcast.id, {})
    assert not await broadcast_ops.finish_recall("nope", {})
    assert await reload(broadcast.id) == broadcast


async def test_remaining_copies_are_postponed_until_they_are_due(db: Database, now: datetime) -> None:
    broadcast = await brought_to(RECALLING, now, lifetime_minutes=10)
    assert await broadcast_ops.postpone_recall(broadcast.id, now + DAY, {"sent": 1, "deleted": 3})
    current = await reload(broadcast.id)
    assert (current.delete_at, current.counts) == (now + DAY, {"sent": 1, "deleted": 3})


async def test_a_recall_requested_during_postponing_is_not_lost(db: Database, now: datetime) -> None:
    broadcast = await brought_to(RECALLING, now, lifetime_minutes=10)
    assert await broadcast_ops.request_recall(broadcast.id, now + MS) is not None

    assert not await broadcast_ops.postpone_recall(broadcast.id, now + DAY, {"sent": 9})
    (due,) = await broadcast_ops.find_expired(now + MS, 9)
    assert (due.is_recall_wanted, due.counts) == (True, {})
    # a caller that knows of the request may postpone the copies that failed
    assert await broadcast_ops.postpone_recall(due.id, now + MINUTE, {"sent": 9}, is_requested=True)
    assert await broadcast_ops.find_expired(now + MS, 9) == []


async def test_a_slow_deleter_does_not_reopen_an_ended_recall(db: Database, now: datetime) -> None:
    broadcast = await brought_to(RECALLED, now, lifetime_minutes=10)
    for is_requested in (False, True):
        assert not await broadcast_ops.postpone_recall(broadcast.id, now, {"sent": 1}, is_requested=is_requested)
    assert not await broadcast_ops.is_any_expired(now + DAY)
    assert await reload(broadcast.id) == broadcast


async def test_rows_are_removable_when_sending_ended_long_ago_and_no_copy_is_due(db: Database, now: datetime) -> None:
    over = await brought_to(SENT, now, "over")
    recalled = await brought_to(RECALLED, now + MS, "recalled")
    await brought_to(SENT, now, "still to be taken back", lifetime_minutes=10)
    await brought_to(BroadcastStatus.PAUSED, now, "paused")
    await brought_to(SENT, now + DAY, "young")

    found = await broadcast_ops.find_with_removable_rows(now + DAY, 9)
    assert [broadcast.id for broadcast in found] == [over.id, recalled.id]
    assert len(await broadcast_ops.find_with_removable_rows(now + DAY, 1)) == 1
    assert await broadcast_ops.find_with_removable_rows(now, 9) == []

    assert await broadcast_ops.mark_rows_removed(over.id, {"sent": 2})
    (left,) = await broadcast_ops.find_with_removable_rows(now + DAY, 9)
    assert left.id == recalled.id


async def test_counts_are_finalized_once(db: Database, now: datetime) -> None:
    broadcast = await brought_to(SENT, now)
    assert await broadcast_ops.finalize_counts(broadcast.id, {"sent": 2})
    assert not await broadcast_ops.finalize_counts(broadcast.id, {})
    assert not await broadcast_ops.finalize_counts("nope", {})
    assert (await reload(broadcast.id)).counts == {"sent": 2}

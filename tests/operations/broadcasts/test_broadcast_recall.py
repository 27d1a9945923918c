"""Broadcasts that are to be taken back: when, how far, and what is left of them in the end."""

from datetime import datetime, timedelta

import pytest

from core.broadcasts import ENDED, BroadcastStatus
from database.connection import Database
from database.operations import broadcast_ops
from tests.operations.broadcasts.broadcasting import MINUTE, MS, begun, brought_to, look, planned

SENT, RECALLING, RECALLED = BroadcastStatus.SENT, BroadcastStatus.RECALLING, BroadcastStatus.RECALLED
DAY = timedelta(days=1)


async def test_due_is_at_the_instant_and_what_stays_for_good_never(db: Database, now: datetime) -> None:
    await begun(now, "for good")
    await planned(now, "not begun", lifetime_minutes=10)
    due = await begun(now, "due", lifetime_minutes=10)

    assert await broadcast_ops.find_expired(now + 10 * MINUTE - MS, 9) == []
    assert not await broadcast_ops.is_any_expired(now + 10 * MINUTE - MS)
    assert await broadcast_ops.find_expired(now + 10 * MINUTE, 9) == [due]
    assert await broadcast_ops.is_any_expired(now + 10 * MINUTE)


async def test_the_oldest_due_come_first_and_bounded(db: Database, now: datetime) -> None:
    later, sooner = await begun(now, "a", lifetime_minutes=20), await begun(now, "b", lifetime_minutes=10)
    assert await broadcast_ops.find_expired(now + DAY, 9) == [sooner, later]
    assert await broadcast_ops.find_expired(now + DAY, 1) == [sooner]


@pytest.mark.parametrize("status", list(BroadcastStatus))
async def test_only_what_is_no_longer_sent_is_recalled(db: Database, now: datetime, status: BroadcastStatus) -> None:
    broadcast = await brought_to(status, now)
    may_be = status in (*ENDED, RECALLING)
    assert await broadcast_ops.mark_recalling(broadcast.id) is may_be
    assert (await look(broadcast.id)).status == (RECALLING if may_be else status)


async def test_a_recall_ends_once_and_keeps_its_counts(db: Database, now: datetime) -> None:
    broadcast = await brought_to(RECALLING, now, lifetime_minutes=10)
    assert await broadcast_ops.finish_recall(broadcast.id, {"deleted": 4})
    assert not await broadcast_ops.finish_recall(broadcast.id, {"deleted": 5})
    ended = await look(broadcast.id)
    assert (ended.status, ended.delete_at, ended.counts) == (RECALLED, None, {"deleted": 4})
    assert not ended.is_shown


async def test_what_is_not_being_recalled_cannot_end_so(db: Database, now: datetime) -> None:
    broadcast = await brought_to(SENT, now)
    assert not await broadcast_ops.finish_recall(broadcast.id, {})
    assert not await broadcast_ops.finish_recall("nope", {})
    assert await look(broadcast.id) == broadcast


async def test_the_rest_is_put_off_until_it_is_due(db: Database, now: datetime) -> None:
    broadcast = await brought_to(RECALLING, now, lifetime_minutes=10)
    assert await broadcast_ops.postpone_recall(broadcast.id, now + DAY, {"sent": 1, "deleted": 3})
    stands = await look(broadcast.id)
    assert (stands.delete_at, stands.counts) == (now + DAY, {"sent": 1, "deleted": 3})


async def test_a_wish_that_comes_while_the_rest_is_put_off_is_not_lost(db: Database, now: datetime) -> None:
    broadcast = await brought_to(RECALLING, now, lifetime_minutes=10)
    assert await broadcast_ops.request_recall(broadcast.id, now + MS) is not None

    assert not await broadcast_ops.postpone_recall(broadcast.id, now + DAY, {"sent": 9})
    (due,) = await broadcast_ops.find_expired(now + MS, 9)
    assert (due.is_recall_wanted, due.counts) == (True, {})
    # who knows of the wish may put off what could not be served
    assert await broadcast_ops.postpone_recall(due.id, now + MINUTE, {"sent": 9}, is_requested=True)
    assert await broadcast_ops.find_expired(now + MS, 9) == []


async def test_a_slow_deleter_does_not_wake_what_another_has_ended(db: Database, now: datetime) -> None:
    broadcast = await brought_to(RECALLED, now, lifetime_minutes=10)
    for is_requested in (False, True):
        assert not await broadcast_ops.postpone_recall(broadcast.id, now, {"sent": 1}, is_requested=is_requested)
    assert not await broadcast_ops.is_any_expired(now + DAY)
    assert await look(broadcast.id) == broadcast


async def test_rows_go_when_sending_ended_long_ago_and_nothing_is_to_be_taken_back(db: Database, now: datetime) -> None:
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


async def test_counts_are_fixed_once(db: Database, now: datetime) -> None:
    broadcast = await brought_to(SENT, now)
    assert await broadcast_ops.finalize_counts(broadcast.id, {"sent": 2})
    assert not await broadcast_ops.finalize_counts(broadcast.id, {})
    assert not await broadcast_ops.finalize_counts("nope", {})
    assert (await look(broadcast.id)).counts == {"sent": 2}

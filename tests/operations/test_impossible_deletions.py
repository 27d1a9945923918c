"""Undeletable deliveries are recorded once, and the owners notified once."""

from datetime import datetime, timedelta

from core.delivery import DOUBLE_TAP, PendingDeletion
from database.connection import Database
from database.operations import deletion_ops, delivery_ops, impossible_deletions, orphan_ops
from database.operations.delivery_ops import NewDelivery

BOT = 1


async def due(now: datetime, *readers: int) -> list[PendingDeletion]:
    for reader in readers:
        await deletion_ops.promise(BOT, reader, reader, "code", now - timedelta(days=3), now)
    return await deletion_ops.claim_due(now, "me", timedelta(minutes=2), 100)


async def in_notice(*reasons: str) -> list[int]:
    """How many deliveries with each reason the owners were not notified of, put into one notice."""
    await impossible_deletions.claim_for_notice("notice")
    return [await impossible_deletions.count_in_notice("notice", reason) for reason in reasons]


async def count(db: Database) -> int:
    return await db.collection("impossible_deletions").count({})


async def test_each_promise_has_one_row_however_often_it_is_recorded(db: Database, now: datetime) -> None:
    first, second, third = await due(now, 7, 8, 9)
    await impossible_deletions.record_impossible([(first, "too_old")], now)
    await impossible_deletions.record_impossible([(first, "too_old"), (second, "unknown"), (third, "too_old")], now)
    await impossible_deletions.record_impossible([(second, "unknown"), (first, "too_old"), (third, "too_old")], now)
    assert await count(db) == 3
    assert await in_notice("too_old", "unknown") == [2, 1]


async def test_recording_nothing_costs_no_command(db: Database, now: datetime) -> None:
    db.calls.clear()
    await impossible_deletions.record_impossible([], now)
    assert not db.calls


async def test_rows_recorded_while_the_owners_are_notified_belong_to_the_next_notice(
    db: Database, now: datetime
) -> None:
    early, late = await due(now, 7, 8)
    await impossible_deletions.record_impossible([(early, "too_old")], now)
    assert await in_notice("too_old") == [1]
    # the housekeeping records with the time its run began
    await impossible_deletions.record_impossible([(late, "too_old")], now - timedelta(minutes=4))
    assert await impossible_deletions.mark_notified("notice") == 1
    assert await in_notice("too_old") == [1]


async def test_owners_are_told_of_deliveries_of_a_bot_that_was_replaced(db: Database, now: datetime) -> None:
    await deletion_ops.promise(2, 7, 7, "code", now - timedelta(days=3), now)
    (promise,) = await deletion_ops.claim_due_of_other_bots(BOT, now, "me", timedelta(minutes=2), 100)
    await impossible_deletions.record_impossible([(promise, "other_bot")], now)
    assert await in_notice("other_bot") == [1]
    assert await impossible_deletions.mark_notified("notice") == 1


async def test_a_row_holds_chat_messages_and_reason(db: Database, now: datetime) -> None:
    (promise,) = await due(now, 7)
    await impossible_deletions.record_impossible([(promise, "unknown")], now)
    row = await db.collection("impossible_deletions").find_one({})
    assert row is not None
    assert (row["chat_id"], row["post_code"], row["message_ids"], row["reason"]) == (7, "code", [], "unknown")
    assert (row["delete_at"], row["at"]) == (promise.delete_at, now)


async def test_each_undeletable_delivery_of_one_post_to_one_subscriber_counts(db: Database, now: datetime) -> None:
    claim = await delivery_ops.start(NewDelivery(BOT, 7, "code", "message 1", "a process", now, now))
    for number in (1, 2):
        assert claim is not None and claim.count == number
        await delivery_ops.record_sent(claim, [number], None, sent_at=now, delete_at=now, paid_until=None)
        # undeletable while it stands in the row of the delivery, and again after it was put aside
        (promise,) = await deletion_ops.claim_due(now, "me", timedelta(minutes=2), 100)
        await impossible_deletions.record_impossible([(promise, "too_old")], now)
        row = await delivery_ops.find(BOT, 7, "code")
        assert row is not None
        await delivery_ops.put_aside(row)
        (aside,) = await deletion_ops.claim_due(now, "me", timedelta(minutes=2), 100)
        await impossible_deletions.record_impossible([(aside, "too_old")], now)
        assert await deletion_ops.finish([promise.id, aside.id], "me") == 2
        again = NewDelivery(BOT, 7, "code", f"message {number + 1}", "a process", now + number * DOUBLE_TAP, now)
        claim = await delivery_ops.start(again)
    assert await in_notice("too_old") == [2]
    rows = await db.collection("impossible_deletions").find({}, limit=10, sort=[("_id", 1)])
    assert [row["message_ids"] for row in rows] == [[1], [2]]


async def test_a_delivery_started_since_its_promise_was_found_overdue_is_not_given_up(
    db: Database, now: datetime
) -> None:
    claim = await delivery_ops.start(NewDelivery(BOT, 7, "code", "message 1", "a process", now, now))
    assert claim is not None
    later = now + timedelta(hours=1)
    await delivery_ops.record_sent(claim, [1], None, sent_at=now, delete_at=later, paid_until=None)
    hold = timedelta(minutes=2)
    assert await orphan_ops.give_up_promises({claim.id: "too_old"}, now, "me", now, hold) == 0
    assert [promise.message_ids for promise in await deletion_ops.open_deliveries(7, 9)] == [(1,)]

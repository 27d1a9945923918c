"""The recall of broadcasts, row by row."""

from datetime import datetime, timedelta

import pytest

from core.broadcasts import BroadcastStatus, RecipientState
from database.connection import Database
from database.operations import broadcast_ops

MS = timedelta(milliseconds=1)


async def store_broadcast(
    db: Database, delete_at: datetime | None, status: BroadcastStatus = BroadcastStatus.SENT
) -> str:
    created_at = datetime.fromisoformat("2026-02-01T00:00:00+00:00")
    document = {
        "source_chat_id": -100,
        "message_id": 5,
        "segment": None,
        "status": status,
        "created_by": 1,
        "created_at": created_at,
        "delete_at": delete_at,
    }
    return str(await db.collection("broadcasts").insert_one(document))


async def store_recipients(
    db: Database, broadcast_id: str, count: int, sent_at: datetime, state: RecipientState = RecipientState.SENT
) -> None:
    key = (await db.collection("broadcasts").find({}, limit=10, projection=["_id"]))[0]["_id"]
    assert str(key) == broadcast_id
    for user_id in range(1, count + 1):
        await db.collection("broadcast_recipients").insert_one(
            {
                "broadcast_id": key,
                "user_id": user_id,
                "state": state,
                "message_id": 100 + user_id,
                "sent_at": sent_at - user_id * MS,
            }
        )


async def status_of(db: Database) -> str:
    document = await db.collection("broadcasts").find_one({})
    assert document is not None
    return str(document["status"])


async def test_expired_is_at_the_instant_and_not_before(db: Database, now: datetime) -> None:
    due = await store_broadcast(db, now)
    await store_broadcast(db, now + MS)
    await store_broadcast(db, None)

    found = await broadcast_ops.find_expired(now, 10)
    assert [broadcast.id for broadcast in found] == [due]
    assert (found[0].delete_at, found[0].status) == (now, BroadcastStatus.SENT)


@pytest.mark.parametrize("status", list(BroadcastStatus))
async def test_only_sent_and_half_recalled_ones_are_found(db: Database, now: datetime, status: BroadcastStatus) -> None:
    broadcast_id = await store_broadcast(db, now, status)
    recallable = status in (BroadcastStatus.SENT, BroadcastStatus.RECALLING)

    assert bool(await broadcast_ops.find_expired(now, 10)) is recallable
    assert await broadcast_ops.mark_recalling(broadcast_id) is recallable
    assert await status_of(db) == (BroadcastStatus.RECALLING if recallable else status)


async def test_the_oldest_expired_come_first_and_bounded(db: Database, now: datetime) -> None:
    later, sooner = await store_broadcast(db, now), await store_broadcast(db, now - MS)

    assert [broadcast.id for broadcast in await broadcast_ops.find_expired(now, 10)] == [sooner, later]
    assert [broadcast.id for broadcast in await broadcast_ops.find_expired(now, 1)] == [sooner]


async def test_recipients_come_oldest_first_with_their_own_message(db: Database, now: datetime) -> None:
    broadcast_id = await store_broadcast(db, now)
    await store_recipients(db, broadcast_id, 3, now)

    recipients = await broadcast_ops.next_recipients(broadcast_id, 2)
    assert [(recipient.user_id, recipient.message_id) for recipient in recipients] == [(3, 103), (2, 102)]
    assert {recipient.broadcast_id for recipient in recipients} == {broadcast_id}


async def test_a_recipient_is_marked_once(db: Database, now: datetime) -> None:
    broadcast_id = await store_broadcast(db, now)
    await store_recipients(db, broadcast_id, 2, now)

    assert await broadcast_ops.mark_recipient(broadcast_id, 1, RecipientState.DELETED)
    assert not await broadcast_ops.mark_recipient(broadcast_id, 1, RecipientState.FAILED, "too late")
    assert await broadcast_ops.mark_recipient(broadcast_id, 2, RecipientState.FAILED, "message can't be deleted")

    rows = await db.collection("broadcast_recipients").find({}, limit=9, sort=[("user_id", 1)])
    assert [(row["state"], row["error"]) for row in rows] == [
        ("deleted", None),
        ("failed", "message can't be deleted"),
    ]
    assert await broadcast_ops.next_recipients(broadcast_id, 9) == []


@pytest.mark.parametrize("state", [state for state in RecipientState if state is not RecipientState.SENT])
async def test_who_never_got_it_is_not_recalled(db: Database, now: datetime, state: RecipientState) -> None:
    broadcast_id = await store_broadcast(db, now)
    await store_recipients(db, broadcast_id, 1, now, state)

    assert await broadcast_ops.next_recipients(broadcast_id, 9) == []
    assert not await broadcast_ops.mark_recipient(broadcast_id, 1, RecipientState.DELETED)


async def test_a_recall_ends_only_when_nobody_is_left(db: Database, now: datetime) -> None:
    broadcast_id = await store_broadcast(db, now)
    await store_recipients(db, broadcast_id, 2, now)
    await broadcast_ops.mark_recalling(broadcast_id)

    await broadcast_ops.mark_recipient(broadcast_id, 1, RecipientState.DELETED)
    assert not await broadcast_ops.finish_recall(broadcast_id)
    assert await status_of(db) == "recalling"

    await broadcast_ops.mark_recipient(broadcast_id, 2, RecipientState.DELETED)
    assert await broadcast_ops.finish_recall(broadcast_id)
    assert await status_of(db) == "recalled"
    assert not await broadcast_ops.finish_recall(broadcast_id)


async def test_a_broadcast_that_is_not_being_recalled_cannot_be_finished(db: Database, now: datetime) -> None:
    broadcast_id = await store_broadcast(db, now)

    assert not await broadcast_ops.finish_recall(broadcast_id)
    assert await status_of(db) == "sent"


async def test_unknown_broadcasts_are_nothing(db: Database) -> None:
    assert not await broadcast_ops.mark_recalling("nope")
    assert not await broadcast_ops.finish_recall("0" * 24)
    assert await broadcast_ops.next_recipients("nope", 5) == []

"""Broadcasts and rows in any status or state a test needs."""

from datetime import datetime, timedelta
from typing import Any

from core.broadcasts import Broadcast, BroadcastStatus, NewBroadcast, RecipientState
from database.connection import Database
from database.operations import broadcast_ops, broadcast_rows
from database.values import Document, to_key

ANN, BOB = 1, 2
ADMIN = 99
MS, MINUTE = timedelta(milliseconds=1), timedelta(minutes=1)


def news(now: datetime, key: str = "draft", **more: Any) -> NewBroadcast:
    given: dict[str, Any] = {
        "key": key,
        "title": "News",
        "source_chat_id": -100,
        "message_ids": (5,),
        "created_by": ADMIN,
        "created_at": now,
        "send_at": now,
        "progress_chat_id": ADMIN,
        "progress_message_id": 3,
    }
    return NewBroadcast.model_validate(given | more)


async def planned(now: datetime, key: str = "draft", **more: Any) -> Broadcast:
    broadcast, is_new = await broadcast_ops.create(news(now, key, **more))
    assert is_new
    return broadcast


async def started(now: datetime, key: str = "draft", **more: Any) -> Broadcast:
    broadcast = await broadcast_ops.start(await planned(now, key, **more), now)
    assert broadcast is not None
    return broadcast


async def brought_to(status: BroadcastStatus, now: datetime, key: str = "draft", **more: Any) -> Broadcast:
    """Return a broadcast in `status`, changed only by operations."""
    if status is BroadcastStatus.QUEUED:
        return await planned(now, key, **more)
    broadcast = await started(now, key, **more)
    match status:
        case BroadcastStatus.PAUSED:
            await broadcast_ops.pause(broadcast.id)
        case BroadcastStatus.CANCELLED:
            await broadcast_ops.cancel(broadcast.id, now)
        case BroadcastStatus.SENT | BroadcastStatus.FAILED:
            await broadcast_ops.finish(broadcast.id, status, now, {})
        case BroadcastStatus.RECALLING | BroadcastStatus.RECALLED:
            await broadcast_ops.finish(broadcast.id, BroadcastStatus.SENT, now, {})
            await broadcast_ops.mark_recalling(broadcast.id)
            if status is BroadcastStatus.RECALLED:
                await broadcast_ops.finish_recall(broadcast.id, {})
        case _:
            pass
    return await reload(broadcast.id)


async def reload(broadcast_id: str) -> Broadcast:
    broadcast = await broadcast_ops.find(broadcast_id)
    assert broadcast is not None
    return broadcast


async def row(db: Database, broadcast_id: str, user_id: int) -> Document:
    found = await db.collection("broadcast_recipients").find_one(
        {"broadcast_id": to_key(broadcast_id), "user_id": user_id}
    )
    assert found is not None
    return found


async def state(db: Database, broadcast_id: str, user_id: int) -> str:
    return str((await row(db, broadcast_id, user_id))["state"])


async def sent_to(broadcast_id: str, user_id: int, sent_at: datetime, owner: str = "me") -> None:
    """Insert a row whose copy has arrived."""
    await broadcast_rows.add_recipients(broadcast_id, [user_id])
    assert await broadcast_rows.claim(broadcast_id, [user_id], owner) == [user_id]
    assert await broadcast_rows.mark_sent(broadcast_id, user_id, owner, [100 + user_id], sent_at)


async def in_state(db: Database, broadcast_id: str, user_id: int, state: RecipientState, owner: str = "me") -> None:
    """Set a row to `state`."""
    await broadcast_rows.add_recipients(broadcast_id, [user_id])
    change = {"state": state, "owner": None if state is RecipientState.PENDING else owner}
    condition = {"broadcast_id": to_key(broadcast_id), "user_id": user_id}
    assert await db.collection("broadcast_recipients").update_one(condition, {"$set": change})

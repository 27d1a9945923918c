"""Broadcasts as sending leaves them, made by the same operations."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from aiogram import Bot

from core.broadcasts import Broadcast, BroadcastStatus, NewBroadcast
from database.connection import current_database
from database.operations import broadcast_ops, broadcast_rows
from tests.house import OLIVE, STORAGE, USER_BOT, House
from tests.jobs.broadcasts.broadcasts import rows_of

#: owner of the run that sent them
SENDER = "sender"


async def start_sending(now: datetime, *, lifetime: int = 60, send_to: Sequence[int] = ()) -> Broadcast:
    """Create a broadcast that is being sent since `now`, with a pending row for each of `send_to`."""
    new = NewBroadcast(
        key=secrets.token_hex(8), title="News!", source_chat_id=STORAGE, message_ids=(1,), created_by=OLIVE,
        created_at=now, send_at=now, lifetime_minutes=lifetime, progress_chat_id=OLIVE,
    )  # fmt: skip
    queued, _ = await broadcast_ops.create(new)
    broadcast = await broadcast_ops.start(queued, now)
    assert broadcast is not None
    if send_to:
        await broadcast_rows.add_recipients(broadcast.id, send_to)
    return broadcast


async def mark_sent(broadcast: Broadcast, user_id: int, message_ids: Sequence[int], at: datetime) -> None:
    """Let a pending recipient's copies be sent."""
    assert await broadcast_rows.claim(broadcast.id, [user_id], SENDER) == [user_id]
    assert await broadcast_rows.mark_sent(broadcast.id, user_id, SENDER, message_ids, at)


async def finish(broadcast: Broadcast, now: datetime, status: BroadcastStatus = BroadcastStatus.SENT) -> None:
    """End the sending with `status`: sent, failed or cancelled."""
    if status is BroadcastStatus.CANCELLED:
        assert await broadcast_ops.cancel(broadcast.id, now)
    else:
        assert await broadcast_ops.finish(broadcast.id, status, now, await broadcast_rows.count_states(broadcast.id))


async def deliver(house: House, broadcast: Broadcast, user_id: int, items: int = 1) -> list[int]:
    """Send `items` messages to a pending recipient; return their ids."""
    bot: Bot = house.base.user_bot
    ids = [(await bot.send_message(user_id, "News!")).message_id for _ in range(items)]
    await mark_sent(broadcast, user_id, ids, house.base.clock.now())
    return ids


async def create_sent(house: House, *user_ids: int, lifetime: int = 60, items: int = 1) -> Broadcast:
    """Create a broadcast that is over and that all of `user_ids` have got."""
    await open_bot(house, *user_ids)
    broadcast = await start_sending(house.base.clock.now(), lifetime=lifetime, send_to=user_ids)
    for user_id in user_ids:
        await deliver(house, broadcast, user_id, items)
    await finish(broadcast, house.base.clock.now())
    return broadcast


async def open_bot(house: House, *user_ids: int) -> None:
    for user_id in user_ids:
        await house.world.person(user_id).text(USER_BOT, "/start")
    await house.settle()


async def copies_left(house: House, user_id: int) -> list[int]:
    """Return the ids of the broadcasts' copies a subscriber still has."""
    transcript = await house.world.person(user_id).transcript(USER_BOT)
    return [m["message_id"] for m in transcript["messages"] if m.get("text") == "News!" and m["deleted_at"] is None]


async def errors(broadcast: Broadcast) -> dict[int, str | None]:
    """Return the error stored with each recipient, by user id."""
    return {row["user_id"]: row["error"] for row in await rows_of(broadcast)}


async def set_row(broadcast: Broadcast, user_id: int, **fields: object) -> None:
    """Change a stored row directly."""
    (row,) = [row for row in await rows_of(broadcast) if row["user_id"] == user_id]
    assert await current_database().collection("broadcast_recipients").update_one({"_id": row["_id"]}, {"$set": fields})

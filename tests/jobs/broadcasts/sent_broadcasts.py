"""Broadcasts as sending leaves them, made of the same operations; what became of them."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aiogram import Bot

from core.broadcasts import Broadcast, BroadcastStatus, NewBroadcast
from database.connection import current_database
from database.operations import broadcast_ops, broadcast_rows
from tests.house import OLIVE, STORAGE, USER_BOT, House

#: the run that sent them
SENDER = "sender"


async def begun(now: datetime, *, lifetime: int = 60, send_to: Sequence[int] = ()) -> Broadcast:
    """A broadcast that is being sent since `now`, with a pending row for each of `send_to`."""
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


async def arrived(broadcast: Broadcast, user_id: int, message_ids: Sequence[int], at: datetime) -> None:
    """A pending recipient got it."""
    assert await broadcast_rows.claim(broadcast.id, [user_id], SENDER) == [user_id]
    assert await broadcast_rows.mark_sent(broadcast.id, user_id, SENDER, message_ids, at)


async def finish(broadcast: Broadcast, now: datetime, status: BroadcastStatus = BroadcastStatus.SENT) -> None:
    """Sending ends, in one of the three ways it can."""
    if status is BroadcastStatus.CANCELLED:
        assert await broadcast_ops.cancel(broadcast.id, now)
    else:
        assert await broadcast_ops.finish(broadcast.id, status, now, await broadcast_rows.count_states(broadcast.id))


async def deliver(house: House, broadcast: Broadcast, user_id: int, items: int = 1) -> list[int]:
    """A pending recipient gets `items` messages; their ids."""
    bot: Bot = house.base.user_bot
    ids = [(await bot.send_message(user_id, "News!")).message_id for _ in range(items)]
    await arrived(broadcast, user_id, ids, house.base.clock.now())
    return ids


async def sent(house: House, *readers: int, lifetime: int = 60, items: int = 1) -> Broadcast:
    """A broadcast that all of `readers` have got, and that is over."""
    await greet(house, *readers)
    broadcast = await begun(house.base.clock.now(), lifetime=lifetime, send_to=readers)
    for reader in readers:
        await deliver(house, broadcast, reader, items)
    await finish(broadcast, house.base.clock.now())
    return broadcast


async def greet(house: House, *readers: int) -> None:
    for reader in readers:
        await house.world.person(reader).text(USER_BOT, "/start")
    await house.settle()


async def states(broadcast: Broadcast) -> dict[int, str]:
    """Each recipient's state, by user id."""
    return {row["user_id"]: row["state"] for row in await rows_of(broadcast)}


async def errors(broadcast: Broadcast) -> dict[int, str | None]:
    """What stands with each recipient, by user id."""
    return {row["user_id"]: row["error"] for row in await rows_of(broadcast)}


async def rows_of(broadcast: Broadcast) -> list[dict[str, Any]]:
    """The rows as they are stored."""
    found = await broadcast_rows.rows().find({}, limit=100)
    return [row for row in found if str(row["broadcast_id"]) == broadcast.id]


async def as_it_is(broadcast: Broadcast) -> Broadcast:
    """The broadcast as it stands now."""
    found = await broadcast_ops.find(broadcast.id)
    assert found is not None
    return found


async def set_row(broadcast: Broadcast, user_id: int, **fields: object) -> None:
    """Change a stored row behind everybody's back."""
    (row,) = [row for row in await rows_of(broadcast) if row["user_id"] == user_id]
    assert await current_database().collection("broadcast_recipients").update_one({"_id": row["_id"]}, {"$set": fields})

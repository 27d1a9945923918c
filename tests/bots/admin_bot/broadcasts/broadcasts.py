"""Broadcasts as the operations write them, for tests of their progress messages."""

import secrets
from collections.abc import Callable
from typing import Any

from aiogram.methods import EditMessageText, SendMessage
from pymongo.errors import AutoReconnect

from admin_bot.broadcasts.progress_updater import ProgressUpdater
from core.broadcasts import Broadcast, BroadcastStatus, NewBroadcast
from database.operations import broadcast_ops
from tests.bots.admin_bot.conftest import OWNER, STORAGE, AdminBot

COUNTS = {"pending": 80, "sent": 15, "blocked": 5}


async def made(admin: AdminBot, title: str = "Sale", **more: Any) -> Broadcast:
    """A queued broadcast of OWNER's whose time has come, with its progress message."""
    now = admin.clock.now()
    screen = await admin.bot.send_message(OWNER.id, "confirmed")
    known: dict[str, Any] = {
        "key": secrets.token_hex(8),
        "title": title,
        "source_chat_id": STORAGE,
        "message_ids": (1,),
        "created_by": OWNER.id,
        "created_at": now,
        "send_at": now,
        "progress_chat_id": OWNER.id,
        "progress_message_id": screen.message_id,
    }
    broadcast, _ = await broadcast_ops.create(NewBroadcast.model_validate(known | more))
    return broadcast


async def sending(admin: AdminBot, title: str = "Sale", counts: dict[str, int] = COUNTS, **more: Any) -> Broadcast:
    """One with a complete list of recipients that is being sent."""
    broadcast = await made(admin, title, **more)
    assert await broadcast_ops.start(broadcast, admin.clock.now())
    assert await broadcast_ops.record_cursor(broadcast.id, 1, is_filled=True)
    counted = await broadcast_ops.record_counts(broadcast.id, counts)
    assert counted is not None
    return counted


async def sent(admin: AdminBot, title: str = "Sale", **more: Any) -> Broadcast:
    """One that was sent to all recipients but five."""
    broadcast = await sending(admin, title, **more)
    counts = {"sent": 95, "blocked": 5}
    ended = await broadcast_ops.finish(broadcast.id, BroadcastStatus.SENT, admin.clock.now(), counts)
    assert ended is not None
    return ended


async def failed(admin: AdminBot, title: str = "Sale", **more: Any) -> Broadcast:
    """One that failed after fifteen recipients."""
    broadcast, now = await sending(admin, title, **more), admin.clock.now()
    ended = await broadcast_ops.finish(broadcast.id, BroadcastStatus.FAILED, now, COUNTS, "Its <message> is gone.")
    assert ended is not None
    return ended


async def stored(broadcast: Broadcast) -> Broadcast:
    """The current row."""
    found = await broadcast_ops.find(broadcast.id)
    assert found is not None
    return found


def away(*operations: str, collection: str = "broadcasts") -> Callable[[str, str], None]:
    """What `Database.before_call` does while the server does not answer these operations (none named: any)."""

    def refuse(operation: str, where: str) -> None:
        if where == collection and (not operations or operation in operations):
            raise AutoReconnect("away")

    return refuse


def new_updater(admin: AdminBot) -> ProgressUpdater:
    """The updater of a process that starts now."""
    return ProgressUpdater(admin.bot, admin.data["team"], admin.clock, admin.data["zone"], admin.supervisor)


def edits(admin: AdminBot, one: Broadcast | None = None) -> list[str]:
    """The texts edited into its progress message (None: into any message), in order."""
    return [
        str(call.text)
        for call in admin.world.of(EditMessageText)
        if one is None or call.message_id == one.progress_message_id
    ]


def sends(admin: AdminBot) -> list[str]:
    return [call.text for call in admin.world.of(SendMessage) if call.text != "confirmed"]


async def count(one: Broadcast, sent_to: int) -> None:
    await broadcast_ops.record_counts(one.id, {"pending": 1000 - sent_to, "sent": sent_to})

"""A house with subscribers and a message to send to them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from core.broadcasts import Broadcast, NewBroadcast
from core.jobs import RunReport
from database.operations import broadcast_ops, broadcast_rows
from schedulers import create_broadcast_sender_scheduler
from schedulers.jobs.broadcast_calls import RecipientCalls
from schedulers.jobs.broadcast_sending import BEAT_S
from schedulers.registry import JobContext
from schedulers.telegram_registry import BroadcastSenderScheduler
from tests.house import OLIVE, STORAGE, USER_BOT, House

Pause = Callable[[float], Awaitable[None]]


async def yielding(_: float) -> None:
    """Waits for no time: everybody else gets some turns."""
    for _turn in range(20):
        await asyncio.sleep(0)


def sender(house: House, *, sleep: Pause = yielding, pulse: Pause = yielding) -> BroadcastSenderScheduler:
    """The sender of a process of its own."""
    context = JobContext(clock=house.base.clock, sleep=sleep, pulse=pulse)
    return create_broadcast_sender_scheduler(house.base.user_bot, house.base.user_limiter, context)


async def subscribers(house: House, count: int, first: int = 700) -> list[int]:
    """So many people who have opened the user bot, by their ids."""
    ids = list(range(first, first + count))
    for user_id in ids:
        await house.world.add_user(f"Reader {user_id}", id=user_id)
        await house.world.person(user_id).text(USER_BOT, "/start")
    await house.settle()
    return ids


async def stored(house: House, text: str = "Big news") -> int:
    """A message in the storage channel."""
    sent = await house.olive.text(STORAGE, text)
    return int(sent["message"]["message_id"])


async def planned(house: House, message_ids: Sequence[int] = (), **more: Any) -> Broadcast:
    """A queued broadcast, due now."""
    now = house.base.clock.now()
    fields: dict[str, Any] = {
        "key": f"draft-{now.timestamp()}",
        "title": "Big news",
        "source_chat_id": STORAGE,
        "message_ids": tuple(message_ids) or (await stored(house),),
        "created_by": OLIVE,
        "created_at": now,
        "send_at": now,
        "progress_chat_id": OLIVE,
    }
    broadcast, _ = await broadcast_ops.create(NewBroadcast(**(fields | more)))
    return broadcast


async def send(house: House) -> RunReport:
    """One run of the sender."""
    return await sender(house).send_due_broadcasts()


async def now_of(broadcast: Broadcast) -> Broadcast:
    found = await broadcast_ops.find(broadcast.id)
    assert found is not None
    return found


async def states(broadcast: Broadcast) -> dict[int, str]:
    """The state of each recipient."""
    found = await broadcast_rows.rows().find({}, limit=2000)
    return {row["user_id"]: row["state"] for row in found if str(row["broadcast_id"]) == broadcast.id}


async def copies(house: House, user_id: int, text: str = "Big news") -> int:
    """How often a person has it."""
    transcript = await house.world.person(user_id).transcript(USER_BOT)
    return sum(m.get("text") == text and m["deleted_at"] is None for m in transcript["messages"])


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


class Interruption:
    """Something that happens at one recipient's call. That call and the next go out when the sender has noticed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, deed: Callable[[], Awaitable[object]]) -> None:
        self._beats_since: int | None = None
        calls, send = 0, RecipientCalls.send

        async def interrupted(one: RecipientCalls, user_id: int) -> Any:
            nonlocal calls
            calls += 1
            if calls == at:
                await deed()
                self._beats_since = 0
            for _ in range(1_000_000):
                # the second begins when the first has looked
                if self._beats_since is None or self._beats_since >= 2:
                    break
                await asyncio.sleep(0)
            return await send(one, user_id)

        monkeypatch.setattr(RecipientCalls, "send", interrupted)

    async def pulse(self, seconds: float) -> None:
        if self._beats_since is not None and seconds == BEAT_S:
            self._beats_since += 1
        await yielding(seconds)

"""A house with subscribers and a message to send to them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from core.broadcasts import Broadcast, NewBroadcast
from core.jobs import RunReport
from database.operations import broadcast_ops, broadcast_rows
from schedulers import registry
from schedulers.admission import by_hand
from schedulers.factory import create_scheduler
from schedulers.jobs.broadcast_calls import RecipientCalls
from schedulers.runner import Runner
from tests.clocks import Sleep, SteeredClock
from tests.house import OLIVE, STORAGE, USER_BOT, House


async def give_turns(_: float) -> None:
    """A sleep without time passing; every other task gets some turns."""
    for _turn in range(20):
        await asyncio.sleep(0)


class SenderClock(SteeredClock):
    """The time of the house, for a sender whose sleeps the test controls: its own and those of its heartbeat."""

    def __init__(self, house: House, sleep: Sleep = give_turns, heartbeat: Sleep = give_turns) -> None:
        super().__init__(sleep, in_tasks={"broadcast beat": heartbeat, "lease ": give_turns})
        self._house = house

    def now(self) -> datetime:
        return self._house.base.clock.now()


def sender_in(house: House, sleep: Sleep = give_turns, heartbeat: Sleep = give_turns, owner: str = "") -> Runner:
    """Return the runner of the sender in a process of its own."""
    context = replace(house.user_bot.jobs, clock=SenderClock(house, sleep, heartbeat), owner=owner)
    return create_scheduler(registry.BROADCAST_SENDER, context).runner


async def send(house: House, *, sleep: Sleep = give_turns, heartbeat: Sleep = give_turns) -> RunReport:
    """Run the sender once."""
    return await sender_in(house, sleep, heartbeat).run(by_hand())


async def add_subscribers(house: House, count: int, first: int = 700) -> list[int]:
    """Let `count` people open the user bot; return their ids."""
    ids = list(range(first, first + count))
    for user_id in ids:
        await house.world.add_user(f"Subscriber {user_id}", id=user_id)
        await house.world.person(user_id).text(USER_BOT, "/start")
    await house.settle()
    return ids


async def store_text(house: House, text: str = "Big news") -> int:
    """Store a message in the storage channel; return its id."""
    sent = await house.olive.text(STORAGE, text)
    return int(sent["message"]["message_id"])


async def store_album(house: House, items: int = 3) -> list[int]:
    """Store photos in the storage channel; return their ids."""
    return [int((await house.olive.media(STORAGE, "photo"))["message"]["message_id"]) for _ in range(items)]


async def queue(house: House, message_ids: Sequence[int] = (), **more: Any) -> Broadcast:
    """Queue a broadcast that is due now."""
    now = house.base.clock.now()
    fields: dict[str, Any] = {
        "key": f"draft-{now.timestamp()}",
        "title": "Big news",
        "source_chat_id": STORAGE,
        "message_ids": tuple(message_ids) or (await store_text(house),),
        "created_by": OLIVE,
        "created_at": now,
        "send_at": now,
        "progress_chat_id": OLIVE,
    }
    broadcast, _ = await broadcast_ops.create(NewBroadcast(**(fields | more)))
    return broadcast


async def queue_and_send(house: House, message_ids: Sequence[int] = (), **more: Any) -> Broadcast:
    broadcast = await queue(house, message_ids, **more)
    await send(house)
    return await reread(broadcast)


async def reread(broadcast: Broadcast) -> Broadcast:
    """Return the broadcast as it is stored now."""
    found = await broadcast_ops.find(broadcast.id)
    assert found is not None
    return found


async def rows_of(broadcast: Broadcast) -> list[dict[str, Any]]:
    """Return the recipients' rows as they are stored."""
    found = await broadcast_rows.rows().find({}, limit=2000)
    return [row for row in found if str(row["broadcast_id"]) == broadcast.id]


async def states(broadcast: Broadcast) -> dict[int, str]:
    """Return each recipient's state by user id."""
    return {row["user_id"]: row["state"] for row in await rows_of(broadcast)}


async def copies(house: House, user_id: int, text: str = "Big news") -> int:
    """Return how many copies a subscriber has."""
    transcript = await house.world.person(user_id).transcript(USER_BOT)
    return sum(m.get("text") == text and m["deleted_at"] is None for m in transcript["messages"])


class Interruption:
    """Something that happens at the `at`-th recipient's call; that call and later ones wait until the sender noticed.

    `heartbeat` is to be the sender's.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, action: Callable[[], Awaitable[object]]) -> None:
        self._beats_since: int | None = None
        calls, send, is_acting = 0, RecipientCalls.send, asyncio.Event()

        async def interrupted(one: RecipientCalls, user_id: int, *languages: str | None) -> Any:
            nonlocal calls
            calls += 1
            if calls == at:
                # calls that come while a server carries the action out wait, too
                is_acting.set()
                await action()
                self._beats_since = 0
                is_acting.clear()
            for _ in range(1_000_000):
                # the second heartbeat starts when the first has read the broadcast
                if not is_acting.is_set() and (self._beats_since is None or self._beats_since >= 2):
                    break
                await asyncio.sleep(0)
            return await send(one, user_id, *languages)

        monkeypatch.setattr(RecipientCalls, "send", interrupted)

    async def heartbeat(self, seconds: float) -> None:
        if self._beats_since is not None:
            self._beats_since += 1
        await give_turns(seconds)

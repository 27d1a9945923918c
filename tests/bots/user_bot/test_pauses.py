"""Stored pauses in a running process: when they are read and written, and how many commands that takes."""

import asyncio
from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from database.connection import current_database
from database.indexes import INDEXES
from database.operations import pause_ops
from database.operations.pause_ops import Pause
from sandbox.client import SandboxClient
from sender.limiting import pauses
from tests.house import ALICE, USER_BOT, House, running_house

BOT, ADMIN = 1002, 1001


@pytest.fixture(autouse=True)
def only_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads what other processes note while a test counts commands."""
    monkeypatch.setattr(pauses, "FOLLOW_S", 3600.0)


def pause_commands() -> Counter[str]:
    calls = current_database().calls
    return Counter({name.split()[0]: n for name, n in calls.items() if name.endswith(" send_pauses")})


async def test_a_start_reads_pauses_once_per_limiter_and_a_delivery_reads_none(house: House) -> None:
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    at_start = {"create_index": len(INDEXES["send_pauses"]), "indexes": 1}
    assert pause_commands() == at_start | {"find": 2}


async def test_a_429_is_stored_by_one_command_and_one_search_for_past_pauses(house: House) -> None:
    post = await house.store()
    before = pause_commands()
    await house.world.fault("flood", method="copyMessages", bot=USER_BOT, retry_after=20)
    began = house.base.clock.now()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    assert pause_commands() - before == {"update_one": 1, "find": 1}
    (pause,) = await pause_ops.load(BOT, began)
    assert pause.chat == ALICE
    assert 20 <= (pause.until - began).total_seconds() < 30
    assert (await house.world.counters())["ignored_429"] == 0


async def test_both_limiters_are_restored_before_any_call_but_get_me(monkeypatch: pytest.MonkeyPatch) -> None:
    world: SandboxClient | None = None
    loaded: list[tuple[int, set[str]]] = []

    async def load(bot_id: int, now: datetime) -> list[Pause]:
        assert world is not None
        loaded.append((bot_id, {call["method"] for call in await world.calls()}))
        return []

    async def remember_world(found: SandboxClient) -> None:
        nonlocal world
        world = found

    monkeypatch.setattr(pause_ops, "load", load)
    async with running_house(timers=False, before=remember_world):
        assert loaded == [(BOT, {"getMe"}), (ADMIN, {"getMe"})]


async def test_a_stop_writes_pauses_that_a_hanging_database_did_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asyncio.Event()
    written: list[str] = []

    async def update_one(key: dict[str, Any], update: dict[str, Any], **_: Any) -> bool:
        if not asked.is_set():
            asked.set()
            await asyncio.Event().wait()
        written.append(key["_id"])
        return True

    async with running_house(timers=False) as house:
        monkeypatch.setattr(current_database().collection("send_pauses"), "update_one", update_one)
        await house.world.fault("flood", method="sendMessage", bot=USER_BOT, retry_after=20)
        await house.alice.text(USER_BOT, "/help")
        await asyncio.wait_for(asked.wait(), 10)
        assert written == []
    assert written == [f"{BOT}:{ALICE}"]

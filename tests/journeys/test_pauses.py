"""Told to wait, killed, started again: the chat is left alone until the time is over (MONGO_URI; CI starts one)."""

import signal
from asyncio import wait_for
from asyncio.subprocess import Process
from typing import Any

import pytest

from sandbox.client import Person, SandboxClient
from tests.house import ALICE, BOB, USER_BOT
from tests.journeys.test_kill import asked, store, world
from tests.journeys.test_stop_and_start import product

__all__ = ["store", "world"]

pytestmark = [pytest.mark.server, pytest.mark.timeout(180)]

#: seconds Telegram asks for: far more than two starts take on a busy machine
FLOOD_S = 600
HELP = "How this works"


async def helped(person: Person) -> None:
    """The bot is up and has handled this subscriber's request, and so all requests before it."""
    await person.text(USER_BOT, "/help")
    await person.wait(USER_BOT, contains=HELP, timeout_s=60)


async def flooded(world: SandboxClient) -> None:
    """Alice was answered before; now she asks, and the bot is told to wait."""
    alice = world.person(ALICE)
    await helped(alice)
    await world.idle(bot=USER_BOT)
    before = (await world.counters())["methods"]["sendMessage"]
    await world.fault("flood", method="sendMessage", bot=USER_BOT, chat_id=ALICE, retry_after=FLOOD_S)
    await alice.text(USER_BOT, "/help")
    await asked(world, "sendMessage", before)
    # a few hundred milliseconds: as long as a look for a clock that nobody moves
    clock = await world.request("GET", "clock")
    await world.request("GET", "clock", after=clock["version"], timeout_s=0.3)


async def calls_to_alice(world: SandboxClient) -> int:
    return sum(call["params"].get("chat_id") == str(ALICE) for call in await world.calls(bot=USER_BOT))


async def left_alone(world: SandboxClient, calls_before: int) -> None:
    """Alice asks again and is not answered, while Bob, who asks after her, is."""
    await world.person(ALICE).text(USER_BOT, "/help")
    await helped(world.person(BOB))
    assert await calls_to_alice(world) == calls_before


async def answered_later(world: SandboxClient) -> None:
    await world.advance(FLOOD_S + 1)
    # by Bob's answer the bot has heard of the clock; a call of Alice's before would not wait but be given up
    await helped(world.person(BOB))
    await helped(world.person(ALICE))
    assert (await world.counters())["ignored_429"] == 0


async def end(process: Process) -> None:
    process.kill()
    await process.wait()


async def test_a_crash_loop_in_a_flood_wait_leaves_the_chat_alone(world: SandboxClient, store: dict[str, Any]) -> None:
    async with product(world.url, **store) as process:
        await flooded(world)
        calls = await calls_to_alice(world)
        await end(process)
    async with product(world.url, **store) as process:
        await left_alone(world, calls)
        await end(process)
    async with product(world.url, **store):
        await left_alone(world, calls)
        await answered_later(world)


async def test_a_stop_in_a_flood_wait_does_too(world: SandboxClient, store: dict[str, Any]) -> None:
    async with product(world.url, **store) as process:
        await flooded(world)
        calls = await calls_to_alice(world)
        process.send_signal(signal.SIGTERM)
        assert await wait_for(process.wait(), 40) == 0
    async with product(world.url, **store):
        await left_alone(world, calls)
        await answered_later(world)

"""A chat in a flood wait is not called until the wait is over, even after restarts (MONGO_URI; CI starts one)."""

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
HELP = "A post may ask you"


async def helped(person: Person) -> None:
    """Wait until the bot has handled this subscriber's request, and so all requests before it."""
    await person.text(USER_BOT, "/help")
    await person.wait(USER_BOT, contains=HELP, timeout_s=60)


async def flooded(world: SandboxClient) -> None:
    """Answer one request of Alice; answer the call for the next with a flood wait."""
    alice = world.person(ALICE)
    await helped(alice)
    await world.idle(bot=USER_BOT)
    before = (await world.counters())["methods"]["sendMessage"]
    await world.fault("flood", method="sendMessage", bot=USER_BOT, chat_id=ALICE, retry_after=FLOOD_S)
    await alice.text(USER_BOT, "/help")
    await asked(world, "sendMessage", before)
    # waits 300 ms: the clock does not move, so the request returns at its timeout
    clock = await world.request("GET", "clock")
    await world.request("GET", "clock", after=clock["version"], timeout_s=0.3)


async def calls_to_alice(world: SandboxClient) -> int:
    return sum(call["params"].get("chat_id") == str(ALICE) for call in await world.calls(bot=USER_BOT))


async def left_alone(world: SandboxClient, calls_before: int) -> None:
    """Assert that a request of Alice causes no call, while a later one of Bob is answered."""
    await world.person(ALICE).text(USER_BOT, "/help")
    await helped(world.person(BOB))
    assert await calls_to_alice(world) == calls_before


async def answered_later(world: SandboxClient) -> None:
    await world.advance(FLOOD_S + 1)
    # Bob's answer shows that the bot has read the moved clock; a call to Alice before that would be given up at once
    await helped(world.person(BOB))
    await helped(world.person(ALICE))
    assert (await world.counters())["ignored_429"] == 0


async def end(process: Process) -> None:
    process.kill()
    await process.wait()


async def test_a_flood_wait_is_respected_after_repeated_kills(world: SandboxClient, store: dict[str, Any]) -> None:
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


async def test_a_flood_wait_is_respected_after_an_orderly_stop(world: SandboxClient, store: dict[str, Any]) -> None:
    async with product(world.url, **store) as process:
        await flooded(world)
        calls = await calls_to_alice(world)
        process.send_signal(signal.SIGTERM)
        assert await wait_for(process.wait(), 40) == 0
    async with product(world.url, **store):
        await left_alone(world, calls)
        await answered_later(world)

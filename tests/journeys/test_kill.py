"""kill -9 of the product during its work, with a database that survives it (MONGO_URI; CI starts one)."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.announcements import LEASE_FOR as PUBLISHING_LEASE_FOR
from core.delivery_states import LEASE_FOR
from database.connection import close_database, open_database
from sandbox.client import SandboxClient
from sandbox.server import Sandbox
from tests.house import ADMIN_BOT, ALICE, OLIVE, USER_BOT, people_and_channel
from tests.journeys.test_stop_and_start import a_link, product

GARDEN = "Rose Garden"

pytestmark = [pytest.mark.server, pytest.mark.timeout(180)]


@pytest.fixture
async def world() -> AsyncIterator[SandboxClient]:
    async with Sandbox(seed=1).running(port=0) as sandbox, SandboxClient(sandbox.url) as client:
        await people_and_channel(client)
        yield client


@pytest.fixture
async def store() -> AsyncIterator[dict[str, Any]]:
    """The environment variables of a database for this test alone, which is dropped afterwards."""
    uri, name = os.environ["MONGO_URI"], f"tollgate_test_{secrets.token_hex(6)}"
    yield {"MONGO_URI": uri, "MONGO_DB": name}
    database = await open_database(uri, name)
    await database.drop()
    await close_database()


async def asked(world: SandboxClient, method: str, before: int) -> None:
    """Return once the bots have called `method` more than `before` times."""
    async with asyncio.timeout(20):
        while (await world.counters())["methods"].get(method, 0) <= before:
            await world.request("GET", "clock", after=(await world.request("GET", "clock"))["version"], timeout_s=0.05)


async def test_a_subscriber_interrupted_by_kill_9_is_notified_and_gets_the_post_at_a_press(
    world: SandboxClient, store: dict[str, Any]
) -> None:
    alice = world.person(ALICE)
    async with product(world.url, **store) as process:
        link = await a_link(world)
        before = (await world.counters())["methods"]["copyMessages"]
        hang = await world.fault("hang", method="copyMessages", bot=USER_BOT)
        await alice.link(link)
        await asked(world, "copyMessages", before)
        process.kill()
        await process.wait()
        await world.clear_faults(hang)
    # the lease of the killed process runs out
    await world.advance(LEASE_FOR.total_seconds() + 1)
    async with product(world.url, **store):
        await alice.wait(USER_BOT, contains="was interrupted", timeout_s=60)
        await alice.press(USER_BOT, "Get it again")
        await alice.wait(USER_BOT, contains="30 min", timeout_s=20)
    seen = await alice.transcript(USER_BOT)
    assert len([m for m in seen["messages"] if m.get("photo")]) == 1
    assert len([m for m in seen["messages"] if "was interrupted" in m.get("text", "")]) == 1


async def test_deletions_survive_kill_9_and_are_carried_out_after_the_next_start(
    world: SandboxClient, store: dict[str, Any]
) -> None:
    alice = world.person(ALICE)
    async with product(world.url, **store) as process:
        await alice.link(await a_link(world))
        await alice.wait(USER_BOT, contains="30 min", timeout_s=30)
        await world.idle(bot=USER_BOT)
        process.kill()
        await process.wait()
    await world.advance(31 * 60)
    async with product(world.url, **store):
        await alice.text(USER_BOT, "/help")
        await alice.wait(USER_BOT, contains="A post may ask you", timeout_s=30)
        await world.advance(60)  # the product runs; the next tick is up to a minute away
        await alice.wait(USER_BOT, contains="deleted, as announced", timeout_s=60, since=0)
    seen = await alice.transcript(USER_BOT)
    assert [m["deleted_at"] is not None for m in seen["messages"] if m.get("photo")] == [True]


async def test_a_batch_started_before_kill_9_can_be_finished_after_it(
    world: SandboxClient, store: dict[str, Any]
) -> None:
    olive = world.person(OLIVE)
    async with product(world.url, **store) as process:
        await olive.text(ADMIN_BOT, "/batch")
        await olive.wait(ADMIN_BOT, contains="New post.", timeout_s=30)
        for text in ("one", "two"):
            await olive.text(ADMIN_BOT, text)
        await olive.wait(ADMIN_BOT, contains="2 messages", timeout_s=20, since=0)
        await world.idle(bot=ADMIN_BOT)
        process.kill()
        await process.wait()
    async with product(world.url, **store):
        await olive.text(ADMIN_BOT, "three")
        await olive.wait(ADMIN_BOT, contains="3 messages", timeout_s=60, since=0)
        await olive.press(ADMIN_BOT, "Done")
        assert await olive.wait(ADMIN_BOT, contains="Post 1 is saved", timeout_s=20)


async def _previewed(world: SandboxClient) -> None:
    """Make a post, connect a new channel and show the announcement with the post's picture."""
    olive = world.person(OLIVE)
    await a_link(world)
    await olive.press(ADMIN_BOT, "Publish")
    await olive.wait(ADMIN_BOT, contains="No channel is connected", timeout_s=20)
    await olive.press(ADMIN_BOT, "Connect a channel")
    await olive.wait(ADMIN_BOT, contains="below the text field. You can make", timeout_s=20)
    await olive.press(ADMIN_BOT, "Choose a channel", new_chat={"title": GARDEN})
    await olive.wait(ADMIN_BOT, contains="Publish post 1", timeout_s=20)
    await olive.press(ADMIN_BOT, "Cover ›")
    await olive.wait(ADMIN_BOT, contains="icture", timeout_s=20)
    await olive.press(ADMIN_BOT, "From the post")
    await olive.wait(ADMIN_BOT, contains="Publish post 1", timeout_s=20)


async def _announced(world: SandboxClient) -> int:
    """Count the announcements in the channel."""
    (chat_id,) = [one["id"] for one in (await world.request("GET", "state"))["chats"] if one.get("title") == GARDEN]
    return len([one for one in await world.chat_messages(chat_id) if one.get("photo") and one["deleted_at"] is None])


@pytest.mark.parametrize(
    ("fault", "arrived", "decision"), [("hang", 0, "Send again"), ("hang_after", 1, "It is there")]
)
async def test_a_publication_cut_by_kill_9_is_called_unknown_and_stands_once_after_the_owner_decides(
    world: SandboxClient, store: dict[str, Any], fault: str, arrived: int, decision: str
) -> None:
    olive = world.person(OLIVE)
    async with product(world.url, **store) as process:
        await _previewed(world)
        before = (await world.counters())["methods"]["copyMessage"]
        hang = await world.fault(fault, method="copyMessage", bot=ADMIN_BOT)
        await olive.press(ADMIN_BOT, "Publish now")
        await asked(world, "copyMessage", before)
        process.kill()
        await process.wait()
        await world.clear_faults(hang)
    await world.advance(PUBLISHING_LEASE_FOR.total_seconds() + 1)
    async with product(world.url, **store):
        await olive.wait(
            ADMIN_BOT,
            contains=f"Telegram did not confirm. Look into \u2068{GARDEN}\u2069 first.",
            timeout_s=60,
            since=0,
        )
        assert await _announced(world) == arrived
        await olive.press(ADMIN_BOT, decision)
        await olive.wait(ADMIN_BOT, contains=f"Published in \u2068{GARDEN}\u2069", timeout_s=60, since=0)
        await world.idle(bot=ADMIN_BOT)
    assert await _announced(world) == 1

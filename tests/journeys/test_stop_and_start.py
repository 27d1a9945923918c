"""The product as a process: SIGTERM during a delivery, kill -9, a second start, starts that must fail."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sandbox.client import SandboxClient
from sandbox.server import Sandbox
from tests.house import ADMIN_BOT, ADMIN_TOKEN, ALICE, OLIVE, STORAGE, USER_BOT, USER_TOKEN, people_and_channel

ROOT = Path(__file__).resolve().parents[2]

#: main.py, but a start does not wait for a server that does not answer
IMPATIENT = (
    "import main, runtime.context, runtime.lifecycle; runtime.context.START_PATIENCE_S = 0.0;"
    "raise SystemExit(runtime.lifecycle.run(main.main))"
)

pytestmark = [pytest.mark.sweep, pytest.mark.journey]


def environment(url: str, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "USER_BOT_TOKEN": USER_TOKEN,
        "ADMIN_BOT_TOKEN": ADMIN_TOKEN,
        "ADMIN_IDS": str(OLIVE),
        "STORAGE_CHANNEL_ID": str(STORAGE),
        "MONGO_URI": "memory://",
        "TELEGRAM_API_URL": url,
        "SANDBOX_CLOCK_URL": f"{url}/control/clock",
        "WEB_PORT": "0",
        # set, so that no start writes a secret file into its working directory
        "JWT_SECRET": "q7Zr2mKx9TfLw4VbNc8Ps3HdJy6GuEaR",
    } | more


@asynccontextmanager
async def product(url: str, *, program: str = "", **more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run main.py, or `program` instead, with the test's environment and `more`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(["-c", program] if program else [str(ROOT / "main.py")]),
        cwd=ROOT,
        env=environment(url, **more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
async def world() -> AsyncIterator[SandboxClient]:
    async with Sandbox(seed=1).running(port=0) as sandbox, SandboxClient(sandbox.url) as client:
        await people_and_channel(client)
        yield client


async def a_link(world: SandboxClient) -> str:
    """Send a photo as the owner; return the link of the new post."""
    await world.person(OLIVE).media(ADMIN_BOT, "photo", caption="Roses")
    seen = await world.person(OLIVE).wait(ADMIN_BOT, contains="?start=p_", timeout_s=30)
    text = next(m["text"] for m in seen["messages"] if "?start=p_" in m.get("text", ""))
    return str(next(word for word in text.split() if "?start=p_" in word))


async def test_sigterm_during_a_delivery_lets_it_finish(world: SandboxClient) -> None:
    async with product(world.url) as process:
        link = await a_link(world)
        alice = world.person(ALICE)
        await world.fault("delay", method="copyMessages", bot=USER_BOT, ms=500)
        await world.fault("delay", method="sendMessage", bot=USER_BOT, ms=500)
        before = (await world.counters())["methods"].get("copyMessages", 0)
        await alice.link(link)
        async with asyncio.timeout(10):
            while (await world.counters())["methods"].get("copyMessages", 0) == before:
                await world.request("GET", "clock", after=0, timeout_s=0.05)
        process.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(process.communicate(), 20)
        seen = await alice.transcript(USER_BOT)
        assert process.returncode == 0, errors.decode()
        assert b"Traceback" not in errors
        assert [bool(m.get("photo")) for m in seen["messages"] if m["outgoing"]] == [True, False]
        assert "30 min" in seen["messages"][-1]["text"]


async def test_an_update_handled_before_a_stop_is_not_handled_again_after_the_next_start(world: SandboxClient) -> None:
    alice = world.person(ALICE)
    async with product(world.url) as process:
        await alice.text(USER_BOT, "/start")
        await alice.wait(USER_BOT, contains="Hi ", timeout_s=30)
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    async with product(world.url) as process:
        await alice.text(USER_BOT, "/help")
        await alice.wait(USER_BOT, contains="A post may ask you", timeout_s=30)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    seen = await alice.transcript(USER_BOT)
    assert len([m for m in seen["messages"] if "Hi " in m.get("text", "")]) == 1


async def test_after_kill_9_the_next_start_answers_again(world: SandboxClient) -> None:
    alice = world.person(ALICE)
    async with product(world.url) as process:
        await alice.text(USER_BOT, "/start")
        await alice.wait(USER_BOT, contains="Hi ", timeout_s=30)
        process.kill()
        await process.wait()
    await alice.text(USER_BOT, "/help")
    async with product(world.url) as process:
        await alice.wait(USER_BOT, contains="A post may ask you", timeout_s=30)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_a_token_unknown_to_telegram_stops_the_start_with_a_one_line_error(world: SandboxClient) -> None:
    async with product(world.url, USER_BOT_TOKEN="999:nobody-knows-it") as process:
        _, errors = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 2
        assert b"USER_BOT_TOKEN: Telegram does not know this bot token" in errors
        assert b"Traceback" not in errors
        assert b"nobody-knows-it" not in errors


async def test_an_unreachable_telegram_stops_the_start_with_a_one_line_error() -> None:
    async with product("http://127.0.0.1:9", program=IMPATIENT, SANDBOX_CLOCK_URL="", LOG_LEVEL="ERROR") as process:
        _, errors = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 1
        (line,) = errors.decode().splitlines()
        assert line.startswith("tollgate: TELEGRAM_API_URL: no answer from Telegram")
        assert USER_TOKEN not in line


async def test_an_unreadable_sandbox_clock_stops_the_start_with_a_one_line_error(world: SandboxClient) -> None:
    async with product(world.url, SANDBOX_CLOCK_URL="http://127.0.0.1:9/clock") as process:
        _, errors = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 1
        (line,) = errors.decode().splitlines()
        assert line.startswith("tollgate: SANDBOX_CLOCK_URL: no time from the sandbox")

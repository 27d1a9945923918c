"""What `make demo` takes from its caller (next to nothing), and how it ends."""

import asyncio
import shutil
import signal
import socket
from pathlib import Path

import aiohttp
import pytest

from sandbox.client import SandboxClient
from tests.journeys.demo import ROOT, running_demo

pytestmark = [pytest.mark.journey, pytest.mark.sweep, pytest.mark.timeout(120)]

ALICE, USER_BOT = 502, "tollgate_demo_bot"


def checkout_with(folder: Path, env_file: str) -> Path:
    """A checkout that has a `.env` of its own; all but the scripts, which look where they stand, is linked."""
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    for path in ROOT.iterdir():
        if path.name not in {"scripts", ".env", ".git"}:
            (folder / path.name).symlink_to(path)
    (folder / ".env").write_text(env_file, encoding="utf-8")
    return folder


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def is_up(address: str) -> bool:
    """Whether anybody answers there."""
    try:
        async with aiohttp.ClientSession() as session, session.get(address):
            return True
    except aiohttp.ClientError:
        return False


async def test_nothing_of_the_callers_configuration_reaches_the_demo(tmp_path: Path) -> None:
    checkout = checkout_with(tmp_path, "TIMEZONE=Mars/Olympus\nUPDATES=webhook\n")
    theirs = {"WEB_PORT": "door", "SHORTENERS": "none", "JWT_SECRET_FILE": "/nowhere/at/all"}
    async with running_demo(8185, checkout, **theirs) as demo:
        demo.process.send_signal(signal.SIGINT)
        _, errors = await asyncio.wait_for(demo.process.communicate(), 10)
        assert demo.process.returncode == 0, errors.decode()
        assert not await is_up(demo.address)
        assert not await is_up(demo.web_app)


async def test_a_port_that_is_taken_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", 8188)):
        async with running_demo(8187) as demo:
            assert demo.address == "http://127.0.0.1:8187"
            assert demo.web_app != "http://127.0.0.1:8188"
            assert await is_up(f"{demo.web_app}/robots.txt")


async def begin_an_answer(address: str) -> None:
    """Return while the user bot's answer to Alice is held in the sandbox; it would arrive a second later."""
    async with SandboxClient(address) as world:
        await world.idle(timeout_s=20)
        sent = (await world.counters())["methods"].get("sendMessage", 0)
        await world.fault("delay", method="sendMessage", bot=USER_BOT, ms=1000)
        await world.person(ALICE).text(USER_BOT, "/start")
        async with asyncio.timeout(20):
            while (await world.counters())["methods"].get("sendMessage", 0) == sent:
                await world.request("GET", "clock", after=0, timeout_s=0.05)


async def test_a_launcher_killed_during_an_answer_takes_its_children_with_it(tmp_path: Path) -> None:
    async with running_demo(8191, TMPDIR=str(tmp_path)) as demo:
        assert await is_up(demo.address)
        assert await is_up(demo.web_app)
        await begin_an_answer(demo.address)
        demo.process.kill()
        # the children hold the launcher's standard error: it ends when the last of them has ended
        _, errors = await asyncio.wait_for(demo.process.communicate(), 20)
        assert b"Traceback" not in errors, errors.decode()
        assert not await is_up(demo.address)
        assert not await is_up(demo.web_app)
        assert names_in(tmp_path) == []

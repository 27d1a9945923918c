"""`make demo` ignores the configuration of its caller, and leaves nothing behind when it ends or is killed."""

import asyncio
import shutil
import signal
import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.client import SandboxClient
from schedulers.registry import JOBS
from tests.journeys.demo import ROOT, running_demo

pytestmark = [pytest.mark.journey, pytest.mark.sweep, pytest.mark.timeout(120)]

ALICE, USER_BOT = 502, "tollgate_demo_bot"


def checkout_with(folder: Path, env_file: str) -> Path:
    """A checkout with its own `.env`. Scripts are copied, as they find it by their own path; the rest is linked."""
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    for path in ROOT.iterdir():
        if path.name not in {"scripts", ".env", ".git"}:
            (folder / path.name).symlink_to(path)
    (folder / ".env").write_text(env_file, encoding="utf-8")
    return folder


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def is_up(address: str) -> bool:
    """Whether a server answers at `address`."""
    try:
        async with aiohttp.ClientSession() as session, session.get(address):
            return True
    except aiohttp.ClientError:
        return False


async def test_the_demo_ignores_the_configuration_of_its_caller(tmp_path: Path) -> None:
    checkout = checkout_with(tmp_path, "TIMEZONE=Mars/Olympus\nUPDATES=webhook\n")
    theirs: dict[str, Any] = {"WEB_PORT": "door", "SHORTENERS": "none", "JWT_SECRET_FILE": "/nowhere/at/all"}
    async with running_demo(8185, checkout, **theirs) as demo:
        demo.process.send_signal(signal.SIGINT)
        _, errors = await asyncio.wait_for(demo.process.communicate(), 10)
        assert demo.process.returncode == 0, errors.decode()
        assert not await is_up(demo.address)
        assert not await is_up(demo.web_app)


async def test_the_address_is_the_last_line_of_the_start() -> None:
    async with running_demo(8189) as demo:
        parts = {line.partition(":")[0] for line in demo.printed}
        assert {row.name for row in JOBS} <= parts
        demo.process.send_signal(signal.SIGINT)
        said, _ = await asyncio.wait_for(demo.process.communicate(), 10)
        assert said.decode().strip() == ""


async def test_a_port_in_use_is_skipped() -> None:
    with socket.create_server(("127.0.0.1", 8188)):
        async with running_demo(8187) as demo:
            assert demo.address == "http://127.0.0.1:8187"
            assert demo.web_app != "http://127.0.0.1:8188"
            assert await is_up(f"{demo.web_app}/robots.txt")


async def begin_an_answer(address: str) -> None:
    """Make the user bot answer Alice; return while the sandbox still delays the answer, by a second."""
    async with SandboxClient(address) as world:
        await world.idle(timeout_s=20)
        sent = (await world.counters())["methods"].get("sendMessage", 0)
        await world.fault("delay", method="sendMessage", bot=USER_BOT, ms=1000)
        await world.person(ALICE).text(USER_BOT, "/start")
        async with asyncio.timeout(20):
            while (await world.counters())["methods"].get("sendMessage", 0) == sent:
                await world.request("GET", "clock", after=0, timeout_s=0.05)


async def test_the_children_end_when_the_launcher_is_killed_during_an_answer(tmp_path: Path) -> None:
    async with running_demo(8191, TMPDIR=str(tmp_path)) as demo:
        assert await is_up(demo.address)
        assert await is_up(demo.web_app)
        await begin_an_answer(demo.address)
        demo.process.kill()
        # the children inherit the launcher's standard error, so it closes when the last of them has ended
        _, errors = await asyncio.wait_for(demo.process.communicate(), 20)
        assert b"Traceback" not in errors, errors.decode()
        assert not await is_up(demo.address)
        assert not await is_up(demo.web_app)
        assert names_in(tmp_path) == []

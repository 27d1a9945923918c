"""What `make demo` takes from its caller (next to nothing), and how it ends."""

import asyncio
import shutil
import signal
import socket
from pathlib import Path

import aiohttp
import pytest

from tests.journeys.demo import ROOT, running_demo

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]


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


async def test_the_callers_log_level_stays() -> None:
    async with running_demo(8189, LOG_LEVEL="INFO") as demo:
        demo.process.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(demo.process.communicate(), 10)
        assert b"stop.started" in errors


async def test_a_killed_launcher_takes_its_children_with_it(tmp_path: Path) -> None:
    async with running_demo(8191, TMPDIR=str(tmp_path)) as demo:
        assert await is_up(demo.address)
        assert await is_up(demo.web_app)
        demo.process.kill()
        # the children hold the launcher's standard error: it ends when the last of them has ended
        _, errors = await asyncio.wait_for(demo.process.communicate(), 20)
        assert b"Traceback" not in errors, errors.decode()
        assert not await is_up(demo.address)
        assert not await is_up(demo.web_app)
        assert names_in(tmp_path) == []

"""What `make demo` takes from its caller (next to nothing), and how it ends."""

import asyncio
import shutil
import signal
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


async def is_up(address: str) -> bool:
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{address}/control/state") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def test_nothing_of_the_callers_configuration_reaches_the_demo(tmp_path: Path) -> None:
    checkout = checkout_with(tmp_path, "TIMEZONE=Mars/Olympus\nUPDATES=webhook\n")
    async with running_demo(8195, checkout, WEB_PORT="door", JWT_SECRET_FILE="/nowhere/at/all") as demo:
        demo.process.send_signal(signal.SIGINT)
        _, errors = await asyncio.wait_for(demo.process.communicate(), 10)
        assert demo.process.returncode == 0, errors.decode()
        assert not await is_up(demo.address)


async def test_the_callers_log_level_stays() -> None:
    async with running_demo(8196, LOG_LEVEL="INFO") as demo:
        demo.process.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(demo.process.communicate(), 10)
        assert b"stop.begun" in errors


async def test_a_killed_launcher_takes_its_children_with_it() -> None:
    async with running_demo(8198) as demo:
        assert await is_up(demo.address)
        demo.process.kill()
        # the children hold the launcher's standard error: it ends when the last of them has ended
        _, errors = await asyncio.wait_for(demo.process.communicate(), 20)
        assert b"Traceback" not in errors, errors.decode()
        assert not await is_up(demo.address)

"""The web app as a component of `main.py`: it starts before the bots, knows the user bot's name, stops with them."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.client import SandboxClient
from sandbox.server import Sandbox
from tests.house import USER_BOT, people_and_channel
from tests.journeys.test_stop_and_start import product

BASE = "https://gate.example"

pytestmark = [pytest.mark.sweep, pytest.mark.journey]


@pytest.fixture
async def telegram() -> AsyncIterator[SandboxClient]:
    async with Sandbox(seed=1).running(port=0) as sandbox, SandboxClient(sandbox.url) as client:
        await people_and_channel(client)
        yield client


async def line_of(process: asyncio.subprocess.Process, name: str) -> str:
    """Read the output up to the line about the component `name`."""
    assert process.stdout is not None
    async with asyncio.timeout(40):
        while not (line := (await process.stdout.readline()).decode()).startswith(f"{name}: "):
            assert line, "it ended without a word"
    return line.strip()


async def test_one_process_serves_the_page_and_stops_cleanly(telegram: SandboxClient) -> None:
    async with product(telegram.url, PUBLIC_BASE_URL=f"{BASE}/") as process:
        state = await line_of(process, "web app")
        assert state.endswith(f", seen as {BASE}")
        assert await line_of(process, "user bot") == "user bot: running"
        async with httpx.AsyncClient(base_url=state.split(",")[0].removeprefix("web app: ")) as visitor:
            answer = await visitor.get(f"/v/{'x' * 32}")
        assert answer.status_code == 404
        assert f'href="{telegram.url}/t.me/{USER_BOT}"' in answer.text
        process.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(process.communicate(), 20)
        assert process.returncode == 0
        assert b"Traceback" not in errors


async def test_without_a_public_address_probes_work_and_the_page_does_not_exist(telegram: SandboxClient) -> None:
    async with product(telegram.url) as process:
        state = await line_of(process, "web app")
        assert state.endswith(", for this machine")
        assert await line_of(process, "admin bot") == "admin bot: running"
        async with httpx.AsyncClient(base_url=state.split(",")[0].removeprefix("web app: ")) as visitor:
            assert (await visitor.get("/healthz")).status_code == 200
            assert (await visitor.get("/metrics")).status_code == 200
            assert (await visitor.get(f"/v/{'x' * 32}")).status_code == 404
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_a_port_in_use_stops_the_start_before_a_bot_polls(telegram: SandboxClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with product(telegram.url, PUBLIC_BASE_URL=BASE, WEB_PORT=port) as process:
            _, errors = await asyncio.wait_for(process.communicate(), 40)
            assert process.returncode == 1
            # a folder `data` of earlier runs may be open to others, which is warned of
            (line,) = [line for line in errors.decode().splitlines() if ": warning: " not in line]
            assert line.startswith(f"tollgate: WEB_HOST, WEB_PORT: cannot listen on 127.0.0.1:{port}")
    assert not [call for call in await telegram.calls() if call["method"] == "getUpdates"]

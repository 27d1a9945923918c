"""The demo at 1,024 files under floods: the web app and the bots answer, and the log stays small."""

import asyncio
import resource
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import aiohttp
import pytest

from sandbox.client import SandboxClient
from tests.journeys.demo import running_demo

pytestmark = [pytest.mark.journey, pytest.mark.sweep, pytest.mark.timeout(180)]

ALICE, USER_BOT = 502, "tollgate_demo_bot"
SOCKETS = 1200
#: bytes of log that the whole flood may leave; it was 26 MB in seconds
LOG_MAX = 20_000

IDLE = b"GET"
SLOW = b"POST /v/" + b"x" * 32 + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\na"


@pytest.fixture
def many_files() -> Iterator[None]:
    """Let this process open the sockets of the flood."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limits[1]), limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


async def say(stack: ExitStack, port: int, said: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    stack.callback(writer.close)
    writer.write(said)


@pytest.mark.parametrize(("port", "said"), [(8211, IDLE), (8214, SLOW)], ids=["idle sockets", "slow bodies"])
async def test_the_flood_keeps_nobody_out(port: int, said: bytes, many_files: None) -> None:
    async with running_demo(port, files=1024) as demo:
        web = urlsplit(demo.web_app)
        assert web.port is not None
        async with SandboxClient(demo.address) as world, aiohttp.ClientSession() as visitor:
            alice = world.person(ALICE)
            with ExitStack() as stack:
                for _ in range(SOCKETS // 100):
                    await asyncio.gather(*(say(stack, web.port, said) for _ in range(100)))
                for _ in range(5):
                    limit = aiohttp.ClientTimeout(total=10)
                    async with visitor.get(f"{demo.web_app}/healthz", timeout=limit) as answer:
                        assert answer.status == 200
                await alice.text(USER_BOT, "/start")
                await alice.wait(USER_BOT)
        demo.process.terminate()
        said_out, errors = await asyncio.wait_for(demo.process.communicate(), 30)
    assert len(said_out) + len(errors) < LOG_MAX, (said_out + errors)[:2000].decode()

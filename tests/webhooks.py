"""The house with its updates posted to a web app on a port of this machine."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from core.clock import SystemClock
from core.supervisor import Supervisor
from runtime.context import ProcessContext
from tests.house import House, running_house
from web_app.app import build_app
from web_app.services import Services
from web_app.serving import WebServer
from web_app.updates import UpdateReceiver

USER_BOT_ID = 1002


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@asynccontextmanager
async def posting_to(receivers: Mapping[int, UpdateReceiver], port: int) -> AsyncIterator[str]:
    """Run a web app with nothing but the probes and these receivers; yields its address."""
    services = Services(SystemClock(), "https://t.me", b"key", has_page=False, receivers=receivers)
    server, tasks = WebServer(build_app(services)), Supervisor()
    server.listen("127.0.0.1", port)
    serving = tasks.spawn(server.serve(), "web app")
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await server.stop()
        await asyncio.wait_for(serving, 10)


@asynccontextmanager
async def webhook_house(**more: Any) -> AsyncIterator[House]:
    """A house without timers whose user bot has a webhook."""
    port = free_port()

    def web_app(base: ProcessContext) -> AbstractAsyncContextManager[str]:
        return posting_to(base.receivers.by_bot, port)

    base_url = f"http://127.0.0.1:{port}"
    async with running_house(
        timers=False, beside=web_app, UPDATES="webhook", PUBLIC_BASE_URL=base_url, **more
    ) as house:
        await until_receiving(house)
        yield house


async def until_receiving(house: House) -> None:
    """Wait until the user bot has told Telegram its address."""
    world = house.sandbox.world
    assert await world.changed.until(lambda: world.bots[USER_BOT_ID].webhook is not None, 10)

"""The whole product: ready after its first health check, and an outage of Telegram is posted to the webhook."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sandbox.client import SandboxClient
from sandbox.server import Sandbox
from tests.house import ADMIN_BOT, USER_BOT, people_and_channel
from tests.journeys.test_stop_and_start import product
from tests.web.test_beside_the_bots import line_of

pytestmark = pytest.mark.journey

KEY = "hook-secret-0123456789"


@pytest.fixture
async def telegram() -> AsyncIterator[SandboxClient]:
    async with Sandbox(seed=1).running(port=0) as sandbox, SandboxClient(sandbox.url) as client:
        await people_and_channel(client)
        yield client


@pytest.fixture
async def alert_receiver() -> AsyncIterator[tuple[str, "asyncio.Queue[dict[str, str]]"]]:
    """A receiver of alerts: its URL, and the alerts it received."""
    alerts: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    async def receive(request: web.Request) -> web.Response:
        alerts.put_nowait(json.loads(await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post(f"/{KEY}", receive)
    async with TestServer(app) as server:
        yield str(server.make_url(f"/{KEY}")), alerts


async def a_minute_later(telegram: SandboxClient, bot: str) -> None:
    """Move the clock by a minute and wait until the health check has queried `bot`."""
    asked = await telegram.fault("delay", method="getWebhookInfo", bot=bot, ms=1)
    await telegram.advance(60)
    assert await telegram.fault_hit(asked, timeout_s=30)


async def test_readyz_follows_the_health_check_and_an_outage_reaches_the_webhook(
    telegram: SandboxClient, alert_receiver: tuple[str, "asyncio.Queue[dict[str, str]]"]
) -> None:
    url, alerts = alert_receiver
    async with product(telegram.url, ALERT_WEBHOOK_URL=url) as process:
        address = (await line_of(process, "web app")).split(",")[0].removeprefix("web app: ")
        assert await line_of(process, "admin bot") == "admin bot: running"
        async with httpx.AsyncClient(base_url=address) as machine:
            assert (await machine.get("/readyz")).status_code == 503
            await a_minute_later(telegram, USER_BOT)
            async with asyncio.timeout(30):
                while (ready := await machine.get("/readyz")).status_code != 200:
                    await telegram.idle()
            assert ready.json()["checks"]["bots"] == {"ok": True, "admin_bot": True, "user_bot": True}
            metrics = (await machine.get("/metrics")).text
            assert 'tollgate_telegram_up{role="user_bot"} 1.0' in metrics
            assert "process_resident_memory_bytes" in metrics

            await telegram.fault("error", method="getMe", bot=USER_BOT, status=401, description="Unauthorized", times=9)
            for _ in range(2):
                await a_minute_later(telegram, ADMIN_BOT)
            alert = await asyncio.wait_for(alerts.get(), 30)
            assert (alert["incident"], alert["state"], alert["source"]) == (
                "health:bot_unknown:user_bot",
                "open",
                "tollgate",
            )
            assert (await machine.get("/healthz")).text == "ok\n"
        process.send_signal(signal.SIGTERM)
        out, errors = await asyncio.wait_for(process.communicate(), 20)
        assert process.returncode == 0
        assert KEY.encode() not in out + errors
    assert "token" in (await telegram.person(501).transcript(ADMIN_BOT))["messages"][-1]["text"]

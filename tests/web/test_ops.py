"""Whom /readyz and /metrics answer: a port of their own, a token, this machine, or nobody."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from config import Settings
from core.clock import ManualClock
from database.connection import Database
from monitoring.metrics import REGISTRY
from runtime.lifecycle import CannotStart
from tests.web.auth.signing import ADMIN_TOKEN
from web_app import main
from web_app.app import build_app
from web_app.ops import OpsAccess, Reach
from web_app.services import Services

TOKEN = "q7Zr2mKx9TfLw4VbNc8Ps3HdJy6GuEaR"
PATHS = ("/readyz", "/metrics")


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(
        _env_file=None,
        USER_BOT_TOKEN=f"1{ADMIN_TOKEN}",
        ADMIN_BOT_TOKEN=ADMIN_TOKEN,
        MONGO_URI="memory://",
        ALLOW_MEMORY_STORE="true",
        DATA_DIR=str(folder),
        WEB_PORT="0",
        **more,
    )


def client_of(services: Services, access: OpsAccess, peer: str = "127.0.0.1", **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(build_app(replace(services, ops=access)), client=(peer, 4000))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", headers=headers)


async def statuses(client: httpx.AsyncClient) -> set[int]:
    async with client:
        # 503: no bot runs here
        return {min((await client.get(path)).status_code, 503) for path in PATHS}


async def test_with_a_public_address_and_nothing_set_they_answer_nobody(
    db: Database, services: Services, tmp_path: Path
) -> None:
    access = main.web_port_access(settings(tmp_path, PUBLIC_BASE_URL="https://gate.example"))
    assert access.reach is Reach.NOWHERE
    for headers in ({}, {"host": "gate.example"}, {"authorization": f"Bearer {TOKEN}"}):
        assert await statuses(client_of(services, access, **headers)) == {404}
    async with client_of(services, access) as client:
        assert (await client.get("/healthz")).status_code == 200


async def test_without_a_public_address_they_answer_this_machine_alone(
    db: Database, services: Services, tmp_path: Path
) -> None:
    access = main.web_port_access(settings(tmp_path))
    assert await statuses(client_of(services, access)) == {200, 503}
    assert await statuses(client_of(services, access, peer="192.0.2.7")) == {404}
    assert await statuses(client_of(services, access, host="gate.example")) == {404}
    for header in ("x-forwarded-for", "forwarded", "via", "x-real-ip"):
        assert await statuses(client_of(services, access, **{header: "127.0.0.1"})) == {404}, header


async def test_the_token_lets_in_and_nothing_else_does(db: Database, services: Services, tmp_path: Path) -> None:
    access = main.web_port_access(settings(tmp_path, OPS_TOKEN=TOKEN, PUBLIC_BASE_URL="https://gate.example"))
    assert TOKEN not in repr(access)
    for given in (f"Bearer {TOKEN}", f"bearer {TOKEN}"):
        assert await statuses(client_of(services, access, "192.0.2.7", authorization=given, host="gate.example")) == {
            200,
            503,
        }
    before = REGISTRY.get_sample_value("tollgate_web_refused_total", {"reason": "ops_token"}) or 0.0
    wrong = (
        "",
        "Bearer",
        "Bearer ",
        TOKEN,
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer \xe4\xff",
    )
    for given in wrong:
        headers = {b"authorization": given.encode("latin-1")}
        async with client_of(services, access) as client:
            answer = await client.get("/metrics", headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"].partition(" ")[0]) == (401, "Bearer")
        assert "tollgate_" not in answer.text
    assert REGISTRY.get_sample_value("tollgate_web_refused_total", {"reason": "ops_token"}) == before + len(wrong)


async def test_with_a_port_of_their_own_the_port_of_the_pages_has_them_no_longer(
    db: Database, services: Services, clock: ManualClock, tmp_path: Path
) -> None:
    configured = settings(tmp_path, OPS_PORT="0")
    assert await statuses(client_of(services, main.web_port_access(configured))) == {404}
    ops = main.ops_component(configured, clock)
    assert ops is not None and ops.state.startswith("http://127.0.0.1:")
    ops.serve.close()
    ops.server.close()


async def test_a_port_that_is_taken_ends_the_start_and_leaves_no_other_open(
    db: Database, clock: ManualClock, tmp_path: Path
) -> None:
    first = main.ops_component(settings(tmp_path, OPS_PORT="0"), clock)
    assert first is not None
    taken = first.state.rpartition(":")[2]
    try:
        with pytest.raises(CannotStart, match="OPS_HOST, OPS_PORT: cannot listen"):
            main.components(settings(tmp_path, OPS_PORT=taken), clock)
    finally:
        first.serve.close()
        first.server.close()

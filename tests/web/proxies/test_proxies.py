"""The web app behind nginx and Caddy with the files of deploy/, over TLS."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from core.supervisor import Supervisor
from database.connection import Database
from tests.web.conftest import LOOPBACK, Making
from tests.web.proxies.running import FILES, HOST, Front, proxy
from web_app.app import build_app
from web_app.bodies import BODY_MAX
from web_app.headers import ALWAYS
from web_app.rate_limit import Limits
from web_app.services import Services
from web_app.serving import WebServer
from web_app.updates import SECRET_HEADER, UPDATE_MAX

pytestmark = pytest.mark.proxy

STATUS, TRIGGER = "/api/admin/scheduler/status", "/api/admin/scheduler/trigger"
BOT_ID, WEBHOOK_SECRET, AGAIN_S = 1002, "s" * 32, 7
UPDATES = f"/telegram/{BOT_ID}"
UNSIGNED = 5
#: connections of slow clients
SLOW = 60
MIB = 1024 * 1024
WITH_SECRET = {SECRET_HEADER: WEBHOOK_SECRET}


class Receiver:
    """Takes updates of one bot; asks for those with an odd id again."""

    def is_secret(self, given: str) -> bool:
        return given == WEBHOOK_SECRET

    async def take(self, raw: Mapping[str, Any]) -> int | None:
        return AGAIN_S if raw["update_id"] % 2 else None


@dataclass
class App:
    """The web app, with every request noted."""

    app: ASGIApp
    requests: list[Scope] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests.append(scope)
        await self.app(scope, receive, send)

    def headers(self) -> dict[str, str]:
        """Those of the last request."""
        return {name.decode(): value.decode() for name, value in self.requests[-1]["headers"]}


@pytest.fixture
async def app(db: Database, services: Services) -> App:
    assert services.admin is not None
    admin = replace(services.admin, limits=Limits(unsigned=UNSIGNED))
    return App(build_app(replace(services, admin=admin, receivers={BOT_ID: Receiver()}, trusted_proxies=LOOPBACK)))


@pytest.fixture(params=sorted(FILES))
async def front(app: App, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Front]:
    server = WebServer(app)
    port = server.listen("127.0.0.1", 0)
    serving = Supervisor().spawn(server.serve(), "web app")
    async with proxy(request.param, tmp_path, port) as front:
        yield front
    await server.stop()
    await serving


async def test_the_page_goes_through_with_each_security_header_once(front: Front, app: App, make: Making) -> None:
    token = await make()
    async with front.client() as client:
        shown = await client.get(f"/v/{token.token}")
        pressed = await client.post(f"/v/{token.token}", data={"host": "", "seal": ""})
    assert (shown.status_code, pressed.status_code) == (200, 403), "too fast, as the app says"
    for answer in (shown, pressed):
        for name, value in ALWAYS.items():
            assert answer.headers.get_list(name) == [value]
        assert answer.headers.get_list("strict-transport-security") == ["max-age=31536000"]
        assert answer.headers.get_list("cache-control") == ["no-store"]
        assert answer.headers.get("server", "nginx") == "nginx", "no version"
        assert "content-encoding" not in answer.headers
    seen = app.headers()
    assert (seen["host"].partition(":")[0], seen["x-forwarded-proto"]) == (HOST, "https")


async def test_what_is_not_public_does_not_reach_the_app(front: Front, app: App) -> None:
    hidden = ("/", "/healthz", "/readyz", "/metrics", "/metrics/", "//metrics", "/v/../metrics", "/v/%2e%2e/metrics")
    for path in (*hidden, "/%6detrics", "/static/../readyz", "/admin/x", "/x"):
        assert (path, await front.status_of(path)) == (path, 404)
    assert [scope["path"] for scope in app.requests] == []
    async with front.client() as client:
        for path, status in (("/admin", 200), (STATUS, 401), ("/static/admin.css", 200), ("/robots.txt", 200)):
            assert (path, (await client.get(path)).status_code) == (path, status)


async def test_each_client_has_a_limit_of_its_own_whatever_it_writes_about_its_address(front: Front, app: App) -> None:
    lies = [
        {"X-Forwarded-For": f"8.8.{number}.8", "Forwarded": f"for=8.8.{number}.8"} for number in range(UNSIGNED + 1)
    ]
    async with front.client("127.0.0.2") as one, front.client("127.0.0.3") as two:
        statuses = [(await one.get(STATUS, headers=lie)).status_code for lie in lies]
        assert statuses == [401] * UNSIGNED + [429]
        assert app.headers()["x-forwarded-for"] == "127.0.0.2"
        assert "forwarded" not in app.headers()
        assert (await two.get(STATUS)).status_code == 401


@pytest.mark.parametrize(
    ("path", "longest", "statuses"),
    [(TRIGGER, 64 * 1024, {401}), (UPDATES, UPDATE_MAX, {200}), ("/v/x", BODY_MAX, {404})],
)
async def test_a_body_of_the_greatest_length_goes_through_and_one_of_five_megabytes_does_not(
    front: Front, app: App, path: str, longest: int, statuses: set[int]
) -> None:
    async with front.client() as client:
        body = b'{"update_id": 2}'.ljust(longest)
        assert (await client.post(path, content=body, headers=WITH_SECRET)).status_code in statuses
        passed_on = len(app.requests)
        try:
            refused = (await client.post(path, content=b" " * 5 * MIB, headers=WITH_SECRET)).status_code
        except (httpx.WriteError, httpx.ReadError):
            refused = 413  # cut off while it was being sent
        assert refused in (413, *({502} if front.name == "caddy" else ()))
        if front.name == "nginx":
            assert len(app.requests) == passed_on, "refused by its announced length, before the app hears of it"
        assert (await client.get("/robots.txt")).status_code == 200


async def test_updates_go_through_with_their_secret_and_come_back_with_the_wait(front: Front) -> None:
    async with front.client() as client:
        assert (await client.post(UPDATES, json={"update_id": 2}, headers=WITH_SECRET)).status_code == 200
        assert (await client.post(UPDATES, json={"update_id": 2})).status_code == 403
        # a process that is full answers so, and must not be taken for a broken one
        for _ in range(3):
            answer = await client.post(UPDATES, json={"update_id": 3}, headers=WITH_SECRET)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, str(AGAIN_S))
        assert (await client.post(UPDATES, json={"update_id": 4}, headers=WITH_SECRET)).status_code == 200


async def test_style_sheets_are_compressed_and_http_leads_to_https(front: Front) -> None:
    async with front.client() as client:
        answer = await client.get("/static/admin.css", headers={"Accept-Encoding": "gzip"})
        assert (answer.headers["content-encoding"], "Accept-Encoding" in answer.headers["vary"]) == ("gzip", True)
        plain = await client.get("/static/admin.css", headers={"Accept-Encoding": "identity"})
        assert (plain.content, plain.headers.get("content-encoding")) == (answer.content, None)
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{front.http_port}/v/x?y=1", headers={"Host": HOST})
    assert answer.status_code in (301, 308)
    assert answer.headers["location"].replace(f":{front.https_port}", "") == f"https://{HOST}/v/x?y=1"


@pytest.mark.parametrize(
    "beginning",
    [
        pytest.param(lambda _: b"GET /v/x HTTP/1.1\r\nHost: gate.example\r\nX: ", id="headers without an end"),
        pytest.param(
            lambda path: f"POST {path} HTTP/1.1\r\nHost: gate.example\r\nContent-Length: 900\r\n\r\n{{".encode(),
            id="a body without an end",
        ),
    ],
)
async def test_slow_clients_are_cut_off_and_hold_up_nobody(
    front: Front, app: App, beginning: Callable[[str], bytes]
) -> None:
    connections = await asyncio.gather(*(front.connect() for _ in range(SLOW)))
    for _, writer in connections:
        writer.write(beginning("/v/x"))
        await writer.drain()
    async with front.client("127.0.0.2") as client, asyncio.timeout(10):
        assert (await client.get("/robots.txt")).status_code == 200
    if front.name == "nginx":
        assert [scope["path"] for scope in app.requests] == ["/robots.txt"], "the app sees whole requests only"
    async with asyncio.timeout(30):
        await asyncio.gather(*(_until_closed(reader) for reader, _ in connections))
    for _, writer in connections:
        writer.close()


async def _until_closed(reader: asyncio.StreamReader) -> None:
    try:
        while await reader.read(4096):
            pass
    except (ConnectionError, OSError):
        pass

"""The web app answers under its own names, and nothing under others."""

from dataclasses import replace

import httpx
import pytest

from core.addresses import host_named
from database.connection import Database
from monitoring.metrics import REGISTRY
from tests.web.conftest import Making
from tests.web.test_serving import exchange, serving
from web_app.app import build_app, build_ops_app
from web_app.ops import OpsAccess, Reach
from web_app.services import Services


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("tollgate_web_refused_total", {"reason": reason}) or 0.0


@pytest.mark.parametrize(
    "path", ["/", "/admin", "/api/admin/session", "/v/x", "/static/page.css", "/robots.txt", "//healthz"]
)
async def test_another_host_gets_421_on_every_path_but_one(client: httpx.AsyncClient, path: str) -> None:
    before = refused("wrong_host")
    answer = await client.get(path, headers={"host": "evil.example"})
    assert (answer.status_code, refused("wrong_host") - before) == (421, 1)
    assert "evil" not in answer.text
    if path.startswith("/api"):
        assert answer.json()["code"] == "wrong_host"
    assert (await client.get("/healthz", headers={"host": "evil.example"})).text == "ok\n"


@pytest.mark.parametrize(
    "host",
    ["gate.example", "GATE.example", "gate.example.", "gate.example:8443", "tollgate:8080", "localhost", "localhost:1",
     "127.0.0.1:8080", "127.8.9.1", "[::1]:8080", "[::ffff:127.0.0.1]"],
)  # fmt: skip
async def test_its_own_names_are_known_with_any_port(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/robots.txt", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["gate.example.evil.example", "evilgate.example", "gate.example:8080.evil.example", "192.0.2.1",
     "[2001:db8::1]", "localhost.evil.example"],
)  # fmt: skip
async def test_names_that_look_like_it_are_others(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/robots.txt", headers={"host": host})
    assert answer.status_code in (400, 421)


@pytest.mark.parametrize(
    "host",
    [b"", b"gate.example, evil.example", b"user@gate.example", b"gate.example/x", b"[::1", b"gate.example:99999",
     b"g\xc3\xa4te", b"gate example", b"gate.example:", b"::1"],
)  # fmt: skip
async def test_a_malformed_host_is_400(services: Services, host: bytes) -> None:
    async with serving(build_app(services)) as (_, port, _task):
        request = b"GET /robots.txt HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
        assert (await exchange(port, request)).startswith(b"HTTP/1.1 400")


async def test_two_hosts_or_none_are_400(services: Services) -> None:
    two = b"GET / HTTP/1.1\r\nHost: gate.example\r\nHost: gate.example\r\nConnection: close\r\n\r\n"
    async with serving(build_app(services)) as (_, port, _task):
        for request in (two, b"GET / HTTP/1.0\r\n\r\n"):
            assert (await exchange(port, request)).startswith(b"HTTP/1.1 400")
        # HTTP/1.0 needs no Host, and neither do load balancers
        assert (await exchange(port, b"GET /healthz HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 200")


async def test_a_page_is_shown_under_the_public_name(client: httpx.AsyncClient, make: Making) -> None:
    token = await make()
    assert (await client.get(f"/v/{token.token}", headers={"host": "gate.example"})).status_code == 200
    assert (await client.get(f"/v/{token.token}", headers={"host": "evil.example"})).status_code == 421


async def test_the_port_for_machines_answers_under_addresses_and_no_foreign_name(
    db: Database, services: Services
) -> None:
    app = build_ops_app(services.clock, OpsAccess(Reach.ANYWHERE), frozenset({"gate.example"}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://10.1.2.3:9180") as client:
        assert (await client.get("/metrics")).status_code == 200
        assert (await client.get("/metrics", headers={"host": "evil.example"})).status_code == 421
        for path in ("/", "/admin", "/v/x", "/api/admin/session", "/static/page.css"):
            assert (await client.get(path)).status_code == 404


async def test_without_names_only_this_machines_are_known(services: Services) -> None:
    app = build_app(replace(services, hosts=frozenset()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8080") as client:
        assert (await client.get("/robots.txt")).status_code == 200
        assert (await client.get("/robots.txt", headers={"host": "gate.example"})).status_code == 421


@pytest.mark.parametrize(
    ("value", "host"),
    [("A.Example.:80", "a.example"), ("[::0:1]:80", "::1"), ("1.2.3.4", "1.2.3.4"), ("a", "a"), ("", None),
     ("a..b", None), ("0x7f000001", None), ("[1.2.3.4]", None), ("a:70000", None), ("a\n", None)],
)  # fmt: skip
def test_the_host_of_a_header(value: str, host: str | None) -> None:
    assert host_named(value) == host

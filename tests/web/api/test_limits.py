"""Limits of the API: sizes of bodies, rate of requests, memory."""

import asyncio
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import httpx
import pytest
import structlog
from starlette.types import Message

from core.clock import ManualClock
from database.connection import Database
from tests.clocks import WithSeconds
from tests.web.auth.signing import OWNER, SESSION, STRANGER, Ticks, bearer
from tests.web.conftest import LOOPBACK
from web_app import bodies
from web_app.api.guard import API_BODY_MAX
from web_app.app import build_app
from web_app.rate_limit import KEYS_MAX, WINDOW_S, Limits, RateLimit, address_of
from web_app.services import Services

STATUS, TRIGGER = "/api/admin/scheduler/status", "/api/admin/scheduler/trigger"
JSON = {"content-type": "application/json"}


async def chunks(size: int, step: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, size, step):
        yield b" " * min(step, size - start)


# --- bodies


@pytest.mark.parametrize(("size", "status"), [(API_BODY_MAX, 400), (API_BODY_MAX + 1, 413), (5_000_000, 413)])
@pytest.mark.parametrize("is_announced", [True, False])
@pytest.mark.parametrize("path", [TRIGGER, SESSION])
async def test_a_body_of_the_maximum_size_is_read_and_a_longer_one_refused(
    client: httpx.AsyncClient, clock: ManualClock, path: str, size: int, status: int, is_announced: bool
) -> None:
    content: Any = b" " * size if is_announced else chunks(size)
    answer = await client.post(path, content=content, headers=bearer(OWNER, clock.now()) | JSON)
    assert answer.status_code == status
    assert answer.json()["code"] == ("too_large" if status == 413 else "bad_json")


async def test_reading_stops_at_the_limit(client: httpx.AsyncClient, clock: ManualClock) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1000
            yield b" " * 1000

    headers = bearer(OWNER, clock.now()) | JSON
    assert (await client.post(TRIGGER, content=endless(), headers=headers)).status_code == 413
    assert read <= API_BODY_MAX + 2000


async def test_without_a_session_no_body_is_read(client: httpx.AsyncClient) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        read += 1
        yield b"{"

    assert (await client.post(TRIGGER, content=body(), headers=JSON)).status_code == 401
    assert read == 0


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST", "PUT"])
@pytest.mark.parametrize("path", [STATUS, SESSION, "/api/x"])
async def test_a_body_over_the_limit_is_413_for_every_method_and_path(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    answer = await client.request(method, path, content=b"x" * (API_BODY_MAX + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("length", ["-1", "abc", "٣", "9" * 5000])
async def test_an_invalid_content_length_is_refused(client: httpx.AsyncClient, clock: ManualClock, length: str) -> None:
    usual = [(name.encode(), value.encode()) for name, value in (bearer(OWNER, clock.now()) | JSON).items()]
    answer = await client.post(TRIGGER, content=b"", headers=[*usual, (b"content-length", length.encode())])
    assert answer.status_code in (400, 413)


async def test_a_body_that_does_not_arrive_in_time_is_408(
    client: httpx.AsyncClient, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_S", 0.0)

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    answer = await client.post(TRIGGER, content=never(), headers=bearer(OWNER, clock.now()) | JSON)
    assert (answer.status_code, answer.json()["code"]) == (408, "too_slow")


# --- how often


async def test_ten_thousand_requests_without_a_session_make_no_database_query(
    services: Services, db: Database, ticks: Ticks
) -> None:
    """Half of them from one address, the others from 5000 different ones."""
    app, statuses = build_app(services), Counter[int]()
    db.calls.clear()

    async def empty() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def note(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses[message["status"]] += 1

    with structlog.testing.capture_logs():
        for number in range(10_000):
            address = "203.0.113.1" if number % 2 else f"198.51.{number % 250}.{number // 250}"
            await app(_request(address, f"Bearer x.y.{number}"), empty, note)
    assert set(statuses) == {401, 429}
    assert statuses.total() == 10_000
    assert statuses[429] == 5_000 - Limits().unsigned
    assert not db.calls


def _request(address: str, authorization: str) -> dict[str, Any]:
    """The ASGI scope of a GET of the status."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": STATUS,
        "raw_path": STATUS.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"gate.example"), (b"authorization", authorization.encode())],
        "client": (address, 1),
        "server": ("gate.example", 80),
    }


async def test_without_a_session_sixty_requests_a_minute_are_allowed(client: httpx.AsyncClient, ticks: Ticks) -> None:
    assert [(await client.get(STATUS)).status_code for _ in range(60)] == [401] * 60
    ticks.now += 20.5
    answer = await client.get(STATUS)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert answer.headers["retry-after"] == "40"
    assert answer.headers["content-security-policy"]
    # the limit includes signing in and unknown addresses
    assert (await client.post(SESSION, json={"code": "x"})).status_code == 429
    assert (await client.get("/api/nothing")).status_code == 429
    ticks.now += 39.4
    assert (await client.get(STATUS)).headers["retry-after"] == "1"
    ticks.now += 0.1
    assert (await client.get(STATUS)).status_code == 401


async def test_a_session_has_twice_the_limit_and_its_own_counter(client: httpx.AsyncClient, clock: ManualClock) -> None:
    first, second = bearer(OWNER, clock.now()), bearer(OWNER, clock.now())
    for _ in range(61):
        await client.get(STATUS)
    assert [(await client.get(STATUS, headers=first)).status_code for _ in range(120)] == [200] * 120
    assert (await client.get(STATUS, headers=first)).status_code == 429
    assert (await client.get(STATUS, headers=second)).status_code == 200
    assert (await client.get(STATUS)).status_code == 429


async def test_a_refreshed_token_shares_the_counter_of_its_session(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    headers = bearer(OWNER, clock.now())
    for _ in range(119):
        await client.get(STATUS, headers=headers)
    token = (await client.post(SESSION, json={}, headers=headers)).json()["token"]
    client.cookies.clear()
    assert (await client.get(STATUS, headers={"authorization": f"Bearer {token}"})).status_code == 429


async def test_a_session_without_a_role_is_limited_too(client: httpx.AsyncClient, clock: ManualClock) -> None:
    headers = bearer(STRANGER, clock.now())
    statuses = [(await client.get(STATUS, headers=headers)).status_code for _ in range(121)]
    assert statuses == [403] * 120 + [429]


async def test_visits_of_the_verification_page_do_not_count_for_the_api(client: httpx.AsyncClient) -> None:
    assert {(await client.get("/v/x")).status_code for _ in range(70)} == {404}
    assert (await client.get(STATUS)).status_code == 401


async def test_the_limits_are_configurable(db: Database, services: Services) -> None:
    assert services.admin is not None
    app = build_app(replace(services, admin=replace(services.admin, limits=Limits(unsigned=1))))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        assert [(await client.get(STATUS)).status_code for _ in range(2)] == [401, 429]


# --- the counts themselves


def test_a_window_starts_with_its_first_request() -> None:
    ticks = Ticks()
    counts = RateLimit(WithSeconds(ticks))
    assert counts.count("a", 1) == 0
    assert counts.count("a", 1) == 60
    ticks.now += WINDOW_S - 0.001
    assert counts.count("a", 1) == 1
    ticks.now += 0.001
    assert counts.count("a", 1) == 0


def test_refused_requests_do_not_lengthen_the_wait() -> None:
    ticks = Ticks()
    counts = RateLimit(WithSeconds(ticks))
    waits = []
    for _ in range(60):
        waits.append(counts.count("a", 1))
        ticks.now += 1
    assert waits == [0, *range(59, 0, -1)]
    assert counts.count("a", 1) == 0


def test_the_least_recently_used_key_is_evicted_first() -> None:
    counts = RateLimit(WithSeconds(Ticks()), keys_max=3)
    for key in ("a", "b", "c", "a", "d"):
        counts.count(key, 1)
    assert len(counts) == 3
    assert counts.count("a", 1) > 0
    assert counts.count("b", 1) == 0


def test_the_memory_used_is_bounded() -> None:
    counts = RateLimit(WithSeconds(Ticks()))
    tracemalloc.start()
    for number in range(3 * KEYS_MAX):
        counts.count(f"address {number}", 60)
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(counts) == KEYS_MAX
    assert used < 5_000_000


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        # the header of an untrusted client is ignored
        ("8.8.8.8", "9.9.9.9", "8.8.8.8"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "8.8.8.8", "8.8.8.8"),
        # the proxy appends, so only the last entry counts
        ("127.0.0.1", "1.1.1.1, 8.8.8.8", "8.8.8.8"),
        # a neighbour in the private network is no proxy of ours unless it is named
        ("172.18.0.2", "8.8.8.8", "172.18.0.2"),
        ("10.1.2.3", "8.8.8.8", "8.8.8.8"),
        # through two proxies of ours, and no further
        ("127.0.0.1", "1.1.1.1, 8.8.8.8, 10.1.2.3", "8.8.8.8"),
        ("127.0.0.1", "8.8.8.8\n10.1.2.3", "8.8.8.8"),
        ("127.0.0.1", "10.0.0.2, 10.0.0.1", "10.0.0.2"),
        ("127.0.0.1", "8.8.8.8, nonsense, 10.0.0.1", "10.0.0.1"),
        ("127.0.0.1", "8.8.8.8," + "10.0.0.1," * 5 + "10.0.0.9", "10.0.0.1"),
        ("::1", "8.8.8.8", "8.8.8.8"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "x" * 10_000, "127.0.0.1"),
        ("127.0.0.1", "8.8.8.8,", "127.0.0.1"),
        ("::ffff:8.8.8.8", None, "8.8.8.8"),
        ("2a00:1450:4001:82f::200e", None, "2a00:1450:4001:082f"),
        ("2a00:1450:4001:82f:1:2:3:4", None, "2a00:1450:4001:082f"),
        ("127.0.0.1", "2a00:1450:4001:82f::200e%" + "x" * 5000, "127.0.0.1"),
        ("127.0.0.1", "2a00:1450:4001:82f::200e", "2a00:1450:4001:082f"),
        ("127.0.0.1", "8.8.8.8:443", "8.8.8.8"),
        ("127.0.0.1", "[2a00:1450:4001:82f::200e]:443", "2a00:1450:4001:082f"),
        ("127.0.0.1", "1.1.1.1, [2a00:1450:4001:82f::200e]", "2a00:1450:4001:082f"),
        ("127.0.0.1", "8.8.8.8:https", "127.0.0.1"),
        ("127.0.0.1", "[8.8.8.8", "127.0.0.1"),
        ("127.0.0.1", "[" * 10_000, "127.0.0.1"),
        # the proxy adds a header line of its own
        ("127.0.0.1", "1.1.1.1\n9.9.9.9, 8.8.8.8", "8.8.8.8"),
        ("127.0.0.1", "1.1.1.1\n", "127.0.0.1"),
        (None, None, "unknown"),
        (None, "8.8.8.8", "8.8.8.8"),
        ("testclient", None, "unknown"),
    ],
)
def test_the_address_that_is_counted(client: str | None, forwarded: str | None, address: str) -> None:
    """`forwarded`: the lines of X-Forwarded-For."""
    lines = [] if forwarded is None else forwarded.split("\n")
    headers = [(b"x-forwarded-for", line.encode()) for line in lines]
    scope = {"type": "http", "client": client and (client, 1), "headers": headers}
    trusted = (*LOOPBACK, IPv4Network("10.0.0.0/8"))
    assert address_of(scope, trusted) == address

"""How much and how often: bodies, requests, memory."""

import asyncio
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import structlog
from starlette.types import Message

from core.clock import ManualClock
from database.connection import Database
from tests.web.auth.signing import OWNER, SESSION, STRANGER, Ticks, bearer
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
async def test_a_body_has_its_limit_on_both_sides(
    client: httpx.AsyncClient, clock: ManualClock, path: str, size: int, status: int, is_announced: bool
) -> None:
    content: Any = b" " * size if is_announced else chunks(size)
    answer = await client.post(path, content=content, headers=bearer(OWNER, clock.now()) | JSON)
    assert answer.status_code == status
    assert answer.json()["code"] == ("too_large" if status == 413 else "bad_json")


async def test_no_more_is_read_than_the_limit(client: httpx.AsyncClient, clock: ManualClock) -> None:
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
async def test_too_long_a_body_is_413_whatever_is_asked(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path, content=b"x" * (API_BODY_MAX + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("length", ["-1", "abc", "٣", "9" * 5000])
async def test_a_length_that_is_none_is_not_believed(
    client: httpx.AsyncClient, clock: ManualClock, length: str
) -> None:
    usual = [(name.encode(), value.encode()) for name, value in (bearer(OWNER, clock.now()) | JSON).items()]
    answer = await client.post(TRIGGER, content=b"", headers=[*usual, (b"content-length", length.encode())])
    assert answer.status_code in (400, 413)


async def test_a_body_that_does_not_come_is_given_up(
    client: httpx.AsyncClient, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_S", 0.0)

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    answer = await client.post(TRIGGER, content=never(), headers=bearer(OWNER, clock.now()) | JSON)
    assert (answer.status_code, answer.json()["code"]) == (408, "too_slow")


# --- how often


async def test_ten_thousand_requests_without_a_token_ask_the_database_nothing(
    services: Services, db: Database, ticks: Ticks
) -> None:
    """From one address, and from as many as there are."""
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
    """What a server makes of a GET of the status."""
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


async def test_one_without_a_session_may_ask_sixty_times_a_minute(client: httpx.AsyncClient, ticks: Ticks) -> None:
    assert [(await client.get(STATUS)).status_code for _ in range(60)] == [401] * 60
    ticks.now += 20.5
    answer = await client.get(STATUS)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert answer.headers["retry-after"] == "40"
    assert answer.headers["content-security-policy"]
    # signing in, too, and addresses there are none
    assert (await client.post(SESSION, json={"code": "x"})).status_code == 429
    assert (await client.get("/api/nothing")).status_code == 429
    ticks.now += 39.4
    assert (await client.get(STATUS)).headers["retry-after"] == "1"
    ticks.now += 0.1
    assert (await client.get(STATUS)).status_code == 401


async def test_a_session_may_ask_twice_as_often_and_has_its_own_count(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    first, second = bearer(OWNER, clock.now()), bearer(OWNER, clock.now())
    for _ in range(61):
        await client.get(STATUS)
    assert [(await client.get(STATUS, headers=first)).status_code for _ in range(120)] == [200] * 120
    assert (await client.get(STATUS, headers=first)).status_code == 429
    assert (await client.get(STATUS, headers=second)).status_code == 200
    assert (await client.get(STATUS)).status_code == 429


async def test_a_refreshed_token_has_the_count_of_its_session(client: httpx.AsyncClient, clock: ManualClock) -> None:
    headers = bearer(OWNER, clock.now())
    for _ in range(119):
        await client.get(STATUS, headers=headers)
    token = (await client.post(SESSION, json={}, headers=headers)).json()["token"]
    client.cookies.clear()
    assert (await client.get(STATUS, headers={"authorization": f"Bearer {token}"})).status_code == 429


async def test_a_stranger_with_a_token_is_limited_too(client: httpx.AsyncClient, clock: ManualClock) -> None:
    headers = bearer(STRANGER, clock.now())
    statuses = [(await client.get(STATUS, headers=headers)).status_code for _ in range(121)]
    assert statuses == [403] * 120 + [429]


async def test_the_page_for_people_has_no_such_limit(client: httpx.AsyncClient) -> None:
    assert {(await client.get("/v/x")).status_code for _ in range(70)} == {404}
    assert (await client.get(STATUS)).status_code == 401


async def test_the_limits_are_given(db: Database, services: Services) -> None:
    assert services.admin is not None
    app = build_app(replace(services, admin=replace(services.admin, limits=Limits(unsigned=1))))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        assert [(await client.get(STATUS)).status_code for _ in range(2)] == [401, 429]


# --- the counts themselves


def test_a_window_begins_with_its_first_request() -> None:
    ticks = Ticks()
    counts = RateLimit(ticks)
    assert counts.count("a", 1) == 0
    assert counts.count("a", 1) == 60
    ticks.now += WINDOW_S - 0.001
    assert counts.count("a", 1) == 1
    ticks.now += 0.001
    assert counts.count("a", 1) == 0


def test_asking_on_does_not_lengthen_the_wait() -> None:
    ticks = Ticks()
    counts = RateLimit(ticks)
    waits = []
    for _ in range(60):
        waits.append(counts.count("a", 1))
        ticks.now += 1
    assert waits == [0, *range(59, 0, -1)]
    assert counts.count("a", 1) == 0


def test_who_asked_longest_ago_is_forgotten_first() -> None:
    counts = RateLimit(Ticks(), keys_max=3)
    for key in ("a", "b", "c", "a", "d"):
        counts.count(key, 1)
    assert len(counts) == 3
    assert counts.count("a", 1) > 0
    assert counts.count("b", 1) == 0


def test_memory_has_a_bound() -> None:
    counts = RateLimit(Ticks())
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
        # a stranger says whatever they like
        ("8.8.8.8", "9.9.9.9", "8.8.8.8"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "8.8.8.8", "8.8.8.8"),
        # the proxy writes at the end, whatever stood there before
        ("127.0.0.1", "1.1.1.1, 8.8.8.8", "8.8.8.8"),
        ("172.18.0.2", "8.8.8.8", "8.8.8.8"),
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
        # a proxy that adds a line of its own
        ("127.0.0.1", "1.1.1.1\n9.9.9.9, 8.8.8.8", "8.8.8.8"),
        ("127.0.0.1", "1.1.1.1\n", "127.0.0.1"),
        (None, None, "unknown"),
        (None, "8.8.8.8", "8.8.8.8"),
        ("testclient", None, "unknown"),
    ],
)
def test_who_asks(client: str | None, forwarded: str | None, address: str) -> None:
    """`forwarded`: the header's lines."""
    lines = [] if forwarded is None else forwarded.split("\n")
    headers = [(b"x-forwarded-for", line.encode()) for line in lines]
    scope = {"type": "http", "client": client and (client, 1), "headers": headers}
    assert address_of(scope) == address

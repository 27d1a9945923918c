"""The server on a real port: start, stop, a port in use, malformed requests."""

import asyncio
import logging
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from core.supervisor import Supervisor
from database.connection import Database
from tests.web.conftest import Making, stored
from web_app.app import build_app
from web_app.services import Services
from web_app.serving import WebServer

pytestmark = pytest.mark.sweep

#: seconds a stop may take at most
STOP_S = 2.0


@asynccontextmanager
async def serving(app: Any, **limits: Any) -> AsyncIterator[tuple[WebServer, int, asyncio.Task[None]]]:
    server, tasks = WebServer(app, **limits), Supervisor()
    port = server.listen("127.0.0.1", 0)
    task = tasks.spawn(server.serve(), "web app")
    try:
        yield server, port, task
    finally:
        await server.stop()
        await asyncio.wait_for(task, 10)


async def exchange(port: int, request: bytes) -> bytes:
    """Send the bytes of a request and return the answer, up to the end of the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def get(path: bytes, method: bytes = b"GET") -> bytes:
    return method + b" " + path + b" HTTP/1.1\r\nHost: gate.example\r\nConnection: close\r\n\r\n"


async def timed_stop(server: WebServer, task: asyncio.Task[None]) -> float:
    began = time.monotonic()
    assert await server.stop()
    await asyncio.wait_for(task, 10)
    return time.monotonic() - began


async def test_a_page_is_served_over_http_and_the_stop_is_quick(db: Database, services: Services, make: Making) -> None:
    token = await make()
    async with serving(build_app(services)) as (server, port, task):
        answer = await exchange(port, get(f"/v/{token.token}".encode()))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"<h1>Almost done</h1>" in answer
        assert b"\r\nserver:" not in answer.lower()
        assert await timed_stop(server, task) < STOP_S
        with pytest.raises(ConnectionError):
            await exchange(port, get(b"/"))


async def test_nagles_algorithm_is_off(db: Database, services: Services) -> None:
    """With it, each request but the first of a connection takes 40 ms longer, as measured."""
    async with serving(build_app(services)) as (server, port, _task):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get(b"/robots.txt").replace(b"Connection: close\r\n", b""))
        await asyncio.wait_for(reader.readuntil(b"Disallow: /\n"), 10)
        (connection,) = server._server.server_state.connections
        theirs = connection.transport.get_extra_info("socket")
        assert theirs.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()


async def test_head_has_the_headers_of_get_without_the_body(db: Database, services: Services, make: Making) -> None:
    token = await make()
    async with serving(build_app(services)) as (_, port, _task):
        path = f"/v/{token.token}".encode()
        head, _, body = (await exchange(port, get(path, b"HEAD"))).partition(b"\r\n\r\n")
        full, _, page = (await exchange(port, get(path))).partition(b"\r\n\r\n")
        assert body == b""
        assert f"content-length: {len(page)}".encode() in head
        assert [line for line in head.split(b"\r\n") if not line.startswith(b"date")] == [
            line for line in full.split(b"\r\n") if not line.startswith(b"date")
        ]
    assert (await stored(token)).verified_at is None


@pytest.mark.parametrize(
    ("request_bytes", "statuses"),
    [
        (get(b"/v/" + b"x" * 10_000), {404}),
        (get(b"/v/" + b"x" * 100_000), {400, 404}),
        (get(b'/v/"onload="'), {400, 404}),
        (get(b"/v/../../etc/passwd"), {404}),
        (get(b"/v/%00"), {404}),
        (get(b"/v/%"), {404}),
        (get(b"/v/\xff\xfe"), {400, 404}),
        (get("/v/é".encode()), {400, 404}),
        (get(b"http://evil.example/v/x"), {404}),
        (get(b"*", b"OPTIONS"), {404, 405}),
        (get(b"/v/x\x00y"), {400, 404}),
        (b"GET /v/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", {400}),
        (b"POST /v/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", {400, 404}),
        (b"\x16\x03\x01\x02\x00\x01\x00", {400}),
        (b"nonsense\r\n\r\n", {400}),
    ],
)
async def test_malformed_requests_are_refused_and_the_next_one_is_served(
    db: Database, services: Services, request_bytes: bytes, statuses: set[int]
) -> None:
    async with serving(build_app(services)) as (_, port, _task):
        answer = await exchange(port, request_bytes)
        assert answer.startswith(b"HTTP/1.1 ")
        assert int(answer.split(b" ", 2)[1]) in statuses
        assert b"Traceback" not in answer
        assert (await exchange(port, get(b"/robots.txt"))).startswith(b"HTTP/1.1 200")


async def test_idle_and_half_sent_requests_do_not_delay_the_stop(db: Database, services: Services) -> None:
    async with serving(build_app(services)) as (server, port, task):
        await exchange(port, get(b"/robots.txt"))
        connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        connections[1][1].write(b"GET /v/x HT")
        connections[2][1].write(b"POST /v/" + b"x" * 32 + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab")
        for _, writer in connections:
            await writer.drain()
        await exchange(port, get(b"/robots.txt"))  # the bytes sent above have arrived by now
        assert await timed_stop(server, task) < STOP_S
        for _, writer in connections:
            writer.close()


async def test_a_running_request_is_finished_at_a_stop() -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        started.set()
        await go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    tasks = Supervisor()
    async with serving(slow) as (server, port, _):
        asked = tasks.spawn(exchange(port, get(b"/")), "visitor")
        await asyncio.wait_for(started.wait(), 5)
        await server.stop()
        go_on.set()
        assert (await asked).endswith(b"\r\n\r\nok")


async def test_signal_handlers_and_logging_are_unchanged(db: Database, services: Services) -> None:
    handled = [signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)]
    handlers = {name: list(logging.getLogger(name).handlers) for name in ("", "uvicorn", "uvicorn.error")}
    async with serving(build_app(services)) as (_, port, _task):
        await exchange(port, get(b"/robots.txt"))
        assert [signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)] == handled
        assert {name: logging.getLogger(name).handlers for name in handlers} == handlers


async def test_no_address_is_logged(
    db: Database, services: Services, make: Making, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    token = (await make()).token
    # without pymongo's debug lines: our processes never log them, and they hold whole commands
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.WARNING, "pymongo"):
        async with serving(build_app(services)) as (_, port, _task):
            await exchange(port, get(f"/v/{token}".encode()))
            await exchange(port, get(f"/v/{token}".encode(), b"PUT"))
    assert token not in caplog.text + "".join(capfd.readouterr())


async def test_a_client_cannot_fill_the_log(db: Database, services: Services, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with serving(build_app(services), most=0) as (_, port, _task):
            assert b" 503 " in await exchange(port, get(b"/healthz"))
            await exchange(port, b"\x16\x03\x01 no http\r\n\r\n")
    assert [record.message for record in caplog.records if record.name.startswith("uvicorn")] == []


async def test_listening_on_a_port_in_use_raises(db: Database, services: Services) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = WebServer(build_app(services))
        with pytest.raises(OSError, match="in use"):
            server.listen("127.0.0.1", taken.getsockname()[1])
        server.close()


async def test_a_stop_before_serving_ends_it_at_once(db: Database, services: Services) -> None:
    server = WebServer(build_app(services))
    server.listen("127.0.0.1", 0)
    assert await server.stop()
    await asyncio.wait_for(server.serve(), STOP_S)


async def test_serving_before_listening_raises(services: Services) -> None:
    with pytest.raises(RuntimeError, match="listen first"):
        await WebServer(build_app(services)).serve()

"""Connections of the web app under a flood: capped, timed, and nobody is kept out by those that say nothing."""

import asyncio
import resource
from contextlib import AsyncExitStack, suppress

import httpx
import pytest

from tests.web.test_serving import exchange, get, serving
from web_app import connections
from web_app.app import build_app
from web_app.connections import CONNECTIONS_MAX, most_connections
from web_app.services import Services

pytestmark = pytest.mark.sweep


async def app(scope: dict[str, object], receive: object, send: object) -> None:
    """Answer at once; `/hang` never, `/read` when the whole body is there, `/large` with 64 MB."""
    if scope["path"] == "/hang":
        await asyncio.Event().wait()
    if scope["path"] == "/large":
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        for _ in range(64):
            await send({"type": "http.response.body", "body": b"x" * 2**20, "more_body": True})  # type: ignore[operator]
    while scope["path"] == "/read" and (await receive()).get("more_body"):  # type: ignore[operator]
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b"ok"})  # type: ignore[operator]


async def idle(stack: AsyncExitStack, port: int, said: bytes = b"GET") -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    stack.callback(writer.close)
    writer.write(said)
    return reader


async def ended(reader: asyncio.StreamReader) -> bytes:
    """Return what came until the end of a connection."""
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionError:
        return b""


async def test_idle_connections_beyond_the_most_end_the_oldest_and_keep_nobody_out() -> None:
    async with serving(app, most=20) as (server, port, _), AsyncExitStack() as stack:
        idlers = [await idle(stack, port) for _ in range(60)]
        for _ in range(5):
            assert b" 200 " in await exchange(port, get(b"/"))
        # those that came first; the last ones, as many as there is room for, are still open
        assert await asyncio.gather(*(ended(one) for one in idlers[:40])) == [b""] * 40
        assert not idlers[-1].at_eof()
        assert len(server._server.server_state.connections) <= 20


async def test_requests_whose_bodies_come_slowly_end_the_oldest_of_them_and_keep_nobody_out() -> None:
    begun = b"POST /read HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\na"
    async with serving(app, most=20) as (server, port, _), AsyncExitStack() as stack:
        slow = [await idle(stack, port, begun) for _ in range(60)]
        for _ in range(5):
            assert b" 200 " in await exchange(port, get(b"/"))
        assert await asyncio.gather(*(ended(one) for one in slow[:40])) == [b""] * 40
        assert not slow[-1].at_eof()
        assert len(server._server.server_state.connections) <= 20


async def test_a_request_whose_body_came_whole_is_not_ended_for_another() -> None:
    async with serving(app, most=2) as (_, port, _task), AsyncExitStack() as stack:
        whole = await idle(stack, port, b"POST /hang HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd")
        await idle(stack, port, get(b"/hang"))
        assert b" 503 " in await exchange(port, get(b"/"))
        assert not whole.at_eof()


async def test_who_takes_nothing_of_an_answer_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "TAKING_S", 0.05)
    async with serving(app) as (server, port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(get(b"/large"))
        await reader.readexactly(1)
        async with asyncio.timeout(20):
            while server._server.server_state.connections:  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0)
        with suppress(ConnectionError):
            assert len(await asyncio.wait_for(reader.read(), 20)) < 64 * 2**20
        writer.close()


async def test_a_connection_without_its_headers_in_time_is_ended() -> None:
    async with serving(app, headers_s=0.05) as (_, port, _task), AsyncExitStack() as stack:
        for said in (b"", b"GET", b"GET / HTTP/1.1\r\nHost: a\r\nX: "):
            assert await ended(await idle(stack, port, said)) == b""
        # after an answer, too: uvicorn's own time for kept connections ends with the first byte of the next request
        kept = await idle(stack, port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET")
        assert (await ended(kept)).startswith(b"HTTP/1.1 200")


async def test_when_every_connection_is_being_answered_the_next_is_told_503() -> None:
    async with serving(app, most=3) as (_, port, _task), AsyncExitStack() as stack:
        for _ in range(3):
            await idle(stack, port, get(b"/hang"))
        assert b" 503 " in await exchange(port, get(b"/"))


@pytest.mark.parametrize(("soft", "most"), [(1024, 512), (256, 128), (1, 1), (1_000_000, CONNECTIONS_MAX)])
def test_half_of_the_files_of_the_process_are_left_to_bots_and_database(
    soft: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, soft))
    assert most_connections() == most


@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100_000,
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
    ],
)
async def test_what_a_proxy_could_read_in_two_ways_is_refused(services: Services, request_: bytes) -> None:
    async with serving(build_app(services)) as (_, port, _task):
        status = (await exchange(port, request_)).partition(b"\r\n")[0]
    assert status.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501"))


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (f"/v/{'x' * 32}", "GET, HEAD, OPTIONS, POST"),
        ("/healthz", "GET, HEAD, OPTIONS"),
        ("/api/admin/session", "DELETE, GET, OPTIONS, POST"),
    ],
)
async def test_options_and_a_405_name_all_methods_of_a_path(client: httpx.AsyncClient, path: str, allowed: str) -> None:
    asked = await client.options(path)
    refused = await client.request("TRACE", path)
    assert (asked.status_code, asked.headers["allow"]) == (204, allowed)
    assert (refused.status_code, refused.headers["allow"]) == (405, allowed)


async def test_options_of_no_path_is_404(client: httpx.AsyncClient) -> None:
    assert (await client.options("/nowhere")).status_code == 404

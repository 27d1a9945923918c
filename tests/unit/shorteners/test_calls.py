"""Failures of one request: no answer, an incomplete one, one that is too long, a redirect."""

import asyncio
import gzip
import tracemalloc

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from shorteners.calls import ANSWER_MAX, ask, new_session
from shorteners.failover import PROVIDER_TIMEOUT_S
from shorteners.failures import FailureKind, ShortenerError
from shorteners.providers import Provider
from tests.unit.shorteners.local import (
    DESTINATION,
    KEY,
    LINK,
    Handler,
    Stub,
    begin_and_hang,
    break_off,
    giving,
    hang,
    hang_up,
    no_files_left,
    raw_server,
    stub,
)


async def complaint(provider: Provider, timeout_s: float = 5.0) -> ShortenerError:
    async with new_session(timeout_s) as session:
        with pytest.raises(ShortenerError) as caught:
            await ask(session, provider, DESTINATION)
    return caught.value


async def complaint_about(answer: Handler, timeout_s: float = 5.0) -> FailureKind:
    async with stub(answer) as server:
        return (await complaint(server.provider(), timeout_s)).kind


@pytest.mark.parametrize("answer", [hang, begin_and_hang])
async def test_a_hanging_provider_times_out(answer: Handler) -> None:
    assert await complaint_about(answer, timeout_s=0.05) == FailureKind.TIMED_OUT


async def test_a_slowly_sending_provider_times_out_at_the_same_time() -> None:
    async def trickle(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(10_000):
            await answer.write(b" ")
            await asyncio.sleep(0)
        return answer

    assert await complaint_about(trickle, timeout_s=0.05) == FailureKind.TIMED_OUT


async def test_the_timeout_is_five_seconds_in_total() -> None:
    async with new_session(PROVIDER_TIMEOUT_S) as session:
        assert session.timeout == aiohttp.ClientTimeout(total=5.0)


async def test_a_refused_connection_is_unreachable() -> None:
    async with stub(giving(LINK)) as gone:
        pass
    assert (await complaint(gone.provider())).kind == FailureKind.UNREACHABLE
    assert await complaint_about(hang_up) == FailureKind.UNREACHABLE


@pytest.mark.parametrize("host", ["a..b", "-", "name.invalid"])
async def test_an_unresolvable_host_is_unreachable(host: str) -> None:
    provider = Provider("p", f"http://{host}:1/api", Stub(hang).provider().api_key)
    assert (await complaint(provider)).kind == FailureKind.UNREACHABLE


async def test_half_an_answer_is_unreadable() -> None:
    assert await complaint_about(break_off) == FailureKind.UNREADABLE


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ],
)
async def test_an_answer_that_is_no_http_is_a_failure(answer: bytes) -> None:
    async with raw_server(answer) as port:
        kind = (await complaint(Provider("p", f"http://127.0.0.1:{port}/", Stub(hang).provider().api_key))).kind
    assert kind in {FailureKind.UNREADABLE, FailureKind.UNREACHABLE}


async def test_a_redirect_is_not_followed_wherever_it_leads() -> None:
    async with stub(giving("the cloud's secrets")) as inside:
        for place in (f"http://127.0.0.1:{inside.port}/latest", "http://169.254.169.254/", "/api", "::", f"/?{KEY}"):
            async with stub(giving("", 302, Location=place)) as server:
                error = await complaint(server.provider())
            assert (error.kind, error.status) == (FailureKind.REDIRECTED, 302)
            assert len(server.asked) == 1
    assert inside.asked == []


async def test_reading_an_endless_answer_stops_after_64_kib() -> None:
    sent = 0

    async def pour(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(bytes(ANSWER_MAX))
            sent += ANSWER_MAX

    assert await complaint_about(pour) == FailureKind.TOO_LONG
    # what the buffers of both ends hold in addition
    assert sent < 10_000_000


async def test_ten_megabytes_are_too_long() -> None:
    assert await complaint_about(giving(b" " * 10_000_000 + LINK.encode())) == FailureKind.TOO_LONG


async def test_the_body_of_an_error_status_is_not_read() -> None:
    async with stub(giving(b" " * 10_000_000, 500)) as server:
        error = await complaint(server.provider())
    assert (error.kind, error.status) == (FailureKind.REFUSED, 500)


async def test_a_compressed_answer_is_decompressed() -> None:
    async with stub(giving(gzip.compress(LINK.encode()), Content_Encoding="gzip")) as server, new_session(5) as session:
        assert await ask(session, server.provider(), DESTINATION) == LINK


async def test_a_broken_compressed_answer_is_unreadable() -> None:
    assert await complaint_about(giving(b"no gzip", Content_Encoding="gzip")) == FailureKind.UNREADABLE


@pytest.mark.parametrize("layers", [1, 2])
async def test_a_decompression_bomb_is_stopped_at_the_limit(layers: int) -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)
    for _ in range(layers - 1):
        bomb = gzip.compress(bomb, 9)
    async with stub(giving(bomb, Content_Encoding="gzip")) as server:
        tracemalloc.start()
        try:
            kind = (await complaint(server.provider())).kind
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert kind in {FailureKind.TOO_LONG, FailureKind.UNREADABLE}
    assert peak < 8_000_000


@pytest.mark.parametrize("host", ["127.0.0.1:9", "name.test"])
async def test_without_a_file_for_a_connection_it_is_no_failure_of_the_provider(host: str) -> None:
    async with new_session(5.0) as session:
        with no_files_left(), pytest.raises(ShortenerError) as caught:
            await ask(session, Provider("one", f"http://{host}/api", SecretStr(KEY)), DESTINATION)
    assert caught.value.kind is FailureKind.NOT_ASKED
    assert caught.value.__context__ is None

"""The API key is in no log, exception, repr or link, for every failure of a provider that echoes the key."""

import base64
import logging
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from shorteners.calls import ask, new_session
from shorteners.failover import Shorteners
from shorteners.failures import FailureKind, ShortenerError
from shorteners.providers import Provider
from tests.unit.shorteners import local
from tests.unit.shorteners.local import DESTINATION, KEY, LINK, TOKEN, Handler, giving, raw_server, stub

#: forms in which the key could leak
FORMS = (KEY, quote(KEY), quote(KEY, safe=""), KEY[:8], "odd%3D", base64.b64encode(KEY.encode()).decode())
#: headers of an answer that echo the key
ECHOES = {"X-Echo": f"api={quote(KEY)}", "Set-Cookie": f"{quote(KEY)}=1", "Server": quote(KEY, safe="")}


def echoing(body: object, status: int = 200, **more: str) -> Handler:
    return giving(body, status, **{name.replace("-", "_"): value for name, value in ECHOES.items()}, **more)


async def break_off(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers=ECHOES | {"Content-Length": "500"})
    await answer.prepare(request)
    await answer.write(KEY.encode())
    return await local.hang_up(request)


CATALOGUE: dict[str, tuple[FailureKind, Handler]] = {
    "hangs": (FailureKind.TIMED_OUT, local.hang),
    "hangs in the middle": (FailureKind.TIMED_OUT, local.begin_and_hang),
    "hangs up": (FailureKind.UNREACHABLE, local.hang_up),
    "breaks off": (FailureKind.UNREADABLE, break_off),
    "403": (FailureKind.REFUSED, echoing(f"bad key {KEY}", 403)),
    "500": (FailureKind.REFUSED, echoing(f"GET /api?api={quote(KEY)}", 500)),
    "429": (FailureKind.RATE_LIMITED, echoing(KEY, 429, Retry_After=quote(KEY))),
    "302": (FailureKind.REDIRECTED, echoing(KEY, 302, Location=f"http://10.0.0.1/?api={quote(KEY)}")),
    "302 to nowhere": (FailureKind.REDIRECTED, echoing(KEY, 302, Location=f"http://[{quote(KEY)}")),
    "a long answer": (FailureKind.TOO_LONG, echoing(KEY * 10_000)),
    "broken JSON": (FailureKind.UNREADABLE, echoing(f'{{"api": "{KEY}"')),
    "deep JSON": (FailureKind.UNREADABLE, echoing("[" * 30_000 + KEY)),
    "no UTF-8": (FailureKind.UNREADABLE, echoing(KEY.encode() + b"\xff")),
    "a page": (FailureKind.UNREADABLE, echoing(f"<p>{KEY}</p>")),
    "no gzip": (FailureKind.UNREADABLE, echoing(KEY.encode(), Content_Encoding="gzip")),
    "an error inside": (FailureKind.DECLINED, echoing({"status": "error", "message": f"Invalid key {KEY}"})),
    "no link": (FailureKind.NO_LINK, echoing({"api": KEY})),
    "nothing": (FailureKind.NO_LINK, echoing("")),
    "the destination": (FailureKind.NOT_SHORTENED, echoing({"url": DESTINATION, "api": KEY})),
    "the key in the link": (FailureKind.UNSAFE_LINK, echoing({"url": f"{LINK}?api={quote(KEY, safe='')}"})),
    "the key in the link, as it is": (FailureKind.UNSAFE_LINK, echoing({"url": f"{LINK}/{KEY}"})),
    "a link that is none": (FailureKind.UNSAFE_LINK, echoing({"url": f"https://[{KEY}"})),
    "another host": (FailureKind.FOREIGN_LINK, echoing({"url": "https://else.example/x", "api": KEY})),
}


@asynccontextmanager
async def failing(case: str) -> AsyncIterator[Provider]:
    async with stub(CATALOGUE[case][1]) as server:
        # the key is also in the configured URL, as people paste it
        yield server.provider(path=f"/api?api={quote(KEY)}&url=x", hosts=("s.example",))


def assert_clean(text: str) -> None:
    assert [form for form in FORMS if form.lower() in text.lower()] == []
    assert TOKEN not in text


def test_every_kind_of_failure_is_in_the_catalogue() -> None:
    # an address in a private network is refused before the key is used, and for the other there is no connection
    assert {kind for kind, _ in CATALOGUE.values()} == set(FailureKind) - {FailureKind.PRIVATE, FailureKind.NOT_ASKED}


@pytest.mark.parametrize("case", CATALOGUE)
async def test_no_log_line_holds_the_key(case: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with failing(case) as provider:
        timeout_s = 0.05 if CATALOGUE[case][0] is FailureKind.TIMED_OUT else 5.0
        async with Shorteners([provider], timeout_s=timeout_s) as shorteners:
            with capture_logs() as logs:
                assert await shorteners.shorten(DESTINATION) is None
            assert_clean(repr(shorteners) + repr(vars(shorteners)))
    assert [line["kind"] for line in logs] == [CATALOGUE[case][0]]
    assert_clean(repr(logs))
    # without the log lines of the test's own server
    assert_clean(
        "".join(record.getMessage() for record in caplog.records if not record.name.startswith("aiohttp.access"))
    )


@pytest.mark.parametrize("case", CATALOGUE)
async def test_no_exception_holds_the_key(case: str) -> None:
    timeout_s = 0.05 if CATALOGUE[case][0] is FailureKind.TIMED_OUT else 5.0
    async with failing(case) as provider, new_session(timeout_s) as session:
        with pytest.raises(ShortenerError) as caught:
            await ask(session, provider, DESTINATION)
    error = caught.value
    assert error.kind is CATALOGUE[case][0]
    assert error.__cause__ is None
    assert error.__context__ is None
    assert_clean(repr(error) + str(error) + "".join(traceback.format_exception(error)))


async def test_an_error_of_aiohttp_is_not_the_context_of_a_failure() -> None:
    async with raw_server(f"HTTP/1.1 {KEY}\r\n\r\n".encode()) as port, new_session(5) as session:
        provider = Provider("p", f"http://127.0.0.1:{port}/", local.Stub(local.hang).provider().api_key)
        with pytest.raises(ShortenerError) as caught:
            await ask(session, provider, DESTINATION)
    assert caught.value.__context__ is None
    assert_clean("".join(traceback.format_exception(caught.value)))


async def test_an_error_of_aiohttp_contains_the_key() -> None:
    """The reason why errors of the library are never passed on."""
    async with stub(giving("{", 403)) as server, new_session(5) as session:
        with pytest.raises(aiohttp.ClientResponseError) as caught:
            await session.get(server.provider().request_for(DESTINATION), raise_for_status=True)
    assert quote(KEY, safe="") in str(caught.value)

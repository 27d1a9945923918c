"""The alert webhook: the posted JSON, retries, and the secrecy of the URL."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from monitoring.alerts import plain_text
from monitoring.webhook import RETRY_AFTER_S, TEXT_MAX, AlertWebhook
from tests.clocks import SteeredClock

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "very-secret-key"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Receiver:
    """A server for alerts. It gives `answers` one after the other, and repeats the last one."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, object]] = []
        self.paths: list[str] = []
        self.slept: list[float] = []
        self.answers: list[Answer] = [status(204)]
        self.url = ""

    async def receive(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(json.loads(await request.read()))
        self.paths.append(request.path)
        return await self.answers[min(len(self.bodies), len(self.answers)) - 1](request)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def webhook(self, timeout_s: float = 5.0) -> AlertWebhook:
        return AlertWebhook(SecretStr(self.url), SteeredClock(self.sleep), timeout_s=timeout_s)


def status(code: int, **headers: str) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=code, headers=headers)

    return answer


async def hang(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def hang_after_the_head(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(status=200)
    await answer.prepare(request)
    await asyncio.Event().wait()
    raise AssertionError


async def never_ending(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(status=200)
    await answer.prepare(request)
    while True:
        await answer.write(b"x" * 65536)


async def drop(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.receive)
    async with TestServer(app, shutdown_timeout=0.01) as server:
        receiver.url = str(server.make_url(f"/hook/{KEY}?key={KEY}"))
        yield receiver


@pytest.fixture
async def post(receiver: Receiver) -> AsyncIterator[AlertWebhook]:
    webhook = receiver.webhook()
    yield webhook
    await webhook.close()


async def test_an_alert_arrives_as_one_json_object(receiver: Receiver, post: AlertWebhook) -> None:
    assert await post("health:flood", "open", "Telegram refuses", AT)
    assert receiver.bodies == [
        {
            "incident": "health:flood",
            "state": "open",
            "text": "Telegram refuses",
            "at": "2026-03-01T12:00:00.000+00:00",
            "source": "tollgate",
        }
    ]


@pytest.mark.parametrize("first", [status(500), status(503), status(429), drop])
async def test_a_temporary_failure_is_retried_once(receiver: Receiver, post: AlertWebhook, first: Answer) -> None:
    receiver.answers = [first, status(200)]
    assert await post("x", "open", "text", AT)
    assert len(receiver.bodies) == 2
    assert receiver.slept == [RETRY_AFTER_S]


async def test_a_second_failure_is_final(receiver: Receiver, post: AlertWebhook) -> None:
    receiver.answers = [status(500)]
    assert not await post("x", "open", "text", AT)
    assert len(receiver.bodies) == 2


@pytest.mark.parametrize("code", [400, 401, 404, 410])
async def test_a_refusal_is_not_repeated(receiver: Receiver, post: AlertWebhook, code: int) -> None:
    receiver.answers = [status(code)]
    assert not await post("x", "open", "text", AT)
    assert len(receiver.bodies) == 1


@pytest.mark.parametrize("code", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(receiver: Receiver, post: AlertWebhook, code: int) -> None:
    receiver.answers = [status(code, Location="/elsewhere")]
    assert not await post("x", "open", "text", AT)
    assert receiver.paths == [f"/hook/{KEY}"]


async def test_a_hanging_receiver_times_out_twice(receiver: Receiver) -> None:
    receiver.answers = [hang]
    webhook = receiver.webhook(timeout_s=0.05)
    async with asyncio.timeout(5):
        assert not await webhook("x", "open", "text", AT)
    assert len(receiver.bodies) == 2
    await webhook.close()


@pytest.mark.parametrize("answer", [never_ending, hang_after_the_head])
async def test_an_accepted_alert_does_not_wait_for_the_answers_body(receiver: Receiver, answer: Answer) -> None:
    receiver.answers = [answer]
    webhook = receiver.webhook()
    async with asyncio.timeout(4):
        assert await webhook("x", "open", "text", AT)
    assert len(receiver.bodies) == 1
    await webhook.close()


async def test_failures_are_logged_with_the_host_only(
    receiver: Receiver, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    webhook = AlertWebhook(SecretStr(f"http://127.0.0.1:1/{KEY}"), SteeredClock(receiver.sleep))
    assert not await webhook("x", "open", "text", AT)
    receiver.answers = [status(500)]
    shown = receiver.webhook()
    assert not await shown("x", "open", "text", AT)
    said = capsys.readouterr()
    output = said.out + said.err + caplog.text
    assert "alert.not_posted" in output
    assert "127.0.0.1" in output
    assert KEY not in output + repr(webhook) + repr(vars(webhook))
    await webhook.close()
    await shown.close()


async def test_an_invalid_url_is_a_failure_and_no_exception(receiver: Receiver) -> None:
    webhook = AlertWebhook(SecretStr("http://"), SteeredClock(receiver.sleep))
    assert not await webhook("x", "open", "text", AT)
    await webhook.close()


async def test_a_long_text_is_cut(receiver: Receiver, post: AlertWebhook) -> None:
    assert await post(None, "note", "x" * (TEXT_MAX + 1), AT)
    assert receiver.bodies[0]["text"] == "x" * TEXT_MAX
    assert receiver.bodies[0]["incident"] is None


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<b>The storage</b> is gone.\nNext.", "The storage is gone.\nNext."),
        ("a &lt;b&gt; &amp; &quot;c&quot;", 'a <b> & "c"'),
        ('<a href="https://x">here</a>', "here"),
        ("1 < 2", "1 < 2"),
        ("", ""),
    ],
)
def test_html_is_reduced_to_plain_text(html: str, text: str) -> None:
    assert plain_text(html) == text

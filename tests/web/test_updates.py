"""What Telegram and others post, over a real connection: the secret first, then the size, then the update."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

import web_app.bodies
from core.clock import SystemClock
from core.supervisor import Supervisor
from monitoring import metrics
from web_app.app import build_app
from web_app.services import Services
from web_app.serving import WebServer
from web_app.updates import UPDATE_MAX

BOT = 1002
SECRET = "s3cret"
MB = 1024 * 1024
NO_UPDATES = (
    b"",
    b"not json",
    b"[]",
    b"null",
    b'"text"',
    b"7",
    b"{}",
    b'{"update_id": "7"}',
    b'{"update_id": 7.0}',
    b'{"update_id": true}',
    b'{"update_id": null}',
    b'{"update_id": NaN}',
    b'{"update_id": -1}',
    b'{"update_id": 2147483648}',
    b'{"update_id": ' + b"9" * 5000 + b"}",
    b'{"update_id": [7]}',
    b'{"update_id": 7',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"\x00",
)


class Recorder:
    """A receiver that takes everything, unless it is told when to ask again."""

    def __init__(self) -> None:
        self.taken: list[Mapping[str, Any]] = []
        self.again_s: int | None = None

    def is_secret(self, given: str) -> bool:
        return given == SECRET

    async def take(self, raw: Mapping[str, Any]) -> int | None:
        self.taken.append(raw)
        return self.again_s


class Line:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def begin(self, size: int, *, secret: str | None = SECRET, path: str = f"/telegram/{BOT}") -> None:
        """Send the headers of a post."""
        own = "" if secret is None else f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\n"
        head = f"POST {path} HTTP/1.1\r\nHost: gate.example\r\nContent-Type: application/json\r\n{own}"
        self.writer.write(f"{head}Content-Length: {size}\r\n\r\n".encode())

    async def post(self, body: bytes, **more: Any) -> tuple[int, dict[str, str], bytes]:
        self.begin(len(body), **more)
        self.writer.write(body)
        return await self.answer()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)).decode()
        status, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return int(status.split(" ")[1]), headers, body


@asynccontextmanager
async def served(recorder: Recorder) -> AsyncIterator[int]:
    services = Services(
        SystemClock(),
        "https://t.me",
        b"key",
        has_page=False,
        receivers={BOT: recorder},
        hosts=frozenset({"gate.example"}),
    )
    server, tasks = WebServer(build_app(services)), Supervisor()
    port = server.listen("127.0.0.1", 0)
    serving = tasks.spawn(server.serve(), "web app")
    try:
        yield port
    finally:
        await server.stop()
        await asyncio.wait_for(serving, 10)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def line(recorder: Recorder) -> AsyncIterator[Line]:
    async with served(recorder) as port:
        one = Line(*await asyncio.open_connection("127.0.0.1", port))
        yield one
        one.writer.close()


def posts(outcome: str) -> float:
    return float(metrics.WEBHOOK_POSTS.labels(str(BOT), outcome)._value.get())


async def test_an_update_is_taken_and_the_answer_is_empty(line: Line, recorder: Recorder) -> None:
    status, _, body = await line.post(b'{"update_id": 7, "message": {}}')
    assert (status, body) == (200, b"")
    assert recorder.taken == [{"update_id": 7, "message": {}}]


async def test_what_is_not_taken_comes_again_after_the_time_asked_for(line: Line, recorder: Recorder) -> None:
    recorder.again_s = 5
    status, headers, body = await line.post(b'{"update_id": 7}')
    assert (status, headers["retry-after"], body) == (503, "5", b"")


async def test_without_the_secret_nothing_is_read_and_the_post_is_counted_but_not_logged(
    line: Line, recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    before, wrong = posts("forbidden"), (None, "", "wrong", "S3CRET", "s3cretx", "s3cre", "ÿþ")
    for secret in wrong:
        status, _, body = await line.post(b'{"update_id": 7}', secret=secret)
        assert (status, body) == (403, b"")
    assert posts("forbidden") - before == len(wrong)
    assert recorder.taken == []
    assert capsys.readouterr().out == ""


async def test_5_mb_with_a_wrong_secret_are_refused_before_they_arrive(line: Line, recorder: Recorder) -> None:
    line.begin(5 * MB, secret="wrong")
    assert (await line.answer())[0] == 403
    assert recorder.taken == []


async def test_5_mb_are_refused_before_they_arrive(line: Line, recorder: Recorder) -> None:
    line.begin(5 * MB)
    assert (await line.answer())[0] == 413
    assert recorder.taken == []


async def test_5_mb_in_chunks_of_which_nobody_said_how_many_are_refused(line: Line, recorder: Recorder) -> None:
    line.writer.write(
        f"POST /telegram/{BOT} HTTP/1.1\r\nHost: gate.example\r\n"
        f"X-Telegram-Bot-Api-Secret-Token: {SECRET}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    )
    for _ in range(5):
        line.writer.write(f"{MB:x}\r\n".encode() + b"x" * MB + b"\r\n")
    assert (await line.answer())[0] == 413
    assert recorder.taken == []


async def test_the_largest_update_telegram_keeps_is_taken(line: Line, recorder: Recorder) -> None:
    largest = json.dumps({"update_id": 7, "message": {"text": "x" * (512 * 1024)}}).encode()
    assert len(largest) < UPDATE_MAX
    assert (await line.post(largest))[0] == 200
    assert len(recorder.taken) == 1


async def test_what_is_no_update_is_refused(line: Line, recorder: Recorder) -> None:
    before = posts("unreadable")
    for body in NO_UPDATES:
        assert (await line.post(body))[0] == 400, body[:20]
    assert recorder.taken == []
    assert posts("unreadable") - before == len(NO_UPDATES)


async def test_other_bots_are_not_here(line: Line, recorder: Recorder) -> None:
    for bot in ("1003", "01002", "1002x", "%D9%A3", "-1", "9" * 30, "1002/1", ""):
        assert (await line.post(b'{"update_id": 7}', path=f"/telegram/{bot}"))[0] == 404, bot
    assert recorder.taken == []


async def test_the_mark_of_the_address_is_not_looked_at(line: Line, recorder: Recorder) -> None:
    assert (await line.post(b'{"update_id": 7}', path=f"/telegram/{BOT}?secret=abc"))[0] == 200


async def test_a_body_that_does_not_arrive_is_given_up(
    line: Line, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_app.bodies, "BODY_S", 0.02)
    line.begin(100)
    line.writer.write(b"{")
    assert (await line.answer())[0] == 408
    assert recorder.taken == []


async def test_a_sender_that_leaves_in_the_middle_is_no_error(
    recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    async with served(recorder) as port:
        gone = Line(*await asyncio.open_connection("127.0.0.1", port))
        gone.begin(100)
        gone.writer.write(b"{")
        gone.writer.close()
        await gone.writer.wait_closed()
        other = Line(*await asyncio.open_connection("127.0.0.1", port))
        assert (await other.post(b'{"update_id": 7}'))[0] == 200
        other.writer.close()
    assert "error" not in capsys.readouterr().out


async def test_a_web_app_without_bots_has_no_such_page(recorder: Recorder) -> None:
    app = build_app(Services(SystemClock(), "https://t.me", b"key", has_page=False))
    assert not any("telegram" in getattr(route, "path", "") for route in app.routes)


async def test_half_a_character_in_an_update_is_replaced(line: Line, recorder: Recorder) -> None:
    status, _, _ = await line.post(rb'{"update_id": 7, "message": {"text": "a\ud83d"}}')
    assert status == 200
    assert recorder.taken[-1]["message"]["text"] == "a\ufffd"

"""Refused requests, and error pages."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import structlog
from pymongo.errors import AutoReconnect, OperationFailure

from database.connection import Database
from tests.web.conftest import Making, whole
from web_app import bodies
from web_app.app import build_app
from web_app.bodies import BODY_MAX
from web_app.errors import ErrorPages
from web_app.services import Services


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "BREW"])
async def test_other_methods_are_405_with_the_allowed_ones(
    client: httpx.AsyncClient, db: Database, make: Making, method: str
) -> None:
    token = await make()
    before = await whole(db)
    answer = await client.request(method, f"/v/{token.token}")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert "<h1>That was not understood</h1>" in answer.text
    assert await whole(db) == before


@pytest.mark.parametrize(("size", "status"), [(BODY_MAX, 403), (BODY_MAX + 1, 413), (1_000_000, 413)])
@pytest.mark.parametrize("is_announced", [True, False])
async def test_a_body_of_the_maximum_size_is_read_and_a_longer_one_refused(
    client: httpx.AsyncClient, db: Database, make: Making, size: int, status: int, is_announced: bool
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, size, 1000):
            yield b"x" * min(1000, size - start)

    token = await make()
    before = await whole(db)
    content: Any = b"x" * size if is_announced else chunks()
    answer = await client.post(f"/v/{token.token}", content=content)
    assert answer.status_code == status
    assert (await whole(db) == before) is (status == 413)


@pytest.mark.parametrize("length", ["-1", "abc", "٣", "9" * 400])
async def test_an_invalid_content_length_is_refused(client: httpx.AsyncClient, make: Making, length: str) -> None:
    token = await make()
    answer = await client.post(f"/v/{token.token}", content=b"", headers=[(b"content-length", length.encode())])
    assert answer.status_code in (403, 413)


async def test_a_body_that_does_not_arrive_in_time_is_408(
    db: Database, make: Making, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_S", 0.0)
    token = await make()

    async def never() -> AsyncIterator[bytes]:
        yield b"host="
        await asyncio.Event().wait()

    before = await whole(db)
    transport = httpx.ASGITransport(build_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.post(f"/v/{token.token}", content=never())
    assert answer.status_code == 408
    assert await whole(db) == before


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_unavailable_store_is_503_with_a_retry_button(
    client: httpx.AsyncClient, db: Database, make: Making, method: str
) -> None:
    token = await make()

    def refuse(*_: str) -> None:
        raise AutoReconnect("mongodb://someone:hunter2@db.example: connection closed")

    db.before_call = refuse
    answer = await client.request(method, f"/v/{token.token}")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["cache-control"] == "no-store"
    assert "short break" in answer.text
    assert "hunter2" not in answer.text
    assert 'href=""' in answer.text
    db.before_call = None
    assert (await client.get(f"/v/{token.token}")).status_code == 200


async def test_an_unexpected_error_is_a_page_with_an_id_that_is_in_the_log(
    client: httpx.AsyncClient, db: Database, make: Making
) -> None:
    token = await make()

    def refuse(*_: str) -> None:
        raise OperationFailure("a secret of the server", 2)

    db.before_call = refuse
    with structlog.testing.capture_logs() as logged:
        answer = await client.get(f"/v/{token.token}")
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"]
    (line,) = [entry for entry in logged if entry["log_level"] == "error"]
    assert line["event"] == "web.failed"
    assert f"<p>Error {line['error_id']}</p>" in answer.text
    assert re.fullmatch("[0-9a-f]{6}", line["error_id"])
    for word in ("Traceback", "secret", "OperationFailure", "pymongo", token.token):
        assert word not in answer.text
    # the address holds the token
    assert token.token not in str({name: value for name, value in line.items() if name != "exc_info"})


async def test_a_disconnecting_visitor_is_no_error(db: Database, services: Services, make: Making) -> None:
    token = await make()
    app = build_app(services)
    sent: list[Any] = []

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "method": "POST",
        "path": f"/v/{token.token}",
        "raw_path": b"",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [(b"host", b"gate.example")],
        "server": ("x", 80),
        "client": ("127.0.0.1", 1),
    }
    before = await whole(db)
    with structlog.testing.capture_logs() as logged:
        await app(scope, gone, send)
    assert sent == []
    assert [entry["log_level"] for entry in logged] == ["debug"]
    assert await whole(db) == before


async def test_an_error_after_the_answer_started_is_logged_and_not_answered() -> None:
    async def broken(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message["type"])

    class NoPages:
        def failed(self, *_: object) -> None: ...

    with structlog.testing.capture_logs() as logged:
        await ErrorPages(broken, NoPages())({"type": "http", "headers": []}, None, send)  # type: ignore[arg-type]
    assert sent == ["http.response.start"]
    assert [entry["event"] for entry in logged] == ["web.failed"]

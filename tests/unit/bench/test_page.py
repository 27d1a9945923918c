"""What `make bench` sees of the verification page; nothing here is timed and no other process is started."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from aiohttp import ClientConnectionError

from bench import page, visitors
from bench.commands import CountCommands
from bench.page import Answered, Side
from bench.plan import Plan
from bench.report import Figure
from bench.stores import IN_MEMORY, Store
from bench.subject import Usage
from bench.usage import StoreTime
from bench.web import Desk, settings_for
from core.clock import SystemClock
from core.verification import TokenStatus
from database.connection import Database, close_database, open_database
from database.operations import token_ops
from web_app.app import build_app
from web_app.main import services_of

SERVER = Store("server", "mongodb://127.0.0.1:9/")
PLAN = Plan(page_rate=2, page_s=1.0, repeats=2)


class Session:
    """Answers when `together` requests are under way, each with the next of `statuses`; 0 breaks the connection."""

    def __init__(self, together: int, statuses: list[int]) -> None:
        self._barrier = asyncio.Barrier(together)
        self._statuses = iter(statuses)
        self.asked: list[tuple[str, str, Any]] = []

    @asynccontextmanager
    async def request(self, method: str, url: str, *, data: Any) -> AsyncIterator[Any]:
        self.asked.append((method, url, data))
        status = next(self._statuses)
        await self._barrier.wait()
        if not status:
            raise ClientConnectionError
        yield SimpleNamespace(status=status, read=self._read)

    async def _read(self) -> bytes:
        return b"a page"


async def test_a_visitor_comes_although_nobody_before_was_answered() -> None:
    session: Any = Session(5, [200] * 5)
    async with asyncio.timeout(5):
        seen = await visitors.load(session, "GET", [str(number) for number in range(5)], per_second=1e6)
    assert seen.statuses == {200: 5} and seen.size == len(b"a page")
    assert len(seen.waits_s) == len(seen.late_s) == 5
    assert all(wait_s >= late_s >= 0 for wait_s, late_s in zip(sorted(seen.waits_s), sorted(seen.late_s), strict=True))
    assert session.asked == [("GET", str(number), None) for number in range(5)]


async def test_a_request_without_an_answer_is_counted_as_one() -> None:
    session: Any = Session(1, [503, 0, 200])
    seen = await visitors.load(session, "POST", ["a", "b", "c"], per_second=1e6)
    assert seen.statuses == {503: 1, 0: 1, 200: 1} and len(seen.waits_s) == 3
    assert session.asked[0] == ("POST", "a", visitors.FORM)


async def test_an_answers_time_runs_from_the_moment_it_was_due() -> None:
    seen, session = visitors.Seen(), Session(1, [200])
    await visitors.visit(session, "GET", "a", due_at=-1e9, seen=seen)  # type: ignore[arg-type]
    assert seen.waits_s[0] >= seen.late_s[0] > 1e9


def _usage(cpu_s: float, commands: int) -> Usage:
    return Usage(cpu_s, cpu_s / 2, 1, {"find tokens": commands}, "Database.calls")


def _answered(waits_s: list[float], statuses: dict[str, int], server_s: float = 0.0) -> Answered:
    answered = Answered()
    for half in (waits_s[:2], waits_s[2:]):
        seen = {"waits_s": half, "late_s": [0.001, 0.002], "statuses": {}, "size": 800, "cpu_s": 0.002}
        answered.add(seen, _usage(1.0, 10), _usage(1.004, 12), server_s)
    answered.statuses.update(statuses)
    return answered


def _side(name: str, store: Store | None, answered: Answered, verified: list[int]) -> Side:
    subject: Any = None
    return Side(name, subject, store, by_method=dict.fromkeys(page.METHODS, answered), verified=verified)


def _figure(answered: Answered, verified: list[int]) -> Figure:
    bare = _answered([0.001, 0.002, 0.002, 0.005], {"200": 4})
    served = _answered([0.01] * 4, {"200": 4}, math.nan)
    sides = [
        _side("in memory", IN_MEMORY, answered, verified),
        _side("server", SERVER, served, [0, 4]),
        _side(page.STATIC_NAME, None, bare, []),
    ]
    return page._figure(PLAN, sides)


@pytest.mark.parametrize(
    ("longest_s", "statuses", "verified", "met"),
    [
        (1.0, {"200": 4}, [0, 4], [True, True, True]),
        (1.001, {"200": 4}, [0, 4], [False, False, True]),
        (1.0, {"200": 3, "503": 1}, [0, 4], [False, False, True]),
        (1.0, {"200": 3, "0": 1}, [0, 3], [False, False, False]),
        # a GET that decides would be a page that link previews use up
        (1.0, {"200": 4}, [4, 4], [True, True, False]),
    ],
)
def test_the_page_is_judged_by_its_answers_and_by_what_it_stored(
    longest_s: float, statuses: dict[str, int], verified: list[int], met: list[bool]
) -> None:
    figure = _figure(_answered([0.002, 0.004, 0.004, longest_s], statuses), verified)
    assert [goal.is_met for goal in figure.goals[:3]] == met
    assert [goal.is_met for goal in figure.goals[3:]] == [True] * 3


def test_the_page_stands_beside_the_static_one_and_names_the_visitors_cost() -> None:
    figure = _figure(_answered([0.002, 0.004, 0.004, 0.01], {"200": 4}), [0, 4])
    rows = [dict(zip(figure.columns, row, strict=True)) for row in figure.rows]
    assert [row["request"] for row in rows[:3]] == ["GET in memory", "GET server", "GET static page"]
    assert (rows[0]["p50 ms"], rows[0]["p50 of static"], rows[0]["p99 of static"]) == ("4.0", "2.00", "2.00")
    assert (rows[0]["commands"], rows[0]["CPU ms"], rows[0]["store CPU ms"]) == ("1.000", "2.00", "1.00")
    assert (rows[0]["visitor's CPU ms"], rows[0]["left late p99 ms"]) == ("1.00", "2.0")
    assert rows[1]["store CPU ms"] == "-"
    assert json.loads(json.dumps(figure.as_json(), allow_nan=False))["numbers"]["server"]["GET"]["store_cpu_ms"] is None


def test_every_request_has_a_token_of_its_own() -> None:
    assert page._made(PLAN) == page.WARM_UP + 4


@pytest.fixture
async def database(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    monkeypatch.setenv("MONGO_URI", "memory://")
    monkeypatch.setenv("MONGO_DB", "tollgate_bench_test")
    yield await open_database("memory://", "tollgate_bench_test")
    await close_database()


async def test_the_tokens_of_the_figure_are_as_the_bot_makes_them(database: Database) -> None:
    desk = Desk(database, 80, CountCommands(), StoreTime())
    made = await desk.fresh({"tokens": 3})
    tokens = [await token_ops.find(text) for text in made["tokens"]]
    assert {token and (token.status, token.shortener) for token in tokens} == {(TokenStatus.UNUSED, "bench")}
    assert len({token and token.user_id for token in tokens}) == 3

    transport = httpx.ASGITransport(build_app(services_of(settings_for(), SystemClock())))
    async with httpx.AsyncClient(transport=transport, base_url="http://bench.example") as client:
        first, second, _ = (f"/v/{token}" for token in made["tokens"])
        assert (await client.get(first)).status_code == 200
        assert await desk.verified({}) == {"count": 0}
        assert (await client.post(first, data=visitors.FORM)).status_code == 200
        assert (await client.post(second, data=visitors.FORM)).status_code == 200
    assert await desk.verified({}) == {"count": 2}

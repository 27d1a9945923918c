"""An empty database per test: in memory, or on the server of MONGO_URI."""

import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from core.clock import ManualClock
from core.errors import AlreadyThere
from database.connection import Database, close_database, current_database, open_database
from tests.kept_database import KeptDatabase, indexed_database, kept_database

__all__ = ["kept_database"]

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """The time of the test's clock."""
    return NOW


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def bare_db(clock: ManualClock) -> AsyncIterator[Database]:
    """An open, empty database without indexes, dropped afterwards."""
    uri = os.environ.get("MONGO_URI", "memory://")
    db = await open_database(uri, f"tollgate_test_{secrets.token_hex(6)}", clock=clock)
    yield db
    await db.drop()
    await close_database()


@pytest.fixture
async def db(kept_database: KeptDatabase | None, clock: ManualClock) -> AsyncIterator[Database]:
    """An open, empty database with every index."""
    async with indexed_database(kept_database, clock) as db:
        yield db


def away_after(calls: int) -> Callable[[str, str], None]:
    """Return a `Database.before_call` that lets so many calls through and refuses every later one.

    The error names a password, which must not reach a log or an answer.
    """
    left = calls

    def refuse(operation: str, collection: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise AutoReconnect("mongodb://someone:hunter2@db.example: connection closed")

    return refuse


@pytest.fixture
def take_away(db: Database) -> Callable[[], None]:
    """Call it to let every later command fail as if the server were unreachable."""

    def away() -> None:
        db.before_call = away_after(0)

    return away


StepIn = Callable[[str, str, Callable[[], Awaitable[object]]], None]


@pytest.fixture
def step_in(monkeypatch: pytest.MonkeyPatch) -> StepIn:
    """`step_in(collection, method, action)`: run `action`, as another process, right before the next call of `method`.

    Shows a race on every store: concurrent calls show one only on a server.
    """

    def arrange(collection: str, method: str, action: Callable[[], Awaitable[object]]) -> None:
        db = current_database()
        ways = (db.collection(collection), db.bulk(collection))
        originals = [getattr(way, method) for way in ways]

        def interrupting(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
            async def interrupted(*args: Any, **options: Any) -> Any:
                for way, whole in zip(ways, originals, strict=True):
                    monkeypatch.setattr(way, method, whole)
                await action()
                return await original(*args, **options)

            return interrupted

        for way, original in zip(ways, originals, strict=True):
            monkeypatch.setattr(way, method, interrupting(original))

    return arrange


@pytest.fixture
def lose_insert(db: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """`lose_insert(collection, method)`: the next upsert is executed, but raises as if another had inserted first."""

    def arrange(collection: str, method: str) -> None:
        original = getattr(db.collection(collection), method)

        async def second(*args: Any, **options: Any) -> Any:
            monkeypatch.setattr(db.collection(collection), method, original)
            await original(*args, **options)
            raise AlreadyThere(f"{method} {collection}: the twin was first")

        monkeypatch.setattr(db.collection(collection), method, second)

    return arrange

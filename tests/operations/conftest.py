"""A fresh database per test: in memory, or on the server of MONGO_URI under a name of its own, dropped afterwards."""

import os
import secrets
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest
from pymongo.errors import AutoReconnect

from core.clock import ManualClock
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """The instant at which a test's clock stands."""
    return NOW


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def bare_db(clock: ManualClock) -> AsyncIterator[Database]:
    """Open, empty, without indexes."""
    uri = os.environ.get("MONGO_URI", "memory://")
    db = await open_database(uri, f"tollgate_test_{secrets.token_hex(6)}", clock=clock)
    yield db
    await db.drop()
    await close_database()


@pytest.fixture
async def db(bare_db: Database) -> Database:
    """Open and empty, with every index."""
    await ensure_indexes(bare_db)
    bare_db.calls.clear()
    return bare_db


@pytest.fixture
def take_away(db: Database) -> Callable[[], None]:
    """Calling it makes every later call fail as if the server were gone."""

    def refuse(operation: str, collection: str) -> None:
        raise AutoReconnect("mongodb://someone:hunter2@db.example: connection closed")

    def away() -> None:
        db.before_call = refuse

    return away

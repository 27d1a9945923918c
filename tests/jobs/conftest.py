"""Fixtures: the whole house, and an open database for tests that need no house."""

from collections.abc import AsyncIterator

import pytest

from core.clock import Clock
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from tests.house import house, own_store, ticking_house

__all__ = ["house", "ticking_house"]


@pytest.fixture
async def db(clock: Clock) -> AsyncIterator[Database]:
    """Open and empty, with every index, in memory or on the server of MONGO_URI; each test file has its `clock`."""
    async with own_store() as store:
        database = await open_database(store["MONGO_URI"], store["MONGO_DB"], clock=clock)
        await ensure_indexes(database)
        yield database
        await close_database()

"""Fixtures: the whole house, and an open database for tests that need no house."""

from collections.abc import AsyncIterator

import pytest

from core.clock import Clock
from database.connection import Database
from tests.house import house, ticking_house
from tests.kept_database import KeptDatabase, indexed_database, kept_database

__all__ = ["house", "kept_database", "ticking_house"]


@pytest.fixture
async def db(kept_database: KeptDatabase | None, clock: Clock) -> AsyncIterator[Database]:
    """Open and empty, with every index, in memory or on the server of MONGO_URI; each test file has its `clock`."""
    async with indexed_database(kept_database, clock) as database:
        yield database

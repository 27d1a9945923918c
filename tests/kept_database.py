"""A database on MONGO_URI's server, emptied behind each test: its indexes cost more time than most tests."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pymongo import MongoClient

from core.clock import Clock
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.time_limits import TimeLimits

Client = MongoClient[dict[str, Any]]

#: a server that shares the machine with the tests may stall; what a slow one does has tests of its own
PATIENT = TimeLimits(hot_s=20, page_s=30)


class KeptDatabase:
    """The database of one test after the other. `client` is not the tests' own, so nothing they arrange concerns it."""

    def __init__(self, uri: str, client: Client) -> None:
        self.uri = uri
        self.name = _new_name()
        self._client = client
        #: the names of each collection's indexes once they are built; None: the database does not exist
        self._built: dict[str, frozenset[str]] | None = None

    @property
    def is_built(self) -> bool:
        """Whether it has every index."""
        return self._built is not None

    def remember_indexes(self) -> None:
        """Take the indexes there are now for all of them."""
        self._built = self._indexes()

    def empty(self) -> None:
        """Remove every document; drop it when a test left other indexes than it met."""
        assert self._built is not None, "indexes are remembered before a test"
        database = self._client[self.name]
        for name in database.list_collection_names():
            if name in self._built:
                database[name].delete_many({})
            else:
                database.drop_collection(name)
        if self._indexes() != self._built:
            self.drop()

    def drop(self) -> None:
        self._client.drop_database(self.name)
        self._built = None

    def _indexes(self) -> dict[str, frozenset[str]]:
        database = self._client[self.name]
        return {name: frozenset(database[name].index_information()) for name in database.list_collection_names()}


@pytest.fixture(scope="session")
def kept_database() -> Iterator[KeptDatabase | None]:
    """None without a server: a database in memory costs nothing."""
    uri = os.environ.get("MONGO_URI", "memory://")
    if uri == "memory://":
        yield None
        return
    with Client(uri) as client:
        kept = KeptDatabase(uri, client)
        yield kept
        kept.drop()


@asynccontextmanager
async def indexed_database(kept: KeptDatabase | None, clock: Clock) -> AsyncIterator[Database]:
    """Open an empty database with every index: `kept`, or a new one in memory."""
    uri, name = ("memory://", _new_name()) if kept is None else (kept.uri, kept.name)
    db = await open_database(uri, name, clock=clock, limits=PATIENT)
    if kept is None or not kept.is_built:
        await ensure_indexes(db)
    if kept is not None and not kept.is_built:
        kept.remember_indexes()
    db.calls.clear()
    try:
        yield db
    finally:
        await close_database()
        if kept is not None:
            kept.empty()


def _new_name() -> str:
    return f"tollgate_test_{secrets.token_hex(6)}"

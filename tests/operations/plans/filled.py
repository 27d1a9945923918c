"""A database in which every collection an operation asks has many rows."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandListener

from core.clock import ManualClock
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.values import Document
from tests.operations.plans.catalogue import CASES
from tests.operations.plans.rows import FILLED, NOW, WANTED, rows_of
from tests.operations.plans.seen import Query, noted_queries

#: rows of a collection with which each case goes its way
FEWEST = 50
_AT_ONCE = 1000


@asynccontextmanager
async def filled(
    uri: str, size: int, *, wanted: int = WANTED, listeners: Sequence[CommandListener] = ()
) -> AsyncIterator[Database]:
    """Open, with `size` rows in each collection and every index, dropped afterwards; `listeners` see all of it."""
    name = f"tollgate_test_plans_{secrets.token_hex(6)}"
    db = await open_database(uri, name, clock=ManualClock(NOW), listeners=listeners)
    try:
        for collection in sorted(FILLED):
            rows = rows_of(collection, size, wanted)
            for first in range(0, len(rows), _AT_ONCE):
                await db.collection(collection).insert_many(rows[first : first + _AT_ONCE])
        # after the rows: an index built at once costs far less than one kept up
        await ensure_indexes(db)
        db.calls.clear()
        yield db
    finally:
        await close_database()
        if not db.is_memory:
            # a client of its own: this takes a server longer than an operation ever waits
            async with AsyncMongoClient[Document](uri) as client:
                await client.drop_database(name)


async def queries_of_all() -> dict[str, list[Query]]:
    """What each case of the catalogue asks, by its name."""
    found = {}
    async with filled("memory://", FEWEST):
        with noted_queries() as seen:
            for case in CASES:
                seen.clear()
                await case.run()
                found[case.name] = list(seen)
    return found

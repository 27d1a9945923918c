"""A database in which every collection that an operation queries has many rows."""

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
from tests.operations.plans.queries import Query, noted_queries
from tests.operations.plans.rows import FILLED, NOW, WANTED, rows_of

#: the fewest rows of a collection with which each case takes its branch
FEWEST = 50
_AT_ONCE = 1000


@asynccontextmanager
async def filled(
    uri: str, size: int, *, wanted: int = WANTED, listeners: Sequence[CommandListener] = ()
) -> AsyncIterator[Database]:
    """Open a database with `size` rows in each collection and every index; drop it afterwards.

    `listeners` receive every command.
    """
    name = f"tollgate_test_plans_{secrets.token_hex(6)}"
    db = await open_database(uri, name, clock=ManualClock(NOW), listeners=listeners)
    try:
        for collection in sorted(FILLED):
            rows = rows_of(collection, size, wanted)
            for first in range(0, len(rows), _AT_ONCE):
                await db.collection(collection).insert_many(rows[first : first + _AT_ONCE])
        # after the rows: building an index once costs far less than updating it with each insert
        await ensure_indexes(db)
        db.calls.clear()
        yield db
    finally:
        await close_database()
        if not db.is_memory:
            # with another client: dropping takes longer than an operation may wait
            async with AsyncMongoClient[Document](uri) as client:
                await client.drop_database(name)


async def queries_of_all() -> dict[str, list[Query]]:
    """Return the queries of each case of the catalogue, by its name."""
    found = {}
    async with filled("memory://", FEWEST):
        with noted_queries() as seen:
            for case in CASES:
                seen.clear()
                await case.run()
                found[case.name] = list(seen)
    return found

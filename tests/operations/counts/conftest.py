"""A house and a database whose commands are counted: in memory, or as the server of MONGO_URI is sent them."""

from collections.abc import AsyncIterator
from functools import partial

import pytest

from core.clock import ManualClock
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from runtime import lifecycle
from tests.house import House, own_store, running_house
from tests.operations.counts.counting import Wire
from user_bot.delivery import recovery


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Listens to the database a house opens, in which recovery has one round, at the start."""
    wire = Wire()
    # every five seconds of real time it would add its commands to whatever is counted
    monkeypatch.setattr(recovery, "ROUND_EVERY_S", 3600.0)
    monkeypatch.setattr(lifecycle, "open_database", partial(open_database, listeners=[wire]))
    return wire


@pytest.fixture
async def house(wire: Wire) -> AsyncIterator[House]:
    async with running_house(timers=False) as house:
        yield house


@pytest.fixture
async def database(wire: Wire, clock: ManualClock) -> AsyncIterator[Database]:
    """Open and empty, with every index and no bot."""
    async with own_store() as store:
        database = await open_database(store["MONGO_URI"], store["MONGO_DB"], clock=clock, listeners=[wire])
        await ensure_indexes(database)
        yield database
        await close_database()

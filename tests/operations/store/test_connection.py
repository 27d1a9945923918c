"""Opening and closing, the stored form of values, and errors without secrets."""

import os
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

import pytest
from motor.frameworks import asyncio as motor_threads
from pymongo import ReadPreference
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from core.clock import ManualClock
from core.errors import StoreRefused, StoreUnavailable
from database.clients import ANSWER_S, THREADS
from database.connection import Database, close_database, current_database, open_database
from database.errors import DatabaseNotOpen
from database.operations import user_ops
from database.values import Document

#: nothing listens there
NOWHERE = "mongodb://someone:hunter2@127.0.0.1:1"


class Wire(CommandListener):
    """Keeps the commands that were sent."""

    def __init__(self) -> None:
        self.commands: list[Document] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.commands.append(dict(event.command))

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


@pytest.fixture
async def nothing_open() -> AsyncIterator[None]:
    await close_database()
    yield
    await close_database()


async def test_without_an_open_database_operations_raise_database_not_open(nothing_open: None) -> None:
    with pytest.raises(DatabaseNotOpen):
        current_database()
    with pytest.raises(DatabaseNotOpen):
        await user_ops.find(1)


async def test_closing_twice_is_harmless(nothing_open: None) -> None:
    await open_database("memory://", "x")
    await close_database()
    await close_database()
    with pytest.raises(DatabaseNotOpen):
        current_database()


async def test_a_memory_database_is_empty_each_time_it_opens(nothing_open: None) -> None:
    first = await open_database("memory://", "x")
    await first.collection("users").insert_one({"user_id": 1})
    second = await open_database("memory://", "x")

    assert current_database() is second
    assert second.is_memory
    assert await second.collection("users").count({}) == 0
    await second.ping()


async def test_opening_contacts_no_server_but_the_first_call_does(nothing_open: None) -> None:
    db = await open_database(NOWHERE, "x", timeout_s=0.05)

    assert not db.is_memory
    with pytest.raises(StoreUnavailable):
        await db.ping()
    with pytest.raises(StoreUnavailable) as caught:
        await user_ops.find(1)
    assert "hunter2" not in str(caught.value) + repr(db)


async def test_a_hundred_commands_can_wait_for_a_server_at_once(nothing_open: None) -> None:
    await open_database(NOWHERE, "x")
    assert motor_threads._EXECUTOR._max_workers >= THREADS


@pytest.mark.parametrize("uri", ["", "http://x", "mongodb://u:hun@ter2@h", "mongodb://h:hunter2", "mongodb://"])
async def test_an_unusable_address_is_refused_without_quoting_it(nothing_open: None, uri: str) -> None:
    with pytest.raises(StoreRefused) as caught:
        await open_database(uri, "x")

    assert "ter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("scheme", ["mongodb", "mongodb+srv"])
@pytest.mark.parametrize(
    "option",
    ["w=0", "w=1", "w=2", "W=1", "journal=false", "j=false", "readPreference=secondaryPreferred", "retryWrites=false"],
)
async def test_an_address_that_asks_for_less_is_refused_before_anything_is_sent(
    nothing_open: None, scheme: str, option: str
) -> None:
    with pytest.raises(StoreRefused) as caught:
        await open_database(f"{scheme}://someone:hunter2@db.example/x?authSource=admin&{option}", "x")

    assert str(caught.value).startswith(f"{option.partition('=')[0]} is set to less than Tollgate needs")
    assert "hunter2" not in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("options", ["", "/?w=majority&journal=true&readPreference=primary&retryWrites=true"])
async def test_every_client_writes_to_most_members_and_their_disks_and_reads_the_primary(
    nothing_open: None, options: str
) -> None:
    db = await open_database(NOWHERE + options, "x")
    db.bulk("users")
    fsm, indexes = db.fsm_client(), db.index_client()
    for client in (db._client, db._bulk_client, fsm, indexes):
        assert client.write_concern.document == {"w": "majority", "j": True}
        assert client.read_preference == ReadPreference.PRIMARY
        assert client.options.retry_writes
    assert indexes.options.timeout is None and indexes.options.pool_options.socket_timeout is None
    assert db._bulk_client.options.pool_options.socket_timeout == db.limits.bulk_s + ANSWER_S
    assert fsm.options.timeout == db.limits.hot_s
    await fsm.close()
    await indexes.close()


@pytest.mark.server
async def test_each_kind_of_command_names_its_time_to_the_server(nothing_open: None) -> None:
    wire = Wire()
    db = await open_database(os.environ["MONGO_URI"], f"tollgate_test_{secrets.token_hex(6)}", listeners=[wire])
    things = db.collection("things")
    await things.insert_one({"_id": 1})
    await things.find_one({"_id": 1})
    await things.find({}, limit=5)
    await things.count({})
    await things.delete_many({"_id": 1})
    await db.bulk("things").count({})
    await db.bulk("things").delete_many({"_id": 1})
    await db.drop()
    await close_database()
    ours = [command for command in wire.commands if "maxTimeMS" in command and "endSessions" not in command]
    limits_s = [round(command["maxTimeMS"] / 1000) for command in ours]
    # pymongo takes the way to the server off the time of a write
    assert limits_s == [2, 2, 10, 10, 10, 60, 60]


async def test_an_unusable_address_leaves_the_open_database_open(db: Database) -> None:
    with pytest.raises(StoreRefused):
        await open_database("nonsense://x", "x")
    assert current_database() is db
    await db.ping()


async def test_the_client_for_fsm_storage_exists_on_a_server_only(nothing_open: None) -> None:
    memory = await open_database("memory://", "x")
    with pytest.raises(StoreRefused):
        memory.fsm_client()

    server = await open_database(NOWHERE, "x")
    client = server.fsm_client()
    assert client.options.codec_options.tz_aware
    await client.close()


async def test_now_is_the_given_clock_cut_to_milliseconds(nothing_open: None) -> None:
    start = datetime(2026, 1, 1, 0, 0, 0, 1_999, tzinfo=UTC)
    db = await open_database("memory://", "x", clock=ManualClock(start))

    assert db.now() == start - timedelta(microseconds=999)


class Colour(StrEnum):
    RED = "red"


async def test_values_are_stored_as_aware_utc_lists_and_plain_text(db: Database) -> None:
    things = db.collection("things")
    berlin = datetime(2026, 7, 1, 2, 0, 0, 1_999, tzinfo=timezone(timedelta(hours=2)))
    await things.insert_one({"_id": 1, "at": berlin, "ids": (1, 2), "nested": {"at": [berlin], "colour": Colour.RED}})

    stored = await things.find_one({"_id": 1})
    assert stored is not None
    cut = datetime(2026, 7, 1, 0, 0, 0, 1_000, tzinfo=UTC)
    assert stored == {"_id": 1, "at": cut, "ids": [1, 2], "nested": {"at": [cut], "colour": "red"}}
    assert stored["at"].utcoffset() == timedelta()
    assert type(stored["nested"]["colour"]) is str


async def test_a_naive_time_is_refused(db: Database) -> None:
    things = db.collection("things")
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - the mistake this test is about

    with pytest.raises(ValueError, match="zone"):
        await things.insert_one({"at": naive})
    with pytest.raises(ValueError, match="zone"):
        await things.find({"at": {"$lt": naive}}, limit=1)
    assert await things.count({}) == 0


async def test_nothing_is_read_without_a_limit(db: Database) -> None:
    things = db.collection("things")
    assert await things.insert_many([{"n": number} for number in range(300)]) == 300

    assert len(await things.find({}, limit=250)) == 250
    for limit in (0, -1):
        with pytest.raises(ValueError, match="limit"):
            await things.find({}, limit=limit)


async def test_every_call_is_counted(db: Database) -> None:
    await db.collection("things").insert_one({"n": 1})
    await db.collection("things").find({}, limit=5)
    await db.collection("things").find({}, limit=5)

    assert dict(db.calls) == {"insert_one things": 1, "find things": 2}


async def test_a_dropped_database_is_empty(bare_db: Database) -> None:
    await bare_db.collection("things").insert_one({"n": 1})
    await bare_db.drop()

    assert await bare_db.collection("things").count({}) == 0


@pytest.mark.server  # the in-memory store keeps Python's own values
async def test_what_bson_cannot_hold_is_refused_by_a_server(db: Database) -> None:
    for value in (2**64, "\ud800"):
        with pytest.raises(StoreRefused):
            await db.collection("things").insert_one({"_id": secrets.token_hex(4), "value": value})

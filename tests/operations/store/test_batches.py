"""Bulk deletes: their limits, their reports, and their own connections."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

import pytest
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from core.clock import ManualClock
from core.errors import StoreUnavailable
from database.batches import Bounds, Deleted, delete_in_batches
from database.clients import BULK_CONNECTIONS
from database.connection import Database, close_database, open_database
from database.operations import session_ops, statistics_ops, token_ops, user_ops
from database.values import Document
from tests.clocks import SteeredClock
from tests.operations.conftest import NOW

MS, DAY = timedelta(milliseconds=1), timedelta(days=1)


async def put_things(db: Database, count: int) -> None:
    await db.collection("things").insert_many([{"_id": number, "n": number} for number in range(count)])


async def numbers_left(db: Database) -> list[int]:
    return sorted(found["n"] for found in await db.collection("things").find({}, limit=1_000))


@pytest.mark.parametrize(
    ("answers", "deleted", "asked"),
    [
        ([False], Deleted(0, more=True), 1),
        ([True, False], Deleted(4, more=True), 2),
        # a stop reports more, without checking whether that was the last batch
        ([True, True, False], Deleted(8, more=True), 3),
        ([True, True, True], Deleted(10, more=False), 3),
    ],
)
async def test_a_stop_ends_a_bulk_delete_between_two_batches(
    db: Database, answers: list[bool], deleted: Deleted, asked: int
) -> None:
    await put_things(db, 10)
    left_to_say = list(answers)
    bounds: Bounds = {"batch_size": 4, "clock": SteeredClock(), "goes_on": lambda: left_to_say.pop(0)}
    assert await delete_in_batches(db.collection("things"), {"n": {"$gte": 0}}, "n", **bounds) == deleted
    assert len(answers) - len(left_to_say) == asked
    # oldest first, and whole batches
    assert await numbers_left(db) == list(range(deleted.count, 10))


async def test_each_batch_reports_at_once_how_many_it_removed(db: Database) -> None:
    await put_things(db, 7)
    told: list[tuple[int, int]] = []
    looked_at = 0

    async def one_goes_before_its_batch(seconds: float) -> None:
        nonlocal looked_at
        looked_at += 1

    def noted(count: int) -> None:
        told.append((count, looked_at))

    bounds: Bounds = {"batch_size": 3, "clock": SteeredClock(one_goes_before_its_batch), "noted": noted}
    await delete_in_batches(db.collection("things"), {"n": {"$gte": 0}}, "n", **bounds)
    assert told == [(3, 0), (3, 1), (1, 2)]


async def test_batches_before_an_outage_were_reported(db: Database, take_away: Callable[[], None]) -> None:
    await put_things(db, 10)
    told: list[int] = []

    async def away(seconds: float) -> None:
        take_away()

    bounds: Bounds = {"batch_size": 4, "clock": SteeredClock(away), "noted": told.append}
    with pytest.raises(StoreUnavailable):
        await delete_in_batches(db.collection("things"), {"n": {"$gte": 0}}, "n", **bounds)
    assert told == [4]


async def test_expired_sessions_are_deleted_and_the_others_stay_revoked(db: Database, now: datetime) -> None:
    sessions = db.collection("revoked_sessions")
    for name, expires_at in (("old", now - MS), ("runs out now", now), ("good", now + DAY)):
        await sessions.insert_one({"jti": name, "expires_at": expires_at})
    assert await session_ops.delete_expired_sessions(now) == Deleted(1, more=False)
    assert sorted(found["jti"] for found in await sessions.find({}, limit=5)) == ["good", "runs out now"]
    # by the database's own clock, which has the same time
    assert await session_ops.delete_expired_sessions() == Deleted(0, more=False)


async def test_in_memory_the_bulk_collection_is_the_ordinary_one(db: Database) -> None:
    if db.is_memory:
        assert db.bulk("tokens") is db.collection("tokens")
    else:
        assert db.bulk("tokens") is not db.collection("tokens")
        assert db.bulk("tokens") is db.bulk("tokens")


async def test_calls_of_the_bulk_connections_are_counted_and_can_be_refused(
    db: Database, take_away: Callable[[], None]
) -> None:
    await db.bulk("things").insert_one({"n": 1})
    assert db.calls == {"insert_one things": 1}
    assert await db.collection("things").count({}) == 1
    take_away()
    with pytest.raises(StoreUnavailable):
        await db.bulk("things").count({})


async def test_the_bulk_client_opens_at_first_use_and_closes_with_the_database() -> None:
    # nothing listens there, and no command is sent yet
    db = await open_database("mongodb://127.0.0.1:1", "x", timeout_s=0.05)
    assert db._bulk_client is None
    client = db.bulk("tokens")._native.database.client
    assert client is db._bulk_client is not db._client
    assert db.bulk("users")._native.database.client is client
    assert client.options.pool_options.max_pool_size == BULK_CONNECTIONS == 2
    with pytest.raises(StoreUnavailable):
        await db.bulk("tokens").count({})
    await close_database()
    assert client.delegate._closed


async def test_the_size_is_what_a_server_reports_and_unknown_in_memory(db: Database) -> None:
    await put_things(db, 10)
    size = await db.size_bytes()
    assert size is None if db.is_memory else size is None or size > 0


async def test_an_aggregate_needs_a_limit(db: Database) -> None:
    await put_things(db, 5)
    by_parity: list[Document] = [
        {"$group": {"_id": {"$mod": ["$n", 2]}, "count": {"$sum": 1}}},
        {"$sort": {"count": -1}},
    ]
    assert await db.collection("things").aggregate({"n": {"$gte": 1}}, by_parity, at_most=1) in (
        [{"_id": 1, "count": 2}],
        [{"_id": 0, "count": 2}],
    )
    with pytest.raises(ValueError, match="limit"):
        await db.collection("things").aggregate({}, by_parity, at_most=0)


async def test_a_deactivated_user_is_blocked_and_recorded_once(db: Database, now: datetime) -> None:
    await db.collection("users").insert_one({"user_id": 1, "joined_at": now, "last_seen_at": now})
    assert await user_ops.mark_deactivated(1, now)
    assert not await user_ops.mark_deactivated(1, now + DAY)
    assert not await user_ops.mark_deactivated(2, now)
    person = await user_ops.find(1)
    assert person is not None and person.blocked_at == person.deactivated_at == now
    assert await user_ops.mark_unblocked(1)
    person = await user_ops.find(1)
    assert person is not None and person.blocked_at is person.deactivated_at is None


async def test_the_copies_of_a_day_are_the_higher_of_two_counts(db: Database, now: datetime) -> None:
    for number, counters in enumerate(({"broadcast_sent": 5}, {"broadcast_copies": 7, "broadcast_sent": 5}, {})):
        await db.collection("daily_stats").insert_one({"date": now + number * DAY, "counters": counters})
    days = await statistics_ops.last_days(now + 3 * DAY, 5)
    assert [day.counters.get("broadcast_copies") for day in days] == [5, 7, None]


class Hold(CommandListener):
    """Holds each delete, with its connection, before it is sent, until the test lets them in."""

    def __init__(self) -> None:
        self.let_in = threading.Event()
        self.waiting = self.most = 0
        self.two_wait = threading.Event()
        self._counting = threading.Lock()

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name != "delete":
            return
        with self._counting:
            self.waiting += 1
            self.most = max(self.most, self.waiting)
            if self.waiting == BULK_CONNECTIONS:
                self.two_wait.set()
        self.let_in.wait(30)
        with self._counting:
            self.waiting -= 1

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


@pytest.fixture
async def held_up() -> AsyncIterator[tuple[Database, Hold]]:
    hold = Hold()
    db = await open_database(os.environ["MONGO_URI"], f"tollgate_test_{os.urandom(6).hex()}", listeners=[hold])
    yield db, hold
    hold.let_in.set()
    await db.drop()
    await close_database()


@pytest.mark.server  # the in-memory store has no connections
async def test_bulk_deletes_use_two_connections_and_delay_no_other_command(held_up: tuple[Database, Hold]) -> None:
    db, hold = held_up
    clock = ManualClock(NOW)
    for number in range(4):
        row = {"token": f"{number}", "status": "verified", "expires_at": clock.now() - DAY}
        await db.collection("tokens").insert_one(row)
    bulk = [asyncio.create_task(token_ops.delete_expired_and_used_tokens(NOW)) for _ in range(4)]
    await asyncio.get_running_loop().run_in_executor(None, hold.two_wait.wait, 20)
    # both connections are taken, two deletes wait for them, and every other command is answered
    found = await asyncio.gather(*(user_ops.find(user_id) for user_id in range(30)))
    assert found == [None] * 30
    assert not any(task.done() for task in bulk)
    assert hold.most == BULK_CONNECTIONS

    hold.let_in.set()
    deleted = await asyncio.gather(*bulk)
    assert sum(one.count for one in deleted) == 4
    assert hold.most == BULK_CONNECTIONS

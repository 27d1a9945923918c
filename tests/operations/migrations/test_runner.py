"""One process migrates, once, from where the last one stopped; nothing else may use the database meanwhile."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.clock import ManualClock, SystemClock
from core.errors import StoreUnavailable
from database.connection import Database, current_database
from database.doctor import examine
from database.indexes import ensure_indexes
from database.migrations import runner
from database.migrations.registry import MIGRATIONS
from database.migrations.runner import (
    LEASE_FOR,
    POLL_S,
    POLLS_MAX,
    DamagedRecord,
    Migrator,
    NewerDatabase,
    StillMigrating,
    find_state,
    migrate,
)
from database.migrations.steps import Migration, RenameFields
from database.values import Document
from runtime.lifecycle import CannotStart, apply_migrations
from tests.operations.conftest import NOW, StepIn, away_after
from tests.operations.migrations.old_shapes import AFTER, record_of, store_old, stored

ROOT = Path(__file__).resolve().parents[3]
NEWEST = MIGRATIONS[-1].number
MIGRATE = """
import asyncio, os
from database.connection import close_database, open_database
from database.migrations import runner

runner.PAGE = 20

async def main():
    await runner.migrate(await open_database(os.environ["MONGO_URI"], os.environ["MONGO_DB"]))
    await close_database()

asyncio.run(main())
"""

#: every command is killed in one of so many tests: on a server they take minutes together
PARTS = 8


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of two documents, so that a few documents make several pages."""
    monkeypatch.setattr(runner, "PAGE", 2)


class Sleeps(ManualClock):
    """The clock of a waiting process, which notes its polls; `meanwhile` is what the others do."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        super().__init__(NOW)
        self.slept: list[float] = []
        self._meanwhile = meanwhile

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._meanwhile()
        await super().sleep(seconds)


async def finish(migrator: Migrator) -> int:
    """Call `step` until it is done; returns how often."""
    steps = 0
    while not migrator.is_done:
        await migrator.step()
        steps += 1
    return steps


def test_numbers_start_at_one_without_a_gap() -> None:
    assert [migration.number for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


# what a start costs


async def test_an_empty_database_is_recorded_as_migrated_in_three_commands(bare_db: Database) -> None:
    await migrate(bare_db)
    assert bare_db.calls == {
        "find_one migrations": 2,
        "collection_names ": 1,
        "insert_one migrations": 1,
    }
    record = await record_of(bare_db)
    assert (record["last"], record["owner"]) == (NEWEST, None)
    assert [applied["number"] for applied in record["applied"]] == [migration.number for migration in MIGRATIONS]
    assert record["applied"][0] == {"number": 1, "name": "update keys and pending posts", "at": NOW}


async def test_a_migrated_database_costs_one_read(bare_db: Database) -> None:
    await store_old(bare_db)
    await migrate(bare_db)
    bare_db.calls.clear()
    await migrate(bare_db)
    assert bare_db.calls == {"find_one migrations": 1}


async def test_a_database_without_a_record_is_migrated_and_recorded(bare_db: Database, clock: ManualClock) -> None:
    await store_old(bare_db)
    await migrate(bare_db)
    assert await stored(bare_db) == AFTER
    assert await record_of(bare_db) == {
        "_id": "schema",
        "last": NEWEST,
        "applied": [{"number": migration.number, "name": migration.name, "at": NOW} for migration in MIGRATIONS],
        "owner": None,
        "until": None,
        "step": 0,
        "after": None,
    }


async def test_collections_without_documents_are_migrated_all_the_same(db: Database) -> None:
    await migrate(db)
    assert (await record_of(db))["last"] == NEWEST


# killed


@pytest.mark.parametrize("part", range(PARTS))
async def test_killed_at_any_command_it_is_finished_by_the_next_process(
    bare_db: Database, clock: ManualClock, small_pages: None, part: int
) -> None:
    await store_old(bare_db)
    bare_db.calls.clear()
    await migrate(bare_db)
    commands = bare_db.calls.total()
    assert commands > 40
    for last in range(part, commands, PARTS):
        await bare_db.drop()
        await store_old(bare_db)
        bare_db.before_call = away_after(last)
        with pytest.raises(StoreUnavailable):
            await migrate(bare_db)
        bare_db.before_call = None
        clock.move(LEASE_FOR)
        await migrate(bare_db)
        assert await stored(bare_db) == AFTER
        assert len((await record_of(bare_db))["applied"]) == len(MIGRATIONS)


async def test_a_resumed_migration_goes_on_behind_the_last_page(
    bare_db: Database, clock: ManualClock, small_pages: None
) -> None:
    await bare_db.collection("pending_deletions").insert_many(
        [{"_id": number, "wish": f"{number}"} for number in range(9)]
    )
    killed = Migrator(bare_db)
    for _ in range(4):  # the record, and three pages
        await killed.step()
    assert (await record_of(bare_db))["after"] == 5
    clock.move(LEASE_FOR)
    bare_db.calls.clear()
    resumed = Migrator(bare_db)
    await resumed.step()
    await resumed.step()
    assert bare_db.calls["update_many pending_deletions"] == 2
    assert (await record_of(bare_db))["step"] == 1
    assert await bare_db.collection("pending_deletions").count({"request_key": {"$exists": True}}) == 9


async def test_an_outage_in_between_is_the_callers_to_repeat(bare_db: Database, small_pages: None) -> None:
    await store_old(bare_db)
    migrator = Migrator(bare_db)
    for _ in range(3):
        await migrator.step()
    bare_db.before_call = away_after(1)
    with pytest.raises(StoreUnavailable):
        await migrator.step()
    bare_db.before_call = None
    # the same process still has its lease
    await finish(migrator)
    assert await stored(bare_db) == AFTER


# two processes


async def test_a_second_process_waits_and_then_has_nothing_to_do(bare_db: Database, small_pages: None) -> None:
    await store_old(bare_db)
    first, sleeps = Migrator(bare_db), Sleeps()
    second = Migrator(bare_db, clock=sleeps)
    await first.step()
    await first.step()
    bare_db.calls.clear()
    for _ in range(3):
        await second.step()
    assert sleeps.slept == [POLL_S] * 3
    assert not second.is_done
    assert set(bare_db.calls) == {"find_one migrations", "find_one_and_update migrations"}

    await finish(first)
    assert await finish(second) == 1
    assert await stored(bare_db) == AFTER


async def test_a_second_process_takes_over_when_the_first_stops_renewing(
    bare_db: Database, clock: ManualClock, small_pages: None
) -> None:
    await store_old(bare_db)
    first = Migrator(bare_db)
    for _ in range(3):
        await first.step()
    second = Migrator(bare_db, clock=Sleeps(lambda: clock.move(LEASE_FOR / 60)))
    # a minute of polls, and the rest of the pages
    assert await finish(second) > 60
    assert await stored(bare_db) == AFTER


async def test_the_lease_is_renewed_with_every_page(bare_db: Database, clock: ManualClock, small_pages: None) -> None:
    await store_old(bare_db)
    first, second = Migrator(bare_db), Migrator(bare_db, clock=Sleeps())
    await first.step()
    while not first.is_done:
        await first.step()
        clock.move(LEASE_FOR - LEASE_FOR / 60)
        owner = (await record_of(bare_db))["owner"]
        if owner is not None:
            await second.step()
            assert (await record_of(bare_db))["owner"] == owner


async def test_a_process_that_lost_its_lease_records_nothing_more(
    bare_db: Database, clock: ManualClock, small_pages: None, step_in: StepIn
) -> None:
    await store_old(bare_db)
    suspended, other = Migrator(bare_db, clock=Sleeps()), Migrator(bare_db)
    await suspended.step()
    await suspended.step()

    async def take_over() -> None:
        clock.move(LEASE_FOR)
        await finish(other)

    # suspended between its page and its record
    step_in("migrations", "update_one", take_over)
    await suspended.step()
    record = await record_of(bare_db)
    assert (record["last"], len(record["applied"]), record["after"]) == (NEWEST, len(MIGRATIONS), None)
    assert await finish(suspended) == 1
    assert await stored(bare_db) == AFTER


async def test_a_lease_from_a_clock_that_was_put_back_does_not_block(
    bare_db: Database, clock: ManualClock, small_pages: None
) -> None:
    await store_old(bare_db)
    killed = Migrator(bare_db)
    await killed.step()
    await killed.step()
    clock.move(-100 * LEASE_FOR)
    sleeps = Sleeps()
    await finish(Migrator(bare_db, clock=sleeps))
    assert sleeps.slept == []
    assert await stored(bare_db) == AFTER


async def test_waiting_ends_with_a_clear_error(bare_db: Database, clock: ManualClock) -> None:
    await store_old(bare_db)
    first = Migrator(bare_db)
    await first.step()
    await first.step()
    sleeps = Sleeps()
    with pytest.raises(StillMigrating, match="has been migrating the database for 10 minutes"):
        await finish(Migrator(bare_db, clock=sleeps))
    assert len(sleeps.slept) == POLLS_MAX


async def test_many_processes_at_once_apply_everything_once(bare_db: Database, small_pages: None) -> None:
    await store_old(bare_db)
    await asyncio.gather(*(finish(Migrator(bare_db, Sleeps())) for _ in range(10)))
    assert await stored(bare_db) == AFTER
    assert len((await record_of(bare_db))["applied"]) == len(MIGRATIONS)


async def test_many_processes_at_once_on_an_empty_database_make_one_record(bare_db: Database) -> None:
    await asyncio.gather(*(migrate(bare_db) for _ in range(10)))
    assert await bare_db.collection("migrations").count({}) == 1


@pytest.mark.server  # the in-memory store belongs to one process
async def test_three_real_processes_migrate_once(bare_db: Database) -> None:
    await bare_db.collection("pending_deletions").insert_many([{"wish": f"{number}"} for number in range(200)])
    await bare_db.collection("deliveries").insert_many([{"_id": f"{n}", "marks": [f"{n}"]} for n in range(200)])
    environment = os.environ | {"MONGO_DB": bare_db.name}
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, cwd=ROOT, env=environment) for _ in range(3)
    ]
    assert await asyncio.gather(*(process.wait() for process in processes)) == [0, 0, 0]
    assert await bare_db.collection("pending_deletions").count({"request_key": {"$exists": True}}) == 200
    assert await bare_db.collection("deliveries").count({"update_keys": {"$exists": True}}) == 200
    assert len((await record_of(bare_db))["applied"]) == len(MIGRATIONS)


# several migrations


async def test_later_migrations_are_applied_in_order(bare_db: Database) -> None:
    things = bare_db.collection("things")
    await things.insert_one({"_id": 1, "a": "x"})
    first = Migration(1, "a to b", (RenameFields("things", {"a": "b"}),))
    second = Migration(2, "b to c", (RenameFields("things", {"b": "c"}),))
    await finish(Migrator(bare_db, migrations=(first,)))
    assert await things.find({}, limit=5) == [{"_id": 1, "b": "x"}]
    await finish(Migrator(bare_db, migrations=(first, second)))
    assert await things.find({}, limit=5) == [{"_id": 1, "c": "x"}]
    assert [applied["name"] for applied in (await record_of(bare_db))["applied"]] == ["a to b", "b to c"]


# a newer version


async def newer(db: Database) -> None:
    await migrate(db)
    await db.collection("migrations").update_one({"_id": "schema"}, {"$set": {"last": NEWEST + 1}})


async def test_a_database_of_a_newer_version_is_refused_and_untouched(bare_db: Database) -> None:
    await newer(bare_db)
    await store_old(bare_db)
    before = await stored(bare_db)
    with pytest.raises(NewerDatabase, match=f"migration {NEWEST + 1}, this version knows {NEWEST}"):
        await migrate(bare_db)
    assert await stored(bare_db) == before


async def test_no_process_starts_on_a_database_of_a_newer_version(bare_db: Database) -> None:
    await newer(bare_db)
    with pytest.raises(CannotStart, match="MONGO_DB: the database was migrated by a newer version") as refused:
        await apply_migrations(bare_db, SystemClock())
    assert refused.value.status == 1
    assert "\n" not in str(refused.value)


async def test_a_start_migrates(bare_db: Database) -> None:
    await store_old(bare_db)
    await apply_migrations(bare_db, SystemClock())
    assert await stored(bare_db) == AFTER


# what the doctor says


async def test_the_doctor_names_what_is_pending_and_changes_nothing(bare_db: Database) -> None:
    await store_old(bare_db)
    before = await stored(bare_db)
    findings = await examine(bare_db)
    assert findings.pending_migrations == [str(migration) for migration in MIGRATIONS]
    assert await stored(bare_db) == before
    await migrate(bare_db)
    assert (await examine(bare_db)).pending_migrations == []
    assert (await find_state(current_database())).pending == ()


async def test_the_doctor_finds_nothing_pending_where_nothing_is_stored(db: Database) -> None:
    findings = await examine(db)
    assert findings.pending_migrations == []
    assert findings.is_healthy


async def test_what_is_pending_is_no_fault_and_a_newer_database_is(bare_db: Database) -> None:
    await store_old(bare_db)
    await ensure_indexes(bare_db)
    assert (await examine(bare_db)).is_healthy
    await newer(bare_db)
    findings = await examine(bare_db)
    assert (findings.is_healthy, findings.is_newer) == (False, True)


WRONG = [{"last": "x"}, {"last": None}, {"last": 1.5}, {"last": -1}, {"last": True}, {}]
WRONG += [{"last": 0, "step": step, "owner": None, "until": None, "after": None} for step in ("x", 99, None)]
WRONG += [{"last": 0, "step": 0, "until": None, "after": None}]


@pytest.mark.parametrize("record", WRONG)
async def test_a_record_that_cannot_be_read_stops_a_start_with_one_line(bare_db: Database, record: Document) -> None:
    await bare_db.collection("migrations").insert_one({"_id": "schema", **record})
    with pytest.raises(CannotStart) as refused:
        await apply_migrations(bare_db, SystemClock())
    assert str(refused.value).startswith("MONGO_DB: the record of migrations cannot be read (migrations: ")
    if record.get("last") != 0:
        with pytest.raises(DamagedRecord):
            await examine(bare_db)

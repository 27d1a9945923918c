"""A restore writes every document into an empty database, or nothing."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import bson
import pytest
from bson.datetime_ms import DatetimeMS

from core.broadcasts import BroadcastStatus
from core.clock import ManualClock
from core.errors import StoreUnavailable
from database.backups.lines import from_line, to_line
from database.backups.restore import NotAsWritten
from database.backups.restore_marker import HELD_FOR, WrongTarget, check_not_half_restored, find_marker
from database.connection import Database
from database.indexes import missing_indexes
from runtime.lifecycle import CannotStart, refuse_half_restored
from tests.operations.backups.backing_up import (
    NOW,
    SERVER_VALUES,
    VALUES,
    backed_up,
    fill,
    held,
    members,
    pack,
    restore,
)
from tests.operations.backups.test_backup_damage import signed
from tests.operations.conftest import away_after

Step = tuple[str, int, int]


async def emptied(db: Database) -> None:
    """Drop the database and clear the counted calls."""
    await db.drop()
    db.calls.clear()


@pytest.fixture
async def backup(bare_db: Database, tmp_path: Path) -> Path:
    """A backup of a database with 120 users, which is empty now."""
    await fill(bare_db, 120)
    path = (await backed_up(tmp_path)).path
    await emptied(bare_db)
    return path


@pytest.mark.parametrize(
    "document", [{"_id": 1, **VALUES}, {"_id": 1, **SERVER_VALUES}, {"_id": 1, "a": DatetimeMS(2**60)}]
)
def test_every_type_is_restored_as_the_same_bson(document: dict[str, Any]) -> None:
    line = to_line(document)
    assert line.count(b"\n") == 1
    back = from_line(line)
    assert bson.encode(back) == bson.encode(document)
    assert {name: type(value) for name, value in back.items()} == {
        name: type(value) for name, value in document.items()
    }


@pytest.mark.sweep
async def test_two_round_trips_give_the_same_documents_and_the_same_lines(bare_db: Database, tmp_path: Path) -> None:
    await fill(bare_db)
    # a collection without a unique key: with one the in-memory store reads all of it at every insert
    await bare_db.collection("visits").insert_many([{"number": number, "at": NOW} for number in range(3000)])
    kinds = {name: value for name, value in VALUES.items() if "." not in name and "$" not in name and name != "inside"}
    await bare_db.collection("kinds").insert_one({"_id": "kinds", **kinds})
    before, packed = await held(bare_db), []
    for round_trip in range(2):
        path = (await backed_up(tmp_path, now=NOW + timedelta(days=round_trip))).path
        packed.append({name: lines for name, lines in members(path).items() if name.endswith("jsonl") and lines})
        await emptied(bare_db)
        report = await restore(path)
        assert (report.documents, report.replaced, report.was_half) == (3009, {}, False)
        assert await held(bare_db) == before
        assert await missing_indexes(bare_db) == []
    assert packed[0] == packed[1]


@pytest.mark.server
async def test_a_server_restores_every_type_it_stores(bare_db: Database, tmp_path: Path) -> None:
    kept = {name: value for name, value in VALUES.items() if "$" not in name} | SERVER_VALUES
    await bare_db.bulk("kinds").insert_one({"_id": 1, **kept})
    before = [bson.encode(page[0]) async for page in bare_db.bulk("kinds").pages(lambda: 1)]
    path = (await backed_up(tmp_path)).path
    await emptied(bare_db)
    await restore(path)
    assert [bson.encode(page[0]) async for page in bare_db.bulk("kinds").pages(lambda: 1)] == before


async def test_a_database_with_any_document_is_refused_and_unchanged(bare_db: Database, backup: Path) -> None:
    await bare_db.collection("orders").insert_one({"_id": 1})
    for dry_run in (True, False):
        with pytest.raises(WrongTarget, match=r"is not empty: it holds orders$"):
            await restore(backup, dry_run=dry_run)
    assert await held(bare_db) == {"orders": [{"_id": 1}]}


async def test_a_database_with_indexes_and_empty_collections_counts_as_empty(db: Database, tmp_path: Path) -> None:
    path = (await backed_up(tmp_path)).path
    assert (await restore(path)).documents == 0


async def test_a_dry_run_checks_everything_and_writes_nothing(bare_db: Database, backup: Path) -> None:
    steps: list[Step] = []
    report = await restore(backup, dry_run=True, progress=lambda *step: steps.append(step))
    assert (report.is_dry_run, report.documents, report.database) == (True, 125, bare_db.name)
    assert steps[-1] == ("checking pending_deletions", 125, 125)
    assert await bare_db.collection_names() == []


async def test_a_document_inserted_between_the_check_and_the_first_write_is_noticed(
    bare_db: Database, backup: Path
) -> None:
    def interfere(doing: str, done: int, total: int) -> None:
        if done == total and "checking" in doing:
            bare_db.before_call = write

    def write(operation: str, collection: str) -> None:
        bare_db.before_call = None
        names.append("orders")

    names: list[str] = []
    original = bare_db.collection_names

    async def collection_names() -> list[str]:
        if names:
            await bare_db.collection(names.pop()).insert_one({"_id": 1})
        return await original()

    bare_db.collection_names = collection_names  # type: ignore[method-assign]
    with pytest.raises(WrongTarget, match="orders"):
        await restore(backup, progress=interfere)
    assert await held(bare_db) == {"orders": [{"_id": 1}]}


async def calls_of_a_restore(db: Database, backup: Path) -> int:
    db.calls.clear()
    await restore(backup)
    calls = db.calls.total()
    await emptied(db)
    return calls


@pytest.mark.sweep
async def test_a_restore_interrupted_at_any_call_continues_with_the_same_file_only(
    bare_db: Database, clock: ManualClock, backup: Path, tmp_path: Path
) -> None:
    whole = (await restore(backup)).collections
    before = await held(bare_db)
    await emptied(bare_db)
    other = (await backed_up(tmp_path / "other")).path
    calls = await calls_of_a_restore(bare_db, backup)
    # half of the calls, in the middle, build indexes
    for last in [*range(0, 12), *range(calls - 12, calls)]:
        bare_db.before_call = away_after(last)
        with pytest.raises(StoreUnavailable):
            await restore(backup)
        bare_db.before_call = None
        marker = await find_marker(bare_db)
        if marker is not None:
            with pytest.raises(WrongTarget, match=f"half of {backup.name}"):
                await restore(other)
            with pytest.raises(WrongTarget, match="try again in 60 s"):
                await restore(backup)
            clock.move(HELD_FOR)
        report = await restore(backup)
        assert (report.collections, report.was_half) == (whole, marker is not None)
        assert await held(bare_db) == before
        await emptied(bare_db)


async def cut_short(db: Database, clock: ManualClock, backup: Path) -> None:
    """Leave a half restored database, whose restoring process was killed."""

    def vanish(doing: str, done: int, total: int) -> None:
        if doing == "writing users":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await restore(backup, progress=vanish)
    clock.move(HELD_FOR)


async def test_foreign_documents_in_the_half_are_kept_and_stop_the_restore(
    bare_db: Database, clock: ManualClock, backup: Path
) -> None:
    await cut_short(bare_db, clock, backup)
    assert len((await held(bare_db))["users"]) == 120
    await bare_db.collection("users").insert_one({"_id": "new", "user_id": 9999})
    before = (await held(bare_db))["users"]
    with pytest.raises(WrongTarget, match="users holds what is not of this backup"):
        await restore(backup)
    assert (await held(bare_db))["users"] == before, "nothing was touched"
    assert await find_marker(bare_db) is not None


async def test_a_half_that_was_used_keeps_its_changes(bare_db: Database, clock: ManualClock, backup: Path) -> None:
    await cut_short(bare_db, clock, backup)
    # a process of ours has run: it changes users and leaves rows of its runs
    await bare_db.collection("users").update_one({"user_id": {"$gt": 0}}, {"$set": {"credits": 500}})
    await bare_db.collection("job_runs").insert_one({"job": "health_check"})
    with pytest.raises(WrongTarget, match="job_runs holds what is not of this backup"):
        await restore(backup)
    assert await bare_db.collection("users").count({"credits": 500}) == 1


async def test_of_one_id_twice_in_the_file_the_later_document_is_restored(bare_db: Database, tmp_path: Path) -> None:
    users = bare_db.collection("users")
    await users.insert_many([{"_id": number, "user_id": number, "name": "first"} for number in range(600)])
    path = (await backed_up(tmp_path)).path
    content = members(path)
    later = {"_id": 0, "user_id": 0, "name": "later"}
    pack(path, signed(content, content["users.jsonl"] + to_line(later)))
    await emptied(bare_db)
    report = await restore(path)
    assert report.replaced == {"users": 1}
    assert await users.find_one({"_id": 0}) == later
    assert await users.count({}) == 600


async def test_an_id_twice_in_the_file_does_not_hide_a_foreign_document(
    bare_db: Database, clock: ManualClock, tmp_path: Path
) -> None:
    users = bare_db.collection("users")
    await users.insert_many([{"_id": number, "user_id": number} for number in range(600)])
    path = (await backed_up(tmp_path)).path
    content = members(path)
    pack(path, signed(content, content["users.jsonl"] + to_line({"_id": 0, "user_id": 0, "name": "later"})))
    await emptied(bare_db)
    await cut_short(bare_db, clock, path)
    await users.insert_one({"_id": "new", "user_id": 9999})
    before = await users.count({})
    with pytest.raises(WrongTarget, match="users holds what is not of this backup"):
        await restore(path)
    assert await users.count({}) == before


async def test_a_write_during_the_restore_is_noticed(bare_db: Database, backup: Path) -> None:
    def interfere(operation: str, collection: str) -> None:
        if (operation, collection) == ("update_many", "broadcasts"):
            bare_db.before_call = None
            native = bare_db._native.delegate if not bare_db.is_memory else None
            if native is not None:
                native["users"].insert_one({"_id": "new", "user_id": 9999})
            else:
                bare_db._client._AsyncMongoMockClient__client[bare_db.name]["users"].insert_one({"user_id": 9999})

    bare_db.before_call = interfere
    with pytest.raises(NotAsWritten, match="users holds 121 documents instead of 120"):
        await restore(backup)
    assert await find_marker(bare_db) is not None


async def test_a_restore_that_was_taken_over_stops(bare_db: Database, clock: ManualClock, backup: Path) -> None:
    async def other() -> None:
        clock.move(HELD_FOR)
        await bare_db.collection("restore").update_one({"_id": "restore"}, {"$set": {"owner": "another"}})

    await _between(bare_db, "insert_many", "users", other)
    with pytest.raises(WrongTarget, match="another restore has taken over"):
        await restore(backup)
    marker = await find_marker(bare_db)
    assert marker is not None and marker.owner == "another"


async def _between(db: Database, method: str, collection: str, action: Callable[[], Awaitable[object]]) -> None:
    """Run `action` right before the first call of `method`."""
    target = db.bulk(collection)
    original = getattr(target, method)

    async def interrupted(*args: Any, **options: Any) -> Any:
        setattr(target, method, original)
        await action()
        return await original(*args, **options)

    setattr(target, method, interrupted)


async def test_a_marker_from_a_clock_that_was_put_back_does_not_block(
    bare_db: Database, clock: ManualClock, backup: Path
) -> None:
    await cut_short(bare_db, clock, backup)
    clock.move(timedelta(days=-400))
    assert (await restore(backup)).was_half


async def test_of_two_documents_with_one_unique_key_the_later_is_restored(bare_db: Database, tmp_path: Path) -> None:
    """A document is deleted and inserted again while the backup is written: both are in it."""
    rows = [{"_id": number, "user_id": number, "name": "first"} for number in range(20)]
    again = [{"_id": number + 100, "user_id": number, "name": "later"} for number in (3, 4)]
    await bare_db.collection("users").insert_many([*rows, *again])
    path = (await backed_up(tmp_path)).path
    await emptied(bare_db)

    report = await restore(path)
    assert report.replaced == {"users": 2}
    stand = {user["user_id"]: user["name"] for user in (await held(bare_db))["users"]}
    assert len(stand) == 20
    assert {number for number, name in stand.items() if name == "later"} == {3, 4}


async def test_due_broadcasts_are_restored_as_paused(bare_db: Database, tmp_path: Path) -> None:
    """Their recipients after the backup are unknown; those planned for later have none."""
    hour = timedelta(hours=1)
    rows = [
        {"_id": 1, "key": "1", "status": "sending", "send_at": NOW - hour, "started_at": NOW - hour, "is_shown": True},
        {"_id": 2, "key": "2", "status": "queued", "send_at": NOW, "started_at": None, "is_shown": True},
        {"_id": 3, "key": "3", "status": "queued", "send_at": NOW + hour, "started_at": None, "is_shown": True},
        {"_id": 4, "key": "4", "status": "sent", "send_at": NOW - hour, "started_at": NOW - hour, "is_shown": True},
    ]
    await bare_db.collection("broadcasts").insert_many(rows)
    path = (await backed_up(tmp_path)).path
    await emptied(bare_db)

    assert (await restore(path)).paused_broadcasts == 2
    stand = {row["_id"]: (row["status"], row["is_shown"]) for row in (await held(bare_db))["broadcasts"]}
    paused = (BroadcastStatus.PAUSED, False)
    assert stand == {1: paused, 2: paused, 3: ("queued", True), 4: ("sent", True)}


async def test_no_process_starts_on_a_half_restored_database(
    bare_db: Database, clock: ManualClock, backup: Path
) -> None:
    await refuse_half_restored(bare_db)
    await cut_short(bare_db, clock, backup)
    with pytest.raises(CannotStart, match=f"half of {backup.name}"):
        await refuse_half_restored(bare_db)
    await restore(backup)
    await refuse_half_restored(bare_db)


@pytest.mark.parametrize("marker", [{"x": 1}, {"backup": "b", "file": "f", "owner": "o", "begun_at": "x"}])
async def test_a_marker_that_cannot_be_read_is_told_in_one_line(bare_db: Database, marker: dict[str, object]) -> None:
    await bare_db.collection("restore").insert_one({"_id": "restore", **marker})
    with pytest.raises(WrongTarget, match=r"cannot be read \(restore: .*alive_until\)"):
        await check_not_half_restored(bare_db)

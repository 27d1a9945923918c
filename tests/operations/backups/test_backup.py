"""A backup file is complete or does not exist, and never costs an older one."""

import asyncio
import errno
import json
import os
import resource
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from pymongo.errors import AutoReconnect

from core.errors import StoreUnavailable
from database.backups import files as backup_files
from database.backups.backup import BackupStopped, HalfRestored
from database.backups.files import CannotWriteBackup, backups_of, written_at
from database.backups.manifest import in_order
from database.backups.source import verify
from database.connection import Database
from tests.clocks import SteeredClock
from tests.operations.backups.backing_up import NOW, backed_up, data_dir, fill, members

ROOT = Path(__file__).resolve().parents[3]
#: writes a backup of a database in memory with 3,000 people; arguments: folder, file size limit in bytes
WRITE = """
import asyncio, resource, sys
from datetime import UTC, datetime
from pathlib import Path
from database.backups.backup import write_backup
from database.connection import open_database

async def main():
    db = await open_database("memory://", "tollgate")
    people = [{"user_id": number, "name": f"{number * 7919}"} for number in range(3000)]
    await db.collection("users").insert_many(people)
    limit = int(sys.argv[2])
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    print((await write_backup(Path(sys.argv[1]), 7, now=datetime.now(UTC))).path)

asyncio.run(main())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "backups"
    folder.mkdir(parents=True, mode=0o755)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_backup_holds_every_collection_with_counts_and_checksums(db: Database, folder: Path) -> None:
    await fill(db)
    report = await backed_up(folder)

    assert report.documents == 8
    assert {name: count for name, count in report.collections.items() if count} == {
        "admin_config": 1,
        "of an older version": 3,
        "users": 3,
        "pending_deletions": 1,
    }
    assert report.bytes == report.path.stat().st_size
    content = members(report.path)
    assert json.loads(content["manifest.json"])["at"] == "2026-03-01T12:00:00.250000Z"
    assert content["of%20an%20older%20version.jsonl"].count(b"\n") == 3
    assert (await verify(report.path, data_dir(report.path))) == 8
    assert names(folder) == [report.path.name]
    assert report.path.name.startswith(f"tollgate-{db.name}-20260301T120000Z-")
    assert written_at(report.path) == NOW.replace(microsecond=0)


async def test_folder_and_file_can_be_read_by_their_owner_alone(db: Database, folder: Path) -> None:
    report = await backed_up(folder)
    assert (mode(folder), mode(report.path)) == (0o700, 0o600)
    report = await backed_up(folder / "new" / "one")
    assert (mode(folder / "new" / "one"), mode(report.path)) == (0o700, 0o600)


async def test_an_empty_database_can_be_backed_up(bare_db: Database, folder: Path) -> None:
    report = await backed_up(folder)
    assert (report.documents, await verify(report.path, data_dir(report.path))) == (0, 0)


def test_collections_are_read_in_an_order_that_does_no_harm() -> None:
    some = [
        "users",
        "restore",
        "tokens",
        "pending_deletions",
        "broadcast_recipients",
        "broadcasts",
        "deliveries",
        "zoo",
    ]
    between = ["broadcast_recipients", "zoo"]
    assert in_order(some) == ["broadcasts", "tokens", *between, "users", "deliveries", "pending_deletions"]


async def test_the_newest_backup_of_each_of_the_last_days_is_kept(db: Database, folder: Path) -> None:
    others = [
        "tollgate-other-20250101T000000Z-000000.zip",
        f"tollgate-{db.name}-2-20250101T000000Z-000000.zip",
        f"tollgate-{db.name}-20250101T000000Z-000000.zip.bak",
        "notes.txt",
    ]
    for name in others:
        (folder / name).touch()
    written = [await backed_up(folder, 2, NOW + timedelta(days=day)) for day in range(4)]

    assert [report.removed for report in written] == [0, 0, 1, 1]
    assert backups_of(folder, db.name) == [written[3].path, written[2].path]
    assert set(others) < set(names(folder))


async def test_backups_by_hand_do_not_replace_those_of_other_days(db: Database, folder: Path) -> None:
    day, hour = timedelta(days=1), timedelta(hours=1)
    nights = [await backed_up(folder, 3, NOW + number * day) for number in range(3)]
    by_hand = [await backed_up(folder, 3, NOW + 2 * day + number * hour) for number in range(1, 8)]
    assert [report.removed for report in by_hand] == [0, 0, 1, 1, 1, 1, 1]
    stand = [by_hand[6], by_hand[5], by_hand[4], nights[1], nights[0]]
    assert backups_of(folder, db.name) == [report.path for report in stand]

    # of an earlier day the last one is kept
    after = await backed_up(folder, 3, NOW + 3 * day)
    assert after.removed == 3
    assert backups_of(folder, db.name) == [after.path, by_hand[6].path, nights[1].path]


async def test_a_file_named_after_an_impossible_day_does_not_stop_a_backup(db: Database, folder: Path) -> None:
    odd = folder / f"tollgate-{db.name}-20251399T000000Z-000000.zip"
    odd.touch()
    assert (await backed_up(folder, 1)).removed == 1
    assert not odd.exists()


async def test_the_new_backup_is_kept_even_when_the_clock_was_put_back(db: Database, folder: Path) -> None:
    later = await backed_up(folder, 1)
    report = await backed_up(folder, 1, NOW - timedelta(days=400))
    assert backups_of(folder, db.name) == [report.path]
    assert not later.path.exists()


async def test_the_next_backup_removes_the_partial_file_of_a_crash(db: Database, folder: Path) -> None:
    left = folder / f"tollgate-{db.name}-20250101T000000Z-abcdef.zip.partial"
    others = folder / "tollgate-other-20250101T000000Z-abcdef.zip.partial"
    for path in (left, others):
        path.write_bytes(b"half")
    assert backups_of(folder, db.name) == [], "a half is no backup"
    await backed_up(folder)
    assert (left.exists(), others.exists()) == (False, True)


async def test_the_partial_file_of_a_running_process_is_kept(db: Database, folder: Path) -> None:
    """A lock belongs to the open file, so a second file of this process acts as another process's."""
    going_on = backup_files.PartialFile(folder / f"tollgate-{db.name}-20250101T000000Z-abcdef.zip")
    await backed_up(folder)
    assert len(names(folder)) == 2
    going_on.write(b"whole")
    going_on.keep()
    assert len(backups_of(folder, db.name)) == 2


def test_two_processes_write_at_once(folder: Path) -> None:
    command = [sys.executable, "-c", WRITE, str(folder), "0"]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    paths = {Path(process.communicate(timeout=50)[0].strip()) for process in both}
    assert len(paths) == 2
    assert set(backups_of(folder, "tollgate")) == paths
    for path in paths:
        assert asyncio.run(verify(path, data_dir(path))) == 3000


def test_a_full_disk_is_reported_and_keeps_older_backups(folder: Path) -> None:
    """A limit for the size of files replaces the full disk: the write stops in the middle, too."""
    old = folder / "tollgate-tollgate-20250101T000000Z-abcdef.zip"
    old.write_bytes(b"old")
    command = [sys.executable, "-c", WRITE, str(folder), "20000"]
    failed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50)

    assert failed.returncode == 1
    assert f"CannotWriteBackup: {folder}" in failed.stderr
    assert os.strerror(errno.EFBIG) in failed.stderr
    assert "Exception ignored" not in failed.stderr
    assert names(folder) == [old.name]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
async def test_no_space_at_any_step_removes_only_the_new_file(
    db: Database, folder: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    await fill(db)
    old = await backed_up(folder, 1, NOW - timedelta(days=1))
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def refuse(*_: object) -> None:
        raise full

    with monkeypatch.context() as patch:
        patch.setattr(Path if call == "rename" else os, call, refuse)
        with pytest.raises(CannotWriteBackup, match="No space left on device"):
            await backed_up(folder, 1)
    assert names(folder) == [old.path.name]


async def test_a_folder_that_cannot_be_created_is_reported(db: Database, tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(CannotWriteBackup, match="data/backups: "):
        await backed_up(tmp_path / "data" / "backups")


async def test_an_outage_at_any_page_leaves_no_new_file(db: Database, folder: Path) -> None:
    await fill(db, 200)
    db.calls.clear()
    old = (await backed_up(folder, 1)).path
    pages = sum(count for call, count in db.calls.items() if call.startswith("pages "))
    assert pages > 8

    for page in range(pages):
        left = [page]

        def refuse(operation: str, collection: str, left: list[int] = left) -> None:
            if operation == "pages":
                left[0] -= 1
            if left[0] < 0:
                raise AutoReconnect("mongodb://someone:hunter2@db.example: connection closed")

        db.before_call = refuse
        with pytest.raises(StoreUnavailable) as away:
            await backed_up(folder, 1)
        assert "hunter2" not in str(away.value)
        db.before_call = None
        assert names(folder) == [old.name]


async def test_a_stop_at_any_page_leaves_no_new_file(db: Database, folder: Path) -> None:
    await fill(db, 200)
    asked = 0

    def goes_on() -> bool:
        nonlocal asked
        asked += 1
        return asked < 4

    with pytest.raises(BackupStopped):
        await backed_up(folder, goes_on=goes_on)
    assert names(folder) == []


async def test_a_cancelled_backup_leaves_no_file(db: Database, folder: Path) -> None:
    await fill(db)

    def cancel(doing: str, done: int, total: int) -> None:
        task.cancel()

    task = asyncio.ensure_future(backed_up(folder, progress=cancel))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert names(folder) == []


async def test_documents_that_change_meanwhile_are_in_the_backup_once(db: Database, folder: Path) -> None:
    await fill(db, 300)
    users, seen = db.collection("users"), 0

    async def change(seconds: float) -> None:
        nonlocal seen
        seen += 1
        await users.update_one({"user_id": 200 + seen}, {"$set": {"username": "x" * 5000}})
        await users.delete_one({"user_id": 250 + seen})
        await users.insert_one({"user_id": 5000 + seen})

    report = await backed_up(folder, clock=SteeredClock(change))
    lines = [json.loads(line) for line in members(report.path)["users.jsonl"].splitlines()]
    ids = [int(line["user_id"]["$numberInt"]) for line in lines]
    assert seen > 4
    assert len(set(ids)) == len(ids)
    assert set(range(250)) <= set(ids)


async def test_progress_counts_up_to_all_documents(db: Database, folder: Path) -> None:
    await fill(db, 200)
    told: list[tuple[str, int, int]] = []
    await backed_up(folder, progress=lambda *step: told.append(step))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert told[-1] == ("reading pending_deletions", 205, 205)


async def test_large_documents_make_small_pages(db: Database, folder: Path) -> None:
    await db.collection("posts").insert_many(
        [{"code": f"c{number}", "number": number, "text": "x" * 600_000} for number in range(60)]
    )
    db.calls.clear()
    await backed_up(folder)
    # a first page of sixteen, before their size is known, then pages of one, and the empty last page
    assert db.calls["pages posts"] == 1 + 44 + 1


async def test_a_half_restored_database_is_not_backed_up(db: Database, folder: Path) -> None:
    old = await backed_up(folder, 1)
    marker = {"backup": "a" * 32, "file": "b.zip", "begun_at": NOW, "owner": "somebody", "alive_until": NOW}
    await db.collection("restore").insert_one({"_id": "restore", **marker})
    with pytest.raises(HalfRestored, match=r"half of b\.zip, whose restore began 2026-03-01 12:00:00 UTC"):
        await backed_up(folder, 1)
    assert names(folder) == [old.path.name]

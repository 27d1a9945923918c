"""What the doctor reports about backups and half restored databases."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from database.connection import Database
from database.doctor import BACKUP_AGE_MAX, UNPOLLED_AFTER, examine
from database.operations.processes import polling_lease_ops
from tests.operations.backups.backing_up import NOW, backed_up

MARKER = {"backup": "a" * 32, "file": "b.zip", "begun_at": NOW, "owner": "somebody", "alive_until": NOW}


@pytest.mark.parametrize(("more_s", "is_healthy"), [(0, True), (1, False)])
async def test_a_backup_older_than_two_days_is_a_fault(
    db: Database, clock: ManualClock, tmp_path: Path, more_s: int, is_healthy: bool
) -> None:
    # names of files have no parts of a second
    clock.move(-timedelta(microseconds=NOW.microsecond))
    for age in (timedelta(days=10), BACKUP_AGE_MAX + timedelta(seconds=more_s)):
        await backed_up(tmp_path, now=db.now() - age)
    findings = await examine(db, tmp_path)
    assert findings.backups is not None
    assert (findings.is_healthy, findings.backups.is_old) == (is_healthy, not is_healthy)


async def test_having_no_backup_yet_is_no_fault(db: Database, tmp_path: Path) -> None:
    findings = await examine(db, tmp_path / "none")
    assert findings.is_healthy
    assert findings.backups is not None and findings.backups.newest is None
    assert (await examine(db)).backups is None


async def test_a_half_restored_database_is_a_fault(db: Database) -> None:
    await db.collection("restore").insert_one({"_id": "restore", **MARKER})
    findings = await examine(db)
    assert (findings.is_healthy, str(findings.half)[:13]) == (False, "half of b.zip")


async def test_a_folder_that_cannot_be_read_is_a_fault(db: Database, tmp_path: Path) -> None:
    file = tmp_path / "backups"
    file.touch()
    findings = await examine(db, file)
    assert findings.backups is not None
    assert (findings.is_healthy, "Not a directory" in str(findings.backups.damage)) == (False, True)


async def test_a_turn_to_poll_that_is_not_renewed_for_a_minute_is_a_fault_unless_it_was_given_up(
    db: Database, clock: ManualClock
) -> None:
    assert (await examine(db, polled_bots=[1])).is_healthy, "nobody has ever polled"
    await polling_lease_ops.take(1, "me", "", None, db.now())
    clock.move(UNPOLLED_AFTER)
    assert (await examine(db, polled_bots=[1])).is_healthy
    clock.move(timedelta(seconds=1))
    findings = await examine(db, polled_bots=[1])
    assert (findings.is_healthy, findings.unpolled) == (False, ["nobody polls for bot 1 since 2026-03-01 12:00:00 UTC"])
    assert (await examine(db, polled_bots=[2])).is_healthy, "a bot that is not ours any more"
    await polling_lease_ops.release(1, "me", db.now())
    clock.move(timedelta(hours=1))
    assert (await examine(db, polled_bots=[1])).is_healthy

"""A backup carries its own record of migrations; one from before the first migration is migrated by the next start."""

from pathlib import Path

import pytest

from core.clock import ManualClock
from database.backups.manifest import in_order
from database.backups.restore_marker import HELD_FOR
from database.connection import Database
from database.migrations import runner
from database.migrations.registry import MIGRATIONS
from database.migrations.runner import Migrator, find_state, migrate
from tests.clocks import SteeredClock
from tests.operations.backups.backing_up import backed_up, restore
from tests.operations.migrations.old_shapes import AFTER, record_of, store_old, stored


async def test_a_backup_from_before_the_first_migration_is_migrated_by_the_next_start(
    bare_db: Database, tmp_path: Path
) -> None:
    await store_old(bare_db)
    backup = (await backed_up(tmp_path)).path
    await bare_db.drop()
    # the database was used by this version in between
    await migrate(bare_db)

    await restore(backup)
    assert (await find_state(bare_db)).pending == MIGRATIONS
    await migrate(bare_db)
    assert await stored(bare_db) == AFTER


async def test_a_backup_of_a_migrated_database_needs_no_migration(bare_db: Database, tmp_path: Path) -> None:
    await store_old(bare_db)
    await migrate(bare_db)
    record = await record_of(bare_db)
    backup = (await backed_up(tmp_path)).path
    await bare_db.drop()

    await restore(backup)
    assert await record_of(bare_db) == record
    bare_db.calls.clear()
    await migrate(bare_db)
    assert bare_db.calls.total() == 1


async def test_a_restore_that_was_cut_short_replaces_the_record_all_the_same(
    bare_db: Database, clock: ManualClock, tmp_path: Path
) -> None:
    await store_old(bare_db)
    backup = (await backed_up(tmp_path)).path
    await bare_db.drop()
    await migrate(bare_db)

    def vanish(doing: str, done: int, total: int) -> None:
        if doing == "writing users":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await restore(backup, progress=vanish)
    clock.move(HELD_FOR)
    assert (await restore(backup)).was_half
    assert (await find_state(bare_db)).pending == MIGRATIONS


async def test_a_backup_taken_while_a_migration_runs_is_migrated_from_where_it_was(
    bare_db: Database, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "PAGE", 2)
    await store_old(bare_db)
    migrator = Migrator(bare_db)
    for _ in range(4):
        await migrator.step()

    async def migrate_on(seconds: float) -> None:
        if not migrator.is_done:
            await migrator.step()

    backup = (await backed_up(tmp_path, clock=SteeredClock(migrate_on))).path
    await bare_db.drop()
    await restore(backup)
    clock.move(runner.LEASE_FOR)
    await migrate(bare_db)
    assert await stored(bare_db) == AFTER


def test_the_record_of_migrations_is_read_first() -> None:
    assert in_order(["users", "migrations", "deliveries", "broadcasts"])[0] == "migrations"

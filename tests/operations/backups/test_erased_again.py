"""A restored backup erases again who was erased after it was written, or while."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import StoreUnavailable
from core.privacy.times import QUIET_FOR
from core.privacy.tombstones import TOMBSTONES_KEPT, tombstone
from core.users import Visitor
from database.backups import erased_again
from database.backups.backup import write_backup
from database.backups.restore import RestoreReport
from database.backups.restore_marker import HELD_FOR, find_marker
from database.collection import Collection
from database.connection import Database
from database.erasing import tombstones as module
from database.erasing.tombstones import HASHES, Tombstones, find_tombstones, keep_up, open_tombstones
from database.indexes import ensure_indexes
from database.operations import user_ops
from database.operations.erasures import erasing, erasure_ops
from database.values import Document
from tests.operations.backups.backing_up import restore
from tests.operations.erasures.filled import ALICE, BOB, DAY, HOUR, MINUTE, fill, found_in


async def written(db: Database, folder: Path) -> Path:
    return (await write_backup(folder, 7, now=db.now(), pause_s=0)).path


async def erase(clock: ManualClock, tombstones: Tombstones, user_id: int = ALICE) -> None:
    """Erase a subscriber to the end, as bot and job do."""
    tombstones.note(tombstones.of(user_id), clock.now())
    row = await erasure_ops.begin(tombstones.of(user_id), user_id, clock.now())
    await erasing.take_step(row, clock.now())
    await finish(clock)


async def finish(clock: ManualClock) -> None:
    for _ in range(3):
        clock.move(QUIET_FOR)
        for row in await erasure_ops.find_due(clock.now(), 10):
            await erasing.take_step(row, clock.now())
    assert not await erasure_ops.is_any_due(clock.now() + DAY)


async def restored(db: Database, file: Path, folder: Path) -> RestoreReport:
    await db.drop()
    return await restore(file, tombstones=find_tombstones(folder))


@pytest.fixture
def tombstones(tmp_path: Path) -> Tombstones:
    found = open_tombstones(tmp_path)
    assert found.problem is None
    return found


async def test_a_restored_backup_erases_again_who_was_erased_since_and_nobody_else(
    db: Database, clock: ManualClock, tmp_path: Path, tombstones: Tombstones
) -> None:
    await fill(db, ALICE, clock.now())
    await fill(db, BOB, clock.now())
    bobs = await found_in(db, BOB)
    file = await written(db, tmp_path)
    clock.move(HOUR)
    await erase(clock, tombstones)
    report = await restored(db, file, tmp_path)
    assert report.erased_again == 1
    assert set(await found_in(db, ALICE)) == {"users", "erasures", "pending_deletions"}, "the first step is done"
    await finish(clock)
    assert set(await found_in(db, ALICE)) == {"pending_deletions"}
    assert await found_in(db, BOB) == bobs


async def test_a_subscriber_erased_while_a_backup_is_written_is_erased_again(
    db: Database, clock: ManualClock, tmp_path: Path, tombstones: Tombstones, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(db, ALICE, clock.now())

    # tokens and broadcasts are read, users are not: the file has some of her rows, and no document of hers
    original = Collection.pages

    async def pages(self: Collection, at_most: Callable[[], int]) -> AsyncGenerator[list[Document], None]:
        if self.name == "memberships":
            await erase(clock, tombstones)
        async for page in original(self, at_most):
            yield page

    monkeypatch.setattr(Collection, "pages", pages)
    file = await written(db, tmp_path)
    report = await restored(db, file, tmp_path)
    assert report.erased_again == 1
    await finish(clock)
    assert set(await found_in(db, ALICE)) <= {"pending_deletions"}


async def test_who_came_back_before_the_backup_stays(
    db: Database, clock: ManualClock, tmp_path: Path, tombstones: Tombstones
) -> None:
    await fill(db, ALICE, clock.now())
    await erase(clock, tombstones)
    clock.move(MINUTE)
    await user_ops.upsert_visitor(Visitor(user_id=ALICE, first_name="Alice"), clock.now())
    file = await written(db, tmp_path)
    report = await restored(db, file, tmp_path)
    assert report.erased_again == 0
    found = await user_ops.find(ALICE)
    assert found is not None and found.first_name == "Alice"


async def test_a_restore_that_was_killed_while_it_erased_is_continued(
    db: Database, clock: ManualClock, tmp_path: Path, tombstones: Tombstones, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(db, ALICE, clock.now())
    file = await written(db, tmp_path)
    await erase(clock, tombstones)
    await db.drop()

    async def killed(*_: object) -> None:
        await begin_again(*_)  # type: ignore[arg-type]
        raise StoreUnavailable("killed")

    begin_again = erasure_ops.begin_again
    monkeypatch.setattr(erasure_ops, "begin_again", killed)
    with pytest.raises(StoreUnavailable):
        await restore(file, tombstones=tombstones)
    monkeypatch.undo()
    assert await find_marker(db) is not None
    clock.move(2 * HELD_FOR)
    assert (await restore(file, tombstones=tombstones)).erased_again == 1
    await finish(clock)
    assert set(await found_in(db, ALICE)) == {"pending_deletions"}


async def test_an_erasure_that_a_backup_has_half_of_goes_on_after_the_restore(
    db: Database, clock: ManualClock, tmp_path: Path
) -> None:
    await fill(db, ALICE, clock.now())
    await erasing.take_step(await erasure_ops.begin("b" * 64, ALICE, clock.now()), clock.now())
    file = await written(db, tmp_path)
    await db.drop()
    await restore(file)
    await ensure_indexes(db)
    await finish(clock)
    assert set(await found_in(db, ALICE)) == {"pending_deletions"}


async def test_a_long_search_keeps_the_hold_on_the_database(
    db: Database, clock: ManualClock, tmp_path: Path, tombstones: Tombstones
) -> None:
    await fill(db, ALICE, clock.now())
    tombstones.note(tombstones.of(BOB), clock.now())
    calls = 0

    async def renew() -> None:
        nonlocal calls
        calls += 1

    assert await erased_again.find_erased(db, tombstones, clock.now(), renew) == []
    assert calls >= 10


# the file


def test_the_hash_needs_the_key() -> None:
    assert tombstone(b"a" * 32, ALICE) != tombstone(b"b" * 32, ALICE) != tombstone(b"b" * 32, BOB)
    assert str(ALICE) not in tombstone(b"a" * 32, ALICE)


def test_a_line_that_a_crash_cut_off_loses_no_other(tmp_path: Path, clock: ManualClock, tombstones: Tombstones) -> None:
    tombstones.note("a" * 64, clock.now())
    with (tmp_path / HASHES).open("a", encoding="ascii") as file:
        file.write("c" * 64 + " 2026-0")
    tombstones.note("b" * 64, clock.now())
    assert set(tombstones.known()) == {"a" * 64, "b" * 64}
    assert (tmp_path / HASHES).stat().st_mode & 0o777 == 0o600


async def test_the_file_gets_what_another_machine_noted_and_forgets_after_a_year(
    db: Database, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    for letter in "abcde":
        await erasure_ops.begin(letter * 64, ALICE, clock.now())
    assert await keep_up(tmp_path, clock.now()) == 5
    assert await keep_up(tmp_path, clock.now()) == 0
    # one who came back and was erased once more
    await erasure_ops.finish("a" * 64, clock.now())
    clock.move(DAY)
    await erasure_ops.begin("a" * 64, ALICE, clock.now())
    assert await keep_up(tmp_path, clock.now()) == 1
    found = open_tombstones(tmp_path).known()
    assert len(found) == 5 and found["a" * 64] - found["b" * 64] == DAY
    for letter in "bcde":
        await db.collection("erasures").delete_one({"_id": letter * 64})
    clock.move(TOMBSTONES_KEPT)
    await keep_up(tmp_path, clock.now())
    assert set(open_tombstones(tmp_path).known()) == {"a" * 64}


def test_without_a_folder_that_can_be_written_erasures_go_on(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "file").write_text("x", encoding="ascii")
    found = open_tombstones(tmp_path / "file" / "data")
    assert found.problem is not None
    found.note(found.of(ALICE), clock.now())
    assert found.known() == {}

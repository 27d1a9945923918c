"""The nightly backup: what it counts, when it is sent, and that it is kept when sending fails."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiogram.exceptions import TelegramBadRequest, TelegramNetworkError
from aiogram.methods import GetMe

from core.clock import ManualClock
from core.errors import StoreUnavailable
from core.jobs import Counts
from database.backups.files import CannotWriteBackup, backups_of
from database.connection import Database
from database.operations import settings_ops
from schedulers.jobs import backup as backup_job
from schedulers.jobs.backup import Backup, Send
from schedulers.runner import Run

NOW = datetime(2026, 3, 1, 3, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def run(clock: ManualClock) -> Run:
    return Run(clock, "a test")


def job(folder: Path, send: Send | None = None) -> Backup:
    return Backup(folder, 2, send)


async def add_users(db: Database) -> None:
    await db.collection("users").insert_many([{"user_id": number} for number in range(30)])


async def test_a_run_writes_a_backup_and_counts_documents_and_bytes(db: Database, run: Run, tmp_path: Path) -> None:
    await add_users(db)
    counts = await job(tmp_path)(run)
    (path,) = backups_of(tmp_path, db.name)
    assert counts == Counts({"documents": 30, "bytes": size(path), "removed": 0})
    assert run.done == counts.done


async def test_each_page_begins_the_time_limit_again(db: Database, run: Run, tmp_path: Path) -> None:
    await add_users(db)
    begun: list[int] = []
    run.on_progress = lambda: begun.append(1)
    await job(tmp_path)(run)
    assert len(begun) > 1


def size(path: Path) -> int:
    return path.stat().st_size


async def test_all_but_the_newest_two_are_deleted_and_counted(db: Database, run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        await job(tmp_path)(run)
    assert (await job(tmp_path)(run)).done["removed"] == 1
    assert len(backups_of(tmp_path, db.name)) == 2


async def test_a_stop_ends_it_without_a_backup_and_with_more_to_do(db: Database, run: Run, tmp_path: Path) -> None:
    await add_users(db)
    run.stopping.set()
    assert await job(tmp_path)(run) == Counts({"documents": 0, "bytes": 0, "removed": 0}, more=True)
    assert backups_of(tmp_path, db.name) == []


async def test_it_is_sent_only_when_the_settings_say_so(db: Database, run: Run, tmp_path: Path) -> None:
    sent: list[Path] = []

    async def send(path: Path) -> None:
        sent.append(path)

    assert "sent" not in (await job(tmp_path, send)(run)).done
    assert sent == []
    await settings_ops.change("send_backups", True)
    assert (await job(tmp_path, send)(run)).done["sent"] == 1
    (path,) = sent
    assert path in backups_of(tmp_path, db.name)
    assert "sent" not in (await job(tmp_path)(run)).done


@pytest.mark.parametrize(
    "failure",
    [
        TelegramBadRequest(GetMe(), "Bad Request: chat not found"),
        TelegramNetworkError(GetMe(), "gone"),
        OSError("broken pipe"),
        TimeoutError(),
        StoreUnavailable("find admins"),
    ],
)
async def test_when_sending_fails_it_is_counted_and_the_backup_kept(
    db: Database, run: Run, tmp_path: Path, failure: Exception
) -> None:
    async def send(path: Path) -> None:
        raise failure

    await settings_ops.change("send_backups", True)
    counts = await job(tmp_path, send)(run)
    assert (counts.done["not_sent"], "sent" in counts.done) == (1, False)
    assert len(backups_of(tmp_path, db.name)) == 1


async def test_a_backup_too_large_for_telegram_is_not_sent(
    db: Database, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Path] = []

    async def send(path: Path) -> None:
        sent.append(path)

    await settings_ops.change("send_backups", True)
    fits = await job(tmp_path, send)(run)
    assert len(sent) == 1
    monkeypatch.setattr(backup_job, "SEND_MAX", fits.done["bytes"] - 20)
    counts = await job(tmp_path, send)(run)
    assert (counts.done["not_sent"], counts.done["too_large"]) == (1, 1)
    assert len(sent) == 1


async def test_a_short_outage_is_waited_for(db: Database, run: Run, tmp_path: Path) -> None:
    left = [3]

    def refuse_twice(operation: str, collection: str) -> None:
        left[0] -= 1
        if left[0] in (0, 1):
            raise StoreUnavailable("pages")

    db.before_call = refuse_twice
    assert (await job(tmp_path)(run)).done["documents"] == 0
    db.before_call = None
    assert len(backups_of(tmp_path, db.name)) == 1


async def test_a_long_outage_fails_the_run(db: Database, run: Run, tmp_path: Path) -> None:
    def refuse(operation: str, collection: str) -> None:
        raise StoreUnavailable("pages")

    db.before_call = refuse
    with pytest.raises(StoreUnavailable):
        await job(tmp_path)(run)
    db.before_call = None


async def test_a_folder_that_cannot_be_written_fails_the_run(db: Database, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "data"
    await asyncio.to_thread(file.touch)
    with pytest.raises(CannotWriteBackup):
        await job(file / "backups")(run)

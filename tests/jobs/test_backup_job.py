"""The nightly backup: what it counts, when it is sent, what a failed sending costs."""

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


async def no_pause(seconds: float) -> None:
    """Waiting takes no time."""


def job(folder: Path, send: Send | None = None) -> Backup:
    return Backup(folder, 2, send, sleep=no_pause)


async def some_people(db: Database) -> None:
    await db.collection("users").insert_many([{"user_id": number} for number in range(30)])


async def test_a_run_writes_one_and_counts(db: Database, run: Run, tmp_path: Path) -> None:
    await some_people(db)
    counts = await job(tmp_path)(run)
    (path,) = backups_of(tmp_path, db.name)
    assert counts == Counts({"documents": 30, "bytes": size(path), "removed": 0})
    assert run.done == counts.done


def size(path: Path) -> int:
    return path.stat().st_size


async def test_older_ones_go_and_are_counted(db: Database, run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        await job(tmp_path)(run)
    assert (await job(tmp_path)(run)).done["removed"] == 1
    assert len(backups_of(tmp_path, db.name)) == 2


async def test_a_stop_ends_it_and_leaves_it_for_the_next_run(db: Database, run: Run, tmp_path: Path) -> None:
    await some_people(db)
    run.stopping.set()
    assert await job(tmp_path)(run) == Counts({"documents": 0, "bytes": 0, "removed": 0}, more=True)
    assert backups_of(tmp_path, db.name) == []


async def test_it_is_sent_only_when_the_owners_want_it(db: Database, run: Run, tmp_path: Path) -> None:
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
async def test_a_failed_sending_is_counted_and_costs_nothing(
    db: Database, run: Run, tmp_path: Path, failure: Exception
) -> None:
    async def send(path: Path) -> None:
        raise failure

    await settings_ops.change("send_backups", True)
    counts = await job(tmp_path, send)(run)
    assert (counts.done["not_sent"], "sent" in counts.done) == (1, False)
    assert len(backups_of(tmp_path, db.name)) == 1


async def test_what_telegram_does_not_take_is_not_sent(
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


async def test_an_outage_in_between_is_waited_for(db: Database, run: Run, tmp_path: Path) -> None:
    left = [3]

    def falter(operation: str, collection: str) -> None:
        left[0] -= 1
        if left[0] in (0, 1):
            raise StoreUnavailable("pages")

    db.before_call = falter
    assert (await job(tmp_path)(run)).done["documents"] == 0
    db.before_call = None
    assert len(backups_of(tmp_path, db.name)) == 1


async def test_a_database_that_stays_away_is_the_runs_error(db: Database, run: Run, tmp_path: Path) -> None:
    def refuse(operation: str, collection: str) -> None:
        raise StoreUnavailable("pages")

    db.before_call = refuse
    with pytest.raises(StoreUnavailable):
        await job(tmp_path)(run)
    db.before_call = None


async def test_a_folder_that_cannot_be_written_is_the_runs_error(db: Database, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "data"
    touch(file)
    with pytest.raises(CannotWriteBackup):
        await job(file / "backups")(run)


def touch(path: Path) -> None:
    path.touch()

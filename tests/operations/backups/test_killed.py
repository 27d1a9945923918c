"""kill -9 while an encrypted backup is written, and while one is restored."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pyrage
import pytest

from core.clock import ManualClock
from database.backups.files import backups_of
from database.backups.restore_marker import HELD_FOR, find_marker
from database.backups.source import verify
from database.connection import Database
from tests.operations.backups.backing_up import backed_up, data_dir, fill, held, restore

ROOT = Path(__file__).resolve().parents[3]
#: writes an encrypted backup and stops for ever in the middle; arguments: folder, age key
WRITE = """
import asyncio, secrets, sys, time
from datetime import UTC, datetime
from pathlib import Path
from database.backups.backup import write_backup
from database.connection import open_database

def stop(doing, done, total):
    if done > 1500:
        print("in the middle", flush=True)
        time.sleep(100)

async def main():
    db = await open_database("memory://", "tollgate")
    people = [{"user_id": number, "name": secrets.token_hex(100)} for number in range(3000)]
    await db.collection("users").insert_many(people)
    folder = Path(sys.argv[1])
    await write_backup(folder, 7, now=datetime.now(UTC), encrypt_to=sys.argv[2], progress=stop, pause_s=0)

asyncio.run(main())
"""
#: restores and stops for ever in the middle; arguments: address, database, file
RESTORE = """
import asyncio, sys, time
from pathlib import Path
from database.backups.restore import restore
from database.connection import open_database

def stop(doing, done, total):
    if doing == "writing users":
        print("in the middle", flush=True)
        time.sleep(100)

async def main():
    await open_database(sys.argv[1], sys.argv[2])
    path = Path(sys.argv[3])
    await restore(path, path.parent.parent, progress=stop)

asyncio.run(main())
"""


def kill_in_the_middle(program: str, *words: str) -> None:
    command = [sys.executable, "-c", program, *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
        os.kill(process.pid, signal.SIGKILL)


async def test_a_kill_while_an_encrypted_backup_is_written_leaves_no_backup(bare_db: Database, tmp_path: Path) -> None:
    key = str(pyrage.x25519.Identity.generate().to_public())
    kill_in_the_middle(WRITE, str(tmp_path), key)
    (half,) = os.listdir(tmp_path)
    assert half.endswith(".zip.age.partial")
    content = (tmp_path / half).read_bytes()
    # as far as it had been written at that moment
    assert content.startswith(b"age-encryption.org/") or not content
    assert b"PK\x03\x04" not in content
    assert backups_of(tmp_path, "tollgate") == []
    # the key was made once, and whole
    assert len((tmp_path.parent / "backup_key").read_bytes()) > 40
    path = (await backed_up(tmp_path, encrypt_to=key)).path
    assert await verify(path, data_dir(path)) is None


@pytest.mark.server
async def test_a_restore_that_was_killed_goes_on_with_the_same_file(
    bare_db: Database, clock: ManualClock, tmp_path: Path
) -> None:
    await fill(bare_db, 2000)
    before = await held(bare_db)
    path = (await backed_up(tmp_path / "data" / "backups")).path
    await bare_db.drop()
    kill_in_the_middle(RESTORE, os.environ["MONGO_URI"], bare_db.name, str(path))
    marker = await find_marker(bare_db)
    assert marker is not None
    clock.move(marker.alive_until + HELD_FOR - clock.now())
    report = await restore(path)
    assert report.was_half
    assert await held(bare_db) == before

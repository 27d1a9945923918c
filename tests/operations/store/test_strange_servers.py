"""A user without the right to write, and a full disk: said in one line, held, and over when they are over."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient

from core.errors import StoreReadOnly, StoreRefused, StoreUnavailable
from database.connection import close_database
from database.doctor import examine
from runtime.lifecycle import CannotStart, _refuse_read_only, as_soon_as_it_answers
from tests.clocks import SteeredClock
from tests.operations.store.strange_servers import command_of_the_suites_server, opened, server_in

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(command_of_the_suites_server() is None, reason="needs the server of .ci/server"),
]


async def test_a_user_without_the_right_to_write_is_named_by_the_start_and_by_doctor(tmp_path: Path) -> None:
    async with server_in(tmp_path) as port:
        admin = MongoClient[dict[str, object]](port=port)["admin"]
        admin.command("createUser", "reader", pwd="reader", roles=[{"role": "read", "db": "shop"}])
        admin.command("createUser", "writer", pwd="writer", roles=[{"role": "readWrite", "db": "shop"}])
        admin.client.close()
    async with server_in(tmp_path, "--auth") as port:
        db = await opened(port, "writer")
        await db.collection("users").insert_one({"user_id": 1})
        assert await db.writes.check() is None

        db = await opened(port, "reader")
        with pytest.raises(CannotStart) as caught:
            await as_soon_as_it_answers(lambda: _refuse_read_only(db), SteeredClock())
        assert str(caught.value).endswith("refuses writes: update_one health: OperationFailure 13 Unauthorized")
        findings = await examine(db)
        assert findings.counts["users"] == 1
        assert findings.refused_writes == "update_one health: OperationFailure 13 Unauthorized"
        with pytest.raises(StoreReadOnly):
            await db.collection("users").update_one({"user_id": 1}, {"$set": {"a": 1}})
        await close_database()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB in memory."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(tmp_path)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody mount a disk")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


async def test_on_a_full_disk_what_is_written_waits_however_strange_the_refusal(small_disk: Path) -> None:
    async with server_in(small_disk) as port:
        db = await opened(port)
        await db.collection("users").insert_one({"user_id": 1})
        assert await db.writes.check() is None
        (small_disk / "ballast").write_bytes(bytes(os.statvfs(small_disk).f_bavail * 4096))
        # this server answers with InternalError, whatever is written
        with pytest.raises((StoreRefused, StoreUnavailable)):
            for number in range(2000):
                await db.collection("users").insert_one({"user_id": number + 2, "text": os.urandom(20_000)})
        assert await db.writes.check() is not None
        with pytest.raises(StoreReadOnly):
            await db.collection("users").insert_one({"user_id": 0})
        await db.ping()
        with pytest.raises(StoreReadOnly):
            await db.check()
        await close_database()

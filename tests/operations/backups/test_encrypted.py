"""A backup encrypted to an age key: read with the private key alone, written and kept like any other."""

import errno
import hashlib
import io
import os
import stat
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest

from core.clock import ManualClock
from database.backups import restore as restoring
from database.backups.files import CannotWriteBackup, backups_of, checksum_of
from database.backups.reader import DamagedBackup
from database.backups.report_words import restored_in_words
from database.backups.restore import Accepted, RestoreReport
from database.backups.source import verify
from database.connection import Database
from database.doctor import examine
from tests.operations.backups.backing_up import NOW, backed_up, data_dir, fill, held, restore

KEYS = {"shortener_key": "A" * 43 + "=", "owner_key": "o" * 40, "erasure_key": "e" * 40}


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    """The file of a private key, as `age-keygen` writes it."""
    key = pyrage.x25519.Identity.generate()
    path = tmp_path / "key.txt"
    path.write_text(f"# created: 2026-03-01\n# public key: {key.to_public()}\n{key}\n")
    return path


def recipient(identity: Path) -> str:
    return identity.read_text().splitlines()[1].removeprefix("# public key: ")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "backups"
    folder.mkdir(parents=True)
    for name, content in KEYS.items():
        (folder.parent / name).write_text(content + "\n")
    return folder


async def written(folder: Path, identity: Path, days: int = 0, keep: int = 7) -> Path:
    at = NOW + timedelta(days=days)
    return (await backed_up(folder, keep, at, encrypt_to=recipient(identity))).path


def opened_with(identity: Path | None, *, unsigned: bool = False, rights: bool = False) -> Accepted:
    return Accepted(unsigned, rights, identity)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def private(identity: Path) -> pyrage.x25519.Identity:
    return pyrage.x25519.Identity.from_str(identity.read_text().splitlines()[-1])


def new_machine(path: Path, data: Path, *, with_key: bool) -> None:
    data.mkdir()
    if with_key:
        (data / "backup_key").write_bytes((data_dir(path) / "backup_key").read_bytes())


async def on_a_new_machine(path: Path, identity: Path, data: Path, *, with_key: bool) -> RestoreReport:
    new_machine(path, data, with_key=with_key)
    accept = opened_with(identity, unsigned=not with_key)
    return await restoring.restore(path, data, accept=accept)


async def test_nothing_in_it_can_be_read_without_the_private_key(db: Database, folder: Path, identity: Path) -> None:
    await fill(db)
    path = await written(folder, identity)
    content = path.read_bytes()
    assert path.name.endswith(".zip.age")
    assert content.startswith(b"age-encryption.org/v1\n")
    assert b"users.jsonl" not in content
    assert b"manifest" not in content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    # any program of age decrypts it, and finds a ZIP
    plain = io.BytesIO()
    pyrage.decrypt_io(io.BytesIO(content), plain, [private(identity)])
    assert plain.getvalue().startswith(b"PK")


async def test_a_restore_on_a_new_machine_brings_everything(
    bare_db: Database, folder: Path, identity: Path, tmp_path: Path
) -> None:
    await fill(bare_db)
    await bare_db.collection("posts").insert_one({"_id": 1, "code": "a", "number": 1, "password": "hunter2"})
    before = await held(bare_db)
    path = await written(folder, identity)
    await bare_db.drop()
    new = tmp_path / "new"
    report = await on_a_new_machine(path, identity, new, with_key=True)
    assert await held(bare_db) == before
    assert (report.unsigned, report.lost_secrets, sorted(report.keys)) == (None, {}, sorted(KEYS))
    assert {name: (new / name).read_text().strip() for name in KEYS} == KEYS
    assert {stat.S_IMODE((new / name).stat().st_mode) for name in KEYS} == {0o600}


async def test_without_the_signing_key_it_brings_neither_rights_nor_keys(
    bare_db: Database, folder: Path, identity: Path, tmp_path: Path
) -> None:
    """Anybody who knows the public key can encrypt a forged file to it."""
    await bare_db.collection("admins").insert_one({"_id": 1, "user_id": 666, "role": "manager"})
    path = await written(folder, identity)
    await bare_db.drop()
    report = await on_a_new_machine(path, identity, tmp_path / "new", with_key=False)
    assert (report.left_out, report.keys) == ({"admins": 1}, [])
    assert os.listdir(tmp_path / "new") == []


async def test_a_key_file_that_is_there_is_not_overwritten(bare_db: Database, folder: Path, identity: Path) -> None:
    path = await written(folder, identity)
    await bare_db.drop()
    (folder.parent / "owner_key").write_text("another" * 8)
    report = await restore(path, accept=opened_with(identity))
    assert (report.keys, report.other_keys) == ([], ["owner_key"])
    assert (folder.parent / "owner_key").read_text() == "another" * 8
    assert "DATA_DIR has another owner_key than the backup: it was left as it is" in restored_in_words(report)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "is encrypted: name the file of its private key with --identity"),
        ("", "holds no private key of age"),
        ("AGE-SECRET-KEY-1XYZ", "holds no private key of age"),
        (str(pyrage.x25519.Identity.generate()), "is encrypted to another key than that of other.txt"),
    ],
    ids=["none", "empty", "broken", "another"],
)
async def test_a_missing_or_wrong_private_key_is_named_in_one_line(
    bare_db: Database, folder: Path, identity: Path, content: str | None, reason: str
) -> None:
    path = await written(folder, identity)
    await bare_db.drop()
    other = None
    if content is not None:
        other = identity.with_name("other.txt")
        other.write_text(content)
    with pytest.raises(DamagedBackup) as refused:
        await restore(path, accept=opened_with(other))
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)
    assert await bare_db.collection_names() == []


async def test_a_changed_or_truncated_file_is_refused_and_found_without_the_private_key(
    bare_db: Database, folder: Path, identity: Path
) -> None:
    await fill(bare_db, 300)
    path = await written(folder, identity)
    await bare_db.drop()
    whole = path.read_bytes()
    assert await verify(path, data_dir(path)) is None
    for broken in (whole[:-1], whole[:100], whole[:-40] + bytes([whole[-40] ^ 1]) + whole[-39:]):
        path.write_bytes(broken)
        with pytest.raises(DamagedBackup):
            await restore(path, accept=opened_with(identity))
        with pytest.raises(DamagedBackup, match="not as it was written"):
            await verify(path, data_dir(path))
    assert await bare_db.collection_names() == []
    assert names(folder) == {path.name, checksum_of(path).name}, "nothing decrypted is left"


async def test_the_doctor_checks_what_was_written(
    db: Database, folder: Path, identity: Path, clock: ManualClock
) -> None:
    path = await written(folder, identity)
    line = f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
    assert checksum_of(path).read_text() == line, "as sha256sum -c reads it"
    found = (await examine(db, folder)).backups
    assert found is not None and found.is_encrypted and found.damage is None
    checksum_of(path).unlink()
    found = (await examine(db, folder)).backups
    assert found is not None and str(found.damage).endswith(f"{checksum_of(path).name}, is missing")


async def test_old_ones_are_removed_with_their_checksums(db: Database, folder: Path, identity: Path) -> None:
    plain = (await backed_up(folder, 2, NOW - timedelta(days=1))).path
    paths = [await written(folder, identity, day, 2) for day in range(3)]
    assert names(folder) == {name for path in paths[1:] for name in (path.name, checksum_of(path).name)}
    assert backups_of(folder, db.name) == [paths[2], paths[1]]
    assert not plain.exists()


async def test_the_next_backup_removes_what_a_crash_left(db: Database, folder: Path, identity: Path) -> None:
    stem = f"tollgate-{db.name}-20250101T000000Z-abcdef.zip.age"
    for ending in (".partial", ".sha256"):
        (folder / f"{stem}{ending}").write_bytes(b"x")
    path = await written(folder, identity)
    assert names(folder) == {path.name, checksum_of(path).name}


@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
async def test_no_space_at_any_step_removes_only_the_new_file(
    db: Database, folder: Path, identity: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    await fill(db, 300)
    old = await written(folder, identity, -1)
    real = os.write

    def refuse(*args: object) -> int:
        if call == "write" and stat.S_ISFIFO(os.fstat(args[0]).st_mode):  # type: ignore[arg-type]
            return real(*args)  # type: ignore[arg-type]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path if call == "rename" else os, call, refuse)
        with pytest.raises(CannotWriteBackup, match="No space left on device"):
            await written(folder, identity)
    assert names(folder) == {old.name, checksum_of(old).name}

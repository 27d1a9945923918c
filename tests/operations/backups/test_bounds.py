"""A backup cannot ask for more memory or time than it is worth."""

import tracemalloc
import zipfile
from pathlib import Path

import pytest

from database.backups.bounds import DEPTH_MAX, DIGITS_MAX, SIGNED, UNSIGNED, check_directory, check_shape
from database.backups.lines import from_line, to_line
from database.backups.reader import DamagedBackup
from database.backups.restore import Accepted
from database.connection import Database
from tests.operations.backups.backing_up import backed_up, fill, members, pack, restore
from tests.operations.backups.test_backup_damage import USERS, signed
from tests.operations.backups.test_trust import as_version_1

MB = 1024 * 1024


async def attack(db: Database, tmp_path: Path, lines: bytes) -> tuple[str, int]:
    """Return why an unsigned backup with these lines is refused, and the memory that took at most, in bytes."""
    await fill(db, 1)
    path = (await backed_up(tmp_path)).path
    await db.drop()
    pack(path, as_version_1(signed(members(path), lines)))
    tracemalloc.start()
    try:
        with pytest.raises(DamagedBackup) as refused:
            await restore(path, accept=Accepted(is_unsigned=True), dry_run=True)
        return refused.value.reason, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (b'{"_id":1,"a":[' + b"[]," * (6 * MB) + b"1]}\n", "more than 200 times as large"),
        (b'{"_id":1}\n' * MB, "more than 200 times as large"),
        (b'{"_id":1,"a":[' + b"[]," * 300_000 + b"1]}\n", "more values than a document has"),
        (b'{"_id":1,"a":' + b"[" * 500_000 + b"\n", "more values than a document has"),
        (b'{"_id":1,"a":' + b"[" * 1000 + b"\n", "nested deeper than MongoDB takes"),
        (b'{"_id":1,"a":1' + b"0" * 5000 + b"}\n", "a number longer than any that is stored"),
    ],
    ids=["objects", "lines", "values", "brackets", "deep", "10**5000"],
)
async def test_a_bomb_is_refused_in_little_memory(bare_db: Database, tmp_path: Path, lines: bytes, reason: str) -> None:
    refused, memory = await attack(bare_db, tmp_path, lines)
    assert reason in refused
    assert memory < 16 * MB


async def test_members_that_share_their_packed_bytes_are_refused(bare_db: Database, tmp_path: Path) -> None:
    """The directory may name one packed member many times, and multiply it."""
    await fill(bare_db, 300)
    path = (await backed_up(tmp_path)).path
    await bare_db.drop()
    content = as_version_1(members(path))
    pack(path, content)
    with zipfile.ZipFile(path, "a") as archive:
        big = archive.getinfo(USERS)
        for member in archive.infolist():
            if member is not big:
                member.compress_size = big.compress_size
        archive.comment = b"x"
        archive.comment = b""
        archive._didModify = True  # type: ignore[attr-defined]
    with pytest.raises(DamagedBackup, match="more than 200 times as large"):
        await restore(path, accept=Accepted(is_unsigned=True), dry_run=True)


@pytest.mark.parametrize("is_large", [False, True])
def test_a_directory_of_more_files_than_a_backup_has_is_not_read(tmp_path: Path, is_large: bool) -> None:
    """By its length, which a ZIP of more than 65,535 files says in a second place."""
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(66_000 if is_large else 16_000):
            archive.filelist.append(zipfile.ZipInfo(f"{number:05}.{'x' * 40}"))
            archive.filelist[-1].header_offset = archive.filelist[-1].CRC = 0
        archive._didModify = True  # type: ignore[attr-defined]
    with path.open("rb") as file, pytest.raises(ValueError, match="more files in it"):
        check_directory(file)


def test_the_largest_document_of_mongodb_fits_into_a_line() -> None:
    document = {"_id": 1, "a": "\x01" * (16 * MB - 100)}
    line = to_line(document)
    assert len(line) <= SIGNED.line
    assert from_line(line) == document


@pytest.mark.parametrize(
    "line",
    [
        b'{"_id":1,"a":"' + b"[{," * 100_000 + b'"}',
        b'{"_id":1,"a":"' + b"1" * 5000 + b'"}',
        b'{"_id":1,"a":"' + rb"\"[\\" * 300 + b'"}',
        b'{"_id":1,"a":' + b"[" * (DEPTH_MAX - 1) + b"]" * (DEPTH_MAX - 1) + b"}",
        b'{"_id":1' + b"0" * (DIGITS_MAX - 1) + b"}",
        b'{"_id":1,"a":[' + b"[]," * 100_000 + b"1]}",
    ],
    ids=["signs in a text", "digits in a text", "quotes in a text", "deepest", "longest number", "many values"],
)
def test_what_stands_in_a_text_or_at_a_limit_is_accepted(line: bytes) -> None:
    check_shape(line, UNSIGNED)


def test_one_level_and_one_digit_more_is_refused() -> None:
    for line in (b'{"_id":1,"a":' + b"[" * DEPTH_MAX, b'{"_id":1' + b"0" * DIGITS_MAX + b"}"):
        with pytest.raises(ValueError, match=r"deeper|longer"):
            check_shape(line, SIGNED)


async def test_what_is_signed_may_be_packed_as_tightly_as_it_is(bare_db: Database, tmp_path: Path) -> None:
    """Bounds of what is signed are what its manifest says: a large house with rows that hardly differ."""
    await bare_db.collection("rows").insert_many([{"_id": number, "a": "x" * 100_000} for number in range(30)])
    path = (await backed_up(tmp_path)).path
    await bare_db.drop()
    assert path.stat().st_size * 200 < 3_000_000
    assert (await restore(path)).documents == 30

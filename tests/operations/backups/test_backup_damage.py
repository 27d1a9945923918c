"""A damaged file is refused before anything is written, with the collection and the line."""

import hashlib
import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from database.backups import reader as backup_reader
from database.backups.bounds import SIGNED
from database.backups.reader import DamagedBackup
from database.connection import Database
from tests.operations.backups.backing_up import backed_up, fill, manifest_with, members, pack, restore

pytestmark = pytest.mark.sweep

Content = dict[str, bytes]
USERS = "users.jsonl"


@pytest.fixture
async def backup(bare_db: Database, tmp_path: Path) -> Path:
    """A backup of a database with 40 users, which is empty now."""
    await fill(bare_db, 40)
    path = (await backed_up(tmp_path)).path
    await bare_db.drop()
    return path


def read(path: Path) -> bytes:
    return path.read_bytes()


def write(path: Path, content: bytes | bytearray) -> None:
    path.write_bytes(content)


async def refusal(path: Path, db: Database) -> DamagedBackup:
    """Return why a restore refuses the file, and assert that it wrote nothing."""
    with pytest.raises(DamagedBackup) as refused:
        await restore(path)
    assert await db.collection_names() == []
    return refused.value


def signed(content: Content, lines: bytes) -> Content:
    """Return `content` with these lines of users and a manifest that matches them: a deliberate change."""

    def sign(manifest: dict[str, Any]) -> None:
        (users,) = (kept for kept in manifest["collections"] if kept["name"] == "users")
        users |= {
            "documents": max(lines.count(b"\n"), 1),
            "bytes": len(lines),
            "sha256": hashlib.sha256(lines).hexdigest(),
        }

    return manifest_with({**content, USERS: lines}, sign)


async def test_any_changed_byte_is_noticed(bare_db: Database, backup: Path) -> None:
    whole = read(backup)
    for place in range(0, len(whole), 23):
        write(backup, whole[:place] + bytes([whole[place] ^ 0x20]) + whole[place + 1 :])
        try:
            report = await restore(backup, dry_run=True)
        except DamagedBackup:
            continue
        # dates, rights and sizes that a ZIP stores twice: the unpacked content is right
        assert report.documents == 45
    assert await bare_db.collection_names() == []


async def test_a_file_truncated_anywhere_is_refused(bare_db: Database, backup: Path) -> None:
    whole = read(backup)
    for size in [0, 1, *range(4, len(whole), 97), len(whole) - 1]:
        write(backup, whole[:size])
        assert (await refusal(backup, bare_db)).reason == "no backup, or one that is cut off"


async def test_a_changed_letter_fails_the_checksum(bare_db: Database, backup: Path) -> None:
    content = members(backup)
    content[USERS] = content[USERS].replace(b"reader 7", b"reader 8")
    damaged = await refusal(pack(backup, content), bare_db)
    assert (damaged.collection, damaged.line) == ("users", None)
    assert "checksum" in damaged.reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"_id": 1', "not JSON"),
        (b"", "not JSON"),
        (b"[1]", "not a document with an _id"),
        (b'{"user_id": 1}', "not a document with an _id"),
        (b'{"_id": "\xff"}', "not UTF-8"),
        (b'{"_id": {"$oid": "zz"}}', "not a document"),
        (b'{"_id": {"$numberLong": "9223372036854775808"}}', "a value MongoDB does not keep"),
        (b'{"_id": {"$date": "yesterday"}}', ""),
        (b'{"_id": {"$uuid": 5}}', ""),
        (b'{"_id": {"$numberDecimal": "x"}}', ""),
        (b'{"_id": {"$timestamp": 5}}', ""),
        (b'{"_id": 1, "a\\u0000b": 1}', "a value MongoDB does not keep"),
        (b'{"_id": "\\ud800"}', "a value MongoDB does not keep"),
        (b"[" * 100_000, ""),
        (b'{"_id": ' * 5_000 + b"1" + b"}" * 5_000, ""),
        (b'{"$bson": "AAAA"}', "not a document"),
        (b'{"$bson": "%"}', "not base64"),
        (b'{"$bson": 5}', ""),
        (b'{"_id": 1, "a": "' + b"x" * (16 * 1024 * 1024) + b'"}', "a document larger than MongoDB takes"),
    ],
)
async def test_a_line_without_a_document_is_named(bare_db: Database, backup: Path, line: bytes, reason: str) -> None:
    content = members(backup)
    lines = content[USERS].split(b"\n")
    lines[16] = line
    damaged = await refusal(pack(backup, signed(content, b"\n".join(lines))), bare_db)
    assert (damaged.collection, damaged.line) == ("users", 17)
    assert f"{backup.name}, collection users, line 17: {reason}" in str(damaged)


async def test_lines_missing_or_too_many_are_named(bare_db: Database, backup: Path) -> None:
    content = members(backup)
    first = content[USERS].splitlines(keepends=True)[0]
    damaged = await refusal(pack(backup, {**content, USERS: content[USERS].removeprefix(first)}), bare_db)
    assert (damaged.collection, damaged.line) == ("users", 40)
    damaged = await refusal(pack(backup, {**content, USERS: content[USERS] + first}), bare_db)
    assert (damaged.collection, damaged.line) == ("users", 41)
    damaged = await refusal(pack(backup, signed(content, content[USERS].removesuffix(b"\n"))), bare_db)
    assert (damaged.collection, damaged.line, damaged.reason) == ("users", 40, "more than the manifest says")
    damaged = await refusal(pack(backup, signed(content, first.removesuffix(b"\n"))), bare_db)
    assert (damaged.collection, damaged.line, damaged.reason) == ("users", 1, "cut off")


async def test_an_endless_line_is_read_only_as_far_as_a_document_can_reach(
    bare_db: Database, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bomb: a few kilobytes that would be gigabytes."""
    assert SIGNED.line > 22 * 1024 * 1024, "a document of 16 MB as base64"
    monkeypatch.setattr(backup_reader, "SIGNED", replace(SIGNED, line=1000))
    damaged = await refusal(pack(backup, signed(members(backup), b"\x00" * 10_000_000)), bare_db)
    assert (damaged.line, damaged.reason) == (1, "longer than any document")


def _set(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda manifest: manifest.update({name: value})


def _of_users(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda manifest: next(kept for kept in manifest["collections"] if kept["name"] == "users").update(
        {name: value}
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_set("version", 3), "version 3, and this program reads up to version 2"),
        (_set("format", "other"), "not a manifest of Tollgate's"),
        (_set("id", "../x"), "id is wrong"),
        (_set("database", "../x"), "database is wrong"),
        (_set("at", "2026-01-01T00:00:00"), "at is wrong"),
        (_set("extra", 1), "extra is wrong"),
        (_set("collections", []), "not those its manifest names"),
        (_of_users("documents", -1), "documents is wrong"),
        (_of_users("sha256", "x"), "sha256 is wrong"),
        (_of_users("name", "../../etc/passwd"), "not those its manifest names"),
        (_of_users("name", "system.users"), "collections is wrong"),
        (_of_users("name", "restore"), "collections is wrong"),
        (_of_users("name", "pending_deletions"), "collections is wrong"),
        (_of_users("name", "$cmd"), "name is wrong"),
    ],
)
async def test_an_invalid_manifest_is_refused(
    bare_db: Database, backup: Path, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    pack(backup, manifest_with(members(backup), change))
    assert reason in (await refusal(backup, bare_db)).reason


@pytest.mark.parametrize("name", ["../evil.jsonl", "/etc/evil", "users.jsonl/../x", "more.jsonl"])
async def test_a_member_missing_from_the_manifest_is_refused(bare_db: Database, backup: Path, name: str) -> None:
    pack(backup, {**members(backup), name: b'{"_id": 1}\n'})
    assert "not those its manifest names" in (await refusal(backup, bare_db)).reason


async def test_two_members_of_one_name_are_refused(bare_db: Database, backup: Path) -> None:
    with zipfile.ZipFile(backup, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(USERS, b"")
    assert "not those its manifest names" in (await refusal(backup, bare_db)).reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"readme.txt": b"hello"}, "it has no manifest"),
        ({"manifest.json": b"{"}, "not a manifest of Tollgate's"),
        ({"manifest.json": b'"' + b"x" * 5_000_000}, "the manifest is too long"),
        ({"manifest.json": json.dumps({"format": "tollgate-backup"}).encode()}, "not a manifest of Tollgate's"),
    ],
)
async def test_a_foreign_zip_is_refused(bare_db: Database, tmp_path: Path, content: Content, reason: str) -> None:
    assert reason in (await refusal(pack(tmp_path / "some.zip", content), bare_db)).reason


async def test_a_zip_with_a_password_is_refused(bare_db: Database, backup: Path) -> None:
    content = bytearray(read(backup))
    # the flags of the first member in the directory at the end
    place = content.index(b"PK\x01\x02") + 8
    struct.pack_into("<H", content, place, struct.unpack_from("<H", content, place)[0] | 1)
    write(backup, content)
    assert "not packed the way Tollgate packs" in (await refusal(backup, bare_db)).reason


async def test_text_files_and_folders_are_refused(bare_db: Database, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    write(text, b"x" * 1000)
    assert "no backup" in (await refusal(text, bare_db)).reason
    with pytest.raises(OSError, match="directory"):
        await restore(tmp_path)

"""Only a backup this DATA_DIR has signed is believed; another one brings no rights unseen."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from database.backups import restore as restoring
from database.backups.backup import write_backup
from database.backups.files import CannotWriteBackup
from database.backups.reader import DamagedBackup, UnsignedBackup
from database.backups.report_words import restored_in_words
from database.backups.restore import Accepted, RestoreReport
from database.backups.rights import GRANTING, NAMED_MAX
from database.connection import Database
from database.indexes import INDEXES
from tests.clocks import SteeredClock
from tests.operations.backups.backing_up import NOW, backed_up, data_dir, manifest_with, members, pack
from tests.operations.backups.test_backup_damage import signed

MALLORY = {"_id": 9, "user_id": 666, "role": "manager", "name": "\x1b]0;Mallory\u202e"}
UNSIGNED, WITH_RIGHTS = Accepted(is_unsigned=True), Accepted(is_unsigned=True, rights=True)
#: collections that nobody gets a right by; what an unsigned backup restores of them is in docs/backup.md
HARMLESS = {
    "users", "posts", "tokens", "token_generator_count", "deliveries", "pending_deletions", "impossible_deletions",
    "broadcasts", "broadcast_recipients", "shortener_days", "memberships", "audit_log", "gifts", "gift_claims",
    "erasures", "job_runs", "daily_stats", "tries", "post_days", "event_batches", "send_pauses", "incidents",
    "unreadable_rows", "revoked_sessions",
}  # fmt: skip


async def backup_of(db: Database, folder: Path) -> Path:
    """Return a backup with a manager and a setting, and leave the database empty."""
    await db.collection("admins").insert_one(MALLORY)
    await db.collection("admin_config").insert_one({"_id": "settings", "public_channel_id": -100666})
    await db.collection("users").insert_one({"_id": 1, "user_id": 1})
    later = {"_id": 3, "key": "3", "status": "queued", "send_at": NOW.replace(year=2099), "is_shown": True}
    await db.collection("broadcasts").insert_one(later)
    path = (await backed_up(folder)).path
    await db.drop()
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "backups"


def as_version_1(content: dict[str, bytes]) -> dict[str, bytes]:
    """Return the backup as a version before signatures has written it, which anybody can forge."""

    def change(manifest: dict[str, Any]) -> None:
        manifest["version"] = 1
        for name in ("key_id", "is_sealed", "keys"):
            del manifest[name]

    changed = manifest_with(content, change)
    del changed["signature"]
    return changed


async def restored(path: Path, accept: Accepted | None = None, **more: Any) -> RestoreReport:
    return await restoring.restore(path, data_dir(path), accept=accept, **more)


async def test_the_key_is_made_at_the_first_backup_and_can_be_read_by_its_owner_alone(
    db: Database, folder: Path
) -> None:
    await backed_up(folder)
    key = folder.parent / "backup_key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    path = (await backed_up(folder)).path
    assert key.read_bytes() == before
    assert before.strip() not in b"".join(members(path).values())


async def test_a_forged_backup_brings_no_manager(bare_db: Database, folder: Path) -> None:
    path = await backup_of(bare_db, folder)
    pack(path, as_version_1(members(path)))
    with pytest.raises(UnsignedBackup, match=r"it is not signed.*--unsigned$"):
        await restored(path)
    with pytest.raises(UnsignedBackup):
        await restored(path, dry_run=True)
    assert await bare_db.collection_names() == []

    dry = await restored(path, UNSIGNED, dry_run=True)
    report = await restored(path, UNSIGNED)
    assert report.left_out == dry.left_out == {"admins": 1, "admin_config": 1}
    assert await bare_db.collection("admins").count({}) == 0
    assert await bare_db.collection("admin_config").count({}) == 0
    assert await bare_db.collection("users").count({}) == 1
    words = "\n".join(restored_in_words(report))
    assert "not restored: \x1b]0;Mallory\u202e (id 666, manager)" in words
    assert "--with-rights restores it" in words


async def test_rights_of_an_unsigned_backup_are_restored_on_purpose_and_named(bare_db: Database, folder: Path) -> None:
    path = await backup_of(bare_db, folder)
    pack(path, as_version_1(members(path)))
    report = await restored(path, WITH_RIGHTS)
    assert (report.left_out, report.documents) == ({}, 4)
    assert await bare_db.collection("admins").count({}) == 1
    assert "is in the team: \x1b]0;Mallory\u202e (id 666, manager)" in restored_in_words(report)
    (later,) = await bare_db.collection("broadcasts").find({}, limit=2)
    assert later["status"] == "paused", "nobody vouches for what it sends"


async def test_a_signed_backup_names_its_team(bare_db: Database, folder: Path) -> None:
    report = await restored(await backup_of(bare_db, folder))
    assert (report.unsigned, report.left_out, report.documents) == (None, {}, 4)
    assert "is in the team: \x1b]0;Mallory\u202e (id 666, manager)" in restored_in_words(report)


async def test_of_a_large_team_the_first_are_named(bare_db: Database, folder: Path) -> None:
    rows = [{"_id": number, "user_id": number, "role": "editor"} for number in range(NAMED_MAX + 3)]
    await bare_db.collection("admins").insert_many([*rows, {"_id": "claim", "user_id": None, "fingerprint": "x"}])
    path = (await backed_up(folder)).path
    await bare_db.drop()
    report = await restored(path, dry_run=True)
    words = restored_in_words(report)
    assert words[-1] == "would be in the team: 4 more"
    assert len(report.team) == NAMED_MAX


async def test_a_changed_manifest_is_never_accepted(bare_db: Database, folder: Path) -> None:
    path = await backup_of(bare_db, folder)
    content = members(path)
    changed = signed(content, b'{"_id": 1, "user_id": 1, "credits": 9}\n')
    pack(path, changed, is_signed=False)
    for accept in (None, UNSIGNED, WITH_RIGHTS):
        with pytest.raises(DamagedBackup, match="it was changed after it had been signed"):
            await restored(path, accept)


async def test_a_line_changed_under_the_signature_fails_its_checksum(bare_db: Database, folder: Path) -> None:
    path = await backup_of(bare_db, folder)
    content = members(path)
    admins = content["admins.jsonl"].replace(b"manager", b"maNager")
    pack(path, {**content, "admins.jsonl": admins}, is_signed=False)
    with pytest.raises(DamagedBackup, match="checksum"):
        await restored(path)
    assert await bare_db.collection_names() == []


async def test_a_signature_that_was_taken_away_is_missed(bare_db: Database, folder: Path) -> None:
    path = await backup_of(bare_db, folder)
    content = members(path)
    del content["signature"]
    pack(path, content)
    with pytest.raises(UnsignedBackup, match="it is not signed"):
        await restored(path)
    assert (await restored(path, UNSIGNED, dry_run=True)).left_out


@pytest.mark.parametrize("signature", [b"", b"x" * 64, b"\xff" * 64, b"0" * 64])
async def test_any_other_signature_is_refused(bare_db: Database, folder: Path, signature: bytes) -> None:
    path = await backup_of(bare_db, folder)
    pack(path, {**members(path), "signature": signature}, is_signed=False)
    with pytest.raises(DamagedBackup, match="changed after it had been signed"):
        await restored(path, UNSIGNED)


async def test_a_backup_of_another_machine_says_which_file_is_missing(
    bare_db: Database, folder: Path, tmp_path: Path
) -> None:
    path = await backup_of(bare_db, folder)
    new = tmp_path / "new"
    with pytest.raises(UnsignedBackup, match="DATA_DIR has no backup_key: copy the file"):
        await restoring.restore(path, new)
    await write_backup(new / "backups", 1, now=NOW, clock=SteeredClock())
    with pytest.raises(UnsignedBackup, match="another backup_key than that of DATA_DIR: copy the file"):
        await restoring.restore(path, new)
    (new / "backup_key").write_bytes((folder.parent / "backup_key").read_bytes())
    assert (await restoring.restore(path, new)).unsigned is None


async def test_an_unsigned_half_is_restored_to_its_end_without_rights(bare_db: Database, folder: Path) -> None:
    path = await backup_of(bare_db, folder)
    pack(path, as_version_1(members(path)))

    def vanish(doing: str, done: int, total: int) -> None:
        if doing == "writing users":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await restored(path, UNSIGNED, progress=vanish)
    await bare_db.collection("restore").update_one({"_id": "restore"}, {"$set": {"alive_until": NOW}})
    assert (await restored(path, UNSIGNED)).was_half
    assert await bare_db.collection("admins").count({}) == 0


def test_every_collection_is_known_to_grant_rights_or_not() -> None:
    known = HARMLESS | set(GRANTING)
    assert set(INDEXES) <= known, "a new collection: may somebody get a right by a row of it?"
    assert not HARMLESS & set(GRANTING)


async def test_conversations_are_in_no_backup(db: Database, folder: Path) -> None:
    """They hold what was typed a moment ago, also passwords."""
    await db.collection("dialogues").insert_one({"_id": 1, "data": {"typed": "hunter2"}})
    content = members((await backed_up(folder)).path)
    assert "dialogues.jsonl" not in content
    assert "dialogues" not in json.dumps(sorted(content))


async def test_a_key_file_that_cannot_be_used_stops_the_backup_with_one_line(db: Database, folder: Path) -> None:
    os.makedirs(folder)
    (folder.parent / "backup_key").write_text("short")
    with pytest.raises(CannotWriteBackup, match="backup_key is too short to be a secret"):
        await backed_up(folder)
    assert os.listdir(folder) == []

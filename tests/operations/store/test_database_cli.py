"""`python -m database`: exit codes and one JSON document."""

import json
import os
import secrets
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import pytest
from pymongo import MongoClient
from pyrage import x25519
from typer.testing import CliRunner

from core.clock import ManualClock
from database.__main__ import app
from database.connection import Database, open_database
from database.doctor import examine
from database.migrations.registry import MIGRATIONS
from database.migrations.runner import migrate
from tests.operations.backups.backing_up import NOW, fill, manifest_with, members, pack
from tests.operations.backups.test_trust import as_version_1

URI = os.environ.get("MONGO_URI", "memory://")
cli = CliRunner()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    name = f"tollgate_test_{secrets.token_hex(6)}"
    values = {
        "USER_BOT_TOKEN": "1:user-secret",
        "ADMIN_BOT_TOKEN": "2:admin-secret",
        "ADMIN_IDS": "5",
        "MONGO_URI": URI,
        "MONGO_DB": name,
        "ALLOW_MEMORY_STORE": "true",
    }
    for key, value in values.items():
        monkeypatch.setenv(key, value)
    for key in ("DATA_DIR", "BACKUP_KEEP"):
        monkeypatch.delenv(key, raising=False)
    # away from a developer's own .env
    monkeypatch.chdir(tmp_path)
    yield
    if URI != "memory://":
        with MongoClient[dict[str, object]](URI) as client:
            client.drop_database(name)


def test_indexes_builds_and_lists_them() -> None:
    result = cli.invoke(app, ["indexes", "--json"])

    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["ok"] is True
    assert "pending_deletions.delete_at_1_claimed_until_1" in answer["indexes"]


def test_doctor_fails_while_indexes_are_missing_and_names_them() -> None:
    result = cli.invoke(app, ["doctor", "--json"])

    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["ok"] is False
    assert "users.user_id_1" in answer["missing_indexes"]
    assert answer["counts"]["users"] == 0
    assert "missing index users.user_id_1" in cli.invoke(app, ["doctor"]).stdout


def test_indexes_applies_pending_migrations_and_refuses_a_newer_database(
    monkeypatch: pytest.MonkeyPatch, filled: None
) -> None:
    applied: list[Database] = []
    real = migrate

    async def noted(db: Database) -> None:
        assert (await examine(db)).pending_migrations == [str(migration) for migration in MIGRATIONS]
        await real(db)
        applied.append(db)
        assert (await examine(db)).pending_migrations == []
        await db.collection("migrations").update_one({}, {"$set": {"last": 1000}})
        await real(db)

    monkeypatch.setattr("database.__main__.migrate", noted)
    result = cli.invoke(app, ["indexes", "--json"])
    assert result.exit_code == 1
    assert "migrated by a newer version" in json.loads(result.stdout)["error"]
    assert len(applied) == 1


def test_doctor_names_pending_migrations(filled: None) -> None:
    answer = json.loads(cli.invoke(app, ["doctor", "--json"]).stdout)
    assert answer["pending_migrations"] == [str(migration) for migration in MIGRATIONS]
    words = cli.invoke(app, ["doctor"]).stdout
    assert "pending migration 0001 update keys and pending posts: the next start applies it" in words


@pytest.mark.server  # the in-memory store is gone when the command ends
def test_doctor_finds_no_fault_after_indexes_on_a_server() -> None:
    cli.invoke(app, ["indexes"])
    assert cli.invoke(app, ["doctor"]).exit_code == 0


@pytest.mark.parametrize("command", ["indexes", "doctor", "backup"])
def test_an_unreachable_server_is_exit_1_without_secrets(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("MONGO_URI", "mongodb://someone:hunter2@127.0.0.1:1")
    monkeypatch.setattr("database.__main__.open_database", partial(open_database, timeout_s=0.05))
    result = cli.invoke(app, [command, "--json"])

    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["ok"] is False
    assert "ServerSelectionTimeoutError" in answer["error"]
    assert "hunter2" not in result.output


def test_a_wrong_configuration_is_exit_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADMIN_BOT_TOKEN")
    result = cli.invoke(app, ["doctor"])

    assert result.exit_code == 2
    assert "ADMIN_BOT_TOKEN" in result.output


def test_an_unknown_command_is_exit_2() -> None:
    assert cli.invoke(app, ["nonsense"]).exit_code == 2


def test_an_unusable_address_is_exit_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGO_URI", "mongodb://")
    result = cli.invoke(app, ["doctor"])
    assert result.exit_code == 2
    assert "MONGO_URI" in result.stdout


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command finds three users in its database; under another name the database is empty."""

    async def opened(uri: str, name: str) -> Database:
        db = await open_database("memory://", name, clock=ManualClock(NOW))
        if name == os.environ["MONGO_DB"]:
            await fill(db)
        return db

    monkeypatch.setenv("MONGO_URI", "mongodb://127.0.0.1:1")
    monkeypatch.setattr("database.__main__.open_database", opened)


@pytest.fixture
def backup(filled: None) -> Path:
    """A backup of the three users."""
    return Path(json.loads(cli.invoke(app, ["backup", "--json"]).stdout)["path"])


def test_a_backup_is_written_into_the_data_folder_and_older_ones_are_removed(
    filled: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BACKUP_KEEP", "1")
    first = json.loads(cli.invoke(app, ["backup", "--json"]).stdout)
    result = cli.invoke(app, ["backup", "--json"])

    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert (answer["ok"], answer["documents"], answer["removed"]) == (True, 8, 1)
    assert Path(answer["path"]).resolve().parent == tmp_path / "data" / "backups"
    assert answer["bytes"] == Path(answer["path"]).stat().st_size
    assert not Path(first["path"]).exists()
    shown = cli.invoke(app, ["backup"])
    assert "8 documents of" in shown.stdout
    # the progress bar is not part of the output
    assert "reading pending_deletions" in shown.stderr


def test_a_backup_that_cannot_be_written_is_exit_1(filled: None, tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    result = cli.invoke(app, ["backup", "--json"])
    assert result.exit_code == 1
    assert "data/backups: Not a directory" in json.loads(result.stdout)["error"]


def test_a_backup_is_restored_into_another_database(backup: Path) -> None:
    for options in (["--dry-run"], []):
        result = cli.invoke(app, ["restore", str(backup), "--into", "other", "--json", *options])
        assert result.exit_code == 0, result.output
        answer = json.loads(result.stdout)
        assert (answer["ok"], answer["dry_run"], answer["database"]) == (True, bool(options), "other")
        assert (answer["documents"], answer["collections"]["users"]) == (8, 3)
    words = cli.invoke(app, ["restore", str(backup), "--into", "other"]).stdout
    assert f"restored into other (from {os.environ['MONGO_DB']} at 2026-03-01 12:00:00 UTC)" in words


def test_a_database_in_use_is_exit_1_and_its_collections_are_named(backup: Path) -> None:
    result = cli.invoke(app, ["restore", str(backup)])
    assert result.exit_code == 1
    assert "is not empty: it holds admin_config, of an older version, pending_deletions, users" in result.stdout


def test_a_damaged_backup_is_exit_1_and_names_the_line(backup: Path) -> None:
    content = members(backup)
    _, _, rest = content["users.jsonl"].partition(b"\n")
    content["users.jsonl"] = b"{}\n" + rest
    pack(backup, content)
    result = cli.invoke(app, ["restore", str(backup), "--into", "other"])
    assert result.exit_code == 1
    assert f"failed: {backup.name}, collection users, line 1: not a document with an _id" in result.stdout


NAME = "\x1b]0;owned\x07\u202egpj"


def forged(backup: Path) -> Path:
    """Return a backup of an older version, with a manager whose name steers a terminal."""
    content = members(backup)
    row = json.dumps({"_id": 1, "user_id": 666, "role": "manager", "name": NAME}).encode() + b"\n"
    entry = {"name": "admins", "documents": 1, "bytes": len(row), "sha256": sha256(row).hexdigest()}
    content = manifest_with({**content, "admins.jsonl": row}, lambda manifest: manifest["collections"].append(entry))
    return pack(backup, as_version_1(content))


def test_a_forged_backup_is_refused_in_one_line_and_its_manager_named_without_steering_the_terminal(
    backup: Path,
) -> None:
    forged(backup)
    refused = cli.invoke(app, ["restore", str(backup), "--into", "other"])
    assert refused.exit_code == 1
    assert refused.stdout.count("\n") == 1
    assert "it is not signed" in refused.stdout
    shown = cli.invoke(app, ["restore", str(backup), "--into", "other", "--unsigned"])
    assert shown.exit_code == 0
    assert r"not restored: \x1b]0;owned\x07\u202egpj (id 666, manager)" in shown.stdout
    on_purpose = cli.invoke(app, ["restore", str(backup), "--into", "other", "--unsigned", "--with-rights"])
    assert r"is in the team: \x1b]0;owned\x07\u202egpj (id 666, manager)" in on_purpose.stdout
    for output in (shown.output, on_purpose.output):
        assert NAME[0] + "]0" not in output
        assert "\u202e" not in output


def test_names_of_collections_and_rows_do_not_steer_the_terminal(monkeypatch: pytest.MonkeyPatch, backup: Path) -> None:
    async def opened(uri: str, name: str) -> Database:
        db = await open_database("memory://", name, clock=ManualClock(NOW))
        await db.collection("users").insert_one({"_id": NAME, "user_id": "x"})
        return db

    content = members(backup)
    content = manifest_with(content, lambda manifest: manifest["collections"][-1].update(name=NAME))
    pack(backup, {quote(NAME, safe="") + ".jsonl" if name.startswith("pending") else name: lines
                  for name, lines in content.items()})  # fmt: skip
    shown = cli.invoke(app, ["restore", str(backup), "--into", "other", "--dry-run"])
    assert r"checking \x1b]0;owned\x07\u202egpj" in shown.stderr
    monkeypatch.setattr("database.__main__.open_database", opened)
    unread = cli.invoke(app, ["unreadable"])
    assert r"users:\x1b]0;owned\x07\u202egpj: " in unread.stdout
    doctor = cli.invoke(app, ["doctor"])
    for output in (shown.output, unread.output, doctor.output):
        assert "]0;owned\x07" not in output
        assert "\u202e" not in output


def test_rights_without_unsigned_are_exit_2(backup: Path) -> None:
    assert cli.invoke(app, ["restore", str(backup), "--into", "other", "--with-rights"]).exit_code == 2


def test_an_encrypted_backup_is_restored_with_the_private_key(
    filled: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = x25519.Identity.generate()
    (tmp_path / "key.txt").write_text(f"{key}\n")
    monkeypatch.setenv("BACKUP_ENCRYPT_TO", str(key.to_public()))
    path = json.loads(cli.invoke(app, ["backup", "--json"]).stdout)["path"]
    assert path.endswith(".zip.age")
    refused = cli.invoke(app, ["restore", path, "--into", "other"])
    assert (refused.exit_code, "--identity" in refused.stdout) == (1, True)
    restored = cli.invoke(app, ["restore", path, "--into", "other", "--identity", str(tmp_path / "key.txt"), "--json"])
    assert (restored.exit_code, json.loads(restored.stdout)["documents"]) == (0, 8)
    monkeypatch.setenv("DATA_DIR", "data")
    assert "only its private key can read it" in cli.invoke(app, ["doctor"]).stdout


@pytest.mark.parametrize("name", ["", "a b", "../x", "admin", "local", "x" * 64])
def test_an_invalid_database_name_is_exit_2(backup: Path, name: str) -> None:
    assert cli.invoke(app, ["restore", str(backup), "--into", name]).exit_code == 2


def test_a_missing_file_is_exit_2(filled: None) -> None:
    assert cli.invoke(app, ["restore", "nowhere.zip"]).exit_code == 2


def test_an_in_memory_store_is_exit_2(backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGO_URI", "memory://")
    for command in (["backup"], ["restore", str(backup), "--into", "other"]):
        result = cli.invoke(app, command)
        assert result.exit_code == 2
        assert "memory://" in result.stdout


def doctor_with(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Return what the doctor reports about the backups in `folder`."""
    monkeypatch.setenv("DATA_DIR", str(folder))
    answer = json.loads(cli.invoke(app, ["doctor", "--json"]).stdout)
    backup: dict[str, object] = answer["backup"]
    return backup


def test_the_doctor_reads_the_newest_backup(backup: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert json.loads(cli.invoke(app, ["doctor", "--json"]).stdout)["backup"] is None

    sound = doctor_with(tmp_path / "data", monkeypatch)
    assert sound == {
        "newest": backup.name,
        "written_at": "2026-03-01T12:00:00+00:00",
        "is_old": False,
        "is_encrypted": False,
        "damage": None,
    }
    backup.write_bytes(backup.read_bytes()[:-50])
    damaged = doctor_with(tmp_path / "data", monkeypatch)
    assert "no backup, or one that is cut off" in str(damaged["damage"])
    shown = cli.invoke(app, ["doctor"])
    assert (shown.exit_code, "the newest backup cannot be used" in shown.stdout) == (1, True)


def test_no_backup_yet_is_reported_and_is_no_fault(
    filled: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    shown = cli.invoke(app, ["doctor"])
    assert "there is no backup yet" in shown.stdout
    backup = json.loads(cli.invoke(app, ["doctor", "--json"]).stdout)["backup"]
    assert (backup["newest"], backup["damage"]) == (None, None)

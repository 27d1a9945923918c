"""Passwords are in no backup in the clear, and come back where its key is."""

from pathlib import Path

import pytest

from core.settings.table import FIELDS
from database.backups import restore as restoring
from database.backups.report_words import restored_in_words
from database.backups.restore import Accepted
from database.backups.sealed_fields import SECRETS
from database.connection import Database
from tests.operations.backups.backing_up import backed_up, held, manifest_with, members, pack, restore
from tests.operations.backups.test_trust import as_version_1

HUNTER, OF_POST = "hunter2-of-all", "hunter3-of-one"


@pytest.fixture
async def backup(bare_db: Database, tmp_path: Path) -> Path:
    """A backup with two passwords, and the database as it was."""
    await bare_db.collection("admin_config").insert_one({"_id": "settings", "post_password": HUNTER, "cover": None})
    posts = [{"_id": 1, "code": "a", "number": 1, "password": OF_POST}, {"_id": 2, "code": "b", "number": 2}]
    empty = {"_id": 3, "code": "c", "number": 3, "password": ""}
    await bare_db.collection("posts").insert_many(
        [*posts, empty, {"_id": 4, "code": "d", "number": 4, "password": None}]
    )
    return (await backed_up(tmp_path / "data" / "backups")).path


async def test_a_stolen_backup_shows_no_password(backup: Path) -> None:
    content = b"".join(members(backup).values())
    assert HUNTER.encode() not in content
    assert OF_POST.encode() not in content


async def test_a_restore_beside_the_key_brings_every_password_back(bare_db: Database, backup: Path) -> None:
    before = await held(bare_db)
    await bare_db.drop()
    report = await restore(backup)
    assert report.lost_secrets == {}
    assert await held(bare_db) == before


async def test_without_the_key_they_are_missing_and_that_is_said(
    bare_db: Database, backup: Path, tmp_path: Path
) -> None:
    await bare_db.drop()
    accept = Accepted(is_unsigned=True, rights=True)
    report = await restoring.restore(backup, tmp_path / "new", accept=accept)
    assert report.lost_secrets == {"admin_config": 1, "posts": 1}
    assert await bare_db.collection("admin_config").find_one({"_id": "settings"}) == {"_id": "settings", "cover": None}
    first, second, third, _ = await bare_db.collection("posts").find({}, limit=4, sort=[("_id", 1)])
    assert ("password" in first, "password" in second, third["password"]) == (False, False, "")
    line = "posts: 1 passwords are missing, the backup_key that encrypted them is not in DATA_DIR"
    assert line in restored_in_words(report)


async def test_passwords_of_an_older_version_are_restored_as_they_are(bare_db: Database, backup: Path) -> None:
    before = await held(bare_db)
    content = members(backup)
    posts = b"".join(line for line in content["posts.jsonl"].splitlines(keepends=True))
    pack(backup, as_version_1({**content, "posts.jsonl": posts}))
    await bare_db.drop()
    # nothing in such a file is encrypted: what looks like it is taken as it stands
    await restore(backup, accept=Accepted(is_unsigned=True, rights=True))
    assert (await held(bare_db))["posts"][1:] == before["posts"][1:]
    assert (await held(bare_db))["posts"][0]["password"].startswith("gAAAA")


async def test_what_is_said_to_be_plain_is_not_decrypted(bare_db: Database, backup: Path) -> None:
    pack(backup, manifest_with(members(backup), lambda manifest: manifest.update(is_sealed=False)))
    await bare_db.drop()
    await restore(backup)
    (first,) = await bare_db.collection("posts").find({"_id": 1}, limit=1)
    assert first["password"].startswith("gAAAA")


def test_every_secret_setting_is_encrypted() -> None:
    assert {field.name for field in FIELDS if field.is_secret} == set(SECRETS["admin_config"])

"""Keys of shorteners in a backup: encrypted, and readable after a restore only with the file beside the database."""

import zipfile
from pathlib import Path

from pydantic import SecretStr

from core.shorteners.records import Shortener
from database.connection import Database
from database.operations.shorteners import shortener_counts, shortener_ops
from shorteners.vault import NAME, open_vault
from tests.operations.backups.backing_up import NOW, backed_up, restore

KEY = SecretStr("3f9a1c0b7d2e48569a0b1c2d3e4f5a6b7c8d9e0f")


async def backup_of_one(data_dir: Path) -> Path:
    sealed = open_vault(data_dir).seal(KEY)
    await shortener_ops.add(Shortener(code="a", name="gplinks", api_url="https://gplinks.in/api", sealed_key=sealed))
    await shortener_counts.count_made("gplinks", NOW, NOW)
    return (await backed_up(data_dir / "backups")).path


def content_of(path: Path) -> bytes:
    with zipfile.ZipFile(path) as file:
        return b"".join(file.read(name) for name in file.namelist())


async def test_a_backup_holds_neither_the_key_nor_what_decrypts_it(db: Database, tmp_path: Path) -> None:
    content = content_of(await backup_of_one(tmp_path))
    assert b"gplinks" in content
    assert KEY.get_secret_value().encode() not in content
    assert (tmp_path / NAME).read_bytes().strip() not in content


async def test_a_restore_beside_the_same_file_brings_the_key_back(db: Database, tmp_path: Path) -> None:
    path = await backup_of_one(tmp_path)
    await db.drop()
    await restore(path)

    (one,) = await shortener_ops.load()
    assert open_vault(tmp_path).unseal(one.sealed_key or "") == KEY
    assert (await shortener_counts.tallies(["gplinks"], NOW))["gplinks"].links == 1


async def test_after_a_restore_elsewhere_the_shortener_is_there_without_a_readable_key(
    db: Database, tmp_path: Path
) -> None:
    path = await backup_of_one(tmp_path / "here")
    await db.drop()
    await restore(path)

    (one,) = await shortener_ops.load()
    assert one.name == "gplinks"
    assert open_vault(tmp_path / "elsewhere").unseal(one.sealed_key or "") is None

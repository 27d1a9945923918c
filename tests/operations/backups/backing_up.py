"""Fill a database with every kind of value, back it up, and read what a database or a file holds."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bson import DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.binary import Binary
from bson.code import Code

from database.backups import restore as restoring
from database.backups.backup import BackupReport, write_backup
from database.backups.files import data_dir_of
from database.backups.restore import RestoreReport
from database.backups.signing import make_key
from database.connection import Database
from database.values import Document
from tests.clocks import SteeredClock

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)

#: a value of each kind that both stores keep, and texts that extended JSON could misread
VALUES: dict[str, Any] = {
    "text": 'é 漢字 \U0001f600 "quoted" \\ \n \u2028 \x01',
    "empty": "",
    "int": 7,
    "long": Int64(7),
    "large": Int64(-(2**63)),
    "double": 0.1,
    "whole double": 3.0,
    "infinite": float("-inf"),
    "yes": True,
    "nothing": None,
    "at": NOW,
    "long ago": datetime(1, 1, 1, tzinfo=UTC),
    "late": datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    "id": ObjectId("65f000000000000000000001"),
    "bytes": b"\x00\xff\n",
    "nested": {"list": [1, [NOW, {"deep": [None, Int64(1)]}], {}], "empty": []},
    "dotted.name": 1,
    "$date": {"$numberLong": "no number"},
    "inside": [{"$oid": "not an id"}],
}
#: further kinds that only a server keeps
SERVER_VALUES: dict[str, Any] = {
    "decimal": Decimal128("0.10"),
    "uuid": Binary(bytes(range(16)), 4),
    "pattern": Regex("^a.*/$", "im"),
    "stamp": Timestamp(4, 13),
    "lowest": MinKey(),
    "highest": MaxKey(),
    "code": Code("function () {}"),
    "reference": DBRef("users", ObjectId("65f000000000000000000002")),
}


async def fill(db: Database, people: int = 3) -> None:
    """Insert users, a promise, a settings document with a text id, and a collection no code knows."""
    users = [{"user_id": number, "username": f"reader {number}", "joined_at": NOW} for number in range(people)]
    for first in range(0, people, 1000):
        await db.collection("users").insert_many(users[first : first + 1000])
    await db.collection("pending_deletions").insert_one({"user_id": 1, "delete_at": NOW + timedelta(minutes=30)})
    await db.collection("admin_config").insert_one({"_id": "settings", "welcome_text": "Hello"})
    await db.collection("of an older version").insert_many([{"_id": 1}, {"_id": "b"}, {"_id": NOW}])


async def backed_up(folder: Path, keep: int = 7, now: datetime = NOW, **more: Any) -> BackupReport:
    return await write_backup(folder, keep, now=now, **{"clock": SteeredClock(), **more})


def data_dir(path: Path) -> Path:
    """Return the DATA_DIR of a backup that `backed_up` wrote."""
    return data_dir_of(path.parent)


async def restore(path: Path, **more: Any) -> RestoreReport:
    """Restore a backup on the machine it was written on."""
    return await restoring.restore(path, data_dir(path), **more)


async def held(db: Database) -> dict[str, list[Document]]:
    """Return every document by collection, in stored order, without empty collections."""
    found = {}
    for name in await db.collection_names():
        found[name] = [document async for page in db.collection(name).pages(lambda: 1000) for document in page]
    return {name: documents for name, documents in found.items() if documents}


def members(path: Path) -> dict[str, bytes]:
    """Return the content of the members of a backup, by name."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, content: dict[str, bytes], *, is_signed: bool = True) -> Path:
    """Write a ZIP of `content` to `path`; a signature that is among it is made anew, unless `is_signed` is False."""
    if is_signed and "signature" in content:
        content = {**content, "signature": make_key(data_dir(path)).sign(content["manifest.json"]).encode()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    path.write_bytes(packed.getvalue())
    return path


def manifest_with(content: dict[str, bytes], change: Callable[[dict[str, Any]], object]) -> dict[str, bytes]:
    """Return `content` with its manifest changed by `change`."""
    manifest = json.loads(content["manifest.json"])
    change(manifest)
    return {**content, "manifest.json": json.dumps(manifest).encode()}

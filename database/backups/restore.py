"""Restoring a backup: into an empty database, or over its own half; everything is checked before the first write."""

import asyncio
import os
import secrets
import socket
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import bson

from core.broadcasts import BroadcastStatus
from core.errors import AlreadyThere, StoreRefused, TollgateError
from database.backups.backup import Progress
from database.backups.manifest import MIGRATION_RECORD, RESTORE, CollectionEntry
from database.backups.reader import BackupReader
from database.backups.restore_marker import (
    RestoreMarker,
    WrongTarget,
    find_marker,
    refuse_other_backup,
    remove_marker,
    renew_marker,
    take_marker,
)
from database.collection import Collection
from database.connection import Database, current_database
from database.indexes import INDEXES, ensure_indexes
from database.values import Document

#: collections named in a refusal
_NAMED_MAX = 5
#: what goes on by itself once the bots start
_GOING_ON = (BroadcastStatus.QUEUED, BroadcastStatus.SENDING)


class NotAsWritten(TollgateError):
    """The database does not hold what was restored into it: somebody else wrote there. It stays marked as half."""

    sentence = "Somebody wrote into the database while it was restored: drop it, or restore into another one."


@dataclass(slots=True)
class RestoreReport:
    """What was restored, or with `is_dry_run` would be."""

    database: str
    #: the database it was written from, and when
    written_from: str
    written_at: datetime
    documents: int
    #: documents by collection
    collections: dict[str, int]
    is_dry_run: bool
    #: a restore of this file was cut short here, and this one went on
    was_half: bool
    #: documents that were made anew while the backup was written: of each two the later one was kept
    replaced: dict[str, int] = field(default_factory=dict)
    #: broadcasts that were due or under way: what they sent after the backup is not known, an admin resumes them
    paused_broadcasts: int = 0


async def verify(path: Path, *, progress: Progress | None = None) -> RestoreReport:
    """Read a whole backup and change nothing. Raises DamagedBackup, and OSError when there is no such file."""
    with BackupReader(path) as reader:
        await _Checking(reader, progress).check()
        return _report(reader, reader.manifest.database, is_dry_run=True, was_half=False)


async def restore(path: Path, *, dry_run: bool = False, progress: Progress | None = None) -> RestoreReport:
    """Write the backup into the open database, which must be empty or hold a half of this very backup.

    Until the end a mark in the collection `restore` says that the database is half; cut short, the same call goes on.
    Broadcasts that were due come back paused. Nobody else may use the database meanwhile. `dry_run` only checks.
    Raises DamagedBackup and WrongTarget (nothing was written), NotAsWritten, StoreUnavailable (call again), OSError.
    """
    db = current_database()
    with BackupReader(path) as reader:
        mark = await find_marker(db)
        refuse_other_backup(mark, reader.manifest.id, db.now())
        if mark is None:
            await _refuse_what_is_there(db)
        await _Checking(reader, progress).check()
        report = _report(reader, db.name, is_dry_run=dry_run, was_half=mark is not None)
        if not dry_run:
            await _write(db, reader, report, progress)
        return report


def _report(reader: BackupReader, database: str, *, is_dry_run: bool, was_half: bool) -> RestoreReport:
    manifest = reader.manifest
    collections = {kept.name: kept.documents for kept in manifest.collections}
    return RestoreReport(
        database, manifest.database, manifest.at, manifest.documents, collections, is_dry_run, was_half
    )


async def _refuse_what_is_there(db: Database) -> None:
    # the record that an empty database needs no migration is no content
    names = [name for name in await db.collection_names() if name not in (RESTORE, MIGRATION_RECORD)]
    used = [name for name in names if await db.collection(name).find_one({}, projection=["_id"]) is not None]
    if used:
        more = f" and {len(used) - _NAMED_MAX} more" if len(used) > _NAMED_MAX else ""
        raise WrongTarget(f"the database {db.name} is not empty: it holds {', '.join(used[:_NAMED_MAX])}{more}")


async def _write(db: Database, reader: BackupReader, report: RestoreReport, progress: Progress | None) -> None:
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
    mark = await take_marker(db, reader.manifest.id, reader.path.name, owner)
    writing = _Writing(reader, progress, db=db, mark=mark)
    if report.was_half:
        await writing.refuse_foreign()
        await writing.clear()
    try:
        # again: somebody may have written since it was found empty, or into the half
        await _refuse_what_is_there(db)
    except WrongTarget:
        if not report.was_half:
            await remove_marker(db, mark)
        raise
    # what is restored has the shape its own record tells; a backup from before the first migration has none
    await db.collection(MIGRATION_RECORD).delete_many({})
    await ensure_indexes(db)
    report.replaced = await writing.write()
    report.paused_broadcasts = await _pause_broadcasts(db)
    await writing.count(report.replaced)
    await remove_marker(db, mark)


async def _pause_broadcasts(db: Database) -> int:
    """Who got them after the backup is not known: nobody gets them twice unless an admin says so."""
    going_on: Document = {"status": {"$in": list(_GOING_ON)}, "send_at": {"$lte": db.now()}}
    paused = {"status": BroadcastStatus.PAUSED, "is_shown": False}
    return await db.collection("broadcasts").update_many(going_on, {"$set": paused})


@dataclass(slots=True)
class _Checking:
    """Goes through the file, telling how far it is."""

    reader: BackupReader
    progress: Progress | None
    done: int = 0

    async def check(self) -> None:
        """Read everything. Raises DamagedBackup."""
        for kept in self.reader.manifest.collections:
            async for _ in self.pages(kept, "checking"):
                pass

    async def pages(self, kept: CollectionEntry, doing: str) -> AsyncIterator[list[Document]]:
        pages = self.reader.pages(kept)
        while (page := await asyncio.to_thread(next, pages, None)) is not None:
            yield page
            self.done += len(page)
            if self.progress is not None:
                self.progress(f"{doing} {kept.name}", self.done, self.reader.manifest.documents)


@dataclass(slots=True)
class _Writing(_Checking):
    """Goes through the file again, with a database that is marked as ours."""

    db: Database = field(kw_only=True)
    mark: RestoreMarker = field(kw_only=True)

    async def refuse_foreign(self) -> None:
        """Raises WrongTarget, before anything is removed, when somebody has worked on the half.

        Every process at work leaves rows in job_runs. Keeps 64 bits of each `_id` of one collection at a time: an id
        that is in the backup twice counts once.
        """
        own: Counter[str] = Counter()
        for kept in self.reader.manifest.collections:
            seen: set[int] = set()
            async for page in self.pages(kept, "looking at"):
                new = {key: document for document in page if (key := _key(document["_id"])) not in seen}
                seen.update(new)
                own[kept.name] += await self.db.bulk(kept.name).count(_these(list(new.values())))
                await renew_marker(self.db, self.mark)
        self.done = 0
        for name in await self.db.collection_names():
            if name not in (RESTORE, MIGRATION_RECORD) and await self.db.bulk(name).count({}) > own[name]:
                raise WrongTarget(f"{name} holds what is not of this backup: somebody worked here; nothing was touched")

    async def clear(self) -> None:
        """Remove what an earlier restore of this file wrote, and nothing else."""
        for kept in self.reader.manifest.collections:
            async for page in self.pages(kept, "clearing"):
                await self.db.bulk(kept.name).delete_many(_these(page))
                await renew_marker(self.db, self.mark)
        self.done = 0

    async def write(self) -> dict[str, int]:
        """Insert everything; returns how many documents by collection gave way to later ones."""
        replaced: dict[str, int] = {}
        for kept in self.reader.manifest.collections:
            async for page in self.pages(kept, "writing"):
                gone = await _insert(self.db.bulk(kept.name), page)
                if gone:
                    replaced[kept.name] = replaced.get(kept.name, 0) + gone
                await renew_marker(self.db, self.mark)
        return replaced

    async def count(self, replaced: dict[str, int]) -> None:
        """Raises NotAsWritten when a collection holds more or less than it should."""
        for kept in self.reader.manifest.collections:
            expected = kept.documents - replaced.get(kept.name, 0)
            there = await self.db.bulk(kept.name).count({})
            if there != expected:
                raise NotAsWritten(f"{kept.name} holds {there} documents instead of {expected}: somebody else wrote")


def _key(value: Any) -> int:
    """Alike for what MongoDB takes for one `_id`. Two that are alike by chance make a refusal, never a loss."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return hash(("number", value))
    return hash(bson.encode({"": value}))


def _these(page: list[Document]) -> Document:
    return {"_id": {"$in": [document["_id"] for document in page]}}


async def _insert(collection: Collection, page: list[Document]) -> int:
    """Insert a page; returns how many documents that stood there gave way."""
    standing = await collection.count(_these(page))
    try:
        await collection.insert_many(page)
    except (StoreRefused, AlreadyThere):
        # two with the same unique fields: the one that was read first was deleted while the backup went on, and the
        # other made anew. What came in before the refusal is inserted again with the rest
        await collection.delete_many(_these(page))
        return standing + sum([await _insert_alone(collection, document) for document in page])
    return 0


async def _insert_alone(collection: Collection, document: Document) -> int:
    try:
        await collection.insert_one(document)
    except AlreadyThere:
        gone = await collection.delete_many({"$or": _same(collection.name, document)})
        await collection.insert_one(document)
        return gone
    return 0


def _same(collection: str, document: Document) -> list[Document]:
    """Conditions for what cannot stand beside the document."""
    unique = [index for index in INDEXES.get(collection, ()) if index.unique]
    by_fields = [{name: document.get(name) for name in index.fields} for index in unique]
    return [{"_id": document["_id"]}, *by_fields]

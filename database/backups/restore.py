"""Restore a backup into an empty database, or over its own half. Everything is checked before the first write."""

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
from database.backups.erased_again import ERASURES, erase_due, find_erased, of_restore
from database.backups.key_files import restore_keys
from database.backups.manifest import MIGRATION_RECORD, RESTORE, CollectionEntry
from database.backups.reader import BackupReader, Trust
from database.backups.restore_marker import (
    RestoreMarker,
    WrongTarget,
    find_marker,
    refuse_other_backup,
    remove_marker,
    renew_marker,
    take_marker,
)
from database.backups.rights import TeamFound
from database.backups.signing import find_key
from database.backups.source import BackupSource
from database.collection import Collection
from database.connection import Database, current_database
from database.erasing.tombstones import Tombstones
from database.indexes import INDEXES, ensure_indexes
from database.operations.erasures import erasure_ops
from database.owners import new_owner
from database.tolerated import tolerated
from database.values import Document

#: collections named in an error
_NAMED_MAX = 5
#: broadcasts that are sent without an admin once the bots start
_SENT_BY_ITSELF = (BroadcastStatus.QUEUED, BroadcastStatus.SENDING)


class NotAsWritten(TollgateError):
    """The counts differ from those restored: another process wrote into the database. The marker stays."""

    sentence = "Somebody wrote into the database while it was restored: drop it, or restore into another one."


@dataclass(slots=True)
class RestoreReport:
    """What was restored, or with `is_dry_run` would be. Times are aware UTC."""

    database: str
    #: the database the backup was written from, and when
    written_from: str
    written_at: datetime
    documents: int
    #: documents by collection
    collections: dict[str, int]
    is_dry_run: bool
    #: this restore continued one of the same file that was interrupted
    was_half: bool
    #: by collection, documents with the unique key of a later one, which was kept instead
    replaced: dict[str, int] = field(default_factory=dict)
    #: broadcasts that were due or being sent: what they sent after the backup is unknown, an admin resumes them
    paused_broadcasts: int = 0
    #: subscribers who were erased after the backup was written, and are erased again
    erased_again: int = 0
    #: why nobody vouches for the backup; None: it is signed with the key of this DATA_DIR
    unsigned: str | None = None
    #: documents by collection that grant rights and were left out, because nobody vouches for them
    left_out: dict[str, int] = field(default_factory=dict)
    #: who is in the team by the backup (of many the first), and how many
    team: list[str] = field(default_factory=list)
    team_count: int = 0
    #: by collection, passwords that cannot be decrypted with the key of this DATA_DIR: they are missing
    lost_secrets: dict[str, int] = field(default_factory=dict)
    #: key files that were written into DATA_DIR, and those it has others of
    keys: list[str] = field(default_factory=list)
    other_keys: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a restore takes although it does not by itself."""

    #: a backup nobody vouches for
    is_unsigned: bool = False
    #: also what grants rights in it
    rights: bool = False
    #: file of the private key of an encrypted one
    identity: Path | None = None


async def restore(
    path: Path,
    data_dir: Path,
    *,
    accept: Accepted | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    tombstones: Tombstones | None = None,
) -> RestoreReport:
    """Write the backup into the open database, which must be empty or hold a part of this very backup.

    It has to be signed with the key of `data_dir`, unless `accept` says otherwise. Then what grants rights
    (`GRANTING`) is left out, unless `accept` says otherwise of that, too.

    A marker in the collection `restore` tells until the end that the database is half restored; after an interruption
    the same call continues. Broadcasts that were due are restored as paused. Subscribers erased since, whom
    `tombstones` know, are erased again. Key files that an encrypted backup carries are written into `data_dir` where it
    has none. Nothing else may use the database meanwhile. `dry_run` only checks. Raises DamagedBackup and WrongTarget
    (nothing was written), NotAsWritten, StoreUnavailable (call again), OSError.
    """
    db = current_database()
    accept = accept or Accepted()
    with BackupReader(path, Trust(find_key(data_dir), accept.is_unsigned, accept.identity)) as reader:
        marker = await find_marker(db)
        refuse_other_backup(marker, reader.manifest.id, db.now())
        if marker is None:
            await _refuse_unless_empty(db)
        source = BackupSource(reader, find_key(data_dir), leaves_out=reader.unsigned is not None and not accept.rights)
        team = await source.check(progress)
        report = _report(source, team, db.name, is_dry_run=dry_run, was_half=marker is not None)
        if not dry_run:
            await _write(db, source, report, progress, tombstones)
            if not source.leaves_out:
                restored = restore_keys(data_dir, reader.manifest.keys)
                report.keys, report.other_keys = restored.written, restored.others
        return report


def _report(source: BackupSource, team: TeamFound, database: str, *, is_dry_run: bool, was_half: bool) -> RestoreReport:
    manifest = source.manifest
    collections = {entry.name: entry.documents for entry in source.entries}
    return RestoreReport(
        database,
        manifest.database,
        manifest.at,
        sum(collections.values()),
        collections,
        is_dry_run,
        was_half,
        unsigned=source.unsigned,
        left_out={entry.name: entry.documents for entry in source.left_out},
        team=team.names,
        team_count=team.count,
        lost_secrets=dict(source.lost_secrets),
    )


async def _refuse_unless_empty(db: Database) -> None:
    # an empty database may have a record that it needs no migration
    names = [name for name in await db.collection_names() if name not in (RESTORE, MIGRATION_RECORD)]
    used = [name for name in names if await db.collection(name).find_one({}, projection=["_id"]) is not None]
    if used:
        more = f" and {len(used) - _NAMED_MAX} more" if len(used) > _NAMED_MAX else ""
        raise WrongTarget(f"the database {db.name} is not empty: it holds {', '.join(used[:_NAMED_MAX])}{more}")


async def _write(
    db: Database,
    source: BackupSource,
    report: RestoreReport,
    progress: Progress | None,
    tombstones: Tombstones | None,
) -> None:
    owner = new_owner()
    marker = await take_marker(db, source.manifest.id, source.name, owner)
    writer = _DatabaseWriter(source, progress, db, marker)
    if report.was_half:
        await writer.refuse_foreign()
        await writer.clear()
    try:
        # again: another process may have written since it was found empty, or into the half
        await _refuse_unless_empty(db)
    except WrongTarget:
        if not report.was_half:
            await remove_marker(db, marker)
        raise
    # the restored documents have the shape in their own record; a backup from before the first migration has none
    await db.collection(MIGRATION_RECORD).delete_many({})
    await ensure_indexes(db)
    report.replaced = await writer.write()
    report.paused_broadcasts = await _pause_broadcasts(db, even_later=source.unsigned is not None)
    await writer.check_counts(report.replaced)
    if tombstones is not None:
        # before the marker goes: whoever starts on the restored database goes on with them
        erased = await find_erased(db, tombstones, db.now(), lambda: renew_marker(db, marker))
        await erasure_ops.begin_again(erased)
        report.erased_again = len(erased)
    await remove_marker(db, marker)
    if report.erased_again:
        # the restore has ended: what fails here is done by the next start
        await tolerated("restore.not_erased_yet", erase_due(db.now()))


async def _pause_broadcasts(db: Database, *, even_later: bool) -> int:
    """Pause broadcasts that are due; returns how many.

    Their recipients after the backup are unknown: an admin decides whether some may get them twice.
    """
    due: Document = {"status": {"$in": list(_SENT_BY_ITSELF)}}
    if not even_later:
        due["send_at"] = {"$lte": db.now()}
    paused = {"status": BroadcastStatus.PAUSED, "is_shown": False}
    return await db.collection("broadcasts").update_many(due, {"$set": paused})


@dataclass(slots=True)
class _DatabaseWriter:
    """Writes the file into a database that is marked as being restored."""

    source: BackupSource
    progress: Progress | None
    db: Database
    marker: RestoreMarker

    def pages(self, entry: CollectionEntry, doing: str) -> AsyncIterator[list[Document]]:
        return self.source.pages(entry, doing, self.progress)

    async def refuse_foreign(self) -> None:
        """Raise WrongTarget, before anything is removed, when the half holds documents that are not in the backup.

        Every process of ours leaves rows in job_runs. Holds 64 bits of each `_id` of one collection at a time: an id
        that is in the backup twice counts once.
        """
        own: Counter[str] = Counter()
        for entry in self.source.entries:
            seen: set[int] = set()
            async for page in self.pages(entry, "looking at"):
                new = {key: document for document in page if (key := _key(document["_id"])) not in seen}
                seen.update(new)
                count = await self.db.bulk(entry.name).count(_with_ids_of(list(new.values())))
                own[entry.name] += count
                await renew_marker(self.db, self.marker)
        self.source.done = 0
        for name in await self.db.collection_names():
            if name not in (RESTORE, MIGRATION_RECORD, ERASURES) and await self.db.bulk(name).count({}) > own[name]:
                raise WrongTarget(f"{name} holds what is not of this backup: somebody worked here; nothing was touched")

    async def clear(self) -> None:
        """Delete the documents that an earlier restore of this file wrote, and no others."""
        await self.db.bulk(ERASURES).delete_many(of_restore())
        for entry in self.source.entries:
            async for page in self.pages(entry, "clearing"):
                await self.db.bulk(entry.name).delete_many(_with_ids_of(page))
                await renew_marker(self.db, self.marker)
        self.source.done = 0

    async def write(self) -> dict[str, int]:
        """Insert everything; returns by collection how many documents were replaced by later ones of the file."""
        replaced: dict[str, int] = {}
        for entry in self.source.entries:
            async for page in self.pages(entry, "writing"):
                count = await _insert(self.db.bulk(entry.name), page)
                if count:
                    replaced[entry.name] = replaced.get(entry.name, 0) + count
                await renew_marker(self.db, self.marker)
        return replaced

    async def check_counts(self, replaced: dict[str, int]) -> None:
        """Raise NotAsWritten when a collection holds more or fewer documents than were written."""
        for entry in self.source.entries:
            expected = entry.documents - replaced.get(entry.name, 0)
            found = await self.db.bulk(entry.name).count({})
            if found != expected:
                raise NotAsWritten(f"{entry.name} holds {found} documents instead of {expected}: somebody else wrote")


def _key(value: Any) -> int:
    """Return a hash that is equal for values MongoDB takes for one `_id`. A collision refuses and loses nothing."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return hash(("number", value))
    return hash(bson.encode({"": value}))


def _with_ids_of(page: list[Document]) -> Document:
    return {"_id": {"$in": [document["_id"] for document in page]}}


async def _insert(collection: Collection, page: list[Document]) -> int:
    """Insert a page; returns how many stored documents it replaced."""
    same_ids = await collection.count(_with_ids_of(page))
    try:
        await collection.insert_many(page)
    except (StoreRefused, AlreadyThere):
        # two with the same unique fields: while the backup was written the first was deleted, then the second inserted.
        # Documents that were inserted before the error are inserted again with the rest
        await collection.delete_many(_with_ids_of(page))
        return same_ids + sum([await _insert_alone(collection, document) for document in page])
    return 0


async def _insert_alone(collection: Collection, document: Document) -> int:
    try:
        await collection.insert_one(document)
    except AlreadyThere:
        replaced = await collection.delete_many({"$or": _conflicting(collection.name, document)})
        await collection.insert_one(document)
        return replaced
    return 0


def _conflicting(collection: str, document: Document) -> list[Document]:
    """Return conditions for documents that share a unique key with this one."""
    unique = [index for index in INDEXES.get(collection, ()) if index.unique]
    by_fields = [{name: document.get(name) for name in index.fields} for index in unique]
    return [{"_id": document["_id"]}, *by_fields]

"""Examine a database: connection, indexes, migrations, document counts and the newest backup."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from core.health.clocks import difference_in_words, is_too_far
from database import unreadable_rows
from database.backups.files import backups_of, data_dir_of, is_encrypted, written_at
from database.backups.reader import DamagedBackup
from database.backups.restore_marker import find_marker
from database.backups.source import verify
from database.connection import Database
from database.indexes import INDEXES, missing_indexes
from database.migrations.runner import find_state
from database.operations.processes import polling_lease_ops

#: documents that cannot be read, named at most
SHOWN = 50
#: a process that polls renews its turn every five seconds. By two machines' clocks, which are compared elsewhere
UNPOLLED_AFTER = timedelta(minutes=1)
#: the backup job writes one a day
BACKUP_AGE_MAX = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Backups:
    """The newest backup of the database."""

    #: file name; None when there is no backup yet
    newest: str | None = None
    #: aware UTC
    written_at: datetime | None = None
    is_old: bool = False
    #: why it cannot be used; None when every line was read without a fault, or an encrypted one is as it was
    #: written
    damage: str | None = None

    @property
    def is_encrypted(self) -> bool:
        """Only its checksum was verified."""
        return self.newest is not None and is_encrypted(Path(self.newest))


@dataclass(frozen=True, slots=True)
class Findings:
    """The result of an examination."""

    #: as "collection.name"
    missing_indexes: list[str]
    #: documents by collection
    counts: dict[str, int]
    #: the restore that has not ended, in words; None when there is none
    half: str | None = None
    #: migrations the next start applies
    pending_migrations: list[str] = field(default_factory=list)
    #: a newer version has migrated the database
    is_newer: bool = False
    #: documents that were met and could not be read, as "collection:id (what is wrong)"; the first of many
    unreadable: list[str] = field(default_factory=list)
    #: None when no folder was given
    backups: Backups | None = None
    #: why the database refuses writes; None: it takes them
    refused_writes: str | None = None
    #: bots nobody polls for although a process did not give up its turn, in words
    unpolled: list[str] = field(default_factory=list)
    #: how this machine's clock differs from the database's, in words; None: by little
    clocks: str | None = None

    @property
    def is_healthy(self) -> bool:
        """True when an operator has nothing to do. Having no backup yet is not a fault."""
        is_whole = not self.missing_indexes and not self.unreadable and self.half is None and not self.is_newer
        is_used = self.refused_writes is None and self.clocks is None and not self.unpolled
        return is_whole and is_used and not self._has_bad_backup

    @property
    def _has_bad_backup(self) -> bool:
        return self.backups is not None and (self.backups.is_old or self.backups.damage is not None)


async def examine(db: Database, backups_in: Path | None = None, polled_bots: Sequence[int] = ()) -> Findings:
    """Check every collection and read the newest backup in the folder `backups_in`; changes nothing.

    `polled_bots`: ids of the bots whose updates are polled. To see whether writes are taken, one small document is
    written and deleted again.

    Raises StoreUnavailable when the server does not answer.
    """
    await db.ping()
    missing = await missing_indexes(db)
    counts = {name: await db.collection(name).count({}) for name in sorted(INDEXES)}
    marker = await find_marker(db)
    migrations = await find_state(db)
    # nothing stored has an old shape
    is_empty = migrations.last is None and not any(counts.values())
    backups = None if backups_in is None else await _examine_backups(backups_in, db)
    ahead = await db.clocks.measure()
    return Findings(
        missing,
        counts,
        half=None if marker is None else str(marker),
        pending_migrations=[] if is_empty else [str(migration) for migration in migrations.pending],
        is_newer=migrations.is_newer,
        unreadable=[f"{one.key} ({one.problem})" for one in await unreadable_rows.find(SHOWN)],
        backups=backups,
        refused_writes=await _try_write(db),
        unpolled=[words for bot_id in polled_bots if (words := await _unpolled(db, bot_id)) is not None],
        clocks=difference_in_words(ahead) if is_too_far(ahead) else None,
    )


async def _unpolled(db: Database, bot_id: int) -> str | None:
    """Say since when nobody polls for a bot; None when somebody does, or all processes have stopped in order."""
    lease = await polling_lease_ops.find(bot_id)
    if lease is None or lease.owner is None or lease.renewed_at is None:
        return None
    if db.now() - lease.renewed_at <= UNPOLLED_AFTER:
        return None
    return f"nobody polls for bot {bot_id} since {lease.renewed_at:%Y-%m-%d %H:%M:%S} UTC"


async def _try_write(db: Database) -> str | None:
    refused = await db.writes.check()
    if refused is None:
        await db.writes.forget_probe()
    return refused


async def _examine_backups(folder: Path, db: Database) -> Backups:
    try:
        found = backups_of(folder, db.name)
        if not found:
            return Backups()
        newest, at = found[0], written_at(found[0])
        is_old = db.now() - at > BACKUP_AGE_MAX
        await verify(newest, data_dir_of(folder))
    except DamagedBackup as error:
        return Backups(newest.name, at, is_old, str(error))
    except OSError as error:
        return Backups(damage=f"{folder}: {error.strerror or type(error).__name__}")
    return Backups(newest.name, at, is_old)

"""Apply pending migrations: one process at a time, page by page, resumed where a killed process stopped.

One document (collection `migrations`) holds the number of the last applied migration, a lease and the position.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import Clock, SystemClock
from core.errors import AlreadyThere, TollgateError
from database.backups.manifest import MIGRATION_RECORD, RESTORE
from database.collection import Collection
from database.connection import Database
from database.migrations.registry import MIGRATIONS
from database.migrations.steps import Migration
from database.owners import new_owner
from database.values import Document
from database.writes import PROBE_COLLECTION

log = logging.getLogger("tollgate.database")

#: documents of one page
PAGE = 500
#: how long a process that stopped renewing keeps the lease; it is renewed after every page
LEASE_FOR = timedelta(seconds=60)
#: seconds between two polls of a process that waits for another one to migrate, and how often it polls
POLL_S, POLLS_MAX = 1.0, 600

_KEY: Document = {"_id": "schema"}


class CannotMigrate(TollgateError):
    """The database cannot be used by this version, or not yet; the text is one line for the operator."""


class NewerDatabase(CannotMigrate):
    """A newer version has migrated this database: this one would misread it."""


class DamagedRecord(CannotMigrate):
    """The record of migrations cannot be read: which of them are pending is not known."""


class StillMigrating(CannotMigrate):
    """Another process has been migrating for longer than this one waits."""


@dataclass(frozen=True, slots=True)
class MigrationState:
    """What an operator is shown."""

    #: number of the last migration that was applied; None: no start has looked at the database yet
    last: int | None
    pending: tuple[Migration, ...]
    #: a newer version has migrated it
    is_newer: bool


class Migrator:
    """Brings the database up to date by calling `step` until `is_done`."""

    def __init__(
        self,
        db: Database,
        clock: Clock | None = None,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> None:
        self.is_done = False
        self._db = db
        self._migrations = migrations
        self._clock = clock or SystemClock()
        self._owner = new_owner()
        self._polls = 0

    async def step(self) -> None:
        """Check the record, migrate one page, or wait one poll interval for another process. May be repeated.

        One read when the database is up to date. Raises NewerDatabase, DamagedRecord, StillMigrating, StoreUnavailable.
        """
        record = await self._records.find_one(_KEY)
        if record is None:
            await self._create_record()
            return
        self._refuse_damaged(record)
        if record["last"] > self._newest:
            raise NewerDatabase(
                f"the database was migrated by a newer version (migration {record['last']}, this version knows "
                f"{self._newest}): start that version, or restore a backup from before"
            )
        if record["last"] == self._newest:
            self.is_done = True
        elif record["owner"] == self._owner:
            await self._migrate_page(record)
        else:
            await self._take_over(record)

    def _refuse_damaged(self, record: Document) -> None:
        """Raise DamagedRecord unless the record says what is pending, and where to go on."""
        _last(record)
        if record["last"] >= self._newest:
            return
        steps = len(self._migrations[record["last"]].steps)
        if not isinstance(record.get("step"), int) or not 0 <= record["step"] < steps:
            raise _damaged("step")
        if wrong := [name for name in ("owner", "until", "after") if name not in record]:
            raise _damaged(", ".join(wrong))

    @property
    def _newest(self) -> int:
        return self._migrations[-1].number

    @property
    def _records(self) -> Collection:
        return self._db.collection(MIGRATION_RECORD)

    async def _create_record(self) -> None:
        """An empty database has the newest shape; anything else may be as old as the record itself."""
        # the start has tried whether the database takes writes
        is_empty = not set(await self._db.collection_names()) - {MIGRATION_RECORD, RESTORE, PROBE_COLLECTION}
        applied = self._migrations if is_empty else ()
        record: Document = {
            "last": self._newest if is_empty else 0,
            "applied": [_applied(migration, self._db.now()) for migration in applied],
            "owner": None,
            "until": None,
            **_BEGINNING,
        }
        try:
            await self._records.insert_one({**_KEY, **record})
        except AlreadyThere:
            # another process was first: the next step reads its record
            return

    async def _take_over(self, record: Document) -> None:
        """Take the lease if no other process holds it, and go on from the stored position; else wait."""
        now = self._db.now()
        # a lease that ends later than any can was written by a clock that has been put back since
        ended = [{"owner": None}, {"until": {"$lte": now}}, {"until": {"$gt": now + 2 * LEASE_FOR}}]
        lease = {"owner": self._owner, "until": now + LEASE_FOR}
        pending: Document = {**_KEY, "last": record["last"], "$or": ended}
        taken = await self._records.find_one_and_update(pending, {"$set": lease})
        await (self._wait() if taken is None else self._migrate_page(taken))

    async def _wait(self) -> None:
        self._polls += 1
        if self._polls > POLLS_MAX:
            raise StillMigrating(
                f"another process has been migrating the database for {POLLS_MAX * POLL_S / 60:.0f} minutes: "
                "start again when it is done"
            )
        await self._clock.sleep(POLL_S)

    async def _migrate_page(self, record: Document) -> None:
        migration = self._migrations[record["last"]]
        step = migration.steps[record["step"]]
        rows = self._db.bulk(step.collection)
        behind: Document = {} if record["after"] is None else {"_id": {"$gt": record["after"]}}
        if record["step"] == 0 and not behind:
            log.info("migration.started", extra={"migration": str(migration)})
        page = await rows.find(behind, limit=PAGE, sort=[("_id", 1)], projection=step.fields)
        await step.apply(self._db, page)
        if len(page) == PAGE:
            await self._save(record, {"after": page[-1]["_id"]})
        elif record["step"] + 1 < len(migration.steps):
            await self._save(record, {"step": record["step"] + 1, "after": None})
        elif await self._save(record, {"last": migration.number, **_BEGINNING}, migration):
            log.info("migration.applied", extra={"migration": str(migration)})

    async def _save(self, record: Document, progress: Document, applied: Migration | None = None) -> bool:
        """Record the progress and renew the lease; atomic. False when another process has taken over meanwhile."""
        now = self._db.now()
        is_last = applied is not None and applied.number == self._newest
        lease: Document = {"owner": None, "until": None} if is_last else {"until": now + LEASE_FOR}
        update: Document = {"$set": {**progress, **lease}}
        if applied is not None:
            update["$push"] = {"applied": _applied(applied, now)}
        return await self._records.update_one({**_KEY, "owner": self._owner, "last": record["last"]}, update)


#: where a migration starts
_BEGINNING: Document = {"step": 0, "after": None}


def _last(record: Document) -> int:
    """Return the number of the last applied migration. Raises DamagedRecord."""
    last = record.get("last")
    if type(last) is not int or last < 0:
        raise _damaged("last")
    return last


def _damaged(fields: str) -> DamagedRecord:
    return DamagedRecord(
        f"the record of migrations cannot be read ({MIGRATION_RECORD}: {fields}): restore a backup, or put back the "
        "record that a backup of this database has"
    )


def _applied(migration: Migration, at: datetime) -> Document:
    return {"number": migration.number, "name": migration.name, "at": at}


async def migrate(db: Database) -> None:
    """Apply every pending migration, or wait up to ten minutes for the process that does.

    Raises NewerDatabase, DamagedRecord, StillMigrating, StoreUnavailable (call again: it goes on where it stopped).
    """
    migrator = Migrator(db)
    while not migrator.is_done:
        await migrator.step()


async def find_state(db: Database) -> MigrationState:
    """Which migrations are pending; one read, changes nothing. Raises DamagedRecord."""
    record = await db.collection(MIGRATION_RECORD).find_one(_KEY, projection=["last"])
    last = 0 if record is None else _last(record)
    return MigrationState(
        None if record is None else last,
        tuple(migration for migration in MIGRATIONS if migration.number > last),
        last > MIGRATIONS[-1].number,
    )

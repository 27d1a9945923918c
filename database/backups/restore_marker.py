"""The mark on a database that is being restored: half of a backup must not be taken for a database."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import AlreadyThere, TollgateError
from database.backups.manifest import RESTORE
from database.collection import Collection
from database.connection import Database
from database.values import Document

#: how long a restore that shows no sign of life still has the database; it renews this at a third
HELD_FOR = timedelta(seconds=60)
_MARK: Document = {"_id": "restore"}


class WrongTarget(TollgateError):
    """This database may not be restored into; the text says why. What is not the backup's own half was not touched."""

    sentence = "A backup is restored into an empty database only."


@dataclass(slots=True)
class RestoreMarker:
    """A restore under way, or one that was cut short. Times are aware UTC."""

    #: id of the backup
    backup: str
    #: name of its file
    file: str
    begun_at: datetime
    #: who writes; may have vanished
    owner: str
    alive_until: datetime

    def __str__(self) -> str:
        return f"half of {self.file}, whose restore began {self.begun_at:%Y-%m-%d %H:%M:%S} UTC"

    def is_alive(self, now: datetime) -> bool:
        # later than it can have been written: by a clock that was put back since
        return now < self.alive_until <= now + 2 * HELD_FOR


def _marks(db: Database) -> Collection:
    return db.collection(RESTORE)


async def find_marker(db: Database) -> RestoreMarker | None:
    """The restore that has not ended, or None."""
    found = await _marks(db).find_one(_MARK)
    if found is None:
        return None
    return RestoreMarker(**{name: value for name, value in found.items() if name != "_id"})


async def check_not_half_restored(db: Database) -> None:
    """Raises WrongTarget while a restore has not ended: nobody may work on half of what there was."""
    if mark := await find_marker(db):
        raise WrongTarget(f"the database holds {mark}; restore the same file again (docs/backup.md)")


def refuse_other_backup(mark: RestoreMarker | None, backup_id: str, now: datetime) -> None:
    """Raises WrongTarget when the mark is another backup's, or somebody is writing."""
    if mark is None:
        return
    if mark.backup != backup_id:
        raise WrongTarget(f"the database holds {mark}: restore that file again, or drop the database")
    if mark.is_alive(now):
        wait_s = math.ceil((mark.alive_until - now).total_seconds())
        raise WrongTarget(f"this backup is being restored, or was until a moment ago: try again in {wait_s} s")


async def take_marker(db: Database, backup_id: str, file: str, owner: str) -> RestoreMarker:
    """Mark the database as `owner`'s to restore this backup into; atomic. Raises WrongTarget like `refuse_other`."""
    now = db.now()
    found = await find_marker(db)
    refuse_other_backup(found, backup_id, now)
    if found is None:
        mark = RestoreMarker(backup_id, file, now, owner, now + HELD_FOR)
        try:
            await _marks(db).insert_one({**_MARK, **_fields(mark)})
        except AlreadyThere:
            raise WrongTarget("another restore into this database has begun in this moment") from None
        return mark
    before = {**_MARK, "owner": found.owner, "alive_until": found.alive_until}
    if not await _marks(db).update_one(before, {"$set": {"owner": owner, "alive_until": now + HELD_FOR}}):
        raise WrongTarget("another restore into this database has begun in this moment")
    return RestoreMarker(found.backup, found.file, found.begun_at, owner, now + HELD_FOR)


def _fields(mark: RestoreMarker) -> Document:
    return {name: getattr(mark, name) for name in RestoreMarker.__slots__}


async def renew_marker(db: Database, mark: RestoreMarker) -> None:
    """Show a sign of life, now and then. Raises WrongTarget when somebody else took over."""
    now = db.now()
    if mark.alive_until - now > HELD_FOR * 2 / 3:
        return
    mark.alive_until = now + HELD_FOR
    if not await _marks(db).update_one({**_MARK, "owner": mark.owner}, {"$set": {"alive_until": mark.alive_until}}):
        raise WrongTarget("another restore has taken over: this one was silent for too long")


async def remove_marker(db: Database, mark: RestoreMarker) -> None:
    """The database is whole; or nothing was written, and it is as it was."""
    await _marks(db).delete_one({**_MARK, "owner": mark.owner})

"""The marker of a database that is being restored: nothing else may use half of a backup."""

import math
from datetime import datetime, timedelta

from pydantic import ValidationError
from pydantic.dataclasses import dataclass

from core.errors import AlreadyThere, TollgateError
from core.terminal.printing import visible
from database.backups.manifest import RESTORE
from database.collection import Collection
from database.connection import Database
from database.values import Document

#: how long a restore holds the database without renewing; it renews after a third of this
HELD_FOR = timedelta(seconds=60)
_KEY: Document = {"_id": "restore"}


class WrongTarget(TollgateError):
    """The database may not be restored into, for the reason in the text. Nothing but this backup's own half changed."""

    sentence = "A backup is restored into an empty database only."


@dataclass(slots=True)
class RestoreMarker:
    """A restore that has not ended. Times are aware UTC."""

    #: id of the backup
    backup: str
    #: name of its file
    file: str
    begun_at: datetime
    #: the process that writes; it may have been killed
    owner: str
    alive_until: datetime

    def __str__(self) -> str:
        return f"half of {visible(self.file)}, whose restore began {self.begun_at:%Y-%m-%d %H:%M:%S} UTC"

    def is_alive(self, now: datetime) -> bool:
        # a time further ahead was written by a clock that has been put back since
        return now < self.alive_until <= now + 2 * HELD_FOR


def _markers(db: Database) -> Collection:
    return db.collection(RESTORE)


async def find_marker(db: Database) -> RestoreMarker | None:
    """Return the marker of a restore that has not ended, or None. Raises WrongTarget when it cannot be read."""
    found = await _markers(db).find_one(_KEY)
    if found is None:
        return None
    fields: Document = {name: found.get(name) for name in RestoreMarker.__slots__}
    try:
        return RestoreMarker(**fields)
    except ValidationError as error:
        wrong = ", ".join(str(one["loc"][0]) for one in error.errors())
        raise WrongTarget(
            f"the database holds half of a backup, and what says which cannot be read (restore: {wrong}): "
            "drop it and restore into an empty one"
        ) from None


async def check_not_half_restored(db: Database) -> None:
    """Raise WrongTarget while a restore has not ended: half of a backup must not be used."""
    if marker := await find_marker(db):
        raise WrongTarget(f"the database holds {marker}; restore the same file again (docs/backup.md)")


def refuse_other_backup(marker: RestoreMarker | None, backup_id: str, now: datetime) -> None:
    """Raise WrongTarget when the marker is of another backup, or its process is alive."""
    if marker is None:
        return
    if marker.backup != backup_id:
        raise WrongTarget(f"the database holds {marker}: restore that file again, or drop the database")
    if marker.is_alive(now):
        wait_s = math.ceil((marker.alive_until - now).total_seconds())
        raise WrongTarget(f"this backup is being restored, or was until a moment ago: try again in {wait_s} s")


async def take_marker(db: Database, backup_id: str, file: str, owner: str) -> RestoreMarker:
    """Mark the database as being restored from this backup by `owner`; atomic.

    Raises WrongTarget as `refuse_other_backup` does, and when another restore starts at the same instant.
    """
    now = db.now()
    found = await find_marker(db)
    refuse_other_backup(found, backup_id, now)
    if found is None:
        marker = RestoreMarker(backup_id, file, now, owner, now + HELD_FOR)
        try:
            await _markers(db).insert_one({**_KEY, **_fields(marker)})
        except AlreadyThere:
            raise WrongTarget("another restore into this database has begun in this moment") from None
        return marker
    unchanged = {**_KEY, "owner": found.owner, "alive_until": found.alive_until}
    if not await _markers(db).update_one(unchanged, {"$set": {"owner": owner, "alive_until": now + HELD_FOR}}):
        raise WrongTarget("another restore into this database has begun in this moment")
    return RestoreMarker(found.backup, found.file, found.begun_at, owner, now + HELD_FOR)


def _fields(marker: RestoreMarker) -> Document:
    return {name: getattr(marker, name) for name in RestoreMarker.__slots__}


async def renew_marker(db: Database, marker: RestoreMarker) -> None:
    """Renew the hold when a third of it has passed. Raises WrongTarget when another process has taken over."""
    now = db.now()
    if marker.alive_until - now > HELD_FOR * 2 / 3:
        return
    marker.alive_until = now + HELD_FOR
    if not await _markers(db).update_one(
        {**_KEY, "owner": marker.owner}, {"$set": {"alive_until": marker.alive_until}}
    ):
        raise WrongTarget("another restore has taken over: this one was silent for too long")


async def remove_marker(db: Database, marker: RestoreMarker) -> None:
    """Remove the marker: the restore has ended, or has written nothing."""
    await _markers(db).delete_one({**_KEY, "owner": marker.owner})

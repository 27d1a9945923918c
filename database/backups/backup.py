"""Writing a backup: every collection, page after page, while everybody works on. Not a snapshot (docs/backup.md)."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

from core.clock import Clock, SystemClock
from core.errors import TollgateError
from database.backups.files import (
    CannotWriteBackup,
    file_name,
    make_folder,
    remove_all_but,
    remove_leftovers,
    told_plainly,
)
from database.backups.manifest import Manifest, in_order
from database.backups.restore_mark import find_mark
from database.backups.writer import BackupWriter
from database.connection import Database, current_database

P = ParamSpec("P")
T = TypeVar("T")
#: told what is going on, and how many documents of how many are done
Progress = Callable[[str, int, int], None]

#: documents of one page, and the bytes of lines it should not much exceed
PAGE_DOCUMENTS, PAGE_BYTES = 500, 1024 * 1024
#: of each collection, whose documents may be of any size
_FIRST_PAGE = 16
#: pause between two pages in seconds, so that the database and the bots get their turn
PAUSE_S = 0.01


class BackupStopped(TollgateError):
    """Asked to stop before the end: nothing was written, older backups stand."""


class HalfRestored(TollgateError):
    """The database is half of a backup: one of it would push out the whole ones."""


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A backup that stands."""

    path: Path
    #: of the file
    bytes: int
    documents: int
    #: documents by collection, in the order they were read
    collections: dict[str, int]
    #: older backups that went for it
    removed: int


def _always() -> bool:
    return True


async def write_backup(
    folder: Path,
    keep: int,
    *,
    now: datetime,
    progress: Progress | None = None,
    goes_on: Callable[[], bool] = _always,
    pause_s: float = PAUSE_S,
    clock: Clock | None = None,
) -> BackupReport:
    """Write all of the open database into one new file in `folder` and remove those not kept (`remove_all_but`).

    The file is whole or not there: a crash leaves one named `.partial`, which the next call removes. Not atomic over
    collections. `goes_on` is asked before each page. Raises BackupStopped, HalfRestored, CannotWriteBackup (disk full,
    rights) and StoreUnavailable; then nothing old was removed, and nothing new stands unless the text says so.
    """
    db = current_database()
    mark = await find_mark(db)
    if mark is not None:
        raise HalfRestored(f"the database holds {mark}: restore that file again first")
    pages = _Pages(db, progress, goes_on, pause_s, clock or SystemClock())
    backup_id = secrets.token_hex(16)
    path = folder / file_name(db.name, now, backup_id)
    with told_plainly(folder):
        make_folder(folder)
        remove_leftovers(folder, db.name)
        writer = BackupWriter(path, backup_id, db.name, now)
    manifest = await _written(writer, pages, path)
    with told_plainly(folder, f"{path.name} is written, but older ones could not be removed: "):
        removed = remove_all_but(folder, db.name, keep, path)
    collections = {kept.name: kept.documents for kept in manifest.collections}
    return BackupReport(path, writer.size, manifest.documents, collections, removed)


async def _written(writer: BackupWriter, pages: "_Pages", path: Path) -> Manifest:
    # one thread: what comes last, giving up, waits there for what a cancelled task left under way
    with told_plainly(path), ThreadPoolExecutor(1, "backup") as thread:
        disk = _Disk(thread)
        manifest = None
        try:
            await pages.write(writer, disk)
            manifest = await disk.do(writer.keep)
        except ValueError as error:
            raise CannotWriteBackup(str(error)) from error
        finally:
            if manifest is None:
                await disk.do(writer.discard)
        return manifest


class _Disk:
    """Where files are written, so that nobody else waits for the disk and the packing."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self._thread = thread

    async def do(self, deed: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        return await asyncio.wrap_future(self._thread.submit(deed, *args, **options))


@dataclass(slots=True)
class _Pages:
    """Reads all there is, a little at a time."""

    db: Database
    progress: Progress | None
    goes_on: Callable[[], bool]
    pause_s: float
    clock: Clock
    #: documents of the next page
    at_most: int = _FIRST_PAGE
    done: int = 0
    total: int = 0

    async def write(self, writer: BackupWriter, disk: _Disk) -> None:
        names = in_order(await self.db.collection_names())
        if self.progress is not None:
            self.total = sum([await self.db.bulk(name).count({}) for name in names])
        for name in names:
            await disk.do(writer.begin, name)
            self.at_most = _FIRST_PAGE
            async with aclosing(self.db.bulk(name).pages(self._size)) as pages:
                async for page in pages:
                    self._learn(page, await disk.do(writer.add, page))
                    self._tell(name)
                    await self.clock.sleep(self.pause_s)

    def _size(self) -> int:
        if not self.goes_on():
            raise BackupStopped("asked to stop before the backup was written")
        return self.at_most

    def _learn(self, page: Sequence[object], size: int) -> None:
        """The next page: as many as fit, at most twice as many as this time, for the next ones may be larger."""
        self.done += len(page)
        fit = PAGE_BYTES * len(page) // max(size, 1)
        self.at_most = max(1, min(PAGE_DOCUMENTS, fit, 2 * self.at_most))

    def _tell(self, name: str) -> None:
        if self.progress is not None:
            # what came meanwhile was not counted
            self.progress(f"reading {name}", self.done, max(self.done, self.total))

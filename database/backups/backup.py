"""Write a backup: every collection, page by page, while the bots run. Not a snapshot (docs/backup.md)."""

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
    data_dir_of,
    file_name,
    make_folder,
    remove_all_but,
    remove_leftovers,
    translated_os_errors,
)
from database.backups.manifest import Manifest, in_order
from database.backups.restore_marker import find_marker
from database.backups.writer import BackupWriter
from database.connection import Database, current_database

P = ParamSpec("P")
T = TypeVar("T")
#: called with the current work, the documents done and the total
Progress = Callable[[str, int, int], None]

#: documents of one page, and the target for the bytes of its lines
PAGE_DOCUMENTS, PAGE_BYTES = 500, 1024 * 1024
#: documents of the first page of a collection, whose documents may be of any size
_FIRST_PAGE = 16
#: pause between two pages in seconds, so that other commands are served
PAUSE_S = 0.01


class BackupStopped(TollgateError):
    """Asked to stop before the end: nothing was written, older backups are kept."""


class HalfRestored(TollgateError):
    """A restore has not ended: a backup of half a database would replace whole ones."""


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A finished backup."""

    path: Path
    #: size of the file
    bytes: int
    documents: int
    #: documents by collection, in the order they were read
    collections: dict[str, int]
    #: how many older backups were removed
    removed: int


def _always() -> bool:
    return True


async def write_backup(
    folder: Path,
    keep: int,
    *,
    now: datetime,
    encrypt_to: str = "",
    progress: Progress | None = None,
    goes_on: Callable[[], bool] = _always,
    pause_s: float = PAUSE_S,
    clock: Clock | None = None,
) -> BackupReport:
    """Write the whole open database into one new file in `folder`, then remove older backups (`remove_all_but`).

    It is signed with the key of the DATA_DIR that `folder` is in, which is made at the first use, and encrypted to the
    age key `encrypt_to`, if any. The file appears under its name when it is complete: a crash leaves one named
    `.partial`, which the next call removes. Not atomic over collections. `goes_on` is called before each page; False
    stops. Raises BackupStopped, HalfRestored, CannotWriteBackup (disk full, rights) and StoreUnavailable; then no older
    backup was removed, and there is no new one unless the text says so.
    """
    db = current_database()
    marker = await find_marker(db)
    if marker is not None:
        raise HalfRestored(f"the database holds {marker}: restore that file again first")
    pages = _Pages(db, progress, goes_on, pause_s, clock or SystemClock())
    backup_id = secrets.token_hex(16)
    path = folder / file_name(db.name, now, backup_id, is_encrypted=bool(encrypt_to))
    with translated_os_errors(folder):
        make_folder(folder)
        remove_leftovers(folder, db.name)
        writer = BackupWriter(path, backup_id, db.name, now, data_dir_of(folder), encrypt_to)
    manifest = await _written(writer, pages, path)
    with translated_os_errors(folder, f"{path.name} is written, but older ones could not be removed: "):
        removed = remove_all_but(folder, db.name, keep, path)
    collections = {entry.name: entry.documents for entry in manifest.collections}
    return BackupReport(path, writer.size, manifest.documents, collections, removed)


async def _written(writer: BackupWriter, pages: "_Pages", path: Path) -> Manifest:
    # one thread, in order: `discard` runs after the call that a cancelled task left running
    with translated_os_errors(path), ThreadPoolExecutor(1, "backup") as thread:
        disk = _DiskThread(thread)
        manifest = None
        try:
            await pages.write(writer, disk)
            manifest = await disk.run(writer.finish)
        except ValueError as error:
            raise CannotWriteBackup(str(error)) from error
        finally:
            if manifest is None:
                await disk.run(writer.discard)
        return manifest


class _DiskThread:
    """Runs blocking file work in a thread, so that the event loop does not wait for disk and compression."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self._thread = thread

    async def run(self, work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        return await asyncio.wrap_future(self._thread.submit(work, *args, **options))


@dataclass(slots=True)
class _Pages:
    """Reads every collection in pages and passes them to the writer."""

    db: Database
    progress: Progress | None
    goes_on: Callable[[], bool]
    pause_s: float
    clock: Clock
    #: documents of the next page
    at_most: int = _FIRST_PAGE
    done: int = 0
    total: int = 0

    async def write(self, writer: BackupWriter, disk: _DiskThread) -> None:
        names = in_order(await self.db.collection_names())
        if self.progress is not None:
            self.total = sum([await self.db.bulk(name).count({}) for name in names])
        for name in names:
            await disk.run(writer.start_collection, name)
            self.at_most = _FIRST_PAGE
            async with aclosing(self.db.bulk(name).pages(self._next_size)) as pages:
                async for page in pages:
                    self._adapt_size(page, await disk.run(writer.add, page))
                    self._report(name)
                    await self.clock.sleep(self.pause_s)

    def _next_size(self) -> int:
        if not self.goes_on():
            raise BackupStopped("asked to stop before the backup was written")
        return self.at_most

    def _adapt_size(self, page: Sequence[object], size: int) -> None:
        """Set the size of the next page to what fits, at most twice this one: the next documents may be larger."""
        self.done += len(page)
        fit = PAGE_BYTES * len(page) // max(size, 1)
        self.at_most = max(1, min(PAGE_DOCUMENTS, fit, 2 * self.at_most))

    def _report(self, name: str) -> None:
        if self.progress is not None:
            # documents inserted meanwhile were not counted
            self.progress(f"reading {name}", self.done, max(self.done, self.total))

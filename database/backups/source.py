"""The documents of a backup that are restored: without what nobody vouches for, with secrets decrypted."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from database.backups.files import checksum_of, is_encrypted
from database.backups.manifest import CollectionEntry, Manifest
from database.backups.reader import BackupReader, DamagedBackup, Trust
from database.backups.rights import GRANTING, TEAM, TeamFound
from database.backups.sealed_fields import Unsealing
from database.backups.signing import BackupKey, find_key
from database.values import Document

Progress = Callable[[str, int, int], None]


class BackupSource:
    """An open backup as a restore sees it."""

    def __init__(self, reader: BackupReader, key: BackupKey | None, *, leaves_out: bool) -> None:
        """`leaves_out`: nothing that grants rights is restored."""
        self._reader = reader
        self._key = key
        self.leaves_out = leaves_out
        #: documents read so far in this pass
        self.done = 0
        #: by collection
        self.lost_secrets: Counter[str] = Counter()

    @property
    def manifest(self) -> Manifest:
        return self._reader.manifest

    @property
    def name(self) -> str:
        return self._reader.path.name

    @property
    def unsigned(self) -> str | None:
        return self._reader.unsigned

    @property
    def entries(self) -> list[CollectionEntry]:
        """The collections that are restored, in order."""
        return [entry for entry in self.manifest.collections if not self._is_left_out(entry)]

    @property
    def left_out(self) -> list[CollectionEntry]:
        """Those that are not, and hold something."""
        return [entry for entry in self.manifest.collections if self._is_left_out(entry) and entry.documents]

    def _is_left_out(self, entry: CollectionEntry) -> bool:
        return self.leaves_out and entry.name in GRANTING

    async def check(self, progress: Progress | None = None) -> TeamFound:
        """Read everything, also what is left out; returns the team of the backup. Raises DamagedBackup."""
        team, lost = TeamFound(), Counter[str]()
        left_out = {entry.name for entry in self.left_out}
        for entry in self.manifest.collections:
            async for page in self.pages(entry, "checking", progress):
                if entry.name == TEAM:
                    team.note_all(page)
            if entry.name not in left_out:
                lost[entry.name] = self.lost_secrets[entry.name]
        self.done = 0
        self.lost_secrets = +lost
        return team

    async def pages(
        self, entry: CollectionEntry, doing: str, progress: Progress | None
    ) -> AsyncIterator[list[Document]]:
        """Yield one collection page by page, with its secrets decrypted as far as possible."""
        unsealing = Unsealing(None if self._key is None else self._key.for_fields())
        pages = self._reader.pages(entry)
        while (page := await asyncio.to_thread(next, pages, None)) is not None:
            yield unsealing.unseal(entry.name, page) if self.manifest.is_sealed else page
            self.done += len(page)
            if progress is not None:
                progress(f"{doing} {entry.name}", self.done, self.manifest.documents)
        self.lost_secrets[entry.name] = unsealing.lost[entry.name]


async def verify(path: Path, data_dir: Path, *, progress: Progress | None = None) -> int | None:
    """Read and check a whole backup of this DATA_DIR, or of a version that did not sign; returns its documents.

    Of an encrypted one, which nothing here can read, the checksum of what was written: None. Raises DamagedBackup, and
    OSError when there is no such file.
    """
    if is_encrypted(path):
        await asyncio.to_thread(_check_sum, path)
        return None
    key = find_key(data_dir)
    with BackupReader(path, Trust(key, is_unsigned_accepted=True)) as reader:
        if reader.unsigned is not None and reader.manifest.key_id is not None:
            raise DamagedBackup(path, reader.unsigned)
        await BackupSource(reader, key, leaves_out=False).check(progress)
        return reader.manifest.documents


def _check_sum(path: Path) -> None:
    noted = checksum_of(path)
    if not noted.exists():
        raise DamagedBackup(path, f"its checksum, {noted.name}, is missing")
    expected, _, _ = noted.read_text(encoding="ascii", errors="replace")[:1000].partition(" ")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise DamagedBackup(path, "not as it was written (checksum)")

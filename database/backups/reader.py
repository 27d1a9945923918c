"""Read a backup as untrusted input: bounded, checked line by line, only the members its manifest names. Blocking."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

from core.errors import TollgateError
from database.backups.lines import LINE_MAX, from_line
from database.backups.manifest import MANIFEST, MANIFEST_MAX, CollectionEntry, Manifest, member_of, read_manifest
from database.values import Document

#: what reading a broken ZIP raises, besides OSError
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BUFFER = 256 * 1024
#: documents and bytes of lines in one page
PAGE_DOCUMENTS, PAGE_BYTES = 500, 1024 * 1024


class DamagedBackup(TollgateError):
    """The file is no backup, one of another version, or not as it was written. It must not be used."""

    sentence = "That file is damaged, or no backup of Tollgate's."

    def __init__(self, file: Path, reason: str, *, collection: str | None = None, line: int | None = None) -> None:
        place = (f", collection {collection}" if collection else "") + (f", line {line}" if line else "")
        super().__init__(f"{file.name}{place}: {reason}")
        self.file = file
        self.reason = reason
        self.collection = collection
        #: counted from 1; None when no single line is at fault
        self.line = line


class BackupReader:
    """An open backup; a context manager. Every method raises DamagedBackup, the constructor OSError too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb")
        try:
            self._zip, self.manifest = self._opened()
        except DamagedBackup:
            self._file.close()
            raise

    def __enter__(self) -> "BackupReader":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._zip.close()
        self._file.close()

    def _opened(self) -> tuple[zipfile.ZipFile, Manifest]:
        try:
            archive = zipfile.ZipFile(self._file)
            manifest = self._manifest_of(archive)
        except OSError as error:
            raise DamagedBackup(self.path, f"cannot be read: {error.strerror}") from error
        except _BROKEN as error:
            reason = str(error) if type(error) is ValueError else "no backup, or one that is cut off"
            raise DamagedBackup(self.path, reason) from error
        members = archive.infolist()
        names = {member.filename for member in members}
        if len(names) < len(members) or names != manifest.members():
            raise DamagedBackup(self.path, "the files in it are not those its manifest names")
        if any(member.compress_type not in _METHODS or member.flag_bits & 1 for member in members):
            raise DamagedBackup(self.path, "not packed the way Tollgate packs")
        return archive, manifest

    @staticmethod
    def _manifest_of(archive: zipfile.ZipFile) -> Manifest:
        if MANIFEST not in archive.namelist():
            raise ValueError("no backup of Tollgate's: it has no manifest")
        with archive.open(MANIFEST) as member:
            text = member.read(MANIFEST_MAX + 1)
        if len(text) > MANIFEST_MAX:
            raise ValueError("the manifest is too long")
        return read_manifest(text)

    def pages(self, entry: CollectionEntry) -> Iterator[list[Document]]:
        """Yield the documents of one collection in pages; its checksum is verified before the last page."""
        reading = _CollectionReader(self.path, entry)
        with reading.errors_translated(), self._zip.open(member_of(entry.name)) as member:
            yield from reading.pages(io.BufferedReader(cast(Any, member), _BUFFER))


@dataclass(slots=True)
class _CollectionReader:
    """Reads and checks the lines of one collection."""

    path: Path
    entry: CollectionEntry
    #: number of the last line that was read
    line: int = 0
    size: int = 0
    sum: Any = field(default_factory=hashlib.sha256)

    def damaged(self, reason: str, line: int | None = None) -> DamagedBackup:
        return DamagedBackup(self.path, reason, collection=self.entry.name, line=line)

    @contextmanager
    def errors_translated(self) -> Iterator[None]:
        """Raise DamagedBackup, naming the line that could not be read, for errors of the block."""
        try:
            yield
        except OSError as error:
            raise self.damaged(f"cannot be read: {error.strerror or type(error).__name__}", self.line + 1) from error
        except zipfile.BadZipFile as error:
            # the ZIP's own checksum, verified after the last line, or the header of the member
            raise self.damaged("not as it was written (checksum)", None if self.line else 1) from error
        except _BROKEN as error:
            raise self.damaged("cannot be unpacked", self.line + 1) from error

    def pages(self, lines: IO[bytes]) -> Iterator[list[Document]]:
        page: list[Document] = []
        size = 0
        while line := lines.readline(LINE_MAX + 1):
            page.append(self._document(line))
            size += len(line)
            if len(page) >= PAGE_DOCUMENTS or size >= PAGE_BYTES:
                yield page
                page, size = [], 0
        self._check_end()
        if page:
            yield page

    def _document(self, line: bytes) -> Document:
        self.line += 1
        self.size += len(line)
        if self.line > self.entry.documents or self.size > self.entry.bytes:
            raise self.damaged("more than the manifest says", self.line)
        if len(line) > LINE_MAX or not line.endswith(b"\n"):
            raise self.damaged("longer than any document" if len(line) > LINE_MAX else "cut off", self.line)
        self.sum.update(line)
        try:
            return from_line(line)
        except ValueError as error:
            raise self.damaged(str(error), self.line) from error

    def _check_end(self) -> None:
        if self.line < self.entry.documents:
            raise self.damaged(f"{self.entry.documents} documents were written, here it ends", self.line + 1)
        if self.sum.hexdigest() != self.entry.sha256:
            raise self.damaged("every line can be read, but they are not those that were written (checksum)")

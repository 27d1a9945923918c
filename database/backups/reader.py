"""Read a backup as untrusted input: bounded, checked line by line, only the members its manifest names. Blocking."""

import hashlib
import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

from core.errors import TollgateError
from database.backups.bounds import SIGNED, UNSIGNED, Bounds, check_directory
from database.backups.encryption import CannotDecrypt, open_plain
from database.backups.lines import from_line
from database.backups.manifest import (
    MANIFEST,
    MANIFEST_MAX,
    SIGNATURE,
    SIGNATURE_LENGTH,
    CollectionEntry,
    Manifest,
    member_of,
    read_manifest,
)
from database.backups.signing import BackupKey, why_unsigned
from database.values import Document

#: what reading a broken ZIP raises, besides OSError
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError)
_CUT_OFF = "no backup, or one that is cut off"
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


class UnsignedBackup(DamagedBackup):
    """Nobody vouches for the file: it may be restored on purpose only."""

    sentence = "That file is not signed with the key of this DATA_DIR."


@dataclass(frozen=True, slots=True)
class Trust:
    """What a backup has to be to be read."""

    #: of this DATA_DIR; None when it has none
    key: BackupKey | None = None
    #: also one that nobody vouches for
    is_unsigned_accepted: bool = False
    #: file of the private key of an encrypted one
    identity: Path | None = None


class BackupReader:
    """An open backup; a context manager. Every method raises DamagedBackup, the constructor OSError too.

    The constructor raises UnsignedBackup for one that is not signed with the key of `trust`, unless that accepts it,
    before any document is looked at.
    """

    def __init__(self, path: Path, trust: Trust) -> None:
        self.path = path
        #: why nobody vouches for it; None: it is signed
        self.unsigned: str | None = None
        try:
            self._file = open_plain(path, trust.identity)
        except CannotDecrypt as error:
            raise DamagedBackup(path, str(error).removeprefix(path.name).strip()) from None
        try:
            self._zip, self.manifest = self._opened(trust)
        except DamagedBackup:
            self._file.close()
            raise

    def __enter__(self) -> "BackupReader":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._zip.close()
        self._file.close()

    @property
    def _bounds(self) -> Bounds:
        return SIGNED if self.unsigned is None else UNSIGNED

    def _opened(self, trust: Trust) -> tuple[zipfile.ZipFile, Manifest]:
        try:
            check_directory(self._file)
            archive = zipfile.ZipFile(self._file)
            text = self._member(archive, MANIFEST, MANIFEST_MAX)
            if text is None:
                raise ValueError("no backup of Tollgate's: it has no manifest")
            manifest = read_manifest(text)
            signature = self._member(archive, SIGNATURE, SIGNATURE_LENGTH)
            signed = None if signature is None else signature.decode("ascii", "replace")
            self.unsigned = why_unsigned(text, signed, manifest.key_id, trust.key)
        except OSError as error:
            raise DamagedBackup(self.path, f"cannot be read: {error.strerror}") from error
        except _BROKEN as error:
            is_ours = isinstance(error, ValueError) and not isinstance(error, UnicodeError)
            raise DamagedBackup(self.path, str(error) if is_ours else _CUT_OFF) from error
        self._check_members(archive, manifest)
        if self.unsigned is not None and not trust.is_unsigned_accepted:
            raise UnsignedBackup(self.path, self.unsigned)
        return archive, manifest

    @staticmethod
    def _member(archive: zipfile.ZipFile, name: str, size_max: int) -> bytes | None:
        if name not in archive.namelist():
            return None
        with archive.open(name) as member:
            text = member.read(size_max + 1)
        if len(text) > size_max:
            raise ValueError(f"the {name.removesuffix('.json')} is too long")
        return text

    def _check_members(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        members = archive.infolist()
        names = {member.filename for member in members}
        expected = manifest.members()
        if self.unsigned is not None:
            # a signature that is not there is why nobody vouches for it
            names.add(SIGNATURE)
            expected.add(SIGNATURE)
        if len({member.filename for member in members}) < len(members) or names != expected:
            raise DamagedBackup(self.path, "the files in it are not those its manifest names")
        if any(member.compress_type not in _METHODS or member.flag_bits & 1 for member in members):
            raise DamagedBackup(self.path, "not packed the way Tollgate packs")
        # members that share their packed bytes would multiply them
        packed = sum(member.compress_size for member in members)
        refuses = self._bounds.refuses_ratio
        too_much = any(refuses(member.compress_size, member.file_size) for member in members)
        if too_much or packed > self._file.seek(0, os.SEEK_END):
            raise DamagedBackup(self.path, f"unpacked it would be more than {UNSIGNED.ratio} times as large")

    def pages(self, entry: CollectionEntry) -> Iterator[list[Document]]:
        """Yield the documents of one collection in pages; its checksum is verified before the last page."""
        reading = _CollectionReader(self.path, entry, self._bounds)
        with reading.errors_translated(), self._zip.open(member_of(entry.name)) as member:
            yield from reading.pages(io.BufferedReader(cast(Any, member), _BUFFER))


@dataclass(slots=True)
class _CollectionReader:
    """Reads and checks the lines of one collection."""

    path: Path
    entry: CollectionEntry
    bounds: Bounds
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
        while line := lines.readline(self.bounds.line + 1):
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
        if len(line) > self.bounds.line or not line.endswith(b"\n"):
            raise self.damaged("longer than any document" if len(line) > self.bounds.line else "cut off", self.line)
        self.sum.update(line)
        try:
            return from_line(line, self.bounds)
        except ValueError as error:
            raise self.damaged(str(error), self.line) from error

    def _check_end(self) -> None:
        if self.line < self.entry.documents:
            raise self.damaged(f"{self.entry.documents} documents were written, here it ends", self.line + 1)
        if self.sum.hexdigest() != self.entry.sha256:
            raise self.damaged("every line can be read, but they are not those that were written (checksum)")

"""Write the file of a backup: a ZIP with one member of lines per collection, the manifest last. Blocking."""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, cast

from database.backups.files import PartialFile
from database.backups.lines import to_line
from database.backups.manifest import MANIFEST, CollectionEntry, Manifest, member_of
from database.values import Document

#: zlib's level: twice as fast as the default 6, for a file some percent larger
_LEVEL = 3


class BackupWriter:
    """A backup being written. Every method may raise OSError; call `discard` then."""

    def __init__(self, path: Path, backup_id: str, database: str, at: datetime) -> None:
        self._about = (backup_id, database, at)
        self._file = PartialFile(path)
        # a file that cannot seek is enough for a ZipFile, which then writes the sizes behind each member
        self._zip = zipfile.ZipFile(cast(IO[bytes], self._file), "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        self._entries: list[CollectionEntry] = []
        self._member: _Member | None = None

    @property
    def size(self) -> int:
        """Bytes of the file so far."""
        return self._file.size

    def start_collection(self, collection: str) -> None:
        """Start the member of a collection; the pages that follow belong to it."""
        self._end_member()
        self._member = _Member(collection, self._open(member_of(collection)))

    def add(self, page: Sequence[Document]) -> int:
        """Write documents of the current collection; returns the bytes of their lines.

        Raises ValueError naming the collection for a document that cannot be written.
        """
        assert self._member is not None
        return self._member.add(page)

    def finish(self) -> Manifest:
        """Write the manifest and give the file its name."""
        self._end_member()
        backup_id, database, at = self._about
        manifest = Manifest(id=backup_id, database=database, at=at, collections=tuple(self._entries))
        with self._open(MANIFEST) as member:
            member.write(manifest.model_dump_json(indent=1).encode())
        self._zip.close()
        self._file.keep()
        return manifest

    def discard(self) -> None:
        """Remove the file."""
        self._file.discard()
        if self._member is not None:
            self._member.file.close()
        self._zip.close()

    def _open(self, name: str) -> IO[bytes]:
        about = zipfile.ZipInfo(name, self._about[2].timetuple()[:6])
        about.compress_type = zipfile.ZIP_DEFLATED
        about.external_attr = 0o600 << 16
        return self._zip.open(about, "w", force_zip64=True)

    def _end_member(self) -> None:
        if self._member is not None:
            self._entries.append(self._member.end())
            self._member = None


class _Member:
    """The lines of one collection."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self.file = file
        self._name = name
        self._documents = 0
        self._bytes = 0
        self._sum = hashlib.sha256()

    def add(self, page: Sequence[Document]) -> int:
        lines = io.BytesIO()
        for document in page:
            try:
                lines.write(to_line(document))
            except ValueError as error:
                # the text of the error may quote the document
                raise ValueError(f"{self._name}: a document that cannot be written ({type(error).__name__})") from error
        content = lines.getvalue()
        self._sum.update(content)
        self._documents += len(page)
        self._bytes += len(content)
        self.file.write(content)
        return len(content)

    def end(self) -> CollectionEntry:
        self.file.close()
        return CollectionEntry(
            name=self._name, documents=self._documents, bytes=self._bytes, sha256=self._sum.hexdigest()
        )

"""Write the file of a backup: a ZIP with one member of lines per collection, the manifest last. Blocking."""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, cast, get_args

from database.backups.encryption import EncryptedFile
from database.backups.files import PartialFile
from database.backups.lines import to_line
from database.backups.manifest import MANIFEST, SIGNATURE, CollectionEntry, KeyFile, Manifest, member_of
from database.backups.sealed_fields import seal
from database.backups.signing import make_key
from database.values import Document

#: zlib's level: twice as fast as the default 6, for a file some percent larger
_LEVEL = 3


class BackupWriter:
    """A backup being written. Every method may raise OSError; call `discard` then."""

    def __init__(
        self, path: Path, backup_id: str, database: str, at: datetime, data_dir: Path, encrypt_to: str = ""
    ) -> None:
        """`data_dir`: whose key signs it. `encrypt_to`: the age key it is encrypted to, with the keys of `data_dir`."""
        self._about = (backup_id, database, at)
        self._key = make_key(data_dir)
        self._keys = _key_files(data_dir) if encrypt_to else {}
        self._fields = None if encrypt_to else self._key.for_fields()
        self._file = PartialFile(path)
        self._encrypted = EncryptedFile(self._file, encrypt_to) if encrypt_to else None
        # a file that cannot seek is enough for a ZipFile, which then writes the sizes behind each member
        into = cast(IO[bytes], self._encrypted or self._file)
        self._zip = zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
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
        return self._member.add(page if self._fields is None else seal(self._member.name, page, self._fields))

    def finish(self) -> Manifest:
        """Write the manifest and give the file its name."""
        self._end_member()
        backup_id, database, at = self._about
        manifest = Manifest(
            id=backup_id,
            database=database,
            at=at,
            collections=tuple(self._entries),
            key_id=self._key.id,
            is_sealed=self._fields is not None,
            keys=self._keys,
        )
        text = manifest.model_dump_json(indent=1).encode()
        for name, content in ((MANIFEST, text), (SIGNATURE, self._key.sign(text).encode())):
            with self._open(name) as member:
                member.write(content)
        self._zip.close()
        if self._encrypted is not None:
            self._encrypted.end()
        self._file.keep()
        return manifest

    def discard(self) -> None:
        """Remove the file."""
        self._file.discard()
        if self._member is not None:
            self._member.file.close()
        self._zip.close()
        if self._encrypted is not None:
            with suppress(OSError):
                self._encrypted.end()

    def _open(self, name: str) -> IO[bytes]:
        about = zipfile.ZipInfo(name, self._about[2].timetuple()[:6])
        about.compress_type = zipfile.ZIP_DEFLATED
        about.external_attr = 0o600 << 16
        return self._zip.open(about, "w", force_zip64=True)

    def _end_member(self) -> None:
        if self._member is not None:
            self._entries.append(self._member.end())
            self._member = None


def _key_files(data_dir: Path) -> dict[KeyFile, str]:
    """Return the key files a restored database needs, as far as there are any. Raises OSError."""
    paths = {name: data_dir / name for name in get_args(KeyFile)}
    return {name: path.read_text(encoding="ascii").strip() for name, path in paths.items() if path.exists()}


class _Member:
    """The lines of one collection."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self.file = file
        self.name = name
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
                raise ValueError(f"{self.name}: a document that cannot be written ({type(error).__name__})") from error
        content = lines.getvalue()
        self._sum.update(content)
        self._documents += len(page)
        self._bytes += len(content)
        self.file.write(content)
        return len(content)

    def end(self) -> CollectionEntry:
        self.file.close()
        return CollectionEntry(
            name=self.name, documents=self._documents, bytes=self._bytes, sha256=self._sum.hexdigest()
        )

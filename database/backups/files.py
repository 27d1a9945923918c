"""Backup files: names, folder, a file that appears only when complete, and which older ones are removed."""

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from core.errors import TollgateError
from core.private_files import make_private_folder
from database.backups.manifest import stamp

if sys.platform != "win32":
    import fcntl

_PARTIAL = ".partial"
#: ends the name of an encrypted backup
ENCRYPTED = ".age"
#: ends the name of the file beside it, which `sha256sum -c` reads
_CHECKSUM = ".sha256"


class CannotWriteBackup(TollgateError):
    """The folder or the disk refused; the text says which and why. Older backups are kept."""

    sentence = "The backup could not be written: look at the space and the rights of the backup folder."


def backup_folder(data_dir: Path) -> Path:
    """Return the folder of backups below DATA_DIR."""
    return data_dir / "backups"


def data_dir_of(folder: Path) -> Path:
    """Return the DATA_DIR whose backups are in this folder."""
    return folder.parent


def file_name(database: str, at: datetime, backup_id: str, *, is_encrypted: bool = False) -> str:
    """Return the name of a backup; names of one database sort by time."""
    return f"tollgate-{database}-{stamp(at)}-{backup_id[:6]}.zip{ENCRYPTED if is_encrypted else ''}"


def is_encrypted(path: Path) -> bool:
    return path.name.endswith(ENCRYPTED)


def checksum_of(path: Path) -> Path:
    """Return where the checksum of an encrypted backup stands: nothing but the private key can look into it."""
    return path.with_name(path.name + _CHECKSUM)


def _names_of(database: str, ending: str = "") -> re.Pattern[str]:
    name = rf"tollgate-{re.escape(database)}-(\d{{8}}T\d{{6}}Z)-[0-9a-f]{{6}}\.zip(\.age)?"
    return re.compile(name + re.escape(ending))


def backups_of(folder: Path, database: str) -> list[Path]:
    """Return the database's backups, newest first by their names; `[]` also without a folder. Raises OSError."""
    own = _names_of(database)
    found = [path for path in _files(folder) if own.fullmatch(path.name)]
    return sorted(found, key=lambda path: path.name, reverse=True)


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_file() and not path.is_symlink()]
    except FileNotFoundError:
        return []


def written_at(path: Path) -> datetime:
    """Return when the backup was started, from its name; aware UTC."""
    return datetime.strptime(path.name.rsplit("-", 2)[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


@contextmanager
def translated_os_errors(path: Path, before: str = "") -> Iterator[None]:
    """Raise CannotWriteBackup for an OSError of the block, which writes below `path`: `before`, path and reason."""
    try:
        yield
    except OSError as error:
        raise CannotWriteBackup(f"{before}{path}: {error.strerror or type(error).__name__}") from error


def make_folder(folder: Path) -> None:
    """Create the folder, readable by its owner alone. Raises OSError."""
    make_private_folder(folder)
    # a mounted folder may belong to another user: the files themselves are 0600
    with suppress(PermissionError):
        folder.chmod(0o700)


class PartialFile:
    """A file with a temporary name until `keep` renames it. Every method may raise OSError."""

    def __init__(self, path: Path) -> None:
        self.size = 0
        self.sum = hashlib.sha256()
        self._path = path
        self._partial = path.with_name(path.name + _PARTIAL)
        self._file: int | None = _created(self._partial)

    def write(self, content: bytes) -> int:
        """Write all of `content`; nothing after `discard`, because a ZipFile writes its end even then."""
        rest = memoryview(content)
        while self._file is not None and rest:
            rest = rest[os.write(self._file, rest) :]
        self.size += len(content)
        self.sum.update(content)
        return len(content)

    def flush(self) -> None:
        """Do nothing: writes are not buffered."""

    def keep(self) -> None:
        """Sync the file to disk, then give it its name."""
        assert self._file is not None
        os.fsync(self._file)
        if sys.platform == "win32":  # an open file cannot be renamed there
            self._close()
        self._partial.rename(self._path)
        self._close()
        if is_encrypted(self._path):
            _write_checksum(self._path, self.sum.hexdigest())
        _sync(self._path.parent)

    def discard(self) -> None:
        """Remove the file."""
        self._close()
        self._partial.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)


def _write_checksum(path: Path, hexdigest: str) -> None:
    # after the backup has its name: one without a backup was left by a crash while that was removed
    file = os.open(checksum_of(path), os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    try:
        os.write(file, f"{hexdigest}  {path.name}\n".encode())
        os.fsync(file)
    finally:
        os.close(file)


def _created(path: Path) -> int:
    """Create a file that is locked while it is open: an unlocked one was left by a crash."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    while True:
        file = os.open(path, flags, 0o600)
        _lock(file)
        # another process may have removed it as a leftover before it was locked
        if os.fstat(file).st_nlink:
            return file
        os.close(file)


def _lock(file: int, *, waits: bool = True) -> bool:
    """Lock the file; False when another process has it and `waits` is False, or the file system cannot lock."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _sync(folder: Path) -> None:
    if sys.platform == "win32":
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def remove_leftovers(folder: Path, database: str) -> int:
    """Remove the partial files of interrupted backups of this database; returns how many. Raises OSError."""
    own, sums = _names_of(database, _PARTIAL), _names_of(database, _CHECKSUM)
    for path in _files(folder):
        if sums.fullmatch(path.name) and not path.with_name(path.name.removesuffix(_CHECKSUM)).exists():
            path.unlink(missing_ok=True)
    return sum(_remove_unless_held(path) for path in _files(folder) if own.fullmatch(path.name))


def _remove_unless_held(path: Path) -> bool:
    if sys.platform == "win32":
        # an open file cannot be removed there
        with suppress(PermissionError):
            path.unlink(missing_ok=True)
            return True
        return False
    try:
        file = os.open(path, os.O_WRONLY)
    except FileNotFoundError:
        return False
    try:
        is_left = _lock(file, waits=False)
        if is_left:
            path.unlink(missing_ok=True)
        return is_left
    finally:
        os.close(file)


def remove_all_but(folder: Path, database: str, keep: int, newest: Path) -> int:
    """Remove the database's older backups; returns how many. Raises OSError.

    Kept are the last `keep` of the day of `newest`, including it, and the last of each of the `keep` - 1 most recent
    other days that have one (UTC, by the names): backups made by hand do not replace those of other days.
    """
    of_today: list[Path] = []
    by_day: dict[str, list[Path]] = {}
    for path in backups_of(folder, database):
        if path.name != newest.name:
            is_of_today = _day_of(path) == _day_of(newest)
            (of_today if is_of_today else by_day.setdefault(_day_of(path), [])).append(path)
    nights = list(by_day.values())
    more = max(keep - 1, 0)
    removed = [*of_today[more:], *(path for night in nights[:more] for path in night[1:])]
    removed += [path for night in nights[more:] for path in night]
    for path in removed:
        path.unlink(missing_ok=True)
        checksum_of(path).unlink(missing_ok=True)
    return len(removed)


def _day_of(path: Path) -> str:
    # not parsed as a date: a file named after an impossible day must not stop the backups
    return path.name.rsplit("-", 2)[1][:8]

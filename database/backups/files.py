"""Backups as files: their names, the folder, a file that is whole or not there, and which ones may go."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from core.errors import TollgateError
from database.backups.manifest import stamp

if sys.platform != "win32":
    import fcntl

_PARTIAL = ".partial"


class CannotWriteBackup(TollgateError):
    """The folder or the disk refused; the text says which and why. What stood there before still stands."""

    sentence = "The backup could not be written: look at the space and the rights of the backup folder."


def backup_folder(data_dir: Path) -> Path:
    """Where backups stand below DATA_DIR."""
    return data_dir / "backups"


def file_name(database: str, at: datetime, backup_id: str) -> str:
    return f"tollgate-{database}-{stamp(at)}-{backup_id[:6]}.zip"


def _names_of(database: str, ending: str = "") -> re.Pattern[str]:
    return re.compile(rf"tollgate-{re.escape(database)}-(\d{{8}}T\d{{6}}Z)-[0-9a-f]{{6}}\.zip{re.escape(ending)}")


def backups_of(folder: Path, database: str) -> list[Path]:
    """The database's backups, newest first by their names; `[]` also without a folder. Raises OSError."""
    own = _names_of(database)
    found = [path for path in _files(folder) if own.fullmatch(path.name)]
    return sorted(found, key=lambda path: path.name, reverse=True)


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_file() and not path.is_symlink()]
    except FileNotFoundError:
        return []


def written_at(path: Path) -> datetime:
    """When the backup was begun, as its name says."""
    return datetime.strptime(path.name.rsplit("-", 2)[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


@contextmanager
def translated_os_errors(path: Path, before: str = "") -> Iterator[None]:
    """Run a block that writes below `path`; raises CannotWriteBackup for an OSError in it, `before` and the reason."""
    try:
        yield
    except OSError as error:
        raise CannotWriteBackup(f"{before}{path}: {error.strerror or type(error).__name__}") from error


def make_folder(folder: Path) -> None:
    """The folder, readable by its owner alone. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # one that was mounted may belong to somebody else: the files themselves are 0600
    with suppress(PermissionError):
        folder.chmod(0o700)


class PartialFile:
    """A file under a temporary name, until `keep` gives it its own. Every method may raise OSError."""

    def __init__(self, path: Path) -> None:
        self.size = 0
        self._path = path
        self._partial = path.with_name(path.name + _PARTIAL)
        self._file: int | None = _created(self._partial)

    def write(self, content: bytes) -> int:
        """All of `content`; nothing once the file was given up, for a ZipFile writes its end even then."""
        rest = memoryview(content)
        while self._file is not None and rest:
            rest = rest[os.write(self._file, rest) :]
        self.size += len(content)
        return len(content)

    def flush(self) -> None:
        """Nothing is held back."""

    def keep(self) -> None:
        """Make it last: on the disk first, then under its own name."""
        assert self._file is not None
        os.fsync(self._file)
        if sys.platform == "win32":  # an open file cannot be renamed there
            self._close()
        self._partial.rename(self._path)
        self._close()
        _sync(self._path.parent)

    def discard(self) -> None:
        """Give it up and remove it."""
        self._close()
        self._partial.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)


def _created(path: Path) -> int:
    """A new file, locked while it is open: one that nobody has locked was left by a crash."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    while True:
        file = os.open(path, flags, 0o600)
        _lock(file)
        # somebody who tidied up may have seen it before it was locked
        if os.fstat(file).st_nlink:
            return file
        os.close(file)


def _lock(file: int, *, waits: bool = True) -> bool:
    """False when somebody else has it and it `waits` not, or where the file system cannot lock."""
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
    """Remove what backups of this database left behind that were cut short; returns how many. Raises OSError."""
    own = _names_of(database, _PARTIAL)
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
    """Remove the database's backups but those that are kept; returns how many. Raises OSError.

    Kept are the `keep` last of the day of `newest`, itself among them, and the last of each of the `keep` - 1 most
    recent other days that have one (UTC, by the names): backups made by hand push out no night's.
    """
    of_today: list[Path] = []
    by_day: dict[str, list[Path]] = {}
    for path in backups_of(folder, database):
        if path.name != newest.name:
            is_of_today = _day_of(path) == _day_of(newest)
            (of_today if is_of_today else by_day.setdefault(_day_of(path), [])).append(path)
    nights = list(by_day.values())
    more = max(keep - 1, 0)
    useless = [*of_today[more:], *(path for night in nights[:more] for path in night[1:])]
    useless += [path for night in nights[more:] for path in night]
    for path in useless:
        path.unlink(missing_ok=True)
    return len(useless)


def _day_of(path: Path) -> str:
    # not read as a date: a file somebody named after no day there is must not stop the backups
    return path.name.rsplit("-", 2)[1][:8]

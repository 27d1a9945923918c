"""Files and folders that only the account of this process can read: secrets, keys, backups."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

_OTHERS_READ, _OTHERS_WRITE = stat.S_IRGRP | stat.S_IROTH, stat.S_IWGRP | stat.S_IWOTH


def make_private_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for this account only; leave those that are there.

    `Path.mkdir(mode, parents=True)` gives its mode to the last one alone. Raises OSError.
    """
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)


def write_once(path: Path, content: bytes) -> None:
    """Write a file with mode 0600 unless there is one, of another process perhaps. Raises OSError.

    Atomic: nobody reads an incomplete file, and a crash leaves none by this name.
    """
    make_private_folder(path.parent)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # linking is atomic and overwrites nothing
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink()


def is_open_to_others(path: Path) -> bool:
    """Return whether other accounts of this machine may read or write a file, or look into a folder."""
    return _has(path, _OTHERS_READ | _OTHERS_WRITE)


def is_changeable_by_others(path: Path) -> bool:
    """Return whether other accounts of this machine may write a file."""
    return _has(path, _OTHERS_WRITE)


def _has(path: Path, bits: int) -> bool:
    # a file that is not there is nobody's, and Windows has no such bits
    try:
        return os.name == "posix" and bool(path.stat().st_mode & bits)
    except OSError:
        return False

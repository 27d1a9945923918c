"""Hashes of erased subscribers in DATA_DIR, so that a backup from before erases them again when it is restored."""

import asyncio
import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from core.clock import to_milliseconds
from core.privacy.tombstones import TOMBSTONES_KEPT, tombstone
from core.private_files import make_private_folder
from database.operations.erasures import erasure_ops
from database.secret_file import NoSecret, find_secret, read_secret

#: the file of the key, and the file of the hashes: one a line, with the time when its erasure was asked for
KEY, HASHES = "erasure_key", "erased"
#: hashes read at once
PAGE = 1000


class Tombstones:
    """The hashes one process knows. Without a folder (the in-memory store) none outlives it."""

    def __init__(self, key: bytes, folder: Path | None = None, problem: str | None = None) -> None:
        """`problem`: why hashes cannot be kept, for operators."""
        self._key = key
        self._folder = folder
        self.problem = problem

    def of(self, user_id: int) -> str:
        """Return the hash of a subscriber."""
        return tombstone(self._key, user_id)

    def note(self, tombstone: str, asked_at: datetime) -> None:
        """Append a hash to the file and sync it, before anything is deleted. Raises OSError."""
        if self._folder is not None:
            _append(self._folder / HASHES, [f"{tombstone} {_stamp(asked_at)}\n"])

    def known(self) -> dict[str, datetime]:
        """Return the hashes of the file and when each erasure was asked for last; lines that cannot be read are left.

        Raises OSError.
        """
        return {} if self._folder is None else _read(self._folder / HASHES)


async def keep_up(folder: Path, now: datetime) -> int:
    """Bring the file of a folder up to what the database has, which other machines may have added; return how many.

    Forgets those older than TOMBSTONES_KEPT. Raises OSError.
    """
    path = folder / HASHES
    known = await asyncio.to_thread(_read, path)
    missing = await _missing(known)
    old = {one for one, at in known.items() if at < now - TOMBSTONES_KEPT}
    if old:
        left = {one: at for one, at in known.items() if one not in old} | missing
        await asyncio.to_thread(_replace, path, left)
    elif missing:
        await asyncio.to_thread(_append, path, [f"{one} {_stamp(at)}\n" for one, at in missing.items()])
    return len(missing)


def fleeting_tombstones(secret: str = "") -> Tombstones:
    """Return what keeps nothing: of a store that is gone with its process. The same `secret` makes the same hashes."""
    return Tombstones(sha256(secret.encode()).digest() if secret else secrets.token_bytes(32))


def open_tombstones(folder: Path) -> Tombstones:
    """Return those of DATA_DIR; makes the key when there is none.

    Where that is impossible erasures go on, and `problem` says that a restored backup brings people back.
    """
    try:
        return Tombstones(find_secret(folder, KEY), folder)
    except NoSecret as error:
        return Tombstones(secrets.token_bytes(32), None, str(error))


def find_tombstones(folder: Path) -> Tombstones | None:
    """Return those of DATA_DIR for a restore; None when nobody was erased with this folder."""
    key = read_secret(folder, KEY)
    return None if key is None else Tombstones(key, folder)


async def _missing(known: Mapping[str, datetime]) -> dict[str, datetime]:
    missing: dict[str, datetime] = {}
    after = ""
    while page := await erasure_ops.find_done(after, PAGE):
        missing |= {one: at for one, at in page if one not in known or known[one] < at}
        after = page[-1][0]
        if len(page) < PAGE:
            break
    return missing


def _stamp(at: datetime) -> str:
    # as the database has it: one who came back in the same second came back later
    return to_milliseconds(at.astimezone(UTC)).isoformat(timespec="milliseconds")


def _read(path: Path) -> dict[str, datetime]:
    if not path.exists():
        return {}
    found: dict[str, datetime] = {}
    for line in path.read_text(encoding="ascii", errors="replace").splitlines():
        one, _, at = line.partition(" ")
        try:
            asked_at = datetime.fromisoformat(at.strip())
        except ValueError:
            # the end of a line that a crash cut off
            continue
        if asked_at.tzinfo is not None:
            found[one] = max(asked_at, found.get(one, asked_at))
    return found


def _append(path: Path, lines: list[str]) -> None:
    make_private_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        file.seek(0, os.SEEK_END)
        # a line that a crash cut off must not swallow this one
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                lines = ["\n", *lines]
        file.write("".join(lines).encode("ascii"))
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, hashes: Mapping[str, datetime]) -> None:
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _append(fresh, [f"{one} {_stamp(at)}\n" for one, at in hashes.items()])
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)

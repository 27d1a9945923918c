"""The secret sessions are signed with: from the configuration, or made once and kept in DATA_DIR."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

NAME = "jwt_secret"
#: bytes; HS256 wants a key as long as its hash
SECRET_MIN = 32


class NoSecret(Exception):
    """There is none to work with; the text is one line for the operator and holds nothing of it."""


def find_secret(configured: str, folder: Path) -> bytes:
    """JWT_SECRET, or what `folder` keeps; made there at the first start. Processes that start at once find the same.

    Raises NoSecret when it is too short, or cannot be read or made.
    """
    if configured:
        return _long_enough(configured.encode(), "JWT_SECRET: at least 32 characters are expected")
    path = folder / NAME
    try:
        if not path.exists():
            _make(path)
        found = path.read_bytes().strip()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise NoSecret(f"DATA_DIR: {path} cannot be read or made ({why}); JWT_SECRET would do instead") from None
    return _long_enough(found, f"DATA_DIR: {path} is too short to be a secret; delete it, and a new one is made")


def _long_enough(secret: bytes, complaint: str) -> bytes:
    if len(secret) < SECRET_MIN:
        raise NoSecret(complaint)
    return secret


def _make(path: Path) -> None:
    """Write a secret of its own under another name, then give it the real one unless somebody else was first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{NAME}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # a link is made whole or not at all, and never over what is there: nobody reads half a secret
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink()

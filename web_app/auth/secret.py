"""The secret that signs sessions: from the configuration, or generated once and stored in DATA_DIR."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

NAME = "jwt_secret"
#: bytes; HS256 wants a key as long as its hash
SECRET_MIN = 32


class NoSecret(Exception):
    """No usable secret. The message is one line for the operator, without any part of the secret."""


def find_secret(configured: str, folder: Path) -> bytes:
    """Return JWT_SECRET, or else the secret stored in `folder`, generating it first when there is none.

    Atomic: processes that start at once get the same secret. Raises NoSecret when the secret is too short, or the file
    cannot be read or written.
    """
    if configured:
        return _long_enough(configured.encode(), "JWT_SECRET: at least 32 characters are expected")
    path = folder / NAME
    try:
        if not path.exists():
            _generate(path)
        found = path.read_bytes().strip()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise NoSecret(f"DATA_DIR: {path} cannot be read or made ({why}); JWT_SECRET would do instead") from None
    return _long_enough(found, f"DATA_DIR: {path} is too short to be a secret; delete it, and a new one is made")


def _long_enough(secret: bytes, complaint: str) -> bytes:
    if len(secret) < SECRET_MIN:
        raise NoSecret(complaint)
    return secret


def _generate(path: Path) -> None:
    """Write a new secret to a temporary file, then link it to `path` unless another process has been faster."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{NAME}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # linking is atomic and overwrites nothing: no process reads an incomplete secret
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink()

"""Secrets of DATA_DIR: each generated once and kept in a file only its owner can read."""

import secrets
from pathlib import Path

from core.private_files import is_changeable_by_others, write_once

#: signs the admin page's sessions, unless JWT_SECRET is set
SESSIONS = "jwt_secret"
#: proves which stored owners are owners
OWNERS = "owner_key"
#: bytes; HS256 wants a key as long as its hash
SECRET_MIN = 32


class NoSecret(Exception):
    """No usable secret. The message is one line for the operator, without any part of the secret."""


def find_secret(folder: Path, name: str, *, configured: str = "", variable: str = "") -> bytes:
    """Return the configured secret, or else the file `name` in `folder`, generating it first when there is none.

    `variable` sets `configured`; it is named when the file cannot be used. Atomic: processes that start at once get
    the same secret. Raises NoSecret when the secret is too short, or the file cannot be read or written.
    """
    if configured:
        return _long_enough(configured.encode(), f"{variable}: at least 32 characters are expected")
    path = folder / name
    try:
        if not path.exists():
            write_once(path, f"{secrets.token_urlsafe(48)}\n".encode())
        found = path.read_bytes().strip()
        if is_changeable_by_others(path):
            raise NoSecret(f"DATA_DIR: other accounts can change {path}; if none of them did, chmod 600 {path}")
    except OSError as error:
        why = error.strerror or type(error).__name__
        instead = f"; {variable} would do instead" if variable else ""
        raise NoSecret(f"DATA_DIR: {path} cannot be read or made ({why}){instead}") from None
    return _long_enough(found, f"DATA_DIR: {path} is too short to be a secret; delete it, and a new one is made")


def read_secret(folder: Path, name: str) -> bytes | None:
    """Return the secret of a file that is there; None when it is not, cannot be read or is too short."""
    try:
        found = (folder / name).read_bytes().strip()
    except OSError:
        return None
    return found if len(found) >= SECRET_MIN else None


def _long_enough(secret: bytes, complaint: str) -> bytes:
    if len(secret) < SECRET_MIN:
        raise NoSecret(complaint)
    return secret

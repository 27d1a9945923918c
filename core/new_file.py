"""Files that several processes may want to make at once: one of them does, whole."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def create_secret_file(path: Path, content: bytes) -> None:
    """Create a file only its owner can read (0600), unless there is one; with its folder. Raises OSError.

    Atomic: it is written to a temporary file and linked, so no process reads an incomplete one or overwrites another's.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink()

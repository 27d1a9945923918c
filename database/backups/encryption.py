"""Backups encrypted to an age key: only its private key, which is not on this machine, decrypts them. Blocking."""

import os
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import pyrage

from core.errors import TollgateError
from database.backups.files import PartialFile

#: how a file that is encrypted with age begins
_MAGIC = b"age-encryption.org/"
#: bytes of a file with private keys
_IDENTITY_MAX = 64 * 1024


class CannotDecrypt(TollgateError):
    """The private key is missing, or another one; the text says which."""


class EncryptedFile:
    """What is written to it reaches a partial file encrypted; nothing is on the disk in the clear.

    A thread encrypts: the library asks for what it encrypts, and a ZIP file writes.
    """

    def __init__(self, file: PartialFile, recipient: str) -> None:
        self._file = file
        self._recipient = pyrage.x25519.Recipient.from_str(recipient)
        self._problem: OSError | None = None
        reading, self._pipe = os.pipe()
        self._thread = threading.Thread(target=self._encrypt, args=(reading,), name="backup encryption")
        self._thread.start()

    def _encrypt(self, reading: int) -> None:
        with os.fdopen(reading, "rb") as plain:
            try:
                pyrage.encrypt_io(plain, _Noting(self._file, self), [self._recipient])
            except (pyrage.EncryptError, OSError) as error:
                # the library keeps of an error of the disk only its text
                self._problem = self._problem or OSError(0, f"cannot be encrypted ({type(error).__name__})")

    def note(self, problem: OSError) -> None:
        self._problem = problem

    def write(self, content: bytes) -> int:
        """Write all of `content`; nothing after `end`. Raises OSError, also that of the partial file."""
        rest = memoryview(content)
        try:
            while self._pipe >= 0 and rest:
                rest = rest[os.write(self._pipe, rest) :]
        except BrokenPipeError:
            self.end()
            raise
        return len(content)

    def flush(self) -> None:
        """Do nothing: writes are not buffered."""

    def end(self) -> None:
        """Wait until everything is encrypted and written. Raises OSError."""
        if self._pipe >= 0:
            pipe, self._pipe = self._pipe, -1
            os.close(pipe)
        self._thread.join()
        if self._problem is not None:
            raise self._problem


class _Noting:
    """Passes on to the partial file, and notes its error."""

    def __init__(self, file: PartialFile, whole: EncryptedFile) -> None:
        self._file = file
        self._whole = whole

    def write(self, content: bytes) -> int:
        try:
            return self._file.write(content)
        except OSError as error:
            self._whole.note(error)
            raise

    def flush(self) -> None:
        """Do nothing: writes are not buffered."""


def open_plain(path: Path, identity: Path | None) -> IO[bytes]:
    """Open a backup for reading, decrypted when it is encrypted.

    Decrypted it is kept in a file without a name, which is gone with this process. Raises OSError, CannotDecrypt.
    """
    with ExitStack() as opened:
        file: IO[bytes] = opened.enter_context(path.open("rb"))
        begins = file.read(len(_MAGIC))
        file.seek(0)
        if begins == _MAGIC:
            if identity is None:
                raise CannotDecrypt(f"{path.name} is encrypted: name the file of its private key with --identity")
            plain = opened.enter_context(_nameless(path.parent))
            _decrypt(file, plain, path, identity)
            plain.seek(0)
            file.close()
            file = plain
        # the caller closes it
        opened.pop_all()
        return file


def _nameless(folder: Path) -> IO[bytes]:
    # beside the backup: a folder for temporary files may be memory, and this one has had room for as much
    return tempfile.TemporaryFile(dir=folder if os.access(folder, os.W_OK) else None)


def _decrypt(file: IO[bytes], plain: IO[bytes], path: Path, identity: Path) -> None:
    try:
        pyrage.decrypt_io(file, plain, _identities(identity))
    except pyrage.DecryptError:
        raise CannotDecrypt(f"{path.name} is encrypted to another key than that of {identity.name}") from None
    except OSError as error:
        why = error.strerror or "cut off, or changed after it was written"
        raise CannotDecrypt(f"{path.name} cannot be decrypted: {why}") from None


def _identities(path: Path) -> list[Any]:
    """Read private keys, one a line, as `age-keygen` writes them."""
    with path.open("rb") as file:
        lines = file.read(_IDENTITY_MAX).decode("ascii", "replace").splitlines()
    keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    try:
        found = [pyrage.x25519.Identity.from_str(key) for key in keys]
    except pyrage.IdentityError:
        found = []
    if not found:
        raise CannotDecrypt(f"{path.name} holds no private key of age (AGE-SECRET-KEY-1…)")
    return found

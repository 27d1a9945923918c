"""Whether a backup is one of ours: its manifest is signed with a key of DATA_DIR, and so are all sums in it."""

import base64
import hmac
from hashlib import sha256
from pathlib import Path

from cryptography.fernet import Fernet

from database.backups.files import CannotWriteBackup
from database.secret_file import NoSecret, find_secret, read_secret

#: the file in DATA_DIR
KEY = "backup_key"


class BackupKey:
    """The key of one DATA_DIR."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @property
    def id(self) -> str:
        """Names the key, and says nothing of it."""
        return self._of(b"tollgate backup key id")[:16]

    def sign(self, manifest: bytes) -> str:
        return self._of(b"tollgate backup manifest\0" + manifest)

    def has_signed(self, manifest: bytes, signature: str) -> bool:
        return hmac.compare_digest(self.sign(manifest).encode(), signature.encode())

    def for_fields(self) -> Fernet:
        """Return what encrypts single fields."""
        digest = hmac.new(self._secret, b"tollgate backup fields", sha256).digest()
        return Fernet(base64.urlsafe_b64encode(digest))

    def _of(self, text: bytes) -> str:
        return hmac.new(self._secret, text, sha256).hexdigest()


def make_key(data_dir: Path) -> BackupKey:
    """Return the key of DATA_DIR, making its file (0600) when there is none. Raises CannotWriteBackup."""
    try:
        return BackupKey(find_secret(data_dir, KEY))
    except NoSecret as error:
        raise CannotWriteBackup(str(error)) from None


def find_key(data_dir: Path) -> BackupKey | None:
    """Return the key of DATA_DIR; None when there is none that can be used."""
    found = read_secret(data_dir, KEY)
    return None if found is None else BackupKey(found)


class Tampered(ValueError):
    """Signed with this very key, and changed since: never to be used."""


def why_unsigned(manifest: bytes, signature: str | None, key_id: str | None, key: BackupKey | None) -> str | None:
    """Return why nobody vouches for a backup; None for one signed with `key`. Raises Tampered.

    `key_id`: what its manifest says; None in one of a version that did not sign.
    """
    if key_id is None:
        return "it is not signed, as those of older versions are not; only if it is yours: --unsigned"
    if signature is None:
        return "it is not signed; only if you know that nobody has changed it: --unsigned"
    if key is None or key.id != key_id:
        which = f"and DATA_DIR has no {KEY}" if key is None else f"with another {KEY} than that of DATA_DIR"
        return f"it is signed {which}: copy the file from where it was written; only without it: --unsigned"
    if not key.has_signed(manifest, signature):
        raise Tampered("it was changed after it had been signed")
    return None

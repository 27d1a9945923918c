"""Encrypts API keys of shorteners with a key of its own file, which is neither in the database nor in its backups."""

import base64
import hmac
from hashlib import sha256
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr

from core.private_files import is_changeable_by_others, write_once

#: the file's name in DATA_DIR
NAME = "shortener_key"


class NoVault(Exception):
    """Nothing can be encrypted. The message is one line for the operator, without any part of a secret."""


class KeyVault:
    """Seals and opens keys. The file is read once; without a usable one nothing can be sealed or opened."""

    def __init__(self, fernet: Fernet | None, problem: str = "") -> None:
        self._fernet = fernet
        #: why there is no usable file; "" when there is one
        self.problem = problem

    def seal(self, key: SecretStr) -> str:
        """Return the encrypted key. Raises NoVault."""
        if self._fernet is None:
            raise NoVault(self.problem)
        return self._fernet.encrypt(key.get_secret_value().encode()).decode()

    def unseal(self, sealed: str) -> SecretStr | None:
        """Return the key; None when it was sealed with another file, or there is none."""
        if self._fernet is None:
            return None
        try:
            return SecretStr(self._fernet.decrypt(sealed.encode()).decode())
        except (InvalidToken, UnicodeDecodeError):
            return None


def fleeting_vault(secret: str) -> KeyVault:
    """Return a vault without a file, for a database that is forgotten as well; the same for the same `secret`."""
    digest = hmac.new(secret.encode(), b"tollgate shortener keys", sha256).digest()
    return KeyVault(Fernet(base64.urlsafe_b64encode(digest)))


def open_vault(folder: Path) -> KeyVault:
    """Read the key file in `folder`, making it first when there is none (mode 0600).

    Atomic: processes that start at once get the same file. Raises nothing for a file that cannot be read, made or
    used: `problem` says why, and shorteners of the environment work without it.
    """
    path = folder / NAME
    try:
        if not path.exists():
            write_once(path, Fernet.generate_key() + b"\n")
        found = path.read_bytes().strip()
        if is_changeable_by_others(path):
            return KeyVault(None, f"DATA_DIR: other accounts can change {path}; if none of them did, chmod 600 {path}")
    except OSError as error:
        return KeyVault(None, f"DATA_DIR: {path} cannot be read or made ({error.strerror or type(error).__name__})")
    try:
        return KeyVault(Fernet(found))
    except ValueError:
        return KeyVault(None, f"DATA_DIR: {path} holds no key; put the right file back, or delete it for a new one")

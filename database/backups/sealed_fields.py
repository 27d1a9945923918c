"""Secrets among the fields of documents: in a backup that is not encrypted as a whole they are encrypted one by one."""

from collections import Counter
from collections.abc import Iterable, Sequence

from cryptography.fernet import Fernet, InvalidToken

from database.values import Document

#: by collection, the fields that are secrets: passwords of archives. Keys of shorteners are encrypted in the database
SECRETS = {"admin_config": ("post_password",), "posts": ("password",)}


def seal(collection: str, page: Sequence[Document], fernet: Fernet) -> Sequence[Document]:
    """Return the documents with their secrets encrypted."""
    names = SECRETS.get(collection, ())
    return [_sealed(document, names, fernet) for document in page] if names else page


def _sealed(document: Document, names: Iterable[str], fernet: Fernet) -> Document:
    # "": set on purpose to none
    secrets = {name: value for name in names if isinstance(value := document.get(name), str) and value}
    return document | {name: fernet.encrypt(value.encode()).decode() for name, value in secrets.items()}


class Unsealing:
    """Decrypts what `seal` has encrypted; what cannot be is left out and counted."""

    def __init__(self, fernet: Fernet | None) -> None:
        self._fernet = fernet
        #: by collection
        self.lost: Counter[str] = Counter()

    def unseal(self, collection: str, page: list[Document]) -> list[Document]:
        names = SECRETS.get(collection, ())
        return [self._unsealed(collection, document, names) for document in page] if names else page

    def _unsealed(self, collection: str, document: Document, names: Iterable[str]) -> Document:
        opened = dict(document)
        for name in names:
            if isinstance(sealed := document.get(name), str) and sealed:
                secret = self._open(sealed)
                if secret is None:
                    del opened[name]
                    self.lost[collection] += 1
                else:
                    opened[name] = secret
        return opened

    def _open(self, sealed: str) -> str | None:
        if self._fernet is None:
            return None
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeDecodeError):
            return None

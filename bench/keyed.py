"""mongomock with what a server's unique indexes give: documents are looked up by key, not by going through all.

mongomock asks every document of a collection whether it fits, for every operation: that says nothing about a server.
The figures show the product on it as it is, and with this, which changes no answer and keeps the same documents.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary

from mongomock.collection import Collection
from mongomock.filtering import filter_applies
from mongomock.store import CollectionStore

Document = dict[str, Any]
Ids = tuple[Any, ...]

#: what an equality may compare with
_PLAIN = (str, int, bytes)


class Keys:
    """Which documents have which value in the fields that are unique alone. Stale ids are passed over."""

    def __init__(self) -> None:
        self._fields: WeakKeyDictionary[Any, dict[str, dict[Any, Ids]]] = WeakKeyDictionary()

    def note(self, store: Any, key: Any, document: Document) -> None:
        """A document was written under `key`."""
        for field, by_value in self._fields.get(store, {}).items():
            _add(by_value, document.get(field), key)

    def candidates(self, store: Any, condition: Mapping[str, Any]) -> list[Document] | None:
        """The only documents that can match, or None when no key is in the condition."""
        wanted = _ids_in(condition.get("_id"))
        if wanted is None:
            field = next((name for name in _unique_fields(store) if isinstance(condition.get(name), _PLAIN)), None)
            if field is None:
                return None
            wanted = self._values(store, field).get(condition[field], ())
        documents: dict[Any, Document] = store._documents
        return [documents[key] for key in wanted if key in documents]

    def _values(self, store: Any, field: str) -> dict[Any, Ids]:
        fields = self._fields.setdefault(store, {})
        if field not in fields:
            fields[field] = {}
            for key, document in store._documents.items():
                _add(fields[field], document.get(field), key)
        return fields[field]


def _add(by_value: dict[Any, Ids], value: Any, key: Any) -> None:
    if isinstance(value, _PLAIN) and key not in by_value.get(value, ()):
        by_value[value] = (*by_value.get(value, ()), key)


def _ids_in(wanted: Any) -> Iterable[Any] | None:
    """The ids an `_id` condition names; None when it is absent or of another kind."""
    if isinstance(wanted, dict):
        return wanted["$in"] if list(wanted) == ["$in"] else None
    return None if wanted is None else (wanted,)


def _unique_fields(store: Any) -> list[str]:
    return [index["key"][0][0] for index in store.indexes.values() if index.get("unique") and len(index["key"]) == 1]


@contextmanager
def looked_up_by_key() -> Iterator[None]:
    """Every mongomock collection of this process, until the block ends."""
    keys = Keys()
    go_through: Callable[..., Any] = Collection._iter_documents
    fits: Callable[[Document, Document], bool] = filter_applies
    write: Callable[..., None] = CollectionStore.__setitem__

    def iter_documents(self: Any, condition: Document) -> Any:
        found = keys.candidates(self._store, condition)
        if found is None:
            return go_through(self, condition)
        return (document for document in found if fits(condition, document))

    def set_item(self: Any, key: Any, document: Document) -> None:
        write(self, key, document)
        keys.note(self, key, document)

    with (
        patch.object(Collection, "_iter_documents", iter_documents),
        patch.object(CollectionStore, "__setitem__", set_item),
    ):
        yield

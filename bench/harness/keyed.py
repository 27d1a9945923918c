"""mongomock with what a server's unique indexes give: documents are found by key.

mongomock compares every document of a collection with the condition of every operation, which says nothing about a
server. This changes no answer and keeps the same documents.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary

from bson import ObjectId
from mongomock.collection import Collection
from mongomock.filtering import filter_applies
from mongomock.store import CollectionStore

Document = dict[str, Any]
Ids = tuple[Any, ...]
Fields = tuple[str, ...]
Values = tuple[Any, ...]

#: what an equality may compare with
_PLAIN = (str, int, bytes, ObjectId)


class Keys:
    """The documents by the values of each unique index. Ids of deleted documents stay and are passed over."""

    def __init__(self) -> None:
        self._indexes: WeakKeyDictionary[Any, dict[Fields, dict[Values, Ids]]] = WeakKeyDictionary()

    def note(self, store: Any, key: Any, document: Document) -> None:
        """Remember a document that was written under `key`."""
        for fields, by_values in self._indexes.get(store, {}).items():
            _add(by_values, _values_of(document, fields), key)

    def candidates(self, store: Any, condition: Mapping[str, Any]) -> list[Document] | None:
        """Return the only documents that can match, or None when no key is in the condition."""
        documents: dict[Any, Document] = store._documents
        for fields in _unique_fields(store):
            asked = [values for field in fields if (values := _plain_values(condition.get(field))) is not None]
            if len(asked) == len(fields):
                index = self._index(store, fields)
                ids = itertools.chain.from_iterable(index.get(values, ()) for values in itertools.product(*asked))
                return [documents[key] for key in ids if key in documents]
        return None

    def _index(self, store: Any, fields: Fields) -> dict[Values, Ids]:
        indexes = self._indexes.setdefault(store, {})
        if fields not in indexes:
            indexes[fields] = {}
            for key, document in store._documents.items():
                _add(indexes[fields], _values_of(document, fields), key)
        return indexes[fields]


def _add(by_values: dict[Values, Ids], values: Values, key: Any) -> None:
    if all(isinstance(value, _PLAIN) for value in values) and key not in by_values.get(values, ()):
        by_values[values] = (*by_values.get(values, ()), key)


def _values_of(document: Document, fields: Fields) -> Values:
    return tuple(document.get(field) for field in fields)


def _plain_values(wanted: Any) -> Sequence[Any] | None:
    """Return the values a condition names for a field; None when it is absent or of another kind."""
    if isinstance(wanted, dict) and list(wanted) == ["$in"]:
        wanted = dict.fromkeys(wanted["$in"])
        return list(wanted) if all(isinstance(value, _PLAIN) for value in wanted) else None
    return [wanted] if isinstance(wanted, _PLAIN) else None


def _unique_fields(store: Any) -> list[Fields]:
    unique = (index for index in store.indexes.values() if index.get("unique"))
    return [("_id",), *(tuple(field for field, _ in index["key"]) for index in unique)]


@contextmanager
def looked_up_by_key() -> Iterator[None]:
    """Do so in every mongomock collection of this process until the block ends; a server is not touched."""
    keys = Keys()
    compare_all: Callable[..., Any] = Collection._iter_documents
    fits: Callable[[Document, Document], bool] = filter_applies
    write: Callable[..., None] = CollectionStore.__setitem__

    def iter_documents(self: Any, condition: Document) -> Any:
        found = keys.candidates(self._store, condition)
        if found is None:
            return compare_all(self, condition)
        return (document for document in found if fits(condition, document))

    def set_item(self: Any, key: Any, document: Document) -> None:
        write(self, key, document)
        keys.note(self, key, document)

    with (
        patch.object(Collection, "_iter_documents", iter_documents),
        patch.object(CollectionStore, "__setitem__", set_item),
    ):
        yield

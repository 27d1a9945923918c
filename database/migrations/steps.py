"""What a migration does with one page of documents.

Every write is conditional on the values that were read, so a concurrent writer loses nothing. Steps are idempotent: a
page that was interrupted is done again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.errors import StoreUnavailable
from database.collection import Collection
from database.connection import Database
from database.values import Document

#: reads of one document whose fields a concurrent writer keeps changing
_TRIES = 20


class Step(Protocol):
    """A change made from the documents of one collection, whose `_id`s are of one type: MongoDB compares no others."""

    @property
    def collection(self) -> str: ...

    @property
    def fields(self) -> Sequence[str]:
        """Top-level fields to read of each document."""
        ...

    async def apply(self, db: Database, page: Sequence[Document]) -> None:
        """Change what the documents of `page` in the old shape call for. Raises StoreUnavailable: apply it again."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """An update of one document, applied only while `condition` holds."""

    condition: Document
    update: Document


@dataclass(frozen=True, slots=True)
class RewriteDocuments:
    """Change documents one by one. One command for each that has the old shape."""

    collection: str
    fields: Sequence[str]
    #: None when the document has the new shape; the condition must hold every value the update is made from
    rewrite: Callable[[Document], Change | None]

    async def apply(self, db: Database, page: Sequence[Document]) -> None:
        rows = db.bulk(self.collection)
        for document in page:
            await self._rewrite(rows, document)

    async def _rewrite(self, rows: Collection, document: Document) -> None:
        key: Document = {"_id": document["_id"]}
        for _ in range(_TRIES):
            change = self.rewrite(document)
            if change is None:
                return
            found = await rows.find_one_and_update({**key, **change.condition}, change.update, projection=self.fields)
            found = found or await rows.find_one(key, projection=self.fields)
            if found is None:
                return
            document = found
        raise StoreUnavailable(f"migrate {self.collection}: concurrent writers were faster {_TRIES} times")


@dataclass(frozen=True, slots=True)
class RenameFields:
    """Rename top-level fields: two commands for a page with old names, none for one without.

    Where a document has the old name beside the new one, a process of the older version wrote it afterwards: its list
    is appended to the renamed one, any other value replaces it.
    """

    collection: str
    #: new names by their old names
    names: Mapping[str, str]

    @property
    def fields(self) -> Sequence[str]:
        return (*self.names, *self.names.values())

    async def apply(self, db: Database, page: Sequence[Document]) -> None:
        rows = db.bulk(self.collection)
        old = [document["_id"] for document in page if document.keys() & self.names.keys()]
        if not old:
            return
        without_new: Document = {name: {"$exists": False} for name in self.names.values()}
        # by the server, with the values of that moment
        await rows.update_many({"_id": {"$in": old}, **without_new}, {"$rename": dict(self.names)})
        left = await rows.find({"_id": {"$in": old}}, limit=len(old), projection=self.fields)
        await RewriteDocuments(self.collection, self.fields, self._merge).apply(db, left)

    def _merge(self, document: Document) -> Change | None:
        old = {name: new for name, new in self.names.items() if name in document}
        if not old:
            return None
        condition = {name: document.get(name, {"$exists": False}) for pair in old.items() for name in pair}
        merged = {new: _merged(document, name, new) for name, new in old.items()}
        return Change(condition, {"$set": merged, "$unset": dict.fromkeys(old, "")})


def _merged(document: Document, old: str, new: str) -> object:
    before, written = document.get(new), document[old]
    return [*before, *written] if isinstance(before, list) and isinstance(written, list) else written


@dataclass(frozen=True, slots=True)
class Migration:
    """Steps that are applied in order; recorded as applied after the last one."""

    #: 1 for the first migration, one more for each later one
    number: int
    #: a few words for logs and operators
    name: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return f"{self.number:04d} {self.name}"

"""A thin wrapper of a collection: few methods, bounded reads, translated errors, every call counted."""

import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar, cast

from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError

from database.time_limits import TimeLimits
from database.values import Document, to_stored

T = TypeVar("T")
Sort = Sequence[tuple[str, int]]
#: documents in one reply while a whole collection is read; the server cuts a reply at 16 MB
_REPLY_DOCUMENTS = 500


#: a unique key is taken: what the server says of one document among several
TAKEN_CODES = frozenset({11000, 11001})
#: changes of one document
_HOT = frozenset({"insert_one", "update_one", "find_one_and_update", "find_one_and_delete", "delete_one"})


class Caller(Protocol):
    """Makes the calls of a collection (`Database`)."""

    async def call(
        self, operation: str, collection: str, command: Callable[[], Awaitable[T]], *, writes_for_s: float | None = None
    ) -> T:
        """Make one call; one that writes may take `writes_for_s` seconds. Raises our errors for those of the driver."""
        ...

    def guarded(self, what: str) -> AbstractAsyncContextManager[None]:
        """Do the same for a block, which is not counted as a call."""
        ...


class Collection:
    """One collection. Every method is one command and raises `StoreUnavailable`, `AlreadyThere` or `StoreRefused`.

    `native` is the untyped collection of motor or of mongomock_motor.
    """

    def __init__(self, native: Any, name: str, caller: Caller, limits: TimeLimits | None) -> None:
        """`limits`: None in memory."""
        self._native = native
        self._caller = caller
        self._limits = limits
        self.name = name

    async def _call(self, operation: str, command: Callable[[], Awaitable[T]]) -> T:
        return await self._caller.call(operation, self.name, command)

    async def _write(self, operation: str, command: Callable[[], Awaitable[T]]) -> T:
        """Make a call that changes something; the driver has a limit for these only with the wait for a server."""
        if self._limits is None:
            return await self._caller.call(operation, self.name, command, writes_for_s=math.inf)
        if operation in _HOT:
            return await self._caller.call(operation, self.name, command, writes_for_s=self._limits.hot_s)
        client = self._native.database.client
        if not client.topology_description.has_writable_server():
            # raises within seconds when there is none, where the write would wait for as long as it may take
            async with self._caller.guarded(f"{operation} {self.name}"):
                await client.admin.command("ping")
        return await self._caller.call(operation, self.name, command, writes_for_s=self._limits.page_s)

    def _at_most(self, name: str, *, is_hot: bool = False) -> dict[str, int]:
        """The option that makes the server stop a read in time."""
        if self._limits is None:
            return {}
        return {name: int(1000 * (self._limits.hot_s if is_hot else self._limits.page_s))}

    async def find_one(
        self, condition: Document, *, sort: Sort | None = None, projection: Sequence[str] | None = None
    ) -> Document | None:
        """Return the first match, or None."""
        found = await self._call(
            "find_one",
            lambda: self._native.find_one(
                to_stored(condition),
                projection=_fields(projection),
                sort=list(sort) if sort else None,
                **self._at_most("max_time_ms", is_hot=True),
            ),
        )
        return cast(Document | None, found)

    async def find(
        self,
        condition: Document,
        *,
        limit: int,
        sort: Sort | None = None,
        skip: int = 0,
        projection: Sequence[str] | None = None,
    ) -> list[Document]:
        """Return at most `limit` matches, `[]` when there are none. Raises ValueError for a limit below 1."""
        if limit < 1:
            raise ValueError("a find needs a limit of at least 1")
        # without a batch size the server sends 101 documents first and the rest in a second command
        cursor = self._native.find(
            to_stored(condition),
            projection=_fields(projection),
            skip=skip,
            limit=limit,
            batch_size=limit,
            **self._at_most("max_time_ms"),
        )
        if sort:
            cursor = cursor.sort(list(sort))
        return cast(list[Document], await self._call("find", lambda: cursor.to_list(limit)))

    async def pages(self, at_most: Callable[[], int]) -> AsyncGenerator[list[Document], None]:
        """Yield every document in pages of at most `at_most()` documents; close the generator when you stop early.

        In the server's own order. A document that exists from the first page to the last is yielded exactly once; one
        that is inserted, changed or deleted meanwhile may be missing, or appear in either state.
        """
        # without a time for the server: it would count for all pages together
        cursor = self._native.find({}, batch_size=_REPLY_DOCUMENTS)
        try:
            while page := await self._call("pages", lambda: _take(cursor, at_most())):
                yield page
        finally:
            async with self._caller.guarded(f"close {self.name}"):
                await cursor.close()

    async def insert_one(self, document: Document) -> Any:
        """Insert the document; returns its `_id`."""
        result = await self._write("insert_one", lambda: self._native.insert_one(to_stored(document)))
        return result.inserted_id

    async def insert_many(self, documents: Sequence[Document]) -> int:
        """Insert in order, stopping at the first document that is refused; returns how many. Not atomic."""
        result = await self._write("insert_many", lambda: self._native.insert_many(to_stored(documents)))
        return len(result.inserted_ids)

    async def insert_each(self, documents: Sequence[Document]) -> int:
        """Insert each document by itself, in one command; returns how many. One whose unique key is taken is left out.

        Raises StoreRefused when one is refused for another reason; the others are inserted.
        """
        return await self._write("insert_each", lambda: self._insert_each(documents))

    async def _insert_each(self, documents: Sequence[Document]) -> int:
        try:
            result = await self._native.insert_many(to_stored(documents), ordered=False)
        except BulkWriteError as error:
            refused = error.details["writeErrors"]
            if error.details.get("writeConcernErrors") or any(one.get("code") not in TAKEN_CODES for one in refused):
                raise
            return len(documents) - len(refused)
        return len(result.inserted_ids)

    async def update_one(self, condition: Document, update: Document, *, upsert: bool = False) -> bool:
        """Update the first match atomically; True when one matched or was inserted."""
        result = await self._write(
            "update_one", lambda: self._native.update_one(to_stored(condition), to_stored(update), upsert=upsert)
        )
        return bool(result.matched_count) or result.upserted_id is not None

    async def update_many(self, condition: Document, update: Document) -> int:
        """Update every match, each one atomically, not all together; returns how many matched."""
        result = await self._write(
            "update_many", lambda: self._native.update_many(to_stored(condition), to_stored(update))
        )
        return int(result.matched_count)

    async def update_each(self, updates: Sequence[tuple[Document, Document]], *, upsert: bool = False) -> int:
        """Apply each (condition, update) to its first match, atomically each, in one command; returns how many matched.

        In any order. When some are refused the others are applied, and StoreRefused is raised, or AlreadyThere.
        """
        statements = [
            UpdateOne(to_stored(condition), to_stored(update), upsert=upsert) for condition, update in updates
        ]
        result = await self._write("update_each", lambda: self._native.bulk_write(statements, ordered=False))
        return int(result.matched_count)

    async def find_one_and_update(
        self,
        condition: Document,
        update: Document,
        *,
        upsert: bool = False,
        before: bool = False,
        sort: Sort | None = None,
        projection: Sequence[str] | None = None,
    ) -> Document | None:
        """Update the first match atomically; returns it after the update (or `before` it), None without a match."""
        which = ReturnDocument.BEFORE if before else ReturnDocument.AFTER
        found = await self._write(
            "find_one_and_update",
            lambda: self._native.find_one_and_update(
                to_stored(condition),
                to_stored(update),
                projection=_fields(projection),
                sort=list(sort) if sort else None,
                upsert=upsert,
                return_document=which,
            ),
        )
        return cast(Document | None, found)

    async def find_one_and_delete(self, condition: Document) -> Document | None:
        """Delete the first match atomically; returns the deleted document, None without a match."""
        found = await self._write("find_one_and_delete", lambda: self._native.find_one_and_delete(to_stored(condition)))
        return cast(Document | None, found)

    async def delete_one(self, condition: Document) -> bool:
        """Delete the first match atomically; True when there was one."""
        result = await self._write("delete_one", lambda: self._native.delete_one(to_stored(condition)))
        return bool(result.deleted_count)

    async def delete_many(self, condition: Document) -> int:
        """Delete every match, each one atomically; returns how many. Bound the condition by ids."""
        result = await self._write("delete_many", lambda: self._native.delete_many(to_stored(condition)))
        return int(result.deleted_count)

    async def count(self, condition: Document, *, limit: int | None = None) -> int:
        """Count the matches on the server; with `limit` it stops there."""
        options = self._at_most("maxTimeMS") | ({} if limit is None else {"limit": limit})
        return int(await self._call("count", lambda: self._native.count_documents(to_stored(condition), **options)))

    async def aggregate(self, condition: Document, stages: Sequence[Document], *, at_most: int) -> list[Document]:
        """Run `stages` over the matches on the server; returns the first `at_most` results.

        Raises ValueError for `at_most` below 1.
        """
        if at_most < 1:
            raise ValueError("an aggregate needs a limit of at least 1")
        pipeline = [{"$match": to_stored(condition)}, *to_stored(stages), {"$limit": at_most}]
        # one reply, as in `find`; a reply that is exactly full would leave the server's cursor open
        options = {"batchSize": at_most + 1} | self._at_most("maxTimeMS")
        found = await self._call("aggregate", lambda: self._native.aggregate(pipeline, **options).to_list(at_most))
        return cast(list[Document], found)

    async def create_index(self, keys: Sort, *, unique: bool = False) -> str:
        """Build the index of a small collection unless it exists; returns its name. Others: `index_builds`."""
        return str(await self._write("create_index", lambda: self._native.create_index(list(keys), unique=unique)))

    async def indexes(self) -> dict[str, bool]:
        """Return the existing indexes by name, True for unique ones; `{}` when the collection does not exist."""
        found = await self._call("indexes", lambda: self._native.index_information())
        return {name: bool(index.get("unique")) for name, index in found.items()}


def _fields(projection: Sequence[str] | None) -> dict[str, int] | None:
    return None if projection is None else dict.fromkeys(projection, 1)


async def _take(cursor: Any, at_most: int) -> list[Document]:
    taken: list[Document] = []
    while len(taken) < at_most:
        document = await anext(cursor, None)
        if document is None:
            break
        taken.append(document)
    return taken

"""Building an index takes as long as it takes: the server is pinged beside it, and the progress is told."""

import asyncio
from collections.abc import Callable
from typing import Any, Self

from pymongo import AsyncMongoClient

from core.clock import Clock, SystemClock
from core.errors import StoreUnavailable, TollgateError
from core.supervisor import Supervisor
from database.collection import Sort
from database.connection import Database
from database.errors import DRIVER_ERRORS, translate
from database.values import Document

#: seconds between two pings beside a build, and between two lines about it
PING_EVERY_S = 5.0
TOLD_EVERY_S = 10.0
#: seconds without an answered ping after which the server is away, and the build with it
SILENT_FOR_S = 30.0

#: called with one line for an operator
Told = Callable[[str], object]


class IndexBuilder:
    """Builds indexes one after the other, on a connection of its own. An async context manager."""

    def __init__(self, db: Database, told: Told | None = None, clock: Clock | None = None) -> None:
        self._db = db
        self._told = told
        self._clock = clock or SystemClock()
        self._client: AsyncMongoClient[Document] | None = None
        self._tasks = Supervisor()

    async def __aenter__(self) -> Self:
        if not self._db.is_memory:
            self._client = self._db.index_client()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._tasks.close()
        if self._client is not None:
            await self._client.close()

    async def build(self, collection: str, keys: Sort, *, unique: bool = False) -> str:
        """Build the index unless it exists; returns its name. Idempotent.

        Raises StoreUnavailable when the server answers no ping for SILENT_FOR_S, AlreadyThere for duplicates.
        """
        if self._client is None:
            return await self._db.collection(collection).create_index(keys, unique=unique)
        try:
            async with asyncio.timeout(None) as patience:
                watching = self._tasks.spawn(self._watch(collection, keys, patience), "index watch")
                try:
                    return await self._create(self._client, collection, keys, unique)
                finally:
                    watching.cancel()
        except TimeoutError:
            raise StoreUnavailable(f"create_index {collection}: the server fell silent") from None

    async def _create(self, client: AsyncMongoClient[Document], collection: str, keys: Sort, unique: bool) -> str:
        try:
            self._db.note_call("create_index", collection)
            return await client[self._db.name][collection].create_index(list(keys), unique=unique)
        except DRIVER_ERRORS as error:
            raise translate(error, f"create_index {collection}", is_write=True) from error

    async def _watch(self, collection: str, keys: Sort, patience: asyncio.Timeout) -> None:
        """Ping and tell until cancelled; end `patience` when the server has been silent for too long."""
        index = f"{collection}.{'_'.join(f'{field}_1' for field, _ in keys)}"
        started = answered = told = self._clock.monotonic()
        while True:
            await self._clock.sleep(PING_EVERY_S)
            now = self._clock.monotonic()
            if await self._answers():
                answered = now
            elif now - answered >= SILENT_FOR_S:
                patience.reschedule(asyncio.get_running_loop().time())
                return
            if self._told is not None and now - told >= TOLD_EVERY_S:
                told = now
                progress = await self._progress(collection)
                self._told(f"building the index {index}, for {now - started:.0f} s now{progress}")

    async def _answers(self) -> bool:
        try:
            await self._db.ping()
        except TollgateError:
            return False
        return True

    async def _progress(self, collection: str) -> str:
        """How far the server says it is; "" when it does not say, or the database's user may not ask."""
        try:
            operations = await self._db.current_operations()
        except TollgateError:
            return ""
        return progress_of(operations, f"{self._db.name}.{collection}")


def progress_of(operations: list[Document], namespace: str) -> str:
    """Return the progress of an index build on `namespace` among MongoDB's operations, like ": 40 % of 1,000,000"."""
    for operation in operations:
        progress: Any = operation.get("progress")
        if operation.get("ns") != namespace or not str(operation.get("msg", "")).startswith("Index Build"):
            continue
        if isinstance(progress, dict) and progress.get("total"):
            done, total = int(progress.get("done", 0)), int(progress["total"])
            return f": {100 * done // total} % of {total:,}"
    return ""

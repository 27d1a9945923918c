"""Building an index takes as long as it takes, while the server answers pings beside it; the progress is told."""

from collections.abc import Callable
from typing import Any, Self

import pymongo
from pymongo import AsyncMongoClient

from core.clock import Clock, SystemClock
from core.errors import TollgateError
from core.supervisor import Supervisor
from database.collection import Sort
from database.connection import CLOSE_S, Database
from database.errors import DRIVER_ERRORS, translate
from database.values import Document

#: seconds between two lines about a build
TOLD_EVERY_S = 10.0

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
            # the driver ends its sessions first, and has no other time limit here
            with pymongo.timeout(CLOSE_S):
                await self._client.close()

    async def build(self, collection: str, keys: Sort, *, unique: bool = False) -> str:
        """Build the index unless it exists; returns its name. Idempotent.

        Raises StoreUnavailable when the server falls silent: the driver pings it on a connection of its own, and ends
        the command when a heartbeat is not answered. Raises AlreadyThere for duplicates.
        """
        if self._client is None:
            return await self._db.collection(collection).create_index(keys, unique=unique)
        telling = self._tasks.spawn(self._tell(collection, keys), "index progress")
        try:
            return await self._create(self._client, collection, keys, unique)
        finally:
            telling.cancel()

    async def _create(self, client: AsyncMongoClient[Document], collection: str, keys: Sort, unique: bool) -> str:
        try:
            self._db.note_call("create_index", collection)
            return await client[self._db.name][collection].create_index(list(keys), unique=unique)
        except DRIVER_ERRORS as error:
            raise translate(error, f"create_index {collection}", is_write=True) from error

    async def _tell(self, collection: str, keys: Sort) -> None:
        """Tell how far it is, every TOLD_EVERY_S, until cancelled."""
        if self._told is None:
            return
        index = f"{collection}.{'_'.join(f'{field}_1' for field, _ in keys)}"
        started = self._clock.monotonic()
        while True:
            await self._clock.sleep(TOLD_EVERY_S)
            progress = await self._progress(collection)
            self._told(f"building the index {index}, for {self._clock.monotonic() - started:.0f} s now{progress}")

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

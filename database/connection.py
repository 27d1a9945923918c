"""The open database of this process."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from motor.frameworks import asyncio as motor_threads
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError
from pymongo.monitoring import CommandListener

from core.clock import Clock, SystemClock, to_milliseconds
from core.errors import StoreRefused
from database.collection import Collection
from database.errors import DatabaseNotOpen, translated
from database.memory import MEMORY_SCHEME, memory_client
from database.values import Document

#: how long one command may take on the wire, in milliseconds; every operation is small or batched
SOCKET_TIMEOUT_MS = 10_000
#: how long one command waits for a server and a connection by default, in seconds
DEFAULT_TIMEOUT_S = 3.0
#: connections for reading and deleting much: a job has one, and another job beside it. People's commands have others
BULK_CONNECTIONS = 2
#: how long a command of that kind waits for one of them, in milliseconds
BULK_WAIT_MS = 60_000
#: commands that can wait at once. Motor has five threads a processor, and a command without a server holds one for
#: DEFAULT_TIMEOUT_S: with ten of them the last of a hundred people would hear after half a minute that we are away
THREADS = 100


class Database:
    """A client and one of its databases. Made by `open_database`."""

    def __init__(
        self, client: Any, name: str, clock: Clock, uri: str | None, connect_bulk: Callable[[], Any] | None = None
    ) -> None:
        self.name = name
        #: how often each operation was called on each collection: "find_one pending_deletions" -> 3
        self.calls: Counter[str] = Counter()
        #: asked before every call with (operation, collection); a test raises pymongo's errors here
        self.before_call: Callable[[str, str], None] | None = None
        #: held while a post looks for its number, so that one process does not race itself
        self.numbering = asyncio.Lock()
        self._client = client
        self._native = client.get_database(name)
        self._clock = clock
        self._uri = uri
        self._collections: dict[str, Collection] = {}
        self._connect_bulk = connect_bulk
        self._bulk_client: Any = None
        self._bulk: dict[str, Collection] = {}

    def __repr__(self) -> str:
        return f"Database({self.name!r}, {'memory' if self.is_memory else 'server'})"

    @property
    def is_memory(self) -> bool:
        """True for `memory://`: everything is lost when it closes."""
        return self._uri is None

    def now(self) -> datetime:
        """The clock's time, aware UTC, cut to the milliseconds MongoDB keeps."""
        return to_milliseconds(self._clock.now())

    def collection(self, name: str) -> Collection:
        """The collection `name`; costs nothing, whether it exists or not."""
        if name not in self._collections:
            self._collections[name] = Collection(self._native.get_collection(name), name, self)
        return self._collections[name]

    def bulk(self, name: str) -> Collection:
        """The collection `name` for reading or deleting much: on connections of its own, so that nobody waits for it.

        They are made at the first call. In memory it is the collection everybody uses.
        """
        if self._connect_bulk is None:
            return self.collection(name)
        if self._bulk_client is None:
            self._bulk_client = self._connect_bulk()
        if name not in self._bulk:
            native = self._bulk_client.get_database(self.name).get_collection(name)
            self._bulk[name] = Collection(native, name, self)
        return self._bulk[name]

    async def collection_names(self) -> list[str]:
        """The collections that exist, by name; views and the server's own (`system.`) are not among them."""
        only: dict[str, Any] = {} if self.is_memory else {"filter": {"type": "collection"}}
        with translated("collection_names"):
            self.note_call("collection_names", "")
            names = await self._native.list_collection_names(**only)
        return sorted(name for name in names if not name.startswith("system."))

    def note_call(self, operation: str, collection: str) -> None:
        """Count a call and let the test hook refuse it."""
        self.calls[f"{operation} {collection}"] += 1
        if self.before_call is not None:
            self.before_call(operation, collection)

    async def ping(self) -> None:
        """Ask the server for a sign of life. Raises `StoreUnavailable` when none comes in time."""
        with translated("ping"):
            self.note_call("ping", "")
            if not self.is_memory:
                await self._client.admin.command("ping")

    async def size_bytes(self) -> int | None:
        """The bytes the database takes, indexes included, as the server says.

        None in memory, and on a server that does not tell. Raises `StoreUnavailable` when no answer comes in time.
        """
        try:
            with translated("dbStats"):
                self.note_call("dbStats", "")
                if self.is_memory:
                    return None
                stats = await self._native.command("dbStats")
        except StoreRefused:
            return None
        sizes = [stats.get(name) for name in ("storageSize", "indexSize")]
        known = [int(size) for size in sizes if isinstance(size, int | float)]
        return sum(known) if known else None

    async def drop(self) -> None:
        """Delete the whole database with everything in it; for tests and the sandbox."""
        with translated("drop"):
            await self._client.drop_database(self.name)

    def fsm_client(self) -> AsyncMongoClient[Document]:
        """A new pymongo client to the same server for aiogram's storage, which closes it itself.

        Raises StoreRefused in memory: there is no server to connect to.
        """
        if self._uri is None:
            raise StoreRefused("the in-memory store has no server for conversation state: use MemoryStorage")
        return AsyncMongoClient(self._uri, **_client_options(DEFAULT_TIMEOUT_S, "tollgate-fsm"))

    def close(self) -> None:
        """Close the connections. Calls afterwards are `StoreRefused`."""
        if self._bulk_client is not None:
            self._bulk_client.close()
        self._client.close()


_current: Database | None = None


def _client_options(timeout_s: float, appname: str) -> dict[str, Any]:
    timeout_ms = int(timeout_s * 1000)
    return {
        "tz_aware": True,
        "appname": appname,
        "serverSelectionTimeoutMS": timeout_ms,
        "connectTimeoutMS": timeout_ms,
        "waitQueueTimeoutMS": SOCKET_TIMEOUT_MS,
        "socketTimeoutMS": SOCKET_TIMEOUT_MS,
        # pymongo retries only where the server can (a replica set); a single node answers as without
        "retryWrites": True,
    }


def _bulk_options(timeout_s: float) -> dict[str, Any]:
    return _client_options(timeout_s, "tollgate-bulk") | {
        "maxPoolSize": BULK_CONNECTIONS,
        "waitQueueTimeoutMS": BULK_WAIT_MS,
        # a backup keeps also a date beyond the year 9999, which is no datetime
        "datetime_conversion": "DATETIME_AUTO",
    }


def _widen_motor() -> None:
    """Give Motor its threads. It takes their number from the environment when it is imported, and nowhere else."""
    if motor_threads.max_workers < THREADS:
        motor_threads.max_workers = THREADS
        motor_threads._reset_global_executor()  # type: ignore[no-untyped-call]


def _client(uri: str, listeners: Sequence[CommandListener], options: dict[str, Any]) -> Any:
    _widen_motor()
    try:
        return AsyncIOMotorClient(uri, event_listeners=list(listeners), **options)
    except (PyMongoError, ValueError, TypeError) as error:
        # `from None`: pymongo quotes parts of a malformed URI, and a password may be among them
        raise StoreRefused(f"the database address cannot be used: {type(error).__name__}") from None


async def open_database(
    uri: str,
    name: str,
    *,
    clock: Clock | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    listeners: Sequence[CommandListener] = (),
) -> Database:
    """Make `name` at `uri` the database of this process; an open one is closed first.

    `memory://` is a fresh in-memory store. A server need not be up: the first call, or `ping`, finds out within
    `timeout_s` seconds. `listeners` see the commands of a real server; `Database.calls` counts on both.
    Raises StoreRefused for an address that cannot be used.
    """
    global _current
    clock = clock or SystemClock()
    if uri.startswith(MEMORY_SCHEME):
        opened = Database(memory_client(), name, clock, None)
    else:
        client = _client(uri, listeners, _client_options(timeout_s, "tollgate"))
        opened = Database(client, name, clock, uri, lambda: _client(uri, listeners, _bulk_options(timeout_s)))
    await close_database()
    _current = opened
    return _current


def current_database() -> Database:
    """The open database. Raises `DatabaseNotOpen` when there is none."""
    if _current is None:
        raise DatabaseNotOpen("no database is open: call open_database first")
    return _current


async def close_database() -> None:
    """Close the open database; nothing happens when none is open."""
    global _current
    if _current is not None:
        _current.close()
        _current = None

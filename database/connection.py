"""The one open database of this process."""

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

#: time limit of one command on the wire, in milliseconds; every operation is small or batched
SOCKET_TIMEOUT_MS = 10_000
#: how long one command waits for a server and a connection by default, in seconds
DEFAULT_TIMEOUT_S = 3.0
#: connections for bulk reads and deletes, apart from those of other commands: two jobs at once have one each
BULK_CONNECTIONS = 2
#: how long a bulk command waits for one of them, in milliseconds
BULK_WAIT_MS = 60_000
#: concurrent commands. Motor's default is five threads a processor, and a command without a server holds one for
#: DEFAULT_TIMEOUT_S: with ten threads the last of a hundred subscribers would wait half a minute for the error
THREADS = 100


class Database:
    """A client and one of its databases; created by `open_database`."""

    def __init__(
        self, client: Any, name: str, clock: Clock, uri: str | None, connect_bulk: Callable[[], Any] | None = None
    ) -> None:
        self.name = name
        #: calls by operation and collection: "find_one pending_deletions" -> 3
        self.calls: Counter[str] = Counter()
        #: called before every command with (operation, collection); tests raise pymongo's errors here
        self.before_call: Callable[[str, str], None] | None = None
        #: held while a new post is numbered, so that one process does not race itself
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
        """True for `memory://`, whose content is lost when it is closed."""
        return self._uri is None

    def now(self) -> datetime:
        """Return the clock's time as aware UTC, cut to the milliseconds MongoDB stores."""
        return to_milliseconds(self._clock.now())

    def collection(self, name: str) -> Collection:
        """Return the collection `name`, which need not exist; sends no command."""
        if name not in self._collections:
            self._collections[name] = Collection(self._native.get_collection(name), name, self)
        return self._collections[name]

    def bulk(self, name: str) -> Collection:
        """Return the collection `name` on the bulk connections, so that no other command waits for bulk work.

        The connections open at the first call. In memory it is the same as `collection(name)`.
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
        """Return the names of existing collections, sorted, without views and system collections."""
        only: dict[str, Any] = {} if self.is_memory else {"filter": {"type": "collection"}}
        with translated("collection_names"):
            self.note_call("collection_names", "")
            names = await self._native.list_collection_names(**only)
        return sorted(name for name in names if not name.startswith("system."))

    def note_call(self, operation: str, collection: str) -> None:
        """Count the call; a test's `before_call` may refuse it by raising."""
        self.calls[f"{operation} {collection}"] += 1
        if self.before_call is not None:
            self.before_call(operation, collection)

    async def ping(self) -> None:
        """Ping the server. Raises `StoreUnavailable` when no answer comes in time."""
        with translated("ping"):
            self.note_call("ping", "")
            if not self.is_memory:
                await self._client.admin.command("ping")

    async def size_bytes(self) -> int | None:
        """Return the bytes the server reports for the database, indexes included.

        None in memory, and on a server without dbStats. Raises `StoreUnavailable` when no answer comes in time.
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
        """Delete the whole database; for tests."""
        with translated("drop"):
            await self._client.drop_database(self.name)

    def fsm_client(self) -> AsyncMongoClient[Document]:
        """Return a new pymongo client to the same server for aiogram's FSM storage, which closes it.

        Raises StoreRefused for `memory://`: there is no server to connect to.
        """
        if self._uri is None:
            raise StoreRefused("the in-memory store has no server for conversation state: use MemoryStorage")
        return AsyncMongoClient(self._uri, **_client_options(DEFAULT_TIMEOUT_S, "tollgate-fsm"))

    def close(self) -> None:
        """Close the connections. Later calls raise `StoreRefused`."""
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
        # pymongo retries only on a replica set; a single node ignores it
        "retryWrites": True,
        # one date after the year 9999, which no datetime holds, would refuse every document of its reply
        "datetime_conversion": "DATETIME_AUTO",
    }


def _bulk_options(timeout_s: float) -> dict[str, Any]:
    return _client_options(timeout_s, "tollgate-bulk") | {
        "maxPoolSize": BULK_CONNECTIONS,
        "waitQueueTimeoutMS": BULK_WAIT_MS,
    }


def _widen_motor() -> None:
    """Set Motor's number of threads, which it offers only through the environment at import."""
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
    """Open `name` at `uri` as the database of this process, closing the one that is open.

    `memory://` is a new, empty in-memory store. No server is contacted: the first command fails within `timeout_s`
    seconds when there is none. `listeners` receive the commands of a real server; `Database.calls` counts on both.
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
    """Return the open database. Raises `DatabaseNotOpen` when there is none."""
    if _current is None:
        raise DatabaseNotOpen("no database is open: call open_database first")
    return _current


async def close_database() -> None:
    """Close the open database, if any."""
    global _current
    if _current is not None:
        _current.close()
        _current = None

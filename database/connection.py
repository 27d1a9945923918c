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
#: commands that can wait at once. Motor has five threads a processor, and a command without a server holds one for
#: DEFAULT_TIMEOUT_S: with ten of them the last of a hundred people would hear after half a minute that we are away
THREADS = 100


class Database:
    """A client and one of its databases. Made by `open_database`."""

    def __init__(self, client: Any, name: str, clock: Clock, uri: str | None) -> None:
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


def _widen_motor() -> None:
    """Give Motor its threads. It takes their number from the environment when it is imported, and nowhere else."""
    if motor_threads.max_workers < THREADS:
        motor_threads.max_workers = THREADS
        motor_threads._reset_global_executor()  # type: ignore[no-untyped-call]


def _client(uri: str, timeout_s: float, listeners: Sequence[CommandListener]) -> Any:
    _widen_motor()
    try:
        return AsyncIOMotorClient(uri, event_listeners=list(listeners), **_client_options(timeout_s, "tollgate"))
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
    is_memory = uri.startswith(MEMORY_SCHEME)
    client = memory_client() if is_memory else _client(uri, timeout_s, listeners)
    await close_database()
    _current = Database(client, name, clock or SystemClock(), None if is_memory else uri)
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

"""The one open database of this process."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, TypeVar

import pymongo
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandListener

from core.clock import Clock, SystemClock, to_milliseconds
from core.errors import StoreReadOnly, StoreRefused, StoreSlow, StoreUnavailable, TollgateError
from database import clients
from database.clients import DEFAULT_TIMEOUT_S
from database.clock_difference import ClockDifference
from database.collection import Collection
from database.errors import DRIVER_ERRORS, DatabaseNotOpen, is_undecided, may_be_the_store, translate
from database.time_limits import TimeLimits
from database.uncounted import Uncounted
from database.values import Document
from database.writes import Writes

T = TypeVar("T")
MEMORY_SCHEME = "memory://"
#: what only the store in memory is made of
_MEMORY_LIBRARIES = ("mongomock", "mongomock_motor")
#: seconds a ping may take
PING_S = 2.0
#: seconds closing may take
CLOSE_S = 1.0


class Database:
    """A client and one of its databases; created by `open_database`."""

    def __init__(
        self,
        client: Any,
        name: str,
        clock: Clock,
        uri: str | None,
        *,
        limits: TimeLimits | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        listeners: Sequence[CommandListener] = (),
    ) -> None:
        """`uri`: of the server; None in memory."""
        self.name = name
        #: calls by operation and collection: "find_one pending_deletions" -> 3
        self.calls: Counter[str] = Counter()
        #: called before every command with (operation, collection); tests raise pymongo's errors here
        self.before_call: Callable[[str, str], None] | None = None
        #: held while a new post is numbered, so that one process does not race itself
        self.numbering = asyncio.Lock()
        #: where events wait to be counted
        self.uncounted = Uncounted()
        self.limits = limits or TimeLimits()
        self.writes = Writes(self.collection, self.now)
        self.clocks = ClockDifference(self._server_now)
        self._client = client
        self._native = client.get_database(name)
        self._clock = clock
        self._uri = uri
        self._timeout_s = timeout_s
        self._listeners = tuple(listeners)
        self._collections: dict[str, Collection] = {}
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
            self._collections[name] = Collection(
                self._native.get_collection(name), name, self, None if self.is_memory else self.limits
            )
        return self._collections[name]

    def bulk(self, name: str) -> Collection:
        """Return the collection `name` on the bulk connections, so that no other command waits for bulk work.

        The connections open at the first call. In memory it is the same as `collection(name)`.
        """
        if self._uri is None:
            return self.collection(name)
        if self._bulk_client is None:
            self._bulk_client = clients.bulk_client(self._uri, self._timeout_s, self.limits, self._listeners)
        if name not in self._bulk:
            native = self._bulk_client.get_database(self.name).get_collection(name)
            self._bulk[name] = Collection(native, name, self, self.limits.on_bulk())
        return self._bulk[name]

    async def call(
        self, operation: str, collection: str, command: Callable[[], Awaitable[T]], *, writes_for_s: float | None = None
    ) -> T:
        """Count and make one call. Raises our errors for those of the driver.

        `writes_for_s`: of one that writes, how long it may take, with the wait for a server and a connection. A read
        names its time to the server itself.
        """
        try:
            self.note_call(operation, collection)
            if writes_for_s is None or self.is_memory:
                return await command()
            with pymongo.timeout(writes_for_s):
                return await command()
        except DRIVER_ERRORS as error:
            what = f"{operation} {collection}".rstrip()
            raise await self._ours(error, what, is_write=writes_for_s is not None) from error

    @asynccontextmanager
    async def guarded(self, what: str, *, is_write: bool = False) -> AsyncIterator[None]:
        """Raise our errors for those of the driver in the block."""
        try:
            yield
        except DRIVER_ERRORS as error:
            raise await self._ours(error, what, is_write=is_write) from error

    async def _ours(self, error: BaseException, what: str, *, is_write: bool) -> TollgateError:
        """Return our error for the driver's. A time-out while the database answers a ping is `StoreSlow`."""
        ours = translate(error, what, is_write=is_write)
        if is_undecided(error):
            kind = StoreSlow if await self._answers() else StoreUnavailable
            return kind(str(ours))
        if isinstance(ours, StoreReadOnly):
            self.writes.refused = str(ours)
        elif self.writes.refused is not None and may_be_the_store(error, is_write=is_write):
            # the small write of `Writes.check` was refused, too
            return StoreReadOnly(str(ours))
        return ours

    async def _answers(self) -> bool:
        try:
            await self.ping()
        except TollgateError:
            return False
        return True

    async def collection_names(self) -> list[str]:
        """Return the names of existing collections, sorted, without views and system collections."""
        only: dict[str, Any] = {} if self.is_memory else {"filter": {"type": "collection"}}
        names = await self.call("collection_names", "", lambda: self._native.list_collection_names(**only))
        return sorted(name for name in names if not name.startswith("system."))

    def note_call(self, operation: str, collection: str) -> None:
        """Count the call; a test's `before_call` may refuse it by raising."""
        self.calls[f"{operation} {collection}"] += 1
        if self.before_call is not None:
            self.before_call(operation, collection)

    async def ping(self) -> None:
        """Ping the server. Raises `StoreUnavailable` when no answer comes in time."""
        try:
            self.note_call("ping", "")
            if not self.is_memory:
                with pymongo.timeout(PING_S):
                    await self._client.admin.command("ping")
        except DRIVER_ERRORS as error:
            raise translate(error, "ping") from error

    async def check(self) -> None:
        """Raise StoreUnavailable unless the server answers and, if it has refused writes, takes them again."""
        await self.ping()
        if self.writes.refused is not None and (why := await self.writes.check()) is not None:
            raise StoreReadOnly(why)

    async def size_bytes(self) -> int | None:
        """Return the bytes the server reports for the database, indexes included.

        None in memory, and on a server without dbStats. Raises `StoreUnavailable` when no answer comes in time.
        """
        try:
            stats = await self._admin_call("dbStats", lambda: self._native.command("dbStats"))
        except StoreRefused:
            return None
        sizes = [stats.get(name) for name in ("storageSize", "indexSize")]
        known = [int(size) for size in sizes if isinstance(size, int | float)]
        return sum(known) if known else None

    async def _server_now(self) -> datetime | None:
        """Return the server's time; None in memory, and from a server that does not tell it."""
        if self.is_memory:
            return None
        try:
            answer = await self._admin_call("hello", lambda: self._client.admin.command("hello"))
        except StoreRefused:
            return None
        at = answer.get("localTime")
        # pymongo's answers to commands have times without a zone
        return at.replace(tzinfo=UTC) if isinstance(at, datetime) else None

    async def current_operations(self) -> list[Document]:
        """Return what the server is doing, as far as it tells; raises StoreRefused without the right to ask."""
        answer = await self._admin_call("currentOp", lambda: self._client.admin.command("currentOp"))
        return [operation for operation in answer.get("inprog", ()) if isinstance(operation, dict)]

    async def _admin_call(self, name: str, command: Callable[[], Awaitable[Document]]) -> Document:
        """Make a call that concerns no collection; `{}` in memory, where it is only counted."""

        async def unless_memory() -> Document:
            return {} if self.is_memory else await command()

        return await self.call(name, "", unless_memory)

    async def drop(self) -> None:
        """Delete the whole database; for tests."""
        async with self.guarded("drop"):
            await self._client.drop_database(self.name)

    def fsm_client(self) -> AsyncMongoClient[Document]:
        """Return a new pymongo client to the same server for aiogram's FSM storage, which closes it.

        Raises StoreRefused for `memory://`: there is no server to connect to.
        """
        if self._uri is None:
            raise StoreRefused("the in-memory store has no server for conversation state: use MemoryStorage")
        return clients.fsm_client(self._uri, self.limits)

    def index_client(self) -> AsyncMongoClient[Document]:
        """Return a new pymongo client for index builds, which may take for ever; the caller closes it.

        Raises StoreRefused for `memory://`.
        """
        if self._uri is None:
            raise StoreRefused("the in-memory store has no server")
        return clients.index_client(self._uri, self._timeout_s, self._listeners)

    def close(self) -> None:
        """Close the connections. Later calls raise `StoreRefused`. Blocks for CLOSE_S when the server is silent."""
        # the driver ends its sessions on the server first
        with pymongo.timeout(CLOSE_S):
            if self._bulk_client is not None:
                self._bulk_client.close()
            self._client.close()


_current: Database | None = None


async def open_database(
    uri: str,
    name: str,
    *,
    clock: Clock | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    listeners: Sequence[CommandListener] = (),
    limits: TimeLimits | None = None,
) -> Database:
    """Open `name` at `uri` as the database of this process, closing the one that is open.

    `memory://` is a new, empty in-memory store. No server is contacted: the first command fails within `timeout_s`
    seconds when there is none. `listeners` receive the commands of a real server; `Database.calls` counts on both.
    Raises StoreRefused for an address that cannot be used, or that asks for less than what is set anyway, and for
    `memory://` where only requirements.txt is installed.
    """
    global _current
    clock = clock or SystemClock()
    if uri.startswith(MEMORY_SCHEME):
        opened = Database(_memory_client(), name, clock, None)
    else:
        clients.refuse_less(uri)
        client = clients.main_client(uri, timeout_s, limits or TimeLimits(), listeners)
        opened = Database(client, name, clock, uri, limits=limits, timeout_s=timeout_s, listeners=listeners)
    await close_database()
    _current = opened
    return _current


def _memory_client() -> Any:
    """Return a client of a new store in memory. Raises StoreRefused when its libraries are not installed."""
    try:
        memory = import_module("database.memory")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _MEMORY_LIBRARIES:
            raise
        raise StoreRefused("memory:// is for the demo and the tests: it needs requirements-demo.txt") from None
    return memory.memory_client()


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

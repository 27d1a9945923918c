"""Where the product's data lies while it is measured: in its own process, and on the server of MONGO_URI."""

import math
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pymongo import AsyncMongoClient

from config import MEMORY_STORE

#: dropping 200,000 documents takes a server longer than the product's 10 s (docs/decisions/0004), in milliseconds
DROP_MS = 300_000
#: how long a server may take to be found, in milliseconds
FIND_MS = 3_000
#: said once when there is no server
HOW_TO = (
    "In memory only. For the server's columns as well: "
    'eval "$(.ci/server start)"; export MONGO_URI MONGO_DIR; make bench; .ci/server stop'
)


@dataclass(frozen=True, slots=True)
class Store:
    """A column of the figures."""

    name: str
    uri: str

    @property
    def is_memory(self) -> bool:
        return self.uri.startswith(MEMORY_STORE)

    def cpu_s(self) -> float:
        """CPU seconds of the server's process so far; NaN when it is none that `.ci/server` runs on this machine."""
        return math.nan if self.is_memory else _cpu_of_server(os.environ.get("MONGO_DIR", ""))


IN_MEMORY = Store("in memory", MEMORY_STORE)


def find_server() -> Store | None:
    """The server that MONGO_URI names."""
    uri = os.environ.get("MONGO_URI") or MEMORY_STORE
    return None if uri.startswith(MEMORY_STORE) else Store("server", uri)


def stores() -> tuple[Store, ...]:
    """What there is to measure on, the in-memory store first."""
    server = find_server()
    return (IN_MEMORY,) if server is None else (IN_MEMORY, server)


def client_of(store: Store) -> AsyncMongoClient[dict[str, object]]:
    """A client of the bench's own, patient enough to drop what has grown large."""
    return AsyncMongoClient(
        store.uri, tz_aware=True, serverSelectionTimeoutMS=FIND_MS, socketTimeoutMS=DROP_MS, appname="tollgate-bench"
    )


async def ping(store: Store) -> None:
    """Ask the server for a sign of life. Raises PyMongoError."""
    async with client_of(store) as client:
        await client.admin.command("ping")


async def drop(store: Store, name: str) -> None:
    """Delete the database `name` on the server."""
    async with client_of(store) as client:
        await client.drop_database(name)


@asynccontextmanager
async def database_of(store: Store) -> AsyncIterator[str]:
    """The name of a database nobody has, dropped when the block ends."""
    name = f"tollgate_bench_{secrets.token_hex(6)}"
    try:
        yield name
    finally:
        if not store.is_memory:
            await drop(store, name)


def _cpu_of_server(folder: str) -> float:
    try:
        pid = int((Path(folder) / "pid").read_text(encoding="ascii"))
        # after the name in brackets: state is field 3, utime and stime are 14 and 15
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except (OSError, ValueError):
        return math.nan
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

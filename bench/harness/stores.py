"""Where the product keeps its data while it is measured: in memory, and on the server of MONGO_URI."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pymongo import AsyncMongoClient

from config import MEMORY_STORE

#: dropping 200,000 documents takes a server longer than the product's 10 s (docs/decisions/0004), in milliseconds
DROP_MS = 300_000
#: how long the server may take to answer at first, in milliseconds
CONNECT_MS = 3_000
#: printed once when there is no server
HOW_TO = (
    "In memory only. For the server's columns as well: "
    'eval "$(.ci/server start)"; export MONGO_URI MONGO_DIR; make bench; .ci/server stop'
)


@dataclass(frozen=True, slots=True)
class Store:
    """One of the stores everything is measured on."""

    name: str
    uri: str

    @property
    def is_memory(self) -> bool:
        return self.uri.startswith(MEMORY_STORE)

    def environment(self, database: str) -> dict[str, str]:
        """Return the variables by which a child process finds `database`."""
        return {"MONGO_URI": self.uri, "MONGO_DB": database}


IN_MEMORY = Store("in memory", MEMORY_STORE)


def find_server() -> Store | None:
    """Return the server that MONGO_URI names, None without one."""
    uri = os.environ.get("MONGO_URI") or MEMORY_STORE
    return None if uri.startswith(MEMORY_STORE) else Store("server", uri)


def stores() -> tuple[Store, ...]:
    """Return the in-memory store, and the server if there is one."""
    server = find_server()
    return (IN_MEMORY,) if server is None else (IN_MEMORY, server)


def client_of(store: Store) -> AsyncMongoClient[dict[str, object]]:
    """Make a client of the bench's own, which waits long enough to drop a large database."""
    return AsyncMongoClient(
        store.uri, tz_aware=True, serverSelectionTimeoutMS=CONNECT_MS, socketTimeoutMS=DROP_MS, appname="tollgate-bench"
    )


async def ping(store: Store) -> None:
    """Raise PyMongoError when the server does not answer."""
    async with client_of(store) as client:
        await client.admin.command("ping")


async def drop(store: Store, name: str) -> None:
    """Delete the database `name` on the server."""
    async with client_of(store) as client:
        await client.drop_database(name)


@asynccontextmanager
async def database_of(store: Store) -> AsyncIterator[str]:
    """Yield a new name for a database, which is dropped when the block ends."""
    name = f"tollgate_bench_{secrets.token_hex(6)}"
    try:
        yield name
    finally:
        if not store.is_memory:
            await drop(store, name)

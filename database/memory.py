"""The in-memory store of the sandbox and the tests. It runs synchronously, so no test on it can show a race."""

from typing import Any

from mongomock_motor import AsyncMongoMockClient

MEMORY_SCHEME = "memory://"


def memory_client() -> Any:
    """Return a client of a new, empty store, which is lost with the client."""
    return AsyncMongoMockClient(tz_aware=True)

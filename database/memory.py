"""The in-memory store of the sandbox and the tests. Synchronous inside: it can never show a race."""

from typing import Any

from mongomock_motor import AsyncMongoMockClient

MEMORY_SCHEME = "memory://"


def memory_client() -> Any:
    """A fresh, empty store; it is gone when the client is."""
    return AsyncMongoMockClient(tz_aware=True)

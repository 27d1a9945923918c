"""The in-memory store of the demo and the tests. It runs synchronously, so no test on it can show a race.

Its libraries are in requirements-demo.txt: `connection.py` imports this module when `memory://` is asked for, nothing
else does.
"""

from typing import Any

from mongomock.collection import BulkOperationBuilder
from mongomock_motor import AsyncMongoMockClient

_add_update: Any = BulkOperationBuilder.add_update


def memory_client() -> Any:
    """Return a client of a new, empty store, which is lost with the client."""
    setattr(BulkOperationBuilder, "add_update", _add_unsorted_update)  # noqa: B010
    return AsyncMongoMockClient(tz_aware=True)


def _add_unsorted_update(builder: Any, *words: Any, sort: None = None, **options: Any) -> Any:
    """Do without the option that pymongo hands over since 4.10 and mongomock does not know. We use no such sort."""
    return _add_update(builder, *words, **options)

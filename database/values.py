"""The stored form of values: times as UTC cut to milliseconds, enums as their value, tuples as lists."""

from datetime import UTC, datetime
from enum import Enum
from typing import Any

from bson import ObjectId

from core.clock import to_milliseconds

Document = dict[str, Any]

#: condition: a date that a datetime holds. A range leaves out null, other types, and dates after the year 9999
A_DATE: Document = {"$gte": datetime(1970, 1, 1, tzinfo=UTC), "$lt": datetime(9999, 12, 31, tzinfo=UTC)}

#: stored as they are: most values of most documents
_AS_THEY_ARE = frozenset({str, int, bool, float, type(None), ObjectId})


def to_stored(value: Any) -> Any:
    """Return `value` in the form that both backends store and compare alike; containers are copied.

    Raises ValueError for a naive datetime: it could mean any instant.
    """
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, dict):
        # most values are plain, and a call for each costs more than the rest
        return {key: item if type(item) in _AS_THEY_ARE else to_stored(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_stored(item) for item in value]
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a datetime without a zone cannot be stored")
        return to_milliseconds(value.astimezone(UTC))
    return value.value if isinstance(value, Enum) else value


def to_key(text: str) -> ObjectId | str:
    """Return the `_id` for an id that left as text; a text that is no ObjectId stays as it is and matches nothing."""
    return ObjectId(text) if ObjectId.is_valid(text) else text


def with_id(document: Document) -> Document:
    """Return the document with its `_id` as text in `id`, the form of records."""
    return {**document, "id": str(document["_id"])}

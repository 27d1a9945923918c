"""Which shards an operation asks, from the fields of its condition and the shard key of its collection."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from database.values import Document
from tests.operations.plans.queries import Query


class Reach(StrEnum):
    """How many shards a query goes to."""

    ONE = "one"
    #: those that hold one of several values, or a range
    SOME = "some"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class ShardKey:
    """The fields in order; of a hashed one a range says nothing."""

    fields: tuple[str, ...]
    is_hashed: bool = False


def reach(query: Query, key: ShardKey) -> Reach:
    """As `mongos` routes it: by an equality of all fields, else by what the condition says about the first."""
    if all(_any_part(query.condition, field, _is_equality) for field in key.fields):
        return Reach.ONE
    tells = _is_one_of if key.is_hashed else _is_bounded
    return Reach.SOME if _any_part(query.condition, key.fields[0], tells) else Reach.ALL


def _any_part(condition: Document, field: str, tells: Callable[[Any], bool]) -> bool:
    """Whether the condition, a part of its $and, or every part of its $or tells enough about `field`."""
    if field in condition and tells(condition[field]):
        return True
    if any(_any_part(part, field, tells) for part in condition.get("$and", ())):
        return True
    parts = condition.get("$or", ())
    return bool(parts) and all(_any_part(part, field, tells) for part in parts)


def _is_equality(value: Any) -> bool:
    return not isinstance(value, dict) or not any(name.startswith("$") for name in value) or set(value) == {"$eq"}


def _is_one_of(value: Any) -> bool:
    return _is_equality(value) or "$in" in value


def _is_bounded(value: Any) -> bool:
    """A range with one end only may reach every shard."""
    return _is_one_of(value) or bool({"$gt", "$gte"} & set(value) and {"$lt", "$lte"} & set(value))

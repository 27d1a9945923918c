"""Simulate what MongoDB reads for a query, from its condition, the indexes and the rows.

An index is walked as MongoDB does: over the leading fields with given values (equality, `$in`, null), through a range
of the next field, in the order of the following ones. Conditions on indexed fields are decided on the keys, all others
on the documents. An order the index does not have is sorted in memory, after all matches were read. MongoDB tries the
possible indexes; here the best one always wins: the first that wastes nothing, else the one that reads least.
"""

import heapq
import itertools
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from bson import ObjectId
from mongomock.filtering import filter_applies

from database.indexes import INDEXES
from database.values import Document
from tests.operations.plans.queries import Query
from tests.operations.plans.rows import rows_of, rows_there_are

Key = tuple[Any, ...]
_RANGE = frozenset({"$gt", "$gte", "$lt", "$lte"})
#: BSON's order of types, those our keys have
_RANKS = {type(None): 1, int: 2, float: 2, str: 3, ObjectId: 7, bool: 8, datetime: 9}
_ID = ("_id",)


def matches(condition: Document, row: Document) -> bool:
    """Return whether a find with this condition finds the row."""
    return bool(filter_applies(condition, row))  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Walk:
    """The cost of one query, in keys and documents; `index` is None when every document was read."""

    index: tuple[str, ...] | None
    keys: int
    documents: int
    returned: int
    #: documents held in memory to be sorted
    sorted: int = 0
    #: the part of the condition that bounds the walk; one for each branch of an `$or`
    bounds: tuple[Document, ...] = ()

    @property
    def cost(self) -> int:
        return self.keys + self.documents + self.sorted

    def waste(self, asked: int) -> frozenset[str]:
        """Return what it reads beyond what it returns and the number requested: "documents", "keys", "sorted"."""
        amounts = {
            "documents": self.documents - self.returned,
            "keys": self.keys - self.returned,
            "sorted": self.sorted,
        }
        return frozenset(name for name, amount in amounts.items() if amount > asked)


def _part(value: Any) -> Key:
    return (1,) if value is None else (_RANKS[type(value)], value)


def _values(row: Document, field: str) -> Sequence[Any]:
    """Return the values an index has of the field: one key for each element of a list."""
    value: Any = row
    for name in field.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return (value or (None,)) if isinstance(value, list | tuple) else (value,)


def _points(condition: Any) -> list[Key] | None:
    """Return the values a field may have, in order; None when they cannot be listed."""
    if not isinstance(condition, dict):
        return [_part(condition)]
    if set(condition) == {"$in"}:
        return sorted({_part(value) for value in condition["$in"]})
    return None


def _range(condition: Any) -> tuple[Key, Key] | None:
    """Return the range of the values, end excluded; None when it is not known."""
    if not isinstance(condition, dict):
        return None
    if not condition or not set(condition) <= _RANGE:
        return None
    rank = _part(next(iter(condition.values())))[0]
    low: Key = (rank,)
    high: Key = (rank + 1,)
    for operator, value in condition.items():
        # a third member comes right after every key of that value
        edge = (*_part(value), 0) if operator in ("$gt", "$lte") else _part(value)
        low, high = (edge, high) if operator.startswith("$g") else (low, edge)
    return low, high


def _plain(condition: Any) -> Any:
    """Return a prefix pattern (`^...`) as a range; anything else unchanged."""
    if isinstance(condition, dict) and set(condition) == {"$regex"} and condition["$regex"].startswith("^"):
        prefix = re.sub(r"\\(.)", r"\1", condition["$regex"][1:])
        return {"$gte": prefix, "$lt": prefix + chr(0x10FFFF)}
    return condition


class Table:
    """The rows of one collection, and its indexes over them."""

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = rows_there_are(name, size)
        self._keys: dict[tuple[str, ...], list[tuple[Key, int]]] = {}

    @cached_property
    def rows(self) -> list[Document]:
        return rows_of(self.name, self.size)

    @cached_property
    def indexes(self) -> list[tuple[str, ...]]:
        return [_ID, *(index.fields for index in INDEXES.get(self.name, ()))]

    def keys(self, index: tuple[str, ...]) -> list[tuple[Key, int]]:
        """Return every key of the index with the number of its row, in order."""
        if index not in self._keys:
            self._keys[index] = sorted(
                (tuple(map(_part, key)), number)
                for number, row in enumerate(self.rows)
                for key in itertools.product(*(_values(row, field) for field in index))
            )
        return self._keys[index]

    def walk(self, query: Query) -> Walk:
        """Return the cheapest walk for the query; through every document only when there is no other."""
        walks = []
        stretches = [_Stretch.of(index, query) for index in self.indexes]
        for stretch in sorted(filter(None, stretches), key=lambda stretch: -len(stretch.bounds)):
            walk = self._along(stretch, query)
            if not walk.waste(query.asked):
                return walk
            walks.append(walk)
        if "$or" in query.condition and (each := self._each_way(query)) is not None:
            walks.append(each)
        return min(walks, key=lambda walk: walk.cost, default=Walk(None, 0, self.size, 0))

    def _along(self, stretch: "_Stretch", query: Query) -> Walk:
        on_keys, rest = stretch.residual(query.condition)
        wanted = None if query.limit is None or stretch.must_sort else query.limit + query.skip
        keys = documents = returned = 0
        met: set[int] = set()
        for number in stretch.rows(self.keys(stretch.index)):
            if returned == wanted:
                break
            keys += 1
            if number in met:
                # another element of its list
                continue
            met.add(number)
            row = self.rows[number]
            if on_keys and not matches(on_keys, row):
                continue
            documents += 1
            returned += matches(rest, row) if rest else 1
        return Walk(stretch.index, keys, documents, returned, returned if stretch.must_sort else 0, (stretch.bounds,))

    def _each_way(self, query: Query) -> Walk | None:
        others = {field: value for field, value in query.condition.items() if field != "$or"}
        # without an order the branches are read one after the other, up to the limit
        wanted = None if query.limit is None or query.sort else query.limit + query.skip
        ways: list[Walk] = []
        for branch in query.condition["$or"]:
            if wanted is not None and sum(way.returned for way in ways) >= wanted:
                break
            ways.append(self.walk(Query(self.name, query.method, {**others, **branch}, limit=wanted)))
        if any(way.index is None for way in ways):
            return None
        returned = sum(way.returned for way in ways)
        return Walk(
            ways[0].index,
            sum(way.keys for way in ways),
            sum(way.documents for way in ways),
            returned if wanted is None else min(returned, wanted),
            returned if query.sort else 0,
            tuple(itertools.chain.from_iterable(way.bounds for way in ways)),
        )


@dataclass(frozen=True)
class _Stretch:
    """The part (or parts) of an index that a query walks."""

    index: tuple[str, ...]
    pieces: Sequence[tuple[Key, Key]]
    #: how many fields in front are given
    given: int
    bounds: Document
    must_sort: bool
    backward: bool

    @classmethod
    def of(cls, index: tuple[str, ...], query: Query) -> "_Stretch | None":
        """Return None when the index gives the query neither bounds nor order."""
        asked = {field: _plain(query.condition[field]) for field in index if field in query.condition}
        listed: list[list[Key]] = []
        for field in index:
            points = _points(asked[field]) if field in asked else None
            if points is None:
                break
            listed.append(points)
        given, span, bounds = len(listed), None, list(index[: len(listed)])
        if given < len(index) and index[given] in asked:
            span = _range(asked[index[given]])
            bounds += [index[given]] * (span is not None)
        orders, backward = _orders(index, given, listed, query.sort)
        if not bounds and not (query.sort and orders):
            return None
        # without a range: every key with these leading values
        low, high = ((), ((127,),)) if span is None else ((span[0],), (span[1],))
        pieces = [((*point, *low), (*point, *high)) for point in itertools.product(*listed)]
        condition = {field: asked[field] for field in bounds}
        return cls(index, pieces, given, condition, bool(query.sort) and not orders, backward)

    def rows(self, keys: list[tuple[Key, int]]) -> Iterable[int]:
        """Yield the numbers of the rows in the order of the walk, lazily."""
        if self.must_sort or len(self.pieces) == 1:
            return itertools.chain.from_iterable(self._numbers(keys, piece) for piece in self.pieces)
        # several pieces in order: MongoDB merges them
        merged = heapq.merge(
            *(self._entries(keys, piece) for piece in self.pieces),
            key=lambda entry: entry[0][self.given :],
            reverse=self.backward,
        )
        return (number for _, number in merged)

    def _entries(self, keys: list[tuple[Key, int]], piece: tuple[Key, Key]) -> Iterator[tuple[Key, int]]:
        low, high = (bisect_left(keys, (edge, -1)) for edge in piece)
        numbers = range(high - 1, low - 1, -1) if self.backward else range(low, high)
        return (keys[number] for number in numbers)

    def _numbers(self, keys: list[tuple[Key, int]], piece: tuple[Key, Key]) -> Iterator[int]:
        return (number for _, number in self._entries(keys, piece))

    def residual(self, condition: Document) -> tuple[Document, Document]:
        """Return the rest of the condition: on the index's keys, and on the documents."""
        left = {field: value for field, value in condition.items() if field not in self.bounds}
        on_keys = {field: value for field, value in left.items() if field in self.index}
        return on_keys, {field: value for field, value in left.items() if field not in self.index}


def _orders(
    index: tuple[str, ...], given: int, listed: Sequence[Sequence[Key]], sort: Sequence[tuple[str, int]]
) -> tuple[bool, bool]:
    """Return whether the walk has the order of `sort`, and whether it goes backward."""
    one_value = {field for field, points in zip(index, listed, strict=False) if len(points) == 1}
    left = [(field, direction) for field, direction in sort if field not in one_value]
    fields = tuple(field for field, _ in left)
    directions = {direction for _, direction in left}
    follows = index[given : given + len(fields)] == fields
    return follows and len(directions) <= 1, directions == {-1}

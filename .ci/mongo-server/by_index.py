"""Have SecantusDB 0.7.0b3 find by an index as MongoDB does: within all its bounds, in its order, up to the limit.

By itself it bounds a search by equal fields and one further field; with two lists or a list and a range it takes one
of them alone and reads every match of that. A find in an order reads every match, sorts, and then cuts. Here the
leading fields with given values (equal, or `$in`) and a range of the next one bound the search, several stretches are
merged in order, and a find stops at its limit. Every document is still compared with the whole condition, and whatever
is not recognized here goes the server's own way.
"""

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import wiredtiger as wt
from bson import Int64, ObjectId
from secantus import deadline
from secantus.projection import apply_projection_batch
from secantus.query import matches
from secantus.sortkey import COMPOUND_SEP, encode_value
from secantus.storage import _IDX_ENTRIES_TABLE, Storage, _escape_kb, _unpack_entry

Document = dict[str, Any]
#: index entries, and documents, read at once
CHUNK = 200
#: values that an index is searched for here: as the ends of a range, and as equal ones
PLAIN = frozenset({str, int, Int64, float, datetime, ObjectId})
POINTS = PLAIN | {bool, type(None)}
RANGE = {"$gt", "$gte", "$lt", "$lte"}
#: behind every entry that begins with what stands before it
BEHIND = b"\xff" * 16


@dataclass(frozen=True)
class Stretch:
    """Entries of an index from `low` on, and whose first bytes are at most `high`; `prefix` bytes are given values."""

    prefix: int
    low: bytes
    high: bytes

    def has(self, entry: bytes) -> bool:
        return self.low <= entry and entry[: len(self.high)] <= self.high


@dataclass(frozen=True)
class Walk:
    """How one index serves a condition."""

    index: str
    stretches: Sequence[Stretch]
    #: fields that bound it
    bounds: int
    backward: bool = False


def _points(condition: Any) -> list[Any] | None:
    """Return the values a field may have, None when they cannot be listed."""
    if type(condition) in POINTS:
        return [condition]
    if isinstance(condition, dict) and set(condition) == {"$in"} and isinstance(condition["$in"], list):
        values = condition["$in"]
        return values if all(type(value) in POINTS for value in values) else None
    return None


def _range(condition: Any) -> tuple[bytes, bytes] | None:
    """Return the keys between which the values lie, both included, within their type; None when it is no range."""
    if not isinstance(condition, dict) or not condition or not set(condition) <= RANGE:
        return None
    if not all(type(value) in PLAIN for value in condition.values()):
        return None
    keys = {operator: encode_value(value) for operator, value in condition.items()}
    ranks = {key[:1] for key in keys.values()}
    if len(ranks) != 1:
        return None
    # an equal value at an excluded end is found and then compared
    low = max([*ranks, *(key for operator, key in keys.items() if operator.startswith("$g"))])
    high = [key for operator, key in keys.items() if operator.startswith("$l")]
    return low, min(high or ranks)


def _walk(name: str, fields: Sequence[str], condition: Document, sort: Mapping[str, int] | None) -> Walk | None:
    """Return how an ascending index serves the condition in the order, None without bounds or that order."""
    listed: list[list[Any]] = []
    for field in fields:
        points = _points(condition[field]) if field in condition else None
        if points is None:
            break
        listed.append(points)
    given = len(listed)
    span = _range(condition[fields[given]]) if given < len(fields) and fields[given] in condition else None
    backward = False
    if sort is not None:
        one_value = {field for field, points in zip(fields, listed, strict=False) if len(points) == 1}
        left = [field for field in sort if field not in one_value]
        if not left or list(fields[given : given + len(left)]) != left or len(set(sort.values())) != 1:
            return None
        backward = set(sort.values()) == {-1}
    stretches = []
    keys = [dict.fromkeys(encode_value(value) for value in values) for values in listed]
    for parts in itertools.product(*keys):
        prefix = b"".join(part + COMPOUND_SEP for part in parts)
        if given == len(fields):
            prefix = prefix[: -len(COMPOUND_SEP)]
        low, high = span or (b"", b"")
        ends = (_escape_kb(prefix + low), _escape_kb(prefix + high))
        stretches.append(Stretch(len(_escape_kb(prefix)), *ends))
    bounds = given + (span is not None)
    return Walk(name, stretches, bounds, backward) if bounds else None


def _best(storage: Any, db: str, collection: str, condition: Document, sort: Mapping[str, int] | None) -> Walk | None:
    """Return the walk with the most bounds, None when there is none, or one without the order has more."""
    best: Walk | None = None
    most = 0
    for name, spec, options in list(storage._iter_indexes(db, collection)):
        fields = list(spec)
        if options.get("multikey") and fields[0] in condition:
            # a document has several entries there: the server's own way
            return None
        special = ("sparse", "partialFilterExpression", "collation", "multikey")
        if any(direction != 1 for direction in spec.values()) or any(options.get(one) for one in special):
            continue
        unsorted, walk = _walk(name, fields, condition, None), _walk(name, fields, condition, sort)
        most = max(most, unsorted.bounds if unsorted is not None else 0)
        if walk is not None and (best is None or walk.bounds > best.bounds):
            best = walk
    return best if best is not None and best.bounds == most else None


def _entries(storage: Any, db: str, collection: str, walk: Walk, stretch: Stretch) -> Iterator[tuple[bytes, int]]:
    """Yield the entries of a stretch in order, each with the number of its document; reads CHUNK at a time."""
    seed = stretch.high + BEHIND if walk.backward else stretch.low
    while True:
        chunk = _chunk(storage, (db, collection, walk.index), stretch, seed, backward=walk.backward)
        for entry in chunk:
            _, number = _unpack_entry(entry)
            if number is not None:
                yield entry[stretch.prefix :], number
        if len(chunk) < CHUNK:
            return
        seed = chunk[-1] if walk.backward else chunk[-1] + b"\x00"


def _chunk(storage: Any, index: tuple[str, str, str], stretch: Stretch, seed: bytes, *, backward: bool) -> list[bytes]:
    """Return entries from `seed` on, or with `backward` those before it."""
    # the cursor is this thread's only one: it is placed anew each time
    cursor = storage._cursor(_IDX_ENTRIES_TABLE)
    cursor.set_key(*index, seed)
    step: Callable[[], int] = cursor.prev if backward else cursor.next
    found: list[bytes] = []
    where = cursor.search_near()
    if where == wt.WT_NOTFOUND:
        return found
    is_placed = where < 0 if backward else where >= 0
    if not is_placed and step() != 0:
        return found
    while len(found) < CHUNK:
        *of, packed = cursor.get_key()
        entry = bytes(packed)
        if tuple(of) != index or not stretch.has(entry):
            break
        found.append(entry)
        if step() != 0:
            break
    return found


def _numbers(storage: Any, db: str, collection: str, walk: Walk) -> Iterator[int]:
    """Yield the numbers of the documents in the order of the index."""
    each = [_entries(storage, db, collection, walk, stretch) for stretch in walk.stretches]
    merged = each[0] if len(each) == 1 else heapq.merge(*each, reverse=walk.backward)
    return (number for _, number in merged)


def with_all_bounds(search: Callable[..., list[int] | None]) -> Callable[..., list[int] | None]:
    """`search` (Storage._try_index_id_keys), by the index with the most fields that bound it, if two at least do."""

    def searched(
        storage: Any, db: str, collection: str, condition: Document, *, collation: Any = None
    ) -> list[int] | None:
        if collation is None and condition and "_id" not in condition:
            walk = _best(storage, db, collection, condition, None)
            if walk is not None and walk.bounds > 1:
                return list(_numbers(storage, db, collection, walk))
        return search(storage, db, collection, condition, collation=collation)

    return searched


def up_to_its_limit(find: Callable[..., list[Document]]) -> Callable[..., list[Document]]:
    """`find` (Storage.find_matching), which reads in the order of an index no more than it returns."""

    def found(storage: Any, db: str, collection: str, filter: Document | None = None, **options: Any) -> list[Document]:
        own = {name: value for name, value in options.items() if value}
        sort, limit, condition = own.get("sort"), own.get("limit", 0), filter or {}
        if not sort or limit < 1 or "_id" in condition or set(own) - {"sort", "limit", "skip", "projection", "let"}:
            return find(storage, db, collection, filter, **options)
        with storage._lock:
            storage._refresh_read_snapshot()
            walk = _best(storage, db, collection, condition, sort)
            if walk is None:
                return find(storage, db, collection, filter, **options)
            skip = own.get("skip", 0)
            every = (
                one for one in _documents(storage, db, collection, walk) if matches(one, condition, vars=own.get("let"))
            )
            documents = list(itertools.islice(every, skip, skip + limit))
        if projection := own.get("projection"):
            metas = storage._projection_metas(db, collection, documents, projection, filter, sort, None, None)
            documents = apply_projection_batch(documents, projection, filter, metas=metas, has_sort=True)
        return documents

    return found


def _documents(storage: Any, db: str, collection: str, walk: Walk) -> Iterator[Document]:
    """Yield the documents in the order of the walk, reading more and more at once."""
    numbers, size = _numbers(storage, db, collection, walk), 8
    while some := list(itertools.islice(numbers, size)):
        for document in storage._docs_by_recordids(db, collection, some):
            deadline.check()
            yield document
        size = min(2 * size, CHUNK)


def repair() -> None:
    """Change the server's storage."""
    Storage._try_index_id_keys = with_all_bounds(Storage._try_index_id_keys)
    Storage.find_matching = up_to_its_limit(Storage.find_matching)

"""docs/growth.md names the shard key of every collection, and every operation that does without it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from database.collection import Collection
from database.indexes import INDEXES
from database.values import Document
from tests.operations.plans.filled import queries_of_all
from tests.operations.plans.queries import Query
from tests.operations.plans.sharding import Reach, ShardKey, reach

pytestmark = [pytest.mark.sweep, pytest.mark.asyncio(loop_scope="module")]

PAGE = (Path(__file__).resolve().parents[3] / "docs/growth.md").read_text(encoding="utf-8")
#: methods that change one document: without the shard key, before MongoDB 7.1, refused
_OF_ONE = {"find_one_and_update", "find_one_and_delete", "delete_one", "update_one"}
EVERY = "every one"


def rows(title: str) -> Iterator[list[str]]:
    """The cells of the table under a heading."""
    section = PAGE.partition(f"### {title}\n")[2].partition("\n#")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    assert len(lines) > 2, title
    for line in lines[2:]:
        yield [cell.strip().strip("`") for cell in line.strip("|").split(" | ")]


def key_of(text: str) -> ShardKey | None:
    fields = re.findall(r"(\w+): (1|\"hashed\")", text)
    return ShardKey(tuple(field for field, _ in fields), '"hashed"' in text) if fields else None


KEYS = {collection: key for collection, text, _ in rows("Shard keys") if (key := key_of(text))}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asked() -> dict[str, list[Query]]:
    return await queries_of_all()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def upserts() -> list[Query]:
    """The conditions of every update that may insert."""
    found: list[Query] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in ("update_one", "find_one_and_update"):
            method = getattr(Collection, name)

            async def noting(
                self: Collection, condition: Document, *args: Any, _method: Any = method, **options: Any
            ) -> Any:
                if options.get("upsert"):
                    found.append(Query(self.name, "upsert", condition))
                return await _method(self, condition, *args, **options)

            patch.setattr(Collection, name, noting)
        await queries_of_all()
    return found


async def test_every_collection_has_its_shard_key_or_stays_whole_for_a_reason() -> None:
    named = {collection: (key, why) for collection, key, why in rows("Shard keys")}
    assert set(named) == set(INDEXES)
    assert all(why and (key == "-" or key_of(key)) for key, why in named.values())


async def test_every_unique_index_begins_with_the_shard_key() -> None:
    """MongoDB enforces no other across shards, and none that begins with a hashed field."""
    for collection, key in KEYS.items():
        for index in INDEXES[collection]:
            if index.unique:
                assert not key.is_hashed, f"{collection}.{index.name}"
                assert index.fields[: len(key.fields)] == key.fields, f"{collection}.{index.name}"


async def test_a_shard_key_has_an_index() -> None:
    for collection, key in KEYS.items():
        has_one = any(index.fields[: len(key.fields)] == key.fields for index in INDEXES[collection])
        assert has_one or key.fields == ("_id",), collection
        command = f'sh.shardCollection("tollgate.{collection}", {{'
        assert command in PAGE or f'"{collection}"' in PAGE


async def test_every_operation_holds_the_shard_key_or_is_named_with_a_reason(asked: dict[str, list[Query]]) -> None:
    scattered: set[str] = set()
    for name, queries in asked.items():
        for query in queries:
            if query.collection in KEYS and reach(query, KEYS[query.collection]) is Reach.ALL:
                scattered.add(f"{query.collection}: {name.partition(' (')[0]}")
    named: set[str] = set()
    for collection, operations, why in rows("Scatter and gather"):
        assert why
        of = KEYS if collection == EVERY else (collection,)
        named |= {f"{each}: {operation}" for each in of for operation in re.findall(r"[\w.]+\.\w+", operations)}
    assert sorted(scattered - named) == [], "to be named in docs/growth.md, under Scatter and gather"
    assert sorted(named - scattered) == [], "no longer so: to be taken out of docs/growth.md"


async def test_what_inserts_names_its_shard(upserts: list[Query]) -> None:
    """An insert by an update without the whole shard key is refused."""
    sharded = [query for query in upserts if query.collection in KEYS]
    assert {"users", "deliveries", "memberships", "token_generator_count"} <= {query.collection for query in sharded}
    assert [str(query) for query in sharded if reach(query, KEYS[query.collection]) is not Reach.ONE] == []


async def test_the_commands_that_need_mongodb_8_are_named(asked: dict[str, list[Query]]) -> None:
    found = {
        name.partition(" (")[0]
        for name, queries in asked.items()
        for query in queries
        if query.collection in KEYS
        and query.method in _OF_ONE
        and reach(query, KEYS[query.collection]) is not Reach.ONE
        and "_id" not in query.condition
    }
    assert {f"`{name}`" for name in found} == set(re.findall(r"\((`token_ops\.\w+`) is the only one here\)", PAGE))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"a": 1, "b": 2, "c": 3}, Reach.ONE),
        ({"a": 1, "b": {"$gt": 2}}, Reach.SOME),
        ({"a": {"$in": [1, 2]}, "b": 2}, Reach.SOME),
        ({"a": {"$gt": 1, "$lte": 5}}, Reach.SOME),
        ({"a": {"$gt": 1}}, Reach.ALL),
        ({"b": 2}, Reach.ALL),
        ({"a": {"$ne": 1}, "b": 2}, Reach.ALL),
        ({"$or": [{"a": 1, "b": 2}, {"a": 2, "b": 2}]}, Reach.ONE),
        ({"$or": [{"a": 1, "b": 2}, {"b": 2}]}, Reach.ALL),
        ({"$and": [{"a": 1}, {"b": 2}]}, Reach.ONE),
        ({"a": {"x": 1}, "b": 2}, Reach.ONE),
    ],
)
async def test_which_shards_a_condition_reaches(condition: Document, expected: Reach) -> None:
    assert reach(Query("any", "find", condition), ShardKey(("a", "b"))) is expected


async def test_a_range_of_a_hashed_key_reaches_all() -> None:
    key = ShardKey(("_id",), is_hashed=True)
    assert reach(Query("any", "find", {"_id": {"$gt": 1, "$lt": 9}}), key) is Reach.ALL
    assert reach(Query("any", "find", {"_id": {"$in": [1]}}), key) is Reach.SOME

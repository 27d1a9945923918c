"""Building indexes is idempotent, and an index that cannot be built is explained."""

from typing import Any

import pytest

from core.errors import AlreadyThere, StoreRefused
from database.connection import Database
from database.doctor import examine
from database.indexes import INDEXES, ensure_indexes, missing_indexes


async def test_building_indexes_twice_changes_nothing(bare_db: Database) -> None:
    first = await ensure_indexes(bare_db)

    assert await ensure_indexes(bare_db) == first
    assert len(first) == len(set(first)) == sum(len(indexes) for indexes in INDEXES.values())
    assert await missing_indexes(bare_db) == []


async def test_missing_indexes_are_named(bare_db: Database) -> None:
    assert "posts.number_1" in await missing_indexes(bare_db)
    await bare_db.collection("posts").create_index([("number", 1)], unique=True)

    missing = await missing_indexes(bare_db)
    assert "posts.number_1" not in missing
    assert "posts.code_1" in missing


async def test_an_index_that_should_be_unique_and_is_not_counts_as_missing(bare_db: Database) -> None:
    await bare_db.collection("users").create_index([("user_id", 1)])

    assert "users.user_id_1" in await missing_indexes(bare_db)


UNIQUE = [(collection, index.fields) for collection, indexes in INDEXES.items() for index in indexes if index.unique]


@pytest.mark.parametrize(("collection", "fields"), UNIQUE)
async def test_a_second_document_with_the_same_key_is_refused(
    db: Database, collection: str, fields: tuple[str, ...]
) -> None:
    # other unique keys of the collection must differ, or they would refuse the document
    others = {field: 1 for index in INDEXES[collection] for field in index.fields if field not in fields}
    key: dict[str, Any] = dict.fromkeys(fields, 5)
    await db.collection(collection).insert_one({**others, **key})

    with pytest.raises(AlreadyThere):
        await db.collection(collection).insert_one({**dict.fromkeys(others, 2), **key})
    assert await db.collection(collection).count({}) == 1


async def test_duplicates_that_prevent_a_unique_index_are_explained(bare_db: Database) -> None:
    for _ in range(2):
        await bare_db.collection("token_generator_count").insert_one({"user_id": 7, "date": 1})

    with pytest.raises(StoreRefused) as caught:
        await ensure_indexes(bare_db)
    assert "token_generator_count" in str(caught.value)
    assert "user_id and date" in str(caught.value)
    assert await bare_db.collection("token_generator_count").count({}) == 2


async def test_an_older_index_of_the_same_name_is_explained(bare_db: Database) -> None:
    await bare_db.collection("users").create_index([("user_id", 1)])

    with pytest.raises(StoreRefused, match="older index") as caught:
        await ensure_indexes(bare_db)
    assert "user_id_1" in str(caught.value)


async def test_an_examination_counts_and_changes_nothing(bare_db: Database) -> None:
    await bare_db.collection("users").insert_one({"user_id": 1})

    findings = await examine(bare_db)
    assert not findings.is_healthy
    assert findings.counts["users"] == 1
    assert findings.counts["posts"] == 0
    assert len(findings.missing_indexes) == sum(len(indexes) for indexes in INDEXES.values())

    await ensure_indexes(bare_db)
    assert (await examine(bare_db)).is_healthy

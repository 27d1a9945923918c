"""A walk through an index finds the matching rows and counts the keys and documents it reads."""

import pytest
import pytest_asyncio

from database.values import Document
from tests.operations.plans.catalogue import CASES, Case
from tests.operations.plans.filled import queries_of_all
from tests.operations.plans.queries import Query
from tests.operations.plans.rows import BOT, HOUR, NOW, WANTED
from tests.operations.plans.walk import Table, matches

SIZE = 200


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asked() -> dict[str, list[Query]]:
    return await queries_of_all()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_walk_returns_as_many_rows_as_match(case: Case, asked: dict[str, list[Query]]) -> None:
    for query in asked[case.name]:
        table = Table(query.collection, SIZE)
        walk = table.walk(query)
        matching = sum(matches(query.condition, row) for row in table.rows)
        found = matching if query.limit is None or walk.sorted else min(matching, query.limit + query.skip)
        assert walk.index is None or walk.returned == found, query


def walk(collection: str, condition: Document, sort: tuple[tuple[str, int], ...] = (), limit: int | None = None) -> str:
    """Return index and counts as "field+field: keys/documents/returned, sorted"."""
    found = Table(collection, SIZE).walk(Query(collection, "find", condition, sort, limit))
    return f"{'+'.join(found.index or ('none',))}: {found.keys}/{found.documents}/{found.returned}, {found.sorted}"


def test_without_an_index_everything_is_read() -> None:
    assert walk("users", {"first_name": "Alice"}, limit=1) == f"none: 0/{SIZE}/0, 0"


def test_a_field_behind_a_gap_bounds_nothing() -> None:
    # claimed_until comes after delete_at, which is not in the condition
    assert walk("pending_deletions", {"claimed_until": NOW}) == f"none: 0/{SIZE}/0, 0"


def test_a_condition_on_an_indexed_field_is_decided_on_the_key() -> None:
    later = {"bot_id": BOT, "claimed_until": {"$gt": NOW}}
    held = WANTED + SIZE // 10 - 1
    assert walk("pending_deletions", later) == f"bot_id+delete_at+claimed_until+not_before: {SIZE}/{held}/{held}, 0"


def test_an_order_behind_equal_fields_comes_from_the_index() -> None:
    assert walk("pending_deletions", {"user_id": 7}, (("delete_at", -1),), 2) == "user_id+delete_at: 2/2/2, 0"


def test_any_other_order_is_sorted_in_memory_after_reading_all_matches() -> None:
    assert walk("pending_deletions", {"user_id": 7}, (("sent_at", 1),), 2) == "user_id+delete_at: 5/5/5, 5"


def test_two_values_of_a_field_are_merged_in_order() -> None:
    either = {"bot_id": {"$in": [BOT, BOT + 1]}, "until": {"$gt": NOW - HOUR}}
    assert walk("send_pauses", either, (("until", 1),), 3) == "bot_id+until: 3/3/3, 0"


def test_opposite_directions_cannot_be_read_from_an_index() -> None:
    assert walk("audit_log", {}, (("at", 1), ("_id", -1)), 3) == f"none: 0/{SIZE}/0, 0"

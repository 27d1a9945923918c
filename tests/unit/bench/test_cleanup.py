"""The clean-up figure: its list with an index answers as a collection does, and its table says what was cut off."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bench import cleanup
from bench.cleanup import AT_A_STROKE, IN_BATCHES, Removed
from bench.expiring import Expiring
from bench.plan import FULL, QUICK
from bench.stores import IN_MEMORY

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
USED = {"$in": ["verified", "bypassed"]}


async def test_the_list_with_an_index_finds_and_deletes_oldest_first() -> None:
    tokens = Expiring([NOW + number * SECOND for number in range(10)], "verified")
    due = {"status": USED, "expires_at": {"$lt": NOW + 8 * SECOND}}
    found = await tokens.find(due, limit=3).sort([("expires_at", 1)]).to_list(3)
    assert [one["_id"] for one in found] == [0, 1, 2]
    batch = {"status": USED, "expires_at": {"$gte": NOW, "$lte": NOW + 2 * SECOND}}
    assert (await tokens.delete_many(batch)).deleted_count == 3
    assert (await tokens.delete_many(batch)).deleted_count == 0
    assert (await tokens.delete_many(due)).deleted_count == 5
    assert tokens.left == 2
    assert await tokens.find({**due, "status": {"$in": ["unused"]}}, limit=3).to_list(3) == []


@pytest.mark.parametrize("how", [IN_BATCHES, AT_A_STROKE])
async def test_both_ways_remove_all_that_is_expired(how: str) -> None:
    for fill in (cleanup._in_order, cleanup._stored):
        removed = await cleanup._measured(IN_MEMORY, "x", how, 50, fill)
        assert (removed.removed, removed.error) == (50, None)
        assert removed.commands == (2 if how == IN_BATCHES else 1)
        assert removed.waits and removed.longest_s > 0


def test_the_figure_says_what_was_cut_off_and_can_be_written_as_json() -> None:
    batched = Removed("x", IN_BATCHES, 1000, 1000, 2.0, 2, (0.01, 0.02), 1, 2, 1)
    at_once = Removed("x", AT_A_STROKE, 1000, 0, 10.0, 1, (0.5,), 1, 1, 1, "delete_many tokens: NetworkTimeout")
    figure = cleanup._figure([batched, at_once])
    assert [goal.is_met for goal in figure.goals] == [True, True, True]
    assert figure.rows[1][3] == "0 (cut off)" and "NetworkTimeout" in figure.notes[-1]
    assert json.dumps(figure.as_json(), allow_nan=False)


def test_the_quick_plan_removes_fewer() -> None:
    assert QUICK.expired < FULL.expired == 1_000_000
    assert QUICK.expired_in_memory < FULL.expired_in_memory and QUICK.expired_on_server < FULL.expired_on_server

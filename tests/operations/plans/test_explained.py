"""Answers of `explain` from MongoDB's versions and kinds are read alike."""

from typing import Any, cast

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from database.values import Document
from tests.operations.plans.explained import Explainer, stages
from tests.operations.plans.queries import Query
from tests.operations.plans.walk import Walk

SCAN: Document = {"stage": "COLLSCAN", "direction": "forward"}
INDEX: Document = {"stage": "IXSCAN", "indexName": "user_id_1", "direction": "forward"}
FETCH: Document = {"stage": "FETCH", "filter": {"stage": {"$eq": "SORT"}}, "inputStage": INDEX}


def planned(plan: Document, documents: int = 1, returned: int = 1, **more: Any) -> Document:
    """Return an answer with this plan."""
    stats = {"nReturned": returned, "totalDocsExamined": documents, "executionStages": SCAN}
    planner = {"winningPlan": plan, "rejectedPlans": [SCAN], "parsedQuery": {"stage": {"$eq": "SORT"}}}
    return {"explainVersion": "1", "queryPlanner": planner, "executionStats": stats, **more}


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (planned({"isCached": False, **FETCH}), {"FETCH", "IXSCAN"}),
        (planned({"isCached": False, "stage": "EXPRESS_IXSCAN", "keyPattern": "{ _id: 1 }"}), {"EXPRESS_IXSCAN"}),
        (planned({"stage": "UPDATE", "inputStage": {"stage": "IDHACK"}}), {"UPDATE", "IDHACK"}),
        (planned({"stage": "SUBPLAN", "inputStage": {"stage": "OR", "inputStages": [INDEX, SCAN]}}),
         {"SUBPLAN", "OR", "IXSCAN", "COLLSCAN"}),
        # the slot-based engine
        (planned({"queryPlan": {"stage": "GROUP", "planNodeId": 3, "inputStage": INDEX},
                  "slotBasedPlan": {"slots": "", "stages": "[1] scan"}}), {"GROUP", "IXSCAN"}),
        # a pipeline of the classic engine
        ({"stages": [{"$cursor": planned(FETCH)}, {"$group": {"_id": 1}}]}, {"FETCH", "IXSCAN"}),
        # shards: a find, and a pipeline
        (planned({"stage": "SHARD_MERGE", "shards": [{"winningPlan": FETCH}, {"winningPlan": SCAN}]}),
         {"SHARD_MERGE", "FETCH", "IXSCAN", "COLLSCAN"}),
        ({"shards": {"one": planned(FETCH), "two": {"stages": [{"$cursor": planned(SCAN)}]}}},
         {"FETCH", "IXSCAN", "COLLSCAN"}),
        ({"ok": 1.0}, set()),
    ],
)  # fmt: skip
def test_only_the_stages_of_the_winning_plan_are_returned(answer: Document, named: set[str]) -> None:
    assert stages(answer) == named


class Answering:
    """A server with one answer, and true (or untrue) ones about the known commands."""

    def __init__(self, answer: Document, *, is_true: bool = True) -> None:
        self._answer = answer
        self._is_true = is_true

    async def command(self, name: str, command: Document, *, verbosity: str) -> Document:
        assert (name, verbosity) == ("explain", "executionStats")
        known = "deliveries" in command.values() or "pending_deletions" in command.values()
        return planned(FETCH if self._is_true else SCAN) if known else self._answer


async def test_an_order_by_id_needs_no_index_of_ours_on_a_server_that_scans_for_it() -> None:
    for field, wrong in (("_id", frozenset()), ("user_id", frozenset({"documents"}))):
        query = Query("users", "find", {}, ((field, 1),), limit=5)
        server = cast(AsyncDatabase[Document], Answering(planned(SCAN), is_true=False))
        walk = Walk((field,), 5, 5, 5, bounds=({},))
        assert await Explainer(server).problems({"find": "users", "sort": {field: 1}}, query, walk) == wrong


async def problems(answer: Document, *, limit: int | None = 5, is_true: bool = True) -> frozenset[str]:
    """Return the problems of the answer to a find of `limit`."""
    query = Query("users", "find", {"user_id": 1}, limit=limit)
    server = cast(AsyncDatabase[Document], Answering(answer, is_true=is_true))
    walk = Walk(("user_id",), 1, 1, 1, bounds=({"user_id": 1},))
    return await Explainer(server).problems({"find": "users", "filter": {"user_id": 1}}, query, walk)


SORTED: Document = {"stage": "SORT", "inputStage": FETCH}


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (planned(FETCH), set()),
        (planned(SCAN), {"documents"}),
        # an empty collection says nothing about an index
        (planned({"stage": "EOF"}), {"documents"}),
        # along an index, through everything
        (planned(FETCH, documents=1000), {"documents"}),
        (planned(FETCH, documents=6), set()),
        (planned(FETCH, documents=7), {"documents"}),
        (planned({"stage": "SORT_MERGE", "inputStages": [FETCH, FETCH]}), set()),
        # sorted in memory: allowed up to the number that was requested
        (planned(SORTED, documents=5, returned=5), set()),
        (planned(SORTED, documents=10, returned=5), {"sorted"}),
        (planned(SORTED, documents=1000, returned=5), {"documents", "sorted"}),
    ],
)
async def test_the_plan_of_a_truthful_server_decides(answer: Document, wrong: set[str]) -> None:
    assert await problems(answer) == wrong


async def test_for_any_other_server_the_bounds_of_the_walk_must_use_an_index() -> None:
    assert await problems(planned(SORTED, documents=1000), is_true=False) == frozenset()
    assert await problems(planned(SCAN), is_true=False) == {"documents"}

"""What a server says it does for a command, in the words of MongoDB's `explain`."""

from collections.abc import Iterator, Mapping
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from database.values import Document
from tests.operations.plans.seen import Query
from tests.operations.plans.walk import Walk

#: stages that find documents or count them without going through all
BY_INDEX = frozenset(
    {
        "IXSCAN",
        "IDHACK",
        "COUNT_SCAN",
        "DISTINCT_SCAN",
        "CLUSTERED_IXSCAN",
        "EXPRESS_IXSCAN",
        "EXPRESS_CLUSTERED_IXSCAN",
        "EXPRESS_UPDATE",
        "EXPRESS_DELETE",
        "RECORD_STORE_FAST_COUNT",
    }
)
#: parts of an answer that tell of other plans, or of the same in other words
_ASIDE = frozenset({"rejectedPlans", "slotBasedPlan", "executionStats", "command", "parsedQuery"})


def _winners(answer: Any) -> Iterator[Any]:
    """Every winning plan in the answer: one, or one a shard, or one in the first stage of a pipeline."""
    if isinstance(answer, Mapping):
        for name, value in answer.items():
            if name == "winningPlan":
                yield value
            elif name not in _ASIDE:
                yield from _winners(value)
    elif isinstance(answer, list):
        for item in answer:
            yield from _winners(item)


def _stages(plan: Any) -> Iterator[str]:
    if isinstance(plan, Mapping):
        if isinstance(plan.get("stage"), str):
            yield plan["stage"]
        for name, value in plan.items():
            if name not in _ASIDE and name != "filter":
                yield from _stages(value)
    elif isinstance(plan, list):
        for item in plan:
            yield from _stages(item)


def stages(answer: Document) -> frozenset[str]:
    """The names of all stages of the plan that won, `{}` when the answer names none."""
    return frozenset(stage for plan in _winners(answer) for stage in _stages(plan))


def examined(answer: Document) -> tuple[int, int]:
    """Documents read and returned when the plan was carried out; zeros when it was not."""
    stats = answer.get("executionStats", {})
    return int(stats.get("totalDocsExamined", 0)), int(stats.get("nReturned", 0))


class Asking:
    """A server asked to explain."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database
        self._is_true: bool | None = None

    async def explain(self, command: Document) -> Document:
        """Its answer; reads are carried out for it, writes are not."""
        return await self._database.command("explain", command, verbosity="executionStats")

    async def is_true(self) -> bool:
        """Whether its answers are what it does, tried with three commands of which everybody knows.

        SecantusDB reads no condition of an update, calls `_id` with anything beside it a walk through the collection,
        and an order behind a given field a sort; all three it carries out by index.
        """
        if self._is_true is None:
            known: tuple[Document, ...] = (
                {"update": "deliveries", "updates": [{"q": {"_id": "nobody"}, "u": {"$set": {"count": 2}}}]},
                {"find": "deliveries", "filter": {"_id": "nobody", "count": 1}},
                {"find": "pending_deletions", "filter": {"user_id": 1}, "sort": {"delete_at": 1}, "limit": 1},
            )
            answers = [stages(await self.explain(command)) for command in known]
            self._is_true = all(not names & {"COLLSCAN", "SORT"} for names in answers)
        return self._is_true

    async def problems(self, command: Document, query: Query, walk: Walk) -> frozenset[str]:
        """What of the plan is wasteful: "documents" read, "sorted" in memory; empty when nothing is.

        Where the answer cannot be believed it is asked for the part of the condition `walk` goes by, alone, and should
        it know no index for that either, for the first field of it.
        """
        answer = await self.explain(command)
        names = stages(answer)
        if await self.is_true():
            return _problems(answer, query)
        if names & BY_INDEX and "COLLSCAN" not in names:
            return frozenset()
        by_index = [await self._has_index_for(query, bounds) for bounds in walk.bounds]
        return frozenset() if by_index and all(by_index) else frozenset({"documents"})

    async def _has_index_for(self, query: Query, bounds: Document) -> bool:
        order: Document = {} if bounds else {"sort": dict(query.sort)}
        for part in (bounds, dict(list(bounds.items())[:1])):
            if stages(await self.explain({"find": query.collection, "filter": part, **order})) & BY_INDEX:
                return True
        return False


def _problems(answer: Document, query: Query) -> frozenset[str]:
    names = stages(answer)
    documents, returned = examined(answer)
    found = set()
    if "COLLSCAN" in names or not names & BY_INDEX:
        found.add("documents")
    if query.method.startswith(("find", "count")) and documents > returned + query.asked:
        found.add("documents")
    if "SORT" in names and documents > query.asked:
        found.add("sorted")
    return frozenset(found)

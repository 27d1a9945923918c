"""Read a server's answers to MongoDB's `explain`."""

from collections.abc import Iterator, Mapping
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from database.values import Document
from tests.operations.plans.queries import Query
from tests.operations.plans.walk import Walk

#: stages that find or count documents by an index
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
#: parts of an answer about other plans, or about the same one in another form
_ASIDE = frozenset({"rejectedPlans", "slotBasedPlan", "executionStats", "command", "parsedQuery"})


def _winners(answer: Any) -> Iterator[Any]:
    """Yield every winning plan in the answer: one, one per shard, or one in the first stage of a pipeline."""
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
    """Return the names of all stages of the winning plans, empty when the answer has none."""
    return frozenset(stage for plan in _winners(answer) for stage in _stages(plan))


def examined(answer: Document) -> tuple[int, int]:
    """Return the documents read and returned when the plan was executed; zeros when it was not."""
    stats = answer.get("executionStats", {})
    return int(stats.get("totalDocsExamined", 0)), int(stats.get("nReturned", 0))


class Explainer:
    """Asks one server to explain commands."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database
        self._is_true: bool | None = None

    async def explain(self, command: Document) -> Document:
        """Return the answer; reads are executed for it, writes are not."""
        return await self._database.command("explain", command, verbosity="executionStats")

    async def is_true(self) -> bool:
        """Return whether the server's answers are true, by three commands whose plans are known.

        SecantusDB ignores the condition of an update, reports a scan for `_id` with another field and a sort for an
        order behind an equal field, although it uses an index for all three.
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
        """Return what the plan wastes: "documents" read, "sorted" in memory; empty when nothing.

        A server whose answers are not true is asked about the bounds of `walk` alone, and if it reports no index for
        them, about their first field. It needs no index of ours for an order by `_id`, for which SecantusDB scans.
        """
        answer = await self.explain(command)
        names = stages(answer)
        if await self.is_true():
            return _problems(answer, query)
        if (names & BY_INDEX and "COLLSCAN" not in names) or (walk.index == query.order == ("_id",)):
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

"""What the operations of busy moments read: commands, and index keys and documents beside the documents returned.

The commands and queries are those the operations make. What a query reads is simulated from the indexes there are, as
MongoDB walks them (`tests/operations/plans/walk.py`), over rows that are the worst case for a bad index: the rows that
match stand behind all that nearly do. `tests/operations/test_plans.py` compares the same with a server's plans.
"""

import gc
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.harness.report import Figure
from bench.harness.telegram import Telegram
from bench.plan import Plan
from config import MEMORY_STORE
from tests.operations.plans.catalogue import CASES
from tests.operations.plans.filled import FEWEST, filled
from tests.operations.plans.queries import Query, noted_queries
from tests.operations.plans.walk import Table

#: what is measured, by the names of its cases in the catalogue; one that ends with "(" or "." stands for all that
#: begin so
OPERATIONS: dict[str, tuple[str, ...]] = {
    "a broadcast: a page of people": ("segments.find_reachable (everybody)",),
    "a broadcast: a page of rows": ("broadcast_rows.next_pending",),
    "a broadcast: a claim": ("broadcast_rows.claim",),
    "a broadcast: its results": ("broadcast_rows.mark_each_sent",),
    "a broadcast: its recall": ("broadcast_rows.next_to_recall",),
    "a claim of due deletions": ("deletion_ops.claim_due (of one bot)",),
    "posts: the list": ("post_search.search (all)",),
    "posts: a rare word": ("post_search.search (a rare word)",),
    "posts: a common word": ("post_search.search (a common word)",),
    "posts: a number": ("post_search.search (a number)",),
    "statistics: the days": ("statistics_ops.last_days",),
    "statistics: a week, against the one before": ("statistics_ops.overview",),
    "statistics: the best posts": ("post_days.top",),
    "a subscriber": ("user_ops.find",),
    "a subscriber: open deliveries": ("deletion_ops.open_deliveries",),
    "a delivery": (
        "post_ops.open_post",
        "user_ops.upsert_visitor (known)",
        "membership_ops.find_memberships",
        "delivery_ops.start (the first)",
        "delivery_ops.record_sent",
    ),
    "expired tokens: a batch": ("token_ops.delete_expired_and_used_tokens",),
}


@dataclass(slots=True)
class Reads:
    """One row of the table; lists have a number for each size."""

    commands: int = 0
    queries: list[Query] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    documents: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)


async def measure(_: Telegram, plan: Plan) -> list[Figure]:
    """The queries once, then what they read at each size."""
    sizes = plan.rows
    reads = {
        name: Reads(returned=[0] * len(sizes), documents=[0] * len(sizes), keys=[0] * len(sizes)) for name in OPERATIONS
    }
    await _note(reads)
    by_collection: dict[str, list[tuple[Reads, Query]]] = defaultdict(list)
    for one in reads.values():
        for query in one.queries:
            by_collection[query.collection].append((one, query))
    with _without_collections():
        for collection, asked in by_collection.items():
            for at, size in enumerate(sizes):
                _walk(Table(collection, size), asked, at)
    return [_figure(sizes, reads)]


@contextmanager
def _without_collections() -> Iterator[None]:
    """Millions of keys hold no cycle, and each search for one looks at all of them."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _walk(table: Table, asked: Sequence[tuple[Reads, Query]], at: int) -> None:
    """Add what the queries of one collection read at the size of number `at`."""
    for one, query in asked:
        walk = table.walk(query)
        one.returned[at] += walk.returned
        one.documents[at] += walk.documents
        one.keys[at] += walk.keys


async def _note(reads: dict[str, Reads]) -> None:
    """Run the cases, in the order of the catalogue, and note their commands and queries."""
    async with filled(MEMORY_STORE, FEWEST) as db:
        with noted_queries() as seen:
            for case in CASES:
                for name in [name for name, cases in OPERATIONS.items() if is_among(case.name, cases)]:
                    seen.clear()
                    db.calls.clear()
                    await case.run()
                    reads[name].commands += db.calls.total()
                    reads[name].queries += seen


def is_among(case: str, names: Sequence[str]) -> bool:
    """Whether the case is one of those named."""
    return any(case == name or (name.endswith(("(", ".")) and case.startswith(name)) for name in names)


def _figure(sizes: Sequence[int], reads: dict[str, Reads]) -> Figure:
    columns = {"of": 0, "commands": 0, "returned": 0}
    for size in sizes:
        columns |= {f"documents at {size:,}": 0, f"keys at {size:,}": 0}
    figure = Figure("What is read beside what is returned", columns)
    for name, one in reads.items():
        read = [number for pair in zip(one.documents, one.keys, strict=True) for number in pair]
        figure.rows.append((name, one.commands, one.returned[-1], *read))
    figure.notes = [
        "Pages of 5 to 10 rows, of which so many match at every size. `at N`: N rows in each collection. The commands "
        "are counted in memory, where a call of the database is one command on a server. Documents and keys are "
        "simulated as MongoDB walks our indexes. A count returns as many as it counts.",
    ]
    return figure

"""Durations of operations, and whether they grow with the collection."""

import json
import math
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from pymongo import AsyncMongoClient

from core.errors import StoreUnavailable
from database.connection import close_database, current_database, open_database
from database.indexes import ensure_indexes
from database.operations import deletion_ops
from database.values import Document
from tests.operations.probing.table import HOLD, NOW, Finding, attempt, new_name, promise, show

#: no further call is measured after this time
BUDGET_MS = 3000.0


async def _grow(size: int, has: int) -> float:
    rows, started = current_database().collection("pending_deletions"), time.perf_counter()
    for first in range(has, size, 1000):
        await rows.insert_many([{"_id": n, **promise(n)} for n in range(first, min(first + 1000, size))])
    return (size - has) / (time.perf_counter() - started)


async def _median_ms(call: Callable[[int], Awaitable[object]], times: int, size: int) -> float:
    took: list[float] = []
    for number in range(times):
        if sum(took) > BUDGET_MS:
            break
        started = time.perf_counter()
        try:
            await call(number * 7919 % size)
        except StoreUnavailable:
            return math.inf
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


async def _measure(size: int) -> dict[str, float]:
    rows = current_database().collection("pending_deletions")
    far = NOW - timedelta(seconds=990)
    return {
        "find one by _id": await _median_ms(lambda n: rows.find_one({"_id": n}), 200, size),
        "open_deliveries of a person": await _median_ms(lambda n: deletion_ops.open_deliveries(n // 10, 20), 200, size),
        "conditional update by _id": await _median_ms(
            lambda n: rows.update_one({"_id": n, "claimed_by": None}, {"$inc": {"attempts": 1}}), 200, size
        ),
        "next_due": await _median_ms(lambda n: deletion_ops.next_due(), 50, size),
        "claim_due of 100": await _median_ms(lambda n: deletion_ops.claim_due(NOW, f"o{n}", HOLD, 100), 10, size),
        "claim_due, nothing due": await _median_ms(
            lambda n: deletion_ops.claim_due(far - HOLD, "o", HOLD, 100), 20, size
        ),
        "count_overdue": await _median_ms(lambda n: deletion_ops.count_overdue(far), 20, size),
    }


#: two of our queries that the server explains
EXPLAINED: dict[str, Document] = {
    "a person's promises": {"filter": {"user_id": 77}, "sort": {"delete_at": 1}, "limit": 20},
    "due promises in order": {"filter": {"delete_at": {"$lte": NOW}}, "sort": {"delete_at": 1}, "limit": 100},
}


async def _plan(uri: str, name: str, find: Document) -> str:
    client: AsyncMongoClient[Document] = AsyncMongoClient(uri)
    try:
        answer = await client[name].command(
            "explain", {"find": "pending_deletions", **find}, verbosity="executionStats"
        )
    finally:
        await client.close()
    text = json.dumps(answer.get("queryPlanner", {}).get("winningPlan", {}), default=str)
    stages = [stage for stage in ("COLLSCAN", "IXSCAN", "IDHACK", "SORT") if f'"{stage}"' in text]
    examined = answer.get("executionStats", {}).get("totalDocsExamined", "?")
    return f"{'+'.join(stages) or 'no plan named'}, {examined} examined"


async def measure_speed(uri: str, size: int) -> list[Finding]:
    """Measure operations at 1/100 of `size` and at `size`: with an index they do not grow with the collection."""
    db = await open_database(uri, new_name(), timeout_s=10)
    try:
        await ensure_indexes(db)
        await _grow(size // 100, 0)
        small = await _measure(size // 100)
        rate = await _grow(size, size // 100)
        lines = [show(Finding("speed", f"insert_many, {size} in all", True, f"{rate:.0f} documents/s"))]
        large = await _measure(size)
        lines += [show(_compared(name, small[name], late, size)) for name, late in large.items()]
        for what, find in EXPLAINED.items():
            lines.append(await attempt("explain", what, lambda find=find: _plan(uri, db.name, find)))  # type: ignore[misc]
        return lines
    finally:
        await close_database()
        await _drop_patiently(uri, db.name)


async def _drop_patiently(uri: str, name: str) -> None:
    # some servers need more than our client's ten seconds to drop 200,000 documents
    async with AsyncMongoClient[Document](uri) as client:
        await client.drop_database(name)


def _compared(name: str, early: float, late: float, size: int) -> Finding:
    # growth is slow, not wrong: a server is unfit only when the client times out
    growth = "; GROWS" if late > 5 * early and late > 20 else ""
    return Finding("speed", name, late < math.inf, f"{early:.1f} ms at {size // 100}, {late:.1f} ms at {size}{growth}")

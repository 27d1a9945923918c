"""Subscribers found by name, username and id: keys read by an index, and the time beside a scan."""

import gc
import math
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.harness.numbers import percentile
from bench.harness.report import Figure, Row, not_measured
from bench.harness.stores import Store, client_of, database_of, find_server
from bench.harness.telegram import Telegram
from bench.plan import Plan
from config import MEMORY_STORE
from core.errors import StoreUnavailable
from core.users import user_words
from database.connection import close_database, open_database
from database.indexes import INDEXES
from database.operations.people import people_lists
from database.values import Document
from tests.operations.plans.catalogue import CASES
from tests.operations.plans.filled import FEWEST, filled
from tests.operations.plans.queries import Query, noted_queries
from tests.operations.plans.walk import Table

#: documents of one insert, subscribers of a page, searches of each kind
BATCH, PAGE, TIMES = 1000, 6, 5
#: every so many subscribers have the rare name
RARE_EVERY = 5_000
#: the indexes that searches go by
SEARCHED = ("user_id", "words", "username_key")
READ_TITLE = "Search for a subscriber: what is read for a page of six"
TIMED_TITLE = "Search for a subscriber: milliseconds, beside a scan"


async def measure_read(_: Telegram, plan: Plan) -> list[Figure]:
    """Keys and documents of each search, simulated as MongoDB walks the indexes, at each size."""
    figure = Figure(READ_TITLE, {"search": 0, "subscribers": 0, "returned": 0, "documents": 0, "keys": 0, "scan": 0})
    queries = await _queries()
    with _without_collections():
        for size in plan.searched:
            table = Table("users", size)
            figure.rows += [_read(name, table, asked) for name, asked in queries.items()]
    figure.notes = [
        "The queries are those of the catalogue of operations (tests/operations/plans), whose plans a test compares "
        "with a server's explain; keys and documents are simulated as MongoDB walks our indexes, over rows where those "
        "that match stand behind others. `scan`: documents a search without an index reads. Several words are counted "
        "first, and a count reads what it counts.",
    ]
    return [figure]


async def _queries() -> dict[str, list[Query]]:
    found = {}
    async with filled(MEMORY_STORE, FEWEST):
        with noted_queries() as seen:
            for case in CASES:
                seen.clear()
                await case.run()
                if case.name.startswith("people_lists.search"):
                    found[case.name.partition("(")[2].rstrip(")")] = list(seen)
    return found


@contextmanager
def _without_collections() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _read(name: str, table: Table, asked: Sequence[Query]) -> Row:
    walks = [table.walk(query) for query in asked]
    returned, documents, keys = (
        float(sum(getattr(walk, what) for walk in walks)) for what in ("returned", "documents", "keys")
    )
    return (name, float(table.size), returned, documents, keys, float(table.size))


async def measure_time(_: Telegram, plan: Plan) -> list[Figure]:
    """Each search on the server, and the same by a regular expression over names, as is usual."""
    store = find_server()
    if store is None:
        return [not_measured(TIMED_TITLE, "It needs a server: mongomock has no index.")]
    columns = {"search": 0, "subscribers": 0, "found": 0, "p50 ms": 1, "scan p50 ms": 1, "scan / index": 1}
    figure = Figure(TIMED_TITLE, columns)
    async with database_of(store) as name:
        await _fill(store, name, plan.people)
        await open_database(store.uri, name)
        try:
            figure.rows = [await _timed(store, name, plan.people, *one) for one in _searches(plan.people)]
        finally:
            await close_database()
    figure.notes = [
        f"A page of {PAGE}, {TIMES} times each. The scan: a regular expression that ignores case, over names or "
        "usernames, up to the same number. The times are those of the server of MONGO_URI.",
    ]
    return [figure]


def _searches(people: int) -> list[tuple[str, str, Document]]:
    """Return what is searched: its name, what is typed, and the condition of the scan."""
    last = people - 1
    return [
        ("a rare name", "zo\u00eb", {"first_name": {"$regex": "zo\u00eb", "$options": "i"}}),
        ("a username", f"@anna_{last}", {"username": {"$regex": f"^anna_{last}", "$options": "i"}}),
        ("an id", str(_id(last)), {"user_id": _id(last)}),
        ("nobody", "qqq", {"first_name": {"$regex": "qqq", "$options": "i"}}),
    ]


async def _timed(store: Store, database: str, people: int, name: str, typed: str, scan: Document) -> Row:
    found = 0

    async def by_index() -> None:
        nonlocal found
        users, more = await people_lists.search(typed, skip=0, limit=PAGE)
        found = len(users) + more

    async with client_of(store) as client:
        home = client[database]["users"]

        async def by_scan() -> None:
            await home.find(scan, hint=[("$natural", 1)]).limit(PAGE + 1).to_list(None)

        index_ms, scan_ms = await _p50_ms(by_index), await _p50_ms(by_scan)
    return (name, float(people), float(found), index_ms, scan_ms, scan_ms / index_ms if index_ms else math.nan)


async def _p50_ms(search: Callable[[], Awaitable[None]]) -> float:
    waits_s = []
    try:
        for _ in range(TIMES):
            started = time.perf_counter()
            await search()
            waits_s.append(time.perf_counter() - started)
    except StoreUnavailable:
        # longer than the product waits for an answer
        return math.nan
    return percentile(waits_s, 50) * 1000


async def _fill(store: Store, database: str, people: int) -> None:
    """Fill with the bench's own client, then build the indexes searches go by: in this order it takes a tenth."""
    async with client_of(store) as client:
        home = client[database]["users"]
        for start in range(0, people, BATCH):
            await home.insert_many([_user(number) for number in range(start, min(start + BATCH, people))])
        for index in INDEXES["users"]:
            if index.fields[0] in SEARCHED:
                await home.create_index([(field, 1) for field in index.fields], unique=index.unique)


def _id(number: int) -> int:
    return 100_000_000 + 7919 * number


def _user(number: int) -> dict[str, Any]:
    name = f"Zo\u00eb {number}" if number % RARE_EVERY == 3 else f"Anna {number}"
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    return {
        "user_id": _id(number),
        "first_name": name,
        "username": f"Anna_{number}",
        "username_key": f"anna_{number}",
        "words": list(user_words(name, f"Anna_{number}")),
        "joined_at": at,
        "last_seen_at": at,
    }

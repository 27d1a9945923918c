"""Every query of `database/` uses an index and reads little more than it returns, whatever the size."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import lru_cache

import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from core.segments import NOT_REACHED, SegmentKind
from database.values import Document
from tests.operations.plans.catalogue import CASES, Case
from tests.operations.plans.explained import Explainer
from tests.operations.plans.filled import filled, queries_of_all
from tests.operations.plans.queries import EXPLAINABLE, Query, Wire, noted_queries, one_by_one
from tests.operations.plans.rows import FILLED, NOW
from tests.operations.plans.walk import Table

#: filling a server counts as the first test's time
pytestmark = [pytest.mark.sweep, pytest.mark.timeout(240)]

#: rows of a collection: a hundred thousand take a quarter of a minute, so they are used only with a server
WALKED = 100_000 if "MONGO_URI" in os.environ else 10_000
#: rows of a collection on the server
STORED = 2_000

#: cases that read more than they return: what, and why that is allowed
ALLOWED: dict[str, tuple[set[str], str]] = {
    "post_search.search (a rare word of every post)": (
        {"sorted"},
        "newest first among the few posts with that word: no index has both orders",
    ),
    **dict.fromkeys(
        ("post_search.search (number first)", "post_search.search (number first, next page)"),
        ({"keys", "documents", "sorted"}, "as above, of every number that begins so; the post itself comes first"),
    ),
    "deletion_ops.claim_due (of one bot)": (
        {"keys"},
        "what is due and held or put off stands in front; it is passed over in the index and not read",
    ),
    "deletion_ops.claim_due": (
        {"keys", "documents"},
        "as above, but for no bot: nothing in the product asks so, and its index does not know what is put off",
    ),
    **dict.fromkeys(
        (f"segments.count_reachable ({kind})" for kind in SegmentKind if kind not in NOT_REACHED),
        (
            {"keys", "documents"},
            "an admin waits for one number a few times a day: one look at each who may be meant, also at those who "
            "have blocked the bot, are banned or want no news",
        ),
    ),
    "people_lists.count_unreached": (
        {"keys", "documents"},
        "one look at each who has blocked the bot or is banned, two at who is both",
    ),
    "user_ops.find_news_stopped": (
        {"keys", "documents"},
        "once a page of recipients, and only the people of that page: an index would be kept up at every opt-out",
    ),
    "segments.find_reachable (active)": (
        {"keys", "documents", "sorted"},
        "by their ids, all were it for all their pages together; by their last visit, the active of each page again: "
        "the server takes what is less, and no index has both orders",
    ),
    "segments.find_reachable (new)": (
        {"sorted"},
        "by their first visit, the new of each page again, or by their ids: as above",
    ),
    "segments.find_reachable (language)": (
        {"keys", "documents"},
        "all pages together look at each person once; a language with its regions is a range, and a range has no "
        "order by ids",
    ),
    "inactive_user_ops.find_inactive": (
        {"keys", "documents"},
        "once a night, and only where an owner wants it: a look at each who has not come for so long",
    ),
    "housekeeping_ops.delete_old_memberships": (
        {"keys"},
        "requests to join stay, however old: they are passed over in the index and not read",
    ),
    "housekeeping_ops.delete_old_requests": (
        {"keys"},
        "memberships of the same age that are no requests are passed over in the index and not read",
    ),
    "broadcast_rows.count_set_aside": (
        {"keys", "documents"},
        "once, when a recall ends: nearly always no row is set aside, and an index would be kept up at every copy",
    ),
    "broadcast_rows.count_of_unknown_state": ({"keys"}, "once, when a recall ends: as above"),
    "doctor.examine": ({"documents"}, "a person's own examination by hand: it counts whole collections"),
}


def _not_allowed(case: Case, found: set[str]) -> set[str]:
    return found - ALLOWED.get(case.name, (set(), ""))[0]


def _named(case: Case) -> str:
    return case.name


def test_every_allowed_exception_names_a_case() -> None:
    assert set(ALLOWED) <= {case.name for case in CASES}


# --- simulated


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asked() -> dict[str, list[Query]]:
    return await queries_of_all()


@lru_cache(maxsize=2)
def _table(collection: str) -> Table:
    return Table(collection, WALKED)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", CASES, ids=_named)
async def test_no_more_is_read_than_returned(case: Case, asked: dict[str, list[Query]]) -> None:
    waste: dict[str, str] = {}
    for query in asked[case.name]:
        walk = _table(query.collection).walk(query)
        waste |= {kind: f"{query}: {walk}" for kind in walk.waste(query.asked)}
    assert set(waste) == ALLOWED.get(case.name, (set(), ""))[0], "\n".join(waste.values())


@pytest.mark.asyncio(loop_scope="module")
async def test_every_queried_collection_has_rows(asked: dict[str, list[Query]]) -> None:
    by_operations = {name: queries for name, queries in asked.items() if not name.startswith("doctor.")}
    assert {query.collection for queries in by_operations.values() for query in queries} == FILLED


# --- explained by the server


@dataclass(frozen=True)
class Server:
    database: AsyncDatabase[Document]
    wire: Wire
    asking: Explainer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Server]:
    """The server of MONGO_URI with every collection filled and indexed, for operations and explained commands."""
    uri, wire = os.environ["MONGO_URI"], Wire()
    async with filled(uri, STORED, listeners=[wire]) as db, AsyncMongoClient[Document](uri, tz_aware=True) as client:
        yield Server(client[db.name], wire, Explainer(client[db.name]))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.server
@pytest.mark.parametrize("case", CASES, ids=_named)
async def test_the_server_goes_by_an_index(case: Case, server: Server) -> None:
    server.wire.commands.clear()
    with noted_queries() as queries:
        await case.run()
    names = [next(iter(command)) for command in server.wire.commands]
    explainable = [command for command in server.wire.commands if next(iter(command)) in EXPLAINABLE]
    commands = [one for command in explainable for one in one_by_one(command)]
    assert "getMore" not in names
    found: dict[str, str] = {}
    for query, command in zip(queries, commands, strict=True):
        walk = Table(query.collection, 50).walk(query)
        found |= {kind: f"{query} by {walk.index}" for kind in await server.asking.problems(command, query, walk)}
    assert _not_allowed(case, set(found)) == set(), "\n".join(found.values())


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.server
async def test_a_missing_index_is_seen(server: Server) -> None:
    query = Query("users", "count", {"last_seen_at": {"$gte": NOW}})
    command = {"aggregate": "users", "pipeline": [{"$match": query.condition}, {"$count": "n"}], "cursor": {}}
    walk = Table("users", 50).walk(query)
    users = server.database["users"]

    assert await server.asking.problems(command, query, walk) == frozenset()
    await users.drop_index("last_seen_at_1")
    try:
        assert await server.asking.problems(command, query, walk) == {"documents"}
    finally:
        await users.create_index([("last_seen_at", 1)])

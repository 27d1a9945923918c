"""Searching posts by words: how long a page takes, and how many documents it reads for those it returns."""

import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from bench.harness.numbers import percentile
from bench.harness.report import Figure, Row
from bench.harness.stores import Store, client_of, database_of, stores
from bench.harness.telegram import Telegram
from bench.plan import Plan
from core.errors import StoreUnavailable
from core.posts import PostStatus, post_words
from database.connection import Database, close_database, open_database
from database.indexes import INDEXES, ensure_indexes
from database.operations.posts import post_search
from database.operations.searching.word_search import FEW
from database.values import Document

#: documents in one insert, posts of a page, and searches of each kind
BATCH, PAGE, TIMES = 1000, 6, 5
#: mongomock compares every document with every condition: more would measure only that
IN_MEMORY_MAX = 5_000
#: every so many posts have the rare word, which is none of the newest
RARE_EVERY = 5_000
COLUMNS = {"store": 0, "posts": 0, "search": 0, "returned": 0, "read": 0, "p50 ms": 1, "p95 ms": 1}
#: what is typed; each word is that of a title in another case and script
SEARCHES: dict[str, str | None] = {
    "rare word": "TULP",
    "common and rare": "album tulpen",
    "another script": "हिन्दी",
    "number": "#17",
    "nothing": "zzz",
    # last: a server that reads every match is busy with these for long
    "accents left out": "cafe",
    "common word": "aLb",
    "two common": "album straße",
    "newest": None,
}


class Finds(CommandListener):
    """Keeps the last find of posts that was sent."""

    def __init__(self) -> None:
        self.last: dict[str, Any] = {}

    def started(self, event: CommandStartedEvent) -> None:
        if event.command.get("find") == "posts":
            names = ("find", "filter", "sort", "skip", "limit")
            self.last = {name: event.command[name] for name in names if name in event.command}

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


async def measure(_: Telegram, plan: Plan) -> list[Figure]:
    """Each search on each store."""
    figure = Figure("Posts found by words", COLUMNS)
    for store in stores():
        figure.rows += await _rows(store, min(plan.posts, IN_MEMORY_MAX) if store.is_memory else plan.posts)
    figure.notes = [
        f"A page of {PAGE}, newest first, and one post more, which says whether a page follows. `read`: the documents "
        "the server says it read for the page (explain). A search for several words counts the two longest before, "
        f"each up to {FEW}. SecantusDB, where that is the server, reads every match before it sorts, "
        "which takes longer than the product waits when nearly all match. MongoDB tries both indexes, and for a common "
        "word it reads the newest posts until the page is full.",
        f"mongomock has no index: in memory there are {IN_MEMORY_MAX:,} posts at most, and the times are its own.",
    ]
    return [figure]


async def _rows(store: Store, posts: int) -> list[Row]:
    finds = Finds()
    async with database_of(store) as name:
        db = await open_database(store.uri, name, listeners=[finds])
        try:
            await _fill(db, posts)
            if not store.is_memory:
                await _build_indexes(store, name)
            await ensure_indexes(db)
            return [await _row(store, name, posts, how, finds) for how in SEARCHES]
        finally:
            await close_database()


async def _build_indexes(store: Store, database: str) -> None:
    """Build those of posts with the bench's own client: for many posts it takes longer than an operation may wait."""
    async with client_of(store) as client:
        for index in INDEXES["posts"]:
            keys = [(field, 1) for field in index.fields]
            await client[database]["posts"].create_index(keys, unique=index.unique)


async def _row(store: Store, database: str, posts: int, how: str, finds: Finds) -> Row:
    waits_s: list[float] = []
    returned = 0
    try:
        for _ in range(TIMES):
            started = time.perf_counter()
            found, more = await post_search.search(SEARCHES[how], skip=0, limit=PAGE)
            waits_s.append(time.perf_counter() - started)
            returned = len(found) + more
    except StoreUnavailable:
        # longer than the product waits for an answer
        return (store.name, posts, how, "too slow", math.nan, math.nan, math.nan)
    read = math.nan if store.is_memory else await _documents_read(store, database, finds.last)
    p50, p95 = (percentile(waits_s, percent) * 1000 for percent in (50, 95))
    return (store.name, posts, how, returned, read, p50, p95)


async def _documents_read(store: Store, database: str, find: dict[str, Any]) -> int:
    async with client_of(store) as client:
        answer = await client[database].command("explain", find, verbosity="executionStats")
    return int(answer["executionStats"]["totalDocsExamined"])


async def _fill(db: Database, posts: int) -> None:
    for start in range(0, posts, BATCH):
        numbers = range(start + 1, min(start + BATCH, posts) + 1)
        await db.collection("posts").insert_many([_post(number) for number in numbers])


def _texts(number: int) -> Sequence[str]:
    title = f"Album {number} Café" if number % 2 else f"Straße {number} album"
    return title, "हिन्दी किताब" if number % 100 == 7 else "Tulpen aus Amsterdam" if number % RARE_EVERY == 3 else ""


def _post(number: int) -> Document:
    title, description = _texts(number)
    return {
        "code": f"{number:016}",
        "number": number,
        "title": title,
        "description": description,
        "words": list(post_words(number, title, description)),
        "storage_chat_id": -1,
        "message_ids": [number],
        "item_count": 1,
        "status": PostStatus.LIVE.value,
        "is_scheduled": False,
        "is_announced": False,
        "is_imported": False,
        "created_by": 1,
        "created_at": datetime(2026, 3, 1, tzinfo=UTC),
    }

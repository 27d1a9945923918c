"""A start on a database of millions without indexes: seconds, memory, and the longest ping beside it.

`MONGO_URI=… python -m bench.big_start [USERS] [PROMISES]`; the database is new and is dropped afterwards.
"""

import asyncio
import os
import resource
import secrets
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import MongoClient

from core.clock import SystemClock
from database.connection import close_database, open_database
from database.migrations.runner import migrate
from runtime.lifecycle import open_store
from tests.house import settings_for

NOW = datetime(2026, 3, 1, tzinfo=UTC)
_BATCH = 5_000


def users(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        at = NOW - timedelta(seconds=number)
        yield {"user_id": number + 1, "first_name": "Ann", "joined_at": at, "last_seen_at": at, "credits": 0}


def promises(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {
            "bot_id": 1002,
            "user_id": number + 1,
            "chat_id": number + 1,
            "message_ids": [number + 5],
            "delete_at": NOW + timedelta(seconds=number),
            "sent_at": NOW,
            "claimed_until": None,
            "not_before": None,
            "claimed_by": None,
            "post_code": "x",
        }


def fill(uri: str, name: str, counts: dict[str, int]) -> None:
    """Insert the documents; no index stands yet."""
    with MongoClient[dict[str, Any]](uri) as client:
        for collection, documents in (("users", users), ("pending_deletions", promises)):
            batch: list[dict[str, Any]] = []
            for document in documents(counts[collection]):
                batch.append(document)
                if len(batch) == _BATCH:
                    client[name][collection].insert_many(batch, ordered=False)
                    batch = []
            if batch:
                client[name][collection].insert_many(batch)


async def newest_shape(uri: str, name: str) -> None:
    """Record that nothing has to be migrated: the start is to build indexes."""
    await migrate(await open_database(uri, name))
    await close_database()


async def longest_ping(uri: str, name: str, is_over: asyncio.Event) -> float:
    with MongoClient[dict[str, Any]](uri) as client:
        longest = 0.0
        while not is_over.is_set():
            started = time.monotonic()
            await asyncio.to_thread(client[name].command, "ping")
            longest = max(longest, time.monotonic() - started)
            await asyncio.sleep(0.5)
        return longest


async def start(uri: str, name: str) -> None:
    is_over = asyncio.Event()
    beside = asyncio.ensure_future(longest_ping(uri, name, is_over))
    for which in ("first", "second"):
        started = time.monotonic()
        await open_store(settings_for("http://127.0.0.1:9", MONGO_URI=uri, MONGO_DB=name), SystemClock())
        memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{which} start: {time.monotonic() - started:.1f} s, {memory_mb:.0f} MB of memory at most")
    is_over.set()
    print(f"longest ping beside it: {await beside:.2f} s")
    await close_database()


def main() -> None:
    uri = os.environ["MONGO_URI"]
    counts = {"users": int(sys.argv[1]), "pending_deletions": int(sys.argv[2])}
    name = f"tollgate_bench_{secrets.token_hex(4)}"
    asyncio.run(newest_shape(uri, name))
    started = time.monotonic()
    fill(uri, name, counts)
    print(f"{counts} inserted in {time.monotonic() - started:.0f} s", flush=True)
    try:
        asyncio.run(start(uri, name))
    finally:
        with MongoClient[dict[str, Any]](uri) as client:
            client.drop_database(name)


if __name__ == "__main__":
    main()

"""An index build may take as long as the server answers; a server that falls silent ends it."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from core.errors import StoreUnavailable
from database import clients, connection, index_builds
from database.connection import close_database, current_database, open_database
from database.index_builds import IndexBuilder, progress_of
from database.indexes import ensure_indexes, missing_indexes
from tests.chaos.proxy import StoreProxy


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_builds, "TOLD_EVERY_S", 0.04)
    monkeypatch.setattr(index_builds, "CLOSE_S", 0.1)
    monkeypatch.setattr(clients, "HEARTBEAT_MS", 500)
    monkeypatch.setattr(clients, "SILENT_MS", 500)
    monkeypatch.setattr(connection, "CLOSE_S", 0.1)


@pytest.fixture
async def proxy(quick: None) -> AsyncIterator[StoreProxy]:
    """A proxy before the server, and behind it an open database of its own."""
    port = urlsplit(os.environ["MONGO_URI"]).port or 27017
    async with StoreProxy(port) as proxy:
        name = f"tollgate_test_{secrets.token_hex(6)}"
        db = await open_database(f"mongodb://127.0.0.1:{proxy.port}/", name, timeout_s=1)
        yield proxy
        proxy.heal()
        await db.drop()
        # closing blocks, and the proxy runs in this loop
        await asyncio.to_thread(db.close)
        await close_database()


@pytest.mark.server
async def test_a_long_build_is_told_of_and_goes_on_while_the_server_answers(proxy: StoreProxy) -> None:
    db, told = current_database(), list[str]()
    hold = proxy.hold("createIndexes", "posts", 3, is_answered=True)

    def note(line: str) -> None:
        # other builds may be told of, too, on a machine that is busy
        if line.startswith("building the index posts.words_1, for "):
            told.append(line)
        if len(told) == 4:
            proxy.release(hold)

    assert "posts.words_1" in await ensure_indexes(db, note)
    assert await missing_indexes(db) == []
    assert len(told) >= 4


@pytest.mark.server
async def test_a_server_that_falls_silent_during_a_build_is_away(proxy: StoreProxy) -> None:
    db = current_database()
    proxy.hold("createIndexes", "posts", 1, is_answered=True)
    async with IndexBuilder(db, lambda line: proxy.fall_silent()) as builder:
        with pytest.raises(StoreUnavailable):
            await builder.build("posts", [("code", 1)])


def operation(ns: str, msg: str, done: int, total: int) -> dict[str, Any]:
    return {"ns": ns, "msg": f"{msg}: {done}/{total} 0%", "progress": {"done": done, "total": total}}


def test_the_progress_is_the_one_of_a_build_on_that_collection() -> None:
    scanning = "Index Build: scanning collection Index Build: scanning collection"
    operations = [
        operation("shop.users", scanning, 1, 10),
        {"ns": "shop.posts", "command": {"find": "posts"}},
        operation("shop.posts", "Copy", 1, 2),
        operation("shop.posts", scanning, 400_000, 1_000_000),
    ]
    assert progress_of(operations, "shop.posts") == ": 40 % of 1,000,000"
    assert progress_of(operations, "shop.tokens") == ""
    assert progress_of([{"ns": "shop.posts", "msg": "Index Build"}], "shop.posts") == ""

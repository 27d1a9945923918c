"""A broadcast: 7 % of its recipients have blocked the bot, 1 % are deactivated, and 2 % of the calls fail.

The environment variable RECIPIENTS sets their number; the default is 1,500 (100,000 take minutes).
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import CopyMessage, TelegramMethod
from aiogram.types import MessageId

from core.broadcasts import BroadcastStatus, NewBroadcast
from core.clock import ManualClock
from core.segments import Segment
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.operations import broadcast_ops, broadcast_rows
from database.operations.segments import count_reachable
from schedulers.jobs.broadcast_sender import BroadcastSender
from schedulers.runner import Run
from sender.bots import build_bot
from sender.limiting.send_limiter import SendLimiter
from tests.clocks import SteeredClock
from tests.house import own_store

RECIPIENTS = int(os.environ.get("RECIPIENTS", "1500"))
BLOCKED, GONE, FAULTS = 0.07, 0.01, 0.02
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

pytestmark = [pytest.mark.server, pytest.mark.timeout(1800)]


class Telegram(BaseSession):
    """Copies to every reachable user; a share of the calls fails, with each kind of error."""

    def __init__(self, users: range) -> None:
        super().__init__()
        self._rng = random.Random(5)
        shuffled = list(users)
        self._rng.shuffle(shuffled)
        blocked, gone = int(len(users) * BLOCKED), int(len(users) * GONE)
        self.blocked, self.gone = set(shuffled[:blocked]), set(shuffled[blocked : blocked + gone])
        self.got: Counter[int] = Counter()
        self.in_doubt: set[int] = set()
        self.faults: Counter[str] = Counter()

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        await asyncio.sleep(0)
        if not isinstance(method, CopyMessage):
            return True
        user_id = int(method.chat_id)
        if self._rng.random() < FAULTS:
            self._fail(method, user_id)
        if user_id in self.blocked:
            raise TelegramForbiddenError(method, "Forbidden: bot was blocked by the user")
        if user_id in self.gone:
            raise TelegramForbiddenError(method, "Forbidden: user is deactivated")
        self.got[user_id] += 1
        return MessageId(message_id=self.got.total())

    def _fail(self, method: CopyMessage, user_id: int) -> None:
        fault = self._rng.choice(("flood", "no connection", "restart", "page", "lost"))
        self.faults[fault] += 1
        if fault == "flood":
            raise TelegramRetryAfter(method, "Too Many Requests: retry after 3", 3)
        if fault == "no connection":
            raise TelegramNetworkError(method, "no connection") from ConnectionRefusedError()
        self.in_doubt.add(user_id)
        if fault != "page":
            self.got[user_id] += user_id not in self.blocked | self.gone
        if fault == "lost":
            raise TelegramNetworkError(method, "the answer was lost")
        if fault == "restart":
            raise TelegramServerError(method, "Internal Server Error: restart")
        raise ClientDecodeError("Failed to decode object", ValueError("a page"), "<html>")

    async def close(self) -> None:
        return None

    async def stream_content(self, *arguments: Any, **options: Any) -> AsyncGenerator[bytes, None]:
        yield b""


@pytest.fixture
async def db() -> AsyncIterator[Database]:
    async with own_store() as store:
        database = await open_database(store["MONGO_URI"], store["MONGO_DB"], clock=ManualClock(NOW))
        await ensure_indexes(database)
        yield database
        await close_database()


async def everybody(db: Database, users: range) -> None:
    for start in range(users.start, users.stop, 1000):
        some = range(start, min(start + 1000, users.stop))
        await db.collection("users").insert_many(
            [{"user_id": user_id, "joined_at": NOW, "last_seen_at": NOW, "blocked_at": None} for user_id in some]
        )


async def test_each_recipient_gets_one_copy_or_is_counted_as_blocked_or_unknown(db: Database) -> None:
    users = range(1, RECIPIENTS + 1)
    await everybody(db, users)
    telegram, limiter = Telegram(users), SendLimiter(1000, 1000, ManualClock(NOW), rng=random.Random(1))
    bot = build_bot("1002:sandbox-user", "http://127.0.0.1:9", limiter)
    for middleware in bot.session.middleware:
        telegram.middleware(middleware)
    bot.session = telegram
    new = NewBroadcast(
        key="many", title="News", source_chat_id=-100, message_ids=(1,), created_by=1, created_at=NOW, send_at=NOW,
        progress_chat_id=1,
    )  # fmt: skip
    broadcast, _ = await broadcast_ops.create(new)
    job = BroadcastSender(bot, limiter)
    run = Run(SteeredClock(start=NOW), "the test")

    counts = await job(run)

    ended = await broadcast_ops.find(broadcast.id)
    assert ended is not None
    assert (ended.status, counts.more) == (BroadcastStatus.SENT, False)
    assert sum(ended.counts.values()) == RECIPIENTS
    assert max(telegram.got.values()) == 1
    unreachable = telegram.blocked | telegram.gone
    assert ended.counts["unknown"] == len(telegram.in_doubt)
    assert ended.counts["blocked"] == len(unreachable - telegram.in_doubt)
    assert ended.counts["sent"] == RECIPIENTS - len(unreachable | telegram.in_doubt)
    assert set(ended.counts) == {"sent", "blocked", "unknown"}
    missed = set(users) - set(telegram.got) - unreachable - telegram.in_doubt
    assert missed == set()
    assert await count_reachable(Segment(), NOW) == RECIPIENTS - len(unreachable - telegram.in_doubt)
    assert min(telegram.faults.values()) >= 1
    sent = await broadcast_rows.rows().count({"state": "sent", "message_ids": []})
    assert sent == 0

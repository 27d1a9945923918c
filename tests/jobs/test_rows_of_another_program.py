"""Rows in the four plain shapes of another program: listed, worked off, cleaned up, backed up. Times are naive UTC."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot
from aiogram.methods import DeleteMessages, TelegramMethod
from aiogram.types import Chat

from core.broadcasts import BroadcastStatus
from core.clock import SystemClock
from core.jobs import JobOutcome
from database.backups.backup import write_backup
from database.connection import Database, close_database, open_database
from database.doctor import examine
from database.examination import examine_all
from database.indexes import ensure_indexes
from database.operations import broadcast_ops, deletion_ops, token_counts, token_ops
from schedulers import (
    create_broadcast_deleter_scheduler,
    create_message_deleter_scheduler,
    token_cleanup_scheduler,
    token_count_reset_scheduler,
)
from tests.house import own_store

HOUR = timedelta(hours=1)
READER = 7


def ago(step: timedelta) -> datetime:
    """A time without a zone, as a driver without options stores it."""
    return (datetime.now(UTC) - step).replace(tzinfo=None)


def rows() -> dict[str, list[dict[str, Any]]]:
    token = {"user_id": READER, "expires_at": ago(HOUR)}
    return {
        "pending_deletions": [
            {"user_id": READER, "chat_id": READER, "message_ids": [11, 12], "delete_at": ago(HOUR)},
            {"user_id": READER, "chat_id": READER, "message_ids": [13], "delete_at": ago(-HOUR)},
        ],
        "broadcasts": [
            {"message_id": 5, "created_at": ago(2 * HOUR), "delete_at": ago(HOUR)},
            {"message_id": 6, "created_at": ago(2 * HOUR), "delete_at": ago(-HOUR)},
            {"message_id": 7, "created_at": ago(3 * HOUR), "delete_at": None},
        ],
        "tokens": [
            token | {"status": "verified"},
            token | {"status": "bypassed"},
            token | {"status": "unused"},
            token | {"status": "verified", "expires_at": ago(-HOUR)},
        ],
        "token_generator_count": [
            {"user_id": READER, "date": ago(timedelta(days=2)), "count": 3},
            {"user_id": READER, "date": datetime(2100, 1, 1), "count": 2},  # noqa: DTZ001
        ],
    }


@pytest.fixture
async def db() -> AsyncIterator[Database]:
    """A database another program has filled, and the first start of this one."""
    async with own_store() as store:
        database = await open_database(store["MONGO_URI"], store["MONGO_DB"], clock=SystemClock())
        for name, documents in rows().items():
            # as another program does: the product stores no time without a zone
            await database.collection(name)._native.insert_many(documents)
        await ensure_indexes(database)
        yield database
        await close_database()


class AnsweringBot(Bot):
    """Notes what it is asked to delete, and says that it did."""

    def __init__(self) -> None:
        super().__init__("1002:sandbox-user")
        self.deleted: list[int] = []

    async def __call__(self, method: TelegramMethod[Any], request_timeout: int | None = None) -> Any:
        if isinstance(method, DeleteMessages):
            self.deleted += method.message_ids
            return True
        return Chat(id=READER, type="private")


async def test_a_due_deletion_is_made_and_the_next_one_waits(db: Database) -> None:
    bot = AnsweringBot()
    report = await create_message_deleter_scheduler(bot).delete_due_messages()
    assert (report.outcome, report.counts) == (JobOutcome.SUCCEEDED, {"deleted": 1})
    assert bot.deleted == [11, 12]
    assert [promise.message_ids for promise in await deletion_ops.open_deliveries(READER, 9)] == [(13,)]


async def test_broadcasts_are_listed_and_a_due_one_ends_as_kept(db: Database) -> None:
    assert {one.message_ids for one in await broadcast_ops.last(9)} == {(5,), (6,), (7,)}
    scheduler = create_broadcast_deleter_scheduler(AnsweringBot())
    assert (await scheduler.delete_expired_broadcasts()).counts == {"kept": 1}
    assert (await scheduler.delete_expired_broadcasts()).counts == {}
    by_message = {one.message_ids[0]: one for one in await broadcast_ops.last(9)}
    assert "not known here" in (by_message[5].error or "")
    assert [by_message[number].status for number in (5, 6, 7)] == [
        BroadcastStatus.FAILED, BroadcastStatus.SENT, BroadcastStatus.SENT
    ]  # fmt: skip
    assert by_message[6].delete_at is not None and by_message[5].delete_at is None


async def test_no_broadcast_of_another_program_is_sent_shown_or_recalled(db: Database) -> None:
    now = datetime.now(UTC)
    assert await broadcast_ops.find_next(now) is None
    assert await broadcast_ops.find_unfinished(9) == []
    await create_broadcast_deleter_scheduler(AnsweringBot()).delete_expired_broadcasts()
    assert await broadcast_ops.find_not_shown(9) == []
    (first, *_) = await broadcast_ops.last(1)
    assert await broadcast_ops.request_recall(first.id, now) is None


async def test_tokens_are_cleaned_up_and_pay_nothing(db: Database) -> None:
    now = datetime.now(UTC)
    assert await token_ops.open_tokens(READER, now) == []
    assert await token_ops.find_owed(now, 9) == []
    report = await token_cleanup_scheduler.cleanup_expired_tokens()
    assert report.counts["deleted"] == 2
    assert sorted(one["status"] for one in await db.collection("tokens").find({}, limit=9)) == ["unused", "verified"]


async def test_counts_are_reset(db: Database) -> None:
    assert (await token_count_reset_scheduler.reset_token_counts()).counts == {"deleted": 1}
    assert await token_counts.links_on(READER, datetime(2100, 1, 1, tzinfo=UTC)) == 2


async def test_none_of_them_counts_as_unreadable_and_a_backup_holds_them(db: Database, tmp_path: Path) -> None:
    assert [one.unreadable async for one in examine_all() if one.unreadable] == []
    assert (await examine(db)).is_healthy
    report = await write_backup(tmp_path, 1, now=datetime.now(UTC), pause_s=0)
    assert report.documents == 11


async def test_a_further_start_changes_nothing(db: Database) -> None:
    before = [await db.collection(name).find({}, limit=9, sort=[("_id", 1)]) for name in rows()]
    await ensure_indexes(db)
    assert [await db.collection(name).find({}, limit=9, sort=[("_id", 1)]) for name in rows()] == before

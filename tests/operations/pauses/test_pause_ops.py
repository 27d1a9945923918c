"""Pauses that Telegram asked for survive the process: stored, loaded, deleted when expired."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from core.errors import StoreRefused
from database.connection import Database
from database.operations import pause_ops
from database.operations.pause_ops import Pause
from tests.operations.conftest import StepIn

BOT, OTHER_BOT = 1002, 1001
SECOND, MS = timedelta(seconds=1), timedelta(milliseconds=1)


async def test_a_pause_is_stored_under_its_bot_and_chat(db: Database, now: datetime) -> None:
    await pause_ops.record(BOT, 7, now + SECOND, now)

    document = await db.collection("send_pauses").find_one({"_id": "1002:7"})
    assert document == {"_id": "1002:7", "bot_id": BOT, "chat": 7, "until": now + SECOND, "noted_at": now}


@pytest.mark.parametrize("chat", [7, -1001000000001, "@channel"])
async def test_a_chat_is_loaded_as_it_was_addressed(db: Database, now: datetime, chat: int | str) -> None:
    await pause_ops.record(BOT, chat, now + SECOND, now)

    assert await pause_ops.load(BOT, now) == [Pause(BOT, chat, now + SECOND)]


async def test_only_a_later_end_counts(db: Database, now: datetime) -> None:
    for seconds in (30, 10, 40, 40, 20):
        await pause_ops.record(BOT, 7, now + seconds * SECOND, now)

    assert await pause_ops.load(BOT, now) == [Pause(BOT, 7, now + 40 * SECOND)]
    assert await db.collection("send_pauses").count({}) == 1


async def test_of_fifty_concurrent_ends_the_latest_is_stored(db: Database, now: datetime) -> None:
    await asyncio.gather(*(pause_ops.record(BOT, 7, now + (1 + n * 7 % 50) * SECOND, now) for n in range(50)))

    assert await pause_ops.load(BOT, now) == [Pause(BOT, 7, now + 50 * SECOND)]


async def test_a_concurrent_insert_of_the_same_pause_is_harmless(
    db: Database, now: datetime, lose_insert: Callable[[str, str], None]
) -> None:
    lose_insert("send_pauses", "update_one")
    await pause_ops.record(BOT, 7, now + SECOND, now)

    assert await pause_ops.load(BOT, now) == [Pause(BOT, 7, now + SECOND)]


async def test_a_start_loads_its_own_unexpired_pauses(db: Database, now: datetime) -> None:
    await pause_ops.record(BOT, 1, now, now)
    await pause_ops.record(BOT, 2, now + MS, now)
    await pause_ops.record(BOT, 3, now - SECOND, now)
    await pause_ops.record(OTHER_BOT, 4, now + SECOND, now)

    assert await pause_ops.load(BOT, now) == [Pause(BOT, 2, now + MS)]
    assert await pause_ops.load(OTHER_BOT, now) == [Pause(OTHER_BOT, 4, now + SECOND)]
    assert await pause_ops.load(1003, now) == []


async def test_the_longest_are_read_first_and_no_more_than_the_limit(db: Database, now: datetime) -> None:
    for chat in (1, 3, 2):
        await pause_ops.record(BOT, chat, now + chat * SECOND, now)

    assert [pause.chat for pause in await pause_ops.load(BOT, now, limit=2)] == [3, 2]
    assert [pause.chat for pause in await pause_ops.load(BOT, now)] == [3, 2, 1]


async def test_a_read_is_one_command(db: Database, now: datetime) -> None:
    for chat in range(250):
        await pause_ops.record(BOT, chat, now + SECOND, now)
    db.calls.clear()

    assert len(await pause_ops.load(BOT, now)) == 250
    assert dict(db.calls) == {"find send_pauses": 1}


async def test_expired_pauses_are_deleted_and_the_others_kept(db: Database, now: datetime) -> None:
    for chat, until in ((1, now - SECOND), (2, now), (3, now + MS)):
        await pause_ops.record(BOT, chat, until, now)
    await pause_ops.record(OTHER_BOT, 1, now - SECOND, now)

    deleted = await pause_ops.delete_expired(now, pause_ms=0)
    assert (deleted.count, deleted.more) == (3, False)
    assert [d["chat"] for d in await db.collection("send_pauses").find({}, limit=9)] == [3]


async def test_deleting_is_bounded_and_reports_whether_more_remains(db: Database, now: datetime) -> None:
    for chat in range(5):
        await pause_ops.record(BOT, chat, now - SECOND, now)

    deleted = await pause_ops.delete_expired(now, batch_size=2, timeout_s=0)
    assert (deleted.count, deleted.more) == (2, True)
    assert await db.collection("send_pauses").count({}) == 3


async def test_a_pause_extended_during_the_deletion_is_kept(db: Database, now: datetime, step_in: StepIn) -> None:
    await pause_ops.record(BOT, 7, now - SECOND, now)
    step_in("send_pauses", "delete_many", lambda: pause_ops.record(BOT, 7, now + SECOND, now))

    assert (await pause_ops.delete_expired(now)).count == 0
    assert await pause_ops.load(BOT, now) == [Pause(BOT, 7, now + SECOND)]


async def test_a_name_that_cannot_be_stored_is_refused(db: Database, now: datetime) -> None:
    with pytest.raises(StoreRefused):
        await pause_ops.record(BOT, "@\ud800", now + SECOND, now)

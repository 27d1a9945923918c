"""A revoked session is refused by all processes."""

import asyncio
from datetime import datetime, timedelta

import pytest

from core.team.sessions import SESSION_FOR
from database.connection import Database
from database.operations import session_ops
from tests.operations.conftest import StepIn

HOUR, MS = timedelta(hours=1), timedelta(milliseconds=1)


async def test_a_session_is_revoked_once_and_stays_revoked(db: Database, now: datetime) -> None:
    assert not await session_ops.is_refused(1, now, "s")
    assert await session_ops.revoke("s", now + HOUR)
    assert not await session_ops.revoke("s", now + 2 * HOUR)
    assert await session_ops.is_refused(1, now, "s")
    assert not await session_ops.is_refused(1, now, "t")
    row = await db.collection("revoked_sessions").find_one({"jti": "s"})
    assert row is not None
    assert row["expires_at"] == now + HOUR


async def test_of_concurrent_calls_one_revokes(db: Database, now: datetime) -> None:
    done = await asyncio.gather(*(session_ops.revoke("s", now + HOUR) for _ in range(50)))
    assert sum(done) == 1


async def test_of_two_concurrent_calls_only_the_first_succeeds(db: Database, now: datetime, step_in: StepIn) -> None:
    async def be_first() -> None:
        assert await session_ops.revoke("s", now + HOUR)

    step_in("revoked_sessions", "insert_one", be_first)
    assert not await session_ops.revoke("s", now + HOUR)


async def test_the_clean_up_deletes_expired_sessions(db: Database, now: datetime) -> None:
    await session_ops.revoke("past", now - timedelta(milliseconds=1))
    await session_ops.revoke("now", now)
    assert (await session_ops.delete_expired_sessions(now)).count == 1
    assert not await session_ops.is_refused(1, now, "past")
    assert await session_ops.is_refused(1, now, "now")


async def test_what_started_before_the_time_of_a_person_is_refused_and_nobody_elses(
    db: Database, now: datetime
) -> None:
    await session_ops.refuse_before(1, now)
    assert await session_ops.is_refused(1, now - MS, "s")
    assert not await session_ops.is_refused(1, now, "s")
    assert not await session_ops.is_refused(2, now - MS, "s")
    # a process whose clock is behind takes nothing back
    await session_ops.refuse_before(1, now - HOUR)
    assert await session_ops.is_refused(1, now - MS, "s")
    # as long as any such session could last
    assert (await session_ops.delete_expired_sessions(now + SESSION_FOR)).count == 0
    assert (await session_ops.delete_expired_sessions(now + SESSION_FOR + MS)).count == 1


async def test_of_two_processes_that_refuse_at_once_the_later_time_holds(
    db: Database, now: datetime, step_in: StepIn
) -> None:
    async def be_first() -> None:
        await session_ops.refuse_before(1, now)

    step_in("revoked_sessions", "update_one", be_first)
    await session_ops.refuse_before(1, now - HOUR)
    assert await session_ops.is_refused(1, now - MS)
    assert await db.collection("revoked_sessions").count({}) == 1


@pytest.mark.parametrize("junk", ["soon", 5, None])
async def test_a_time_that_cannot_be_read_refuses(db: Database, now: datetime, junk: object) -> None:
    await db.collection("revoked_sessions").insert_one({"jti": "all:1", "not_before": junk, "expires_at": now + HOUR})
    assert await session_ops.is_refused(1, now, "s")
    assert not await session_ops.is_refused(2, now, "s")

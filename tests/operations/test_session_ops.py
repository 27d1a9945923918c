"""A revoked session is refused by all processes."""

import asyncio
from datetime import datetime, timedelta

from database.connection import Database
from database.operations import session_ops
from tests.operations.conftest import StepIn

HOUR = timedelta(hours=1)


async def test_a_session_is_revoked_once_and_stays_revoked(db: Database, now: datetime) -> None:
    assert not await session_ops.is_revoked("s")
    assert await session_ops.revoke("s", now + HOUR)
    assert not await session_ops.revoke("s", now + 2 * HOUR)
    assert await session_ops.is_revoked("s")
    assert not await session_ops.is_revoked("t")
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
    assert not await session_ops.is_revoked("past")
    assert await session_ops.is_revoked("now")

"""Clean-up of tokens and counts: exactly the matching ones, in bounded batches that report whether more remains."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.clock import ManualClock, SystemClock
from core.verification import TokenStatus
from database.batches import Deleted
from database.connection import Database
from database.operations import token_counts, token_ops

MS = timedelta(milliseconds=1)
DAY = timedelta(days=1)


class Pauses(SystemClock):
    """A clock on which every pause is over at once and counts as long as it says."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.taken.append(seconds)

    def monotonic(self) -> float:
        return sum(self.taken)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


async def store_token(db: Database, name: str, status: TokenStatus, expires_at: datetime, **more: Any) -> None:
    document = {"token": name, "user_id": 7, "status": status, "created_at": expires_at - DAY, "expires_at": expires_at}
    await db.collection("tokens").insert_one({**document, **more})


async def tokens_left(db: Database) -> list[str]:
    found = await db.collection("tokens").find({}, limit=5000, sort=[("expires_at", 1), ("token", 1)])
    return [document["token"] for document in found]


async def many(db: Database, count: int, now: datetime) -> None:
    # the newest first: the order of insertion is not that of expiry
    for number in reversed(range(count)):
        await store_token(db, f"t{number:03}", TokenStatus.VERIFIED, now - DAY + number * MS)


@pytest.mark.parametrize("status", [TokenStatus.VERIFIED, TokenStatus.BYPASSED])
async def test_used_tokens_are_deleted_once_expired_and_not_at_the_instant_itself(
    db: Database, now: datetime, status: TokenStatus
) -> None:
    await store_token(db, "expired", status, now - MS)
    await store_token(db, "at the instant", status, now)
    await store_token(db, "still valid", status, now + MS)

    assert await token_ops.delete_expired_and_used_tokens(now) == Deleted(1, more=False)
    assert await tokens_left(db) == ["at the instant", "still valid"]


async def test_expiry_is_compared_in_milliseconds(db: Database, now: datetime) -> None:
    await store_token(db, "same millisecond", TokenStatus.VERIFIED, now)

    await token_ops.delete_expired_and_used_tokens(now + timedelta(microseconds=999))
    assert await tokens_left(db) == ["same millisecond"]


async def test_unused_tokens_are_kept_whatever_their_age(db: Database, now: datetime) -> None:
    await store_token(db, "unused", TokenStatus.UNUSED, now - 400 * DAY)

    assert await token_ops.delete_expired_and_used_tokens(now) == Deleted(0, more=False)
    assert await tokens_left(db) == ["unused"]


async def test_documents_without_a_usable_status_or_time_are_kept(db: Database, now: datetime) -> None:
    tokens = db.collection("tokens")
    await tokens.insert_one({"token": "no time", "status": "verified"})
    await tokens.insert_one({"token": "null time", "status": "verified", "expires_at": None})
    await tokens.insert_one({"token": "odd status", "status": "VERIFIED", "expires_at": now - DAY})
    await tokens.insert_one({"token": "no status", "expires_at": now - DAY})

    assert (await token_ops.delete_expired_and_used_tokens(now)).count == 0
    assert len(await tokens_left(db)) == 4


async def test_the_databases_clock_is_the_default(db: Database, now: datetime, clock: ManualClock) -> None:
    await store_token(db, "t", TokenStatus.VERIFIED, now)
    assert (await token_ops.delete_expired_and_used_tokens()).count == 0

    clock.move(MS)
    assert (await token_ops.delete_expired_and_used_tokens()).count == 1


async def test_batches_run_until_nothing_is_left_with_pauses_between(
    db: Database, now: datetime, pauses: Pauses
) -> None:
    await many(db, 25, now)

    deleted = await token_ops.delete_expired_and_used_tokens(now, batch_size=10, pause_ms=50, clock=pauses)
    assert deleted == Deleted(25, more=False)
    assert pauses.taken == [0.05, 0.05]
    assert await tokens_left(db) == []


async def test_at_the_time_limit_the_oldest_are_deleted_and_more_is_reported(
    db: Database, now: datetime, pauses: Pauses
) -> None:
    await many(db, 25, now)

    deleted = await token_ops.delete_expired_and_used_tokens(
        now, batch_size=10, timeout_s=0.05, pause_ms=50, clock=pauses
    )
    assert deleted == Deleted(20, more=True)
    assert await tokens_left(db) == [f"t{number:03}" for number in range(20, 25)]


async def test_more_is_not_reported_when_the_last_batch_meets_the_time_limit(
    db: Database, now: datetime, pauses: Pauses
) -> None:
    await many(db, 20, now)

    deleted = await token_ops.delete_expired_and_used_tokens(
        now, batch_size=10, timeout_s=0.05, pause_ms=50, clock=pauses
    )
    assert deleted == Deleted(20, more=False)


async def test_a_token_that_changes_between_find_and_delete_is_kept(
    db: Database, now: datetime, step_in: Callable[..., None]
) -> None:
    await many(db, 2, now)
    prolonged = {"$set": {"expires_at": now + DAY}}

    step_in("tokens", "delete_many", lambda: db.collection("tokens").update_one({"token": "t000"}, prolonged))
    assert await token_ops.delete_expired_and_used_tokens(now) == Deleted(1, more=False)
    assert await tokens_left(db) == ["t000"]


async def test_a_batch_size_below_one_is_refused(db: Database, now: datetime) -> None:
    with pytest.raises(ValueError, match="limit"):
        await token_ops.delete_expired_and_used_tokens(now, batch_size=0)


async def test_unused_tokens_are_deleted_only_if_expired_and_created_before_the_cutoff(
    db: Database, now: datetime
) -> None:
    cutoff = now - 10 * DAY
    unused = TokenStatus.UNUSED
    await store_token(db, "old", unused, now - MS, created_at=cutoff - MS)
    await store_token(db, "made at the cutoff", unused, now - MS, created_at=cutoff)
    await store_token(db, "not expired", unused, now, created_at=cutoff - MS)
    await store_token(db, "used", TokenStatus.VERIFIED, now - MS, created_at=cutoff - MS)

    assert await token_ops.delete_unused_older_than(cutoff, now) == Deleted(1, more=False)
    assert sorted(await tokens_left(db)) == ["made at the cutoff", "not expired", "used"]


async def test_counts_of_days_before_today_are_deleted_and_todays_are_kept(db: Database, now: datetime) -> None:
    counts = db.collection("token_generator_count")
    for user_id, date in enumerate((now - DAY, now - MS, now, now + DAY)):
        await counts.insert_one({"user_id": user_id, "date": date, "count": 3})

    assert await token_counts.reset_token_counts(now) == Deleted(2, more=False)
    left = await counts.find({}, limit=10, sort=[("user_id", 1)])
    assert [document["user_id"] for document in left] == [2, 3]
    assert [document["count"] for document in left] == [3, 3]


async def test_counts_are_reset_in_batches_too(db: Database, now: datetime, pauses: Pauses) -> None:
    counts = db.collection("token_generator_count")
    for user_id in range(5):
        await counts.insert_one({"user_id": user_id, "date": now - DAY, "count": 1})

    deleted = await token_counts.reset_token_counts(now, batch_size=2, timeout_s=0, clock=pauses)
    assert deleted == Deleted(2, more=True)
    assert await counts.count({}) == 3

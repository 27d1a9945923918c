"""The weekly clean-up does what all the others do, with an hour, and deletes tokens of users who are gone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.clock import ManualClock
from core.jobs import Counts
from core.users import Visitor
from database.batches import Bounds
from database.connection import Database
from database.operations import user_ops
from database.values import Document
from schedulers.context import JobContext
from schedulers.jobs.cleaning import deep_cleaning
from schedulers.jobs.cleaning.deep_cleaning import OLD, create
from schedulers.runner import Run

NOW = datetime(2026, 3, 1, 3, tzinfo=UTC)
DAY, MS = timedelta(days=1), timedelta(milliseconds=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


async def clean(clock: ManualClock, bounds: Bounds | None = None) -> Counts:
    context = JobContext(zone=ZoneInfo("UTC"), bounds=bounds or Bounds(pause_ms=0))
    return await create(context)(Run(clock, "cleaner"))


def token(name: str, user_id: object, *, status: str = "unused", created: datetime = NOW - OLD - MS) -> Document:
    expires_at = created + DAY
    return {"_id": name, "token": name, "user_id": user_id, "status": status, "created_at": created,
            "expires_at": expires_at}  # fmt: skip


async def left(db: Database) -> list[str]:
    return sorted(found["_id"] for found in await db.collection("tokens").find({}, limit=5_000))


async def test_unused_tokens_of_users_who_are_gone_are_deleted_and_no_others(db: Database, clock: ManualClock) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=1), NOW)
    await db.collection("tokens").insert_many(
        [
            token("of a user", 1),
            token("of nobody", 2),
            token("young", 2, created=NOW - OLD),
            token("still valid", 2) | {"expires_at": NOW},
            token("without a user id", "2"),
        ]
    )
    assert await clean(clock) == Counts({"tokens_without_user": 1})
    assert await left(db) == ["of a user", "still valid", "without a user id", "young"]


async def test_all_pages_are_looked_at_once_although_they_were_created_at_one_instant(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deep_cleaning, "PAGE", 10)
    await user_ops.upsert_visitor(Visitor(user_id=0), NOW)
    tokens = [token(f"{number}", number % 2) for number in range(30)]
    await db.collection("tokens").insert_many(tokens)
    db.calls.clear()
    assert (await clean(clock)).done == {"tokens_without_user": 15}
    assert len(await left(db)) == 15
    # and a look for silent ones
    assert db.calls["find users"] == 3 + 1


async def test_it_does_the_work_of_the_other_clean_ups_without_their_time_limit(
    db: Database, clock: ManualClock
) -> None:
    verified = [token(f"v{number}", 1, status="verified", created=NOW - 9 * DAY + number * MS) for number in range(20)]
    await db.collection("tokens").insert_many(verified)
    await db.collection("revoked_sessions").insert_one({"jti": "a", "expires_at": NOW - DAY})
    await db.collection("token_generator_count").insert_one({"user_id": 1, "date": NOW - DAY, "count": 1})
    await db.collection("incidents").insert_one({"_id": "old", "closed_at": NOW - 90 * DAY})
    # a minute between two batches: the other jobs would end after the first
    counts = await clean(clock, Bounds(batch_size=1, pause_ms=60_000, timeout_s=1))
    assert counts == Counts({"tokens": 20, "token_counts": 1, "sessions": 1, "incidents": 1})


async def test_after_an_hour_it_ends_and_says_that_more_is_left(db: Database, clock: ManualClock) -> None:
    verified = [token(f"v{number}", 1, status="verified", created=NOW - 9 * DAY + number * MS) for number in range(80)]
    await db.collection("tokens").insert_many(verified)
    counts = await clean(clock, Bounds(batch_size=1, pause_ms=60_000))
    assert counts.more and 60 <= counts.done["tokens"] <= 62

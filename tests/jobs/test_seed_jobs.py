"""The four schedulers under the names the seed fixed, callable by hand with only the database open."""

from datetime import UTC, datetime, timedelta

import pytest
from aiogram import Bot

from core.clock import SystemClock
from core.jobs import JobOutcome
from database.connection import Database
from database.operations import settings_ops
from schedulers import (
    create_broadcast_deleter_scheduler,
    create_message_deleter_scheduler,
    token_cleanup_scheduler,
    token_count_reset_scheduler,
)
from schedulers.ticks import TickTrigger


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
def bot() -> Bot:
    """Never called, so it opens no session."""
    return Bot("1002:sandbox-user")


async def put_token(db: Database, name: str, status: str, expires_in: timedelta) -> None:
    expires_at = datetime.now(UTC) + expires_in
    await db.collection("tokens").insert_one(
        {"token": name, "user_id": 1, "status": status, "expires_at": expires_at, "created_at": expires_at}
    )


async def tokens_left(db: Database) -> set[str]:
    return {found["token"] for found in await db.collection("tokens").find({}, limit=50)}


async def test_token_cleanup_deletes_tokens_that_are_expired_and_used(db: Database) -> None:
    hour = timedelta(hours=1)
    for status in ("verified", "bypassed", "unused"):
        await put_token(db, f"old {status}", status, -hour)
        await put_token(db, f"fresh {status}", status, hour)
    report = await token_cleanup_scheduler.cleanup_expired_tokens()
    assert (report.outcome, report.counts) == (JobOutcome.SUCCEEDED, {"deleted": 2, "unused_deleted": 0})
    assert await tokens_left(db) == {"old unused", "fresh verified", "fresh bypassed", "fresh unused"}


async def test_unused_tokens_are_deleted_after_thirty_days_or_never(db: Database) -> None:
    await put_token(db, "ancient", "unused", timedelta(days=-31))
    await put_token(db, "recent", "unused", timedelta(days=-20))
    await settings_ops.change("keep_unused_tokens_days", None)
    assert (await token_cleanup_scheduler.cleanup_expired_tokens()).counts == {"deleted": 0}
    await settings_ops.change("keep_unused_tokens_days", 30)
    report = await token_cleanup_scheduler.cleanup_expired_tokens()
    assert report.counts == {"deleted": 0, "unused_deleted": 1}
    assert await tokens_left(db) == {"recent"}


async def test_unused_tokens_are_deleted_only_after_the_days_the_owner_set(db: Database) -> None:
    await put_token(db, "ancient", "unused", timedelta(days=-9))
    await put_token(db, "recent", "unused", timedelta(days=-3))
    await settings_ops.change("keep_unused_tokens_days", 7)
    report = await token_cleanup_scheduler.cleanup_expired_tokens()
    assert report.counts == {"deleted": 0, "unused_deleted": 1}
    assert await tokens_left(db) == {"recent"}


async def test_the_count_reset_keeps_today(db: Database) -> None:
    counts = db.collection("token_generator_count")
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for day in (today, today - timedelta(days=1), today - timedelta(days=400)):
        await counts.insert_one({"user_id": 1, "date": day, "count": 3})
    report = await token_count_reset_scheduler.reset_token_counts()
    assert (report.outcome, report.counts) == (JobOutcome.SUCCEEDED, {"deleted": 2})
    (left,) = await counts.find({}, limit=5)
    assert left["date"] == today


async def test_the_deleters_run_by_hand_with_nothing_to_do(db: Database, bot: Bot) -> None:
    for report in (
        await create_message_deleter_scheduler(bot).delete_due_messages(),
        await create_broadcast_deleter_scheduler(bot).delete_expired_broadcasts(),
    ):
        assert (report.outcome, report.counts) == (JobOutcome.SUCCEEDED, {})


async def test_without_a_database_a_run_by_hand_is_reported_as_failed() -> None:
    report = await token_cleanup_scheduler.cleanup_expired_tokens()
    assert report.outcome is JobOutcome.FAILED
    assert "DatabaseNotOpen" in (report.error or "")


async def test_the_seeds_objects_start_and_stop(db: Database) -> None:
    for scheduler in (token_cleanup_scheduler, token_count_reset_scheduler):
        (ticks,) = scheduler._triggers
        assert isinstance(ticks, TickTrigger)
        scheduler.start()
        timer = ticks._timer._scheduler
        assert timer is not None and [job.id for job in timer.get_jobs()] == [scheduler.name]
        scheduler.stop()
        await scheduler.ended()
        assert ticks._timer._scheduler is None


def test_the_schedules_are_those_of_the_design(bot: Bot) -> None:
    schedulers = (
        token_cleanup_scheduler,
        token_count_reset_scheduler,
        create_message_deleter_scheduler(bot),
        create_broadcast_deleter_scheduler(bot),
    )
    assert {one.name: one.plan.in_words for one in schedulers} == {
        "token_cleanup": "daily at 00:00 and 12:00",
        "token_count_reset": "daily at 00:00",
        "message_deleter": "every minute",
        "broadcast_deleter": "every full hour, and when one is due",
    }

"""The four jobs under the names the seed fixed, callable by hand with only the database open."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiogram import Bot
from pydantic import SecretStr

from core.clock import SystemClock
from core.jobs import JobOutcome
from core.schedules import Daily
from core.timetable import JOB_NAMES
from database.connection import Database
from database.operations import settings_ops
from schedulers import (
    create_broadcast_deleter_scheduler,
    create_broadcast_sender_scheduler,
    create_message_deleter_scheduler,
    token_cleanup_scheduler,
    token_count_reset_scheduler,
)
from schedulers.registry import JobContext
from schedulers.run_once import JobConfig, _schedulers
from schedulers.scheduler import Timer, _Ticks
from sender.send_limiter import SendLimiter
from tests.house import House


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


async def put_token(db: Database, name: str, status: str, expires_in: timedelta) -> None:
    expires_at = datetime.now(UTC) + expires_in
    await db.collection("tokens").insert_one(
        {"token": name, "user_id": 1, "status": status, "expires_at": expires_at, "created_at": expires_at}
    )


async def tokens_left(db: Database) -> set[str]:
    return {found["token"] for found in await db.collection("tokens").find({}, limit=50)}


@pytest.fixture(autouse=True)
def as_imported() -> None:
    """The seed's objects as a fresh import gives them: a bot of another test may have left its clock in them."""
    token_cleanup_scheduler.configure(JobContext())
    token_count_reset_scheduler.configure(JobContext())


async def test_token_cleanup_deletes_what_is_expired_and_used(db: Database) -> None:
    hour = timedelta(hours=1)
    for status in ("verified", "bypassed", "unused"):
        await put_token(db, f"old {status}", status, -hour)
        await put_token(db, f"fresh {status}", status, hour)
    report = await token_cleanup_scheduler.cleanup_expired_tokens()
    assert (report.outcome, report.counts) == (JobOutcome.SUCCEEDED, {"deleted": 2, "sessions_deleted": 0})
    assert await tokens_left(db) == {"old unused", "fresh verified", "fresh bypassed", "fresh unused"}


async def test_unused_tokens_go_only_when_the_owner_says_after_how_many_days(db: Database) -> None:
    await put_token(db, "ancient", "unused", timedelta(days=-9))
    await put_token(db, "recent", "unused", timedelta(days=-3))
    await settings_ops.change("keep_unused_tokens_days", 7)
    report = await token_cleanup_scheduler.cleanup_expired_tokens()
    assert report.counts == {"deleted": 0, "unused_deleted": 1, "sessions_deleted": 0}
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


async def test_the_deleters_run_by_hand_with_nothing_to_do(db: Database) -> None:
    bot = Bot("1002:sandbox-user")
    for report in (
        await create_message_deleter_scheduler(bot).delete_due_messages(),
        await create_broadcast_deleter_scheduler(bot).delete_expired_broadcasts(),
    ):
        assert (report.outcome, report.counts) == (JobOutcome.SUCCEEDED, {})
    await bot.session.close()


async def test_without_a_database_a_run_by_hand_reports_and_does_not_raise() -> None:
    report = await token_cleanup_scheduler.cleanup_expired_tokens()
    assert report.outcome is JobOutcome.FAILED
    assert "DatabaseNotOpen" in (report.error or "")


async def test_start_and_stop_hold_all_four_in_one_timer(db: Database) -> None:
    bot, timer = Bot("1002:sandbox-user"), Timer()
    context = JobContext(timer=timer, cleanup_hours=(3,), zone=ZoneInfo("Asia/Kolkata"))
    token_cleanup_scheduler.configure(context)
    token_count_reset_scheduler.configure(context)
    jobs = (
        token_cleanup_scheduler,
        token_count_reset_scheduler,
        create_message_deleter_scheduler(bot, context),
        create_broadcast_deleter_scheduler(bot, context),
    )
    for job in jobs:
        job.start()
    assert timer._scheduler is not None
    names = {job.id for job in timer._scheduler.get_jobs()}
    assert names == {"token_cleanup", "token_count_reset", "message_deleter", "broadcast_deleter"}
    for job in jobs:
        job.stop()
        await job.ended()
    assert timer._scheduler is None
    token_cleanup_scheduler.configure(JobContext())
    token_count_reset_scheduler.configure(JobContext())
    await bot.session.close()


def test_the_schedules_are_those_of_the_design() -> None:
    words = {
        job.name: job.in_words()
        for job in (
            token_cleanup_scheduler,
            token_count_reset_scheduler,
            create_message_deleter_scheduler(Bot("1002:sandbox-user")),
            create_broadcast_deleter_scheduler(Bot("1002:sandbox-user")),
            create_broadcast_sender_scheduler(Bot("1002:sandbox-user"), SendLimiter()),
        )
    }
    assert words == {
        "token_cleanup": "daily at 00:00 and 12:00",
        "token_count_reset": "daily at 00:00",
        "message_deleter": "every minute",
        "broadcast_deleter": "every full hour, and when one is due",
        "broadcast_sender": "when one is due",
    }


def test_the_trigger_follows_the_products_clock() -> None:
    clock = SystemClock()
    clock.shift_to(timedelta(minutes=30, seconds=20))
    trigger = _Ticks(Daily((0,), ZoneInfo("UTC")), clock)
    fires_at = trigger.get_next_fire_time(None, datetime.now(UTC))
    product_time = fires_at + clock.offset
    assert (product_time.hour, product_time.minute, product_time.second) == (0, 0, 0)


async def test_every_job_there_is_runs_in_the_user_bots_process(ticking_house: House) -> None:
    assert {job.name for job in ticking_house.jobs} == set(JOB_NAMES)


async def test_every_job_there_is_can_be_run_by_hand(tmp_path: Path) -> None:
    token = SecretStr("1002:sandbox-user")
    needs = JobConfig(
        zone=ZoneInfo("UTC"), cleanup_hours=(0,), batch_size=1, timeout_s=1, pause_ms=0, data_dir=tmp_path,
        backup_keep=1, user_token=token, admin_token=token, owner_ids=(5,), api_url="http://127.0.0.1:9",
        alert_webhook_url=SecretStr(""), rate_per_s=1, bulk_rate_per_s=1,
    )  # fmt: skip
    assert token.get_secret_value() not in repr(needs)
    async with _schedulers(JOB_NAMES, needs) as found:
        assert {name: one.name for name, one in found.items()} == {name: name for name in JOB_NAMES}

"""What the configuration says reaches the jobs of the running app, as `main.py` builds them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.days import start_of_day
from core.jobs import JobRun
from tests.house import House, running_house
from user_bot.main import schedulers_of

UTC, TOKYO = ZoneInfo("UTC"), ZoneInfo("Asia/Tokyo")
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


@asynccontextmanager
async def started(job: str, **settings: Any) -> AsyncIterator[House]:
    """The app with these settings and one of its jobs at work."""
    async with running_house(timers=False, **settings) as house:
        scheduler = next(one for one in schedulers_of(house.user_bot) if one.name == job)
        scheduler.start()
        try:
            yield house
        finally:
            scheduler.stop()
            await scheduler.ended()


async def run_at(house: House, job: str, moment: datetime, **counts: int) -> JobRun:
    """Move the app's clock just past `moment`; return the run that ended with these counts."""
    past = moment + SECOND - house.base.clock.now()
    await house.advance(seconds=past.total_seconds())
    return await house.ended_run(job, **counts)


async def put_tokens(house: House, number: int, expired_at: datetime) -> None:
    """Tokens that were used, each expired a second before the next and all of them by `expired_at`."""
    await house.base.database.collection("tokens").insert_many(
        [
            {
                "token": f"token {seconds}",
                "user_id": seconds,
                "status": "verified",
                "created_at": expired_at - 2 * DAY,
                "expires_at": expired_at - seconds * SECOND,
            }
            for seconds in range(1, number + 1)
        ]
    )


async def test_daily_counts_are_reset_at_midnight_of_the_configured_zone() -> None:
    async with started("token_count_reset", TIMEZONE="Asia/Tokyo") as house:
        midnight = start_of_day(house.base.clock.now() + 2 * DAY, TOKYO)
        counts = house.base.database.collection("token_generator_count")
        # the day that ends; the day that begins; the last moment before midnight, which a day in UTC would keep
        for date in (midnight - DAY, midnight, midnight - SECOND):
            await counts.insert_one({"user_id": 1, "date": date, "count": 3})
        run = await run_at(house, "token_count_reset", midnight, deleted=2)
        assert run.scheduled_at == midnight
        assert [left["date"] for left in await counts.find({}, limit=5)] == [midnight]


@pytest.mark.parametrize("hour", [5, 17])
async def test_tokens_are_cleaned_up_at_the_configured_hours(hour: int) -> None:
    async with started("token_cleanup", TOKEN_CLEANUP_HOUR=(5, 17)) as house:
        tick = start_of_day(house.base.clock.now() + 2 * DAY, UTC) + hour * HOUR
        await put_tokens(house, 1, tick)
        run = await run_at(house, "token_cleanup", tick, deleted=1, unused_deleted=0)
        # the default hours, 0 and 12, passed unseen as well: the latest tick is the one that is run
        assert run.scheduled_at == tick


async def test_bulk_deletes_keep_to_the_configured_batch_pause_and_time() -> None:
    limits = {"CLEANUP_BATCH_SIZE": 2, "CLEANUP_PAUSE_MS": 10_000, "CLEANUP_TIMEOUT_SECONDS": 15}
    async with started("token_cleanup", **limits) as house:
        tick = start_of_day(house.base.clock.now() + 2 * DAY, UTC)
        await put_tokens(house, 10, tick)
        house.base.database.calls.clear()
        # batches of two after 0, 10 and 20 seconds; after the third the 15 seconds are over
        await run_at(house, "token_cleanup", tick, deleted=6, unused_deleted=0)
        assert house.base.database.calls["delete_many tokens"] == 3

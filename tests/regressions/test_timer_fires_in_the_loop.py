"""APScheduler calls plain functions in a thread, where no task can be started: every tick of every job failed."""

import asyncio
from datetime import UTC, datetime

from apscheduler.triggers.base import BaseTrigger

from schedulers.scheduler import Timer


class AtOnce(BaseTrigger):  # type: ignore[misc]
    """Fires now, once."""

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        return None if previous_fire_time else datetime.now(UTC)


async def test_the_timer_fires_where_tasks_can_be_started() -> None:
    fired: asyncio.Future[asyncio.AbstractEventLoop] = asyncio.get_running_loop().create_future()
    timer = Timer()
    timer.add("now", AtOnce(), lambda: fired.set_result(asyncio.get_running_loop()))
    assert await asyncio.wait_for(fired, 5) is asyncio.get_running_loop()
    timer.remove("now")

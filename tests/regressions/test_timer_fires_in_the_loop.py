"""APScheduler called the timer's plain function in a thread, where no task can be started, so every tick failed."""

import asyncio
from datetime import UTC, datetime, timedelta

from core.clock import SystemClock
from schedulers.scheduler import Timer


class AtOnce:
    """A schedule whose next tick is now."""

    def latest_tick(self, now: datetime) -> datetime:
        return now

    def next_tick(self, now: datetime) -> datetime:
        return datetime.now(UTC) + timedelta(milliseconds=1)

    def in_words(self) -> str:
        return "at once"

    def as_trigger(self) -> str:
        return "once"


async def test_the_timer_fires_in_the_event_loop() -> None:
    fired: asyncio.Future[asyncio.AbstractEventLoop] = asyncio.get_running_loop().create_future()
    timer = Timer()

    def fire() -> None:
        timer.remove("now")
        fired.set_result(asyncio.get_running_loop())

    timer.add("now", AtOnce(), SystemClock(), fire)
    assert await asyncio.wait_for(fired, 5) is asyncio.get_running_loop()

"""The timer: fires each job at its ticks. The only importer of APScheduler, which is used for nothing but waiting."""

from collections.abc import Callable
from datetime import datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from core.clock import SystemClock
from core.schedules import Schedule


class ProductTimeTrigger(BaseTrigger):  # type: ignore[misc]
    """The ticks of a schedule on the product's clock, converted to the machine's time for APScheduler."""

    def __init__(self, schedule: Schedule, clock: SystemClock) -> None:
        self._schedule = schedule
        self._clock = clock

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return self._schedule.next_tick(self._clock.now()) - self._clock.offset


class Timer:
    """One APScheduler for all jobs of a process: made when the first job starts, shut down with the last."""

    def __init__(self) -> None:
        self._scheduler: AsyncIOScheduler | None = None

    def add(self, name: str, schedule: Schedule, clock: SystemClock, fire: Callable[[], None]) -> None:
        """Call `fire` in the running loop at every tick; replaces the timer of that name."""

        async def in_the_loop() -> None:
            fire()  # APScheduler calls plain functions in a thread of its own

        if self._scheduler is None:
            self._scheduler = AsyncIOScheduler(timezone="UTC")
            self._scheduler.start()
        self._scheduler.add_job(
            in_the_loop,
            ProductTimeTrigger(schedule, clock),
            id=name,
            replace_existing=True,
            coalesce=True,
            misfire_grace_time=None,
            max_instances=1,
        )

    def remove(self, name: str) -> None:
        """Stop calling the `fire` of that name; an unknown name is ignored."""
        if self._scheduler is None or self._scheduler.get_job(name) is None:
            return
        self._scheduler.remove_job(name)
        if not self._scheduler.get_jobs():
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

"""The timer: fires each job at its ticks. The only importer of APScheduler, which is used for nothing but waiting."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from core.clock import SystemClock
from core.errors import StoreUnavailable
from core.jobs import RunReport
from core.supervisor import Supervisor
from database.operations import run_ops
from schedulers.runner import Job, Runner
from schedulers.schedule import Schedule

log = structlog.get_logger("tollgate.scheduler")


class _Ticks(BaseTrigger):  # type: ignore[misc]
    """A schedule on the product's clock, told to APScheduler in the machine's time."""

    def __init__(self, schedule: Schedule, clock: SystemClock) -> None:
        self._schedule = schedule
        self._clock = clock

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return self._schedule.next_tick(self._clock.now()) - self._clock.offset


class Timer:
    """One APScheduler for all jobs of a process: made when the first job starts, ended with the last."""

    def __init__(self) -> None:
        self._scheduler: AsyncIOScheduler | None = None

    def add(self, name: str, trigger: BaseTrigger, fire: Callable[[], None]) -> None:
        """Call `fire` in the running loop whenever `trigger` says."""

        async def in_the_loop() -> None:
            fire()  # APScheduler calls plain functions in a thread of its own

        if self._scheduler is None:
            self._scheduler = AsyncIOScheduler(timezone="UTC")
            self._scheduler.start()
        self._scheduler.add_job(
            in_the_loop,
            trigger,
            id=name,
            replace_existing=True,
            coalesce=True,
            misfire_grace_time=None,
            max_instances=1,
        )

    def remove(self, name: str) -> None:
        if self._scheduler is None or self._scheduler.get_job(name) is None:
            return
        self._scheduler.remove_job(name)
        if not self._scheduler.get_jobs():
            self._scheduler.shutdown(wait=False)
            self._scheduler = None


class ScheduledJob:
    """A job with its schedule. `start` and `stop` need a running event loop; running by hand needs only the database.

    At a start, and when the clock was moved, a tick that passed unseen runs once, not once per missed tick.
    """

    def __init__(self, job: Job, schedule: Schedule, runner: Runner, clock: SystemClock, timer: Timer) -> None:
        self.job = job
        self.schedule = schedule
        self._runner = runner
        self._clock = clock
        self._timer = timer
        self._tasks = Supervisor()
        self._stopping = asyncio.Event()
        self._busy: asyncio.Task[None] | None = None
        self._is_due_again = False
        self._started = False

    def in_words(self) -> str:
        return self.schedule.in_words()

    def start(self) -> None:
        """Fire at every tick from now on; a second start does nothing."""
        if self._started:
            return
        self._started = True
        self._stopping.clear()
        self._clock.on_shift(self._clock_moved)
        self._arm()
        self._tasks.spawn(self._catch_up(), f"catch-up {self.job.name}")

    def stop(self) -> None:
        """Fire no more and ask a run under way to end after its present step; `ended` waits for it."""
        if not self._started:
            return
        self._started = False
        self._stopping.set()
        self._clock.forget(self._clock_moved)
        self._timer.remove(self.job.name)

    async def ended(self, wait_s: float = 10.0) -> None:
        """Wait for the run under way, then cancel it; its outcome is in its row either way."""
        await self._tasks.close(wait_s)

    async def run_by_hand(self, requested_by: str = "hand") -> RunReport:
        """Run the job once, now, in this task; returns the report, raises nothing ordinary."""
        return await self._runner.run(self.job, None, requested_by=requested_by)

    def _arm(self) -> None:
        self._timer.add(self.job.name, _Ticks(self.schedule, self._clock), self._fire)

    def _clock_moved(self) -> None:
        if self._started:
            self._arm()
            self._fire()

    def _fire(self) -> None:
        """Start the latest tick's run, or have it follow the one under way; a tick that had its run is skipped."""
        if self._busy is not None and not self._busy.done():
            self._is_due_again = True
            log.info("job.tick_while_running", job=self.job.name)
            return
        self._busy = self._tasks.spawn(self._run_ticks(), f"job {self.job.name}")

    async def _run_ticks(self) -> None:
        """Run the latest tick, and once more when others came meanwhile."""
        while True:
            self._is_due_again = False
            await self._runner.run(self.job, self.schedule.latest_tick(self._clock.now()), self._stopping)
            if not self._is_due_again or self._stopping.is_set():
                return

    async def _catch_up(self) -> None:
        try:
            last = await run_ops.last_tick(self.job.name)
        except StoreUnavailable:
            log.warning("job.catch_up_unknown", job=self.job.name)
            return
        if last is not None and last < self.schedule.latest_tick(self._clock.now()) and not self._stopping.is_set():
            self._fire()

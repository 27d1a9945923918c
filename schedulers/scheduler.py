"""The timer: fires each job at its ticks. The only importer of APScheduler, which is used for nothing but waiting."""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from core.clock import SystemClock
from core.errors import TollgateError
from core.jobs import JobRun, RunReport
from core.retries import LONG_S, retry_while_unavailable
from core.schedules import Schedule
from core.supervisor import Supervisor
from database.operations import run_ops
from schedulers.leases import Pause
from schedulers.runner import Job, Run, Runner

log = structlog.get_logger("tollgate.scheduler")

#: the longest nap of a run that waits for something, in seconds: the clock may be moved meanwhile
NAP_S = 2.0
#: what it waits at least, so that nothing becomes a hot loop
SHORTEST = timedelta(milliseconds=100)


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

    At a start, and when the clock was moved, a tick that passed unseen runs once, not once per missed tick. A tick
    another process is at is looked at again when that one's lease can have ended: its owner may have vanished.
    """

    def __init__(
        self,
        job: Job,
        schedule: Schedule,
        runner: Runner,
        clock: SystemClock,
        timer: Timer,
        *,
        jitter: timedelta = timedelta(),
        pulse: Pause = asyncio.sleep,
    ) -> None:
        self.job = job
        self.schedule = schedule
        self._runner = runner
        self._clock = clock
        self._timer = timer
        self._jitter = jitter
        self._pulse = pulse
        # jitter needs no secrecy
        self._rng = random.Random()  # noqa: S311
        self._tasks = Supervisor()
        self._stopping = asyncio.Event()
        self._busy: asyncio.Task[None] | None = None
        self._catching_up: asyncio.Task[None] | None = None
        self._is_waiting = False
        self._is_due_again = False
        self._started = False
        #: when the clock was looked at last, the latest tick was this one
        self._seen: datetime | None = None

    def in_words(self) -> str:
        return self.schedule.in_words()

    def start(self) -> None:
        """Fire at every tick from now on; a second start does nothing."""
        if self._started:
            return
        self._started = True
        self._stopping.clear()
        self._clock.on_shift(self._clock_moved)
        self._seen = self.schedule.latest_tick(self._clock.now())
        self._arm()
        self._catching_up = self._tasks.spawn(self._catch_up(), f"catch-up {self.job.name}")

    def stop(self) -> None:
        """Fire no more and ask a run under way to end after its present step; `ended` waits for it."""
        if not self._started:
            return
        self._started = False
        self._stopping.set()
        self._clock.forget(self._clock_moved)
        self._timer.remove(self.job.name)
        if self._catching_up is not None:
            self._catching_up.cancel()
        if self._busy is not None and self._is_waiting:
            self._busy.cancel()

    async def ended(self, wait_s: float = 10.0) -> None:
        """Wait for the run under way, then cancel it; its outcome is in its row either way."""
        await self._tasks.close(wait_s)

    async def run_by_hand(
        self, requested_by: str = "hand", *, on_begin: Callable[[Run], None] | None = None
    ) -> RunReport:
        """Run the job once, now, in this task, also while it is paused; returns the report, raises nothing ordinary."""
        return await self._runner.run(self.job, None, requested_by=requested_by, ignores_pause=True, on_begin=on_begin)

    async def run_when_due(self, *, on_begin: Callable[[Run], None] | None = None) -> RunReport:
        """Run the latest tick in this task, unless it had its run; raises nothing ordinary."""
        return await self._runner.run(self.job, self.schedule.latest_tick(self._clock.now()), on_begin=on_begin)

    async def run_requested(self, requested_run: JobRun, stopping: asyncio.Event) -> RunReport:
        """Run the job for the row that waits for it, in this task, also while it is paused; raises nothing ordinary."""
        return await self._runner.run_requested(self.job, requested_run, stopping)

    def _arm(self) -> None:
        self._timer.add(self.job.name, _Ticks(self.schedule, self._clock), self._fire)

    def _clock_moved(self) -> None:
        if not self._started or self._seen is None:
            return
        self._arm()
        before, self._seen = self._seen, self.schedule.latest_tick(self._clock.now())
        if self._seen > before:
            self._fire()

    def _fire(self) -> None:
        """Start the latest tick's run, or have it follow the one under way; a tick that had its run is skipped."""
        self._seen = self.schedule.latest_tick(self._clock.now())
        if self._busy is not None and not self._busy.done():
            self._is_due_again = True
            log.info("job.tick_while_running", job=self.job.name)
            return
        self._busy = self._tasks.spawn(self._run_ticks(), f"job {self.job.name}")

    async def _run_ticks(self) -> None:
        """Run the latest tick, and once more when others came meanwhile, or when another process may have lost it."""
        if self._jitter:
            # processes that wake at the same moment do not all ask at once
            await self._wait(self._clock.now() + self._jitter * self._rng.random())
        while True:
            self._is_due_again = False
            report = await self._runner.run(self.job, self.schedule.latest_tick(self._clock.now()), self._stopping)
            if self._stopping.is_set():
                return
            if not self._is_due_again:
                if report.retry_at is None:
                    return
                await self._wait(report.retry_at)

    async def _wait(self, until: datetime) -> None:
        """Wait for the product's time, or for the next tick; a stop cancels it."""
        self._is_waiting = True
        try:
            began = now = self._clock.now()
            # a clock that was put back ends it, too
            while began <= now < max(until, began + SHORTEST) and not self._is_due_again:
                await self._pulse(min(NAP_S, max(until - now, SHORTEST).total_seconds()))
                now = self._clock.now()
        finally:
            self._is_waiting = False

    async def _catch_up(self) -> None:
        """A tick that passed unseen, or whose run may have been lost, is fired."""
        try:
            last = await retry_while_unavailable(lambda: run_ops.last_tick(self.job.name), LONG_S, sleep=self._pulse)
            tick = self.schedule.latest_tick(self._clock.now())
            found = partial(run_ops.find_tick, self.job.name, tick)
            run = None if last is None else await retry_while_unavailable(found, LONG_S, sleep=self._pulse)
        except TollgateError as error:
            log.warning("job.catch_up_unknown", job=self.job.name, error=type(error).__name__)
            return
        if last is None or self._stopping.is_set():
            return
        if (run is None and last < tick) or (run is not None and run.may_be_lost):
            self._fire()

"""Several processes on one database in one event loop: a fake job, runners, and timers and waits under control."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from core.clock import Clock, SystemClock
from core.jobs import Counts, JobPlan
from core.schedules import Schedule
from database.operations import lease_ops, run_ops
from schedulers.context import JobContext
from schedulers.job_scheduler import JobScheduler
from schedulers.leases import TTL
from schedulers.runner import Job, Run, Runner
from schedulers.scheduler import Timer

JOB = "fake"


class FakeJob:
    """Does what the test says; counts its runs."""

    def __init__(self, work: Callable[[Run], Awaitable[Counts]]) -> None:
        self._work = work
        self.runs = 0

    async def __call__(self, run: Run) -> Counts:
        self.runs += 1
        return await self._work(run)


async def delete_three(run: Run) -> Counts:
    return Counts({"deleted": 3}, more=True)


class ManualTimer(Timer):
    """Fires when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self._fires: dict[str, Callable[[], None]] = {}

    @property
    def names(self) -> set[str]:
        return set(self._fires)

    def add(self, name: str, schedule: Schedule, clock: SystemClock, fire: Callable[[], None]) -> None:
        self._fires[name] = fire

    def remove(self, name: str) -> None:
        self._fires.pop(name, None)

    def fire(self, name: str = JOB) -> None:
        self._fires[name]()


class HeldSleep:
    """A sleep for SteeredClock that ends only when the test says so; keeps how long each one was to be."""

    def __init__(self) -> None:
        #: lengths, in seconds, of sleeps that were not ended yet
        self.started: asyncio.Queue[float] = asyncio.Queue()
        self._may_end = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        self.started.put_nowait(seconds)
        await self._may_end.acquire()

    async def end_next(self) -> float:
        """Wait until a sleep starts, end it and return its length in seconds."""
        seconds = await self.started.get()
        self._may_end.release()
        return seconds

    async def wait_for_start(self) -> None:
        """Return when a sleep has started, without ending it."""
        await wait_until(lambda: not self.started.empty())


async def wait_until(is_so: Callable[[], bool]) -> None:
    """Let other tasks run until `is_so()`. Raises TimeoutError after forty seconds, for a busy server."""
    async with asyncio.timeout(40):
        while not is_so():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0)


async def leave_killed_run(tick: datetime | None, now: datetime) -> None:
    """Leave what a process killed during a run leaves: a held lease and a row without an end."""
    fence = await lease_ops.take(JOB, "killed:run", now, TTL)
    assert fence is not None
    assert await run_ops.start_run(JOB, tick, "killed:run", now, None, fence) is not None


def create_runner(
    job: Job,
    clock: Clock,
    owner: str = "me",
    *,
    name: str = JOB,
    time_limit: timedelta = timedelta(minutes=1),
) -> Runner:
    """Return the runner of a process called `owner`."""
    return Runner(name, job, clock, owner, time_limit=time_limit)


def create_scheduler(
    job: FakeJob,
    schedule: Schedule,
    clock: SystemClock,
    timer: Timer,
    *,
    owner: str = "me",
    jitter: timedelta = timedelta(),
) -> JobScheduler:
    """Return the scheduler of a process called `owner`, not started."""
    context = JobContext(clock=clock, timer=timer, owner=owner, jitter=jitter)
    return JobScheduler(JobPlan(JOB, "", "", schedule), create_runner(job, clock, owner), context)

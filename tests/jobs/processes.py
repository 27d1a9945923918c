"""Several processes on one database, in one loop: each with a runner, a timer and time of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from core.clock import SystemClock
from core.jobs import Counts
from core.schedules import Schedule
from database.operations import lease_ops, run_ops
from schedulers.leases import TTL
from schedulers.registry import JobContext
from schedulers.runner import Run
from schedulers.scheduler import ScheduledJob
from tests.jobs.timer import HandTimer


class FakeJob:
    """Does what the test says."""

    name = "fake"

    def __init__(self, work: Callable[[Run], Awaitable[Counts]]) -> None:
        self._work = work
        self.runs = 0

    async def __call__(self, run: Run) -> Counts:
        self.runs += 1
        return await self._work(run)


async def three(run: Run) -> Counts:
    return Counts({"deleted": 3}, more=True)


async def no_time(seconds: float) -> None:
    """Waiting takes no time, and everybody else gets a turn."""
    await asyncio.sleep(0)


async def until(is_so: Callable[[], bool]) -> None:
    """Everybody else has turns until it is so. Raises TimeoutError after ten seconds."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0)


class Beats:
    """Pauses that end when the test says so; keeps how long each one was to be."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[float] = asyncio.Queue()
        self._go = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        self.asked.put_nowait(seconds)
        await self._go.acquire()

    async def beat(self) -> float:
        """End the next pause; how long it was to be."""
        seconds = await self.asked.get()
        self._go.release()
        return seconds


async def killed_in(job: str, tick: datetime | None, now: datetime, requested_by: str | None = None) -> int:
    """What a process leaves that is killed in the middle of a run: its lease and a row without an end; the fence."""
    fence = await lease_ops.take(job, "killed:run", now, TTL)
    assert fence is not None
    assert await run_ops.start_run(job, tick, "killed:run", now, requested_by, fence) is not None
    return fence


def scheduled(
    job: FakeJob,
    schedule: Schedule,
    clock: SystemClock,
    timer: HandTimer,
    *,
    owner: str = "me",
    pulse: Callable[[float], Awaitable[None]] = no_time,
    jitter: timedelta = timedelta(),
) -> ScheduledJob:
    """The job at its ticks, in a process called `owner`."""
    context = JobContext(clock=clock, timer=timer, owner=owner, sleep=no_time, pulse=pulse, jitter=jitter)
    return context.scheduled(job, schedule)

"""A job that runs when work is due: when it polls, how long it waits, how it stops."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from core.clock import SystemClock
from core.errors import StoreRefused, StoreUnavailable, TollgateError
from core.jobs import Counts, JobOutcome, JobPlan
from core.schedules import every_full_hour
from database.connection import Database
from database.operations import lease_ops, run_ops
from schedulers.admission import WHEN_DUE
from schedulers.context import JobContext
from schedulers.job_scheduler import JobScheduler
from schedulers.leases import TTL
from schedulers.polling import AFTER_FAILURE_S, POLL_EVERY_S
from schedulers.runner import Run, Runner
from tests.clocks import SteeredClock, never
from tests.jobs.processes import HeldSleep, ManualTimer

NAME = "work"


class Work:
    """A job with `left` units of work; the unit that leaves 13 fails."""

    def __init__(self) -> None:
        self.left = 0
        #: of `has_work`
        self.error: TollgateError | None = None
        self.runs_until_stop = self.hangs = False
        self.started = asyncio.Event()
        #: in which it ran
        self.tasks: list[asyncio.Task[Any] | None] = []

    async def has_work(self, _: datetime) -> bool:
        if self.error is not None:
            raise self.error
        return self.left > 0

    async def __call__(self, run: Run) -> Counts:
        self.started.set()
        self.tasks.append(asyncio.current_task())
        if self.runs_until_stop:
            await run.stopping.wait()
        if self.hangs:
            await asyncio.Event().wait()
        self.left -= 1
        if self.left == 13:
            raise ValueError("unlucky")
        return Counts({"done": 1}, more=self.left > 0)


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def polls() -> HeldSleep:
    return HeldSleep()


@pytest.fixture
def clock(polls: HeldSleep) -> SteeredClock:
    return SteeredClock(start=datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC), in_tasks={"poll ": polls, "lease ": never})


def create(work: Work, clock: SystemClock, *, is_hourly: bool = False) -> JobScheduler:
    context = JobContext(clock=clock, timer=ManualTimer())
    plan = JobPlan(NAME, "", "", every_full_hour(context.zone) if is_hourly else None, is_polled=True)
    return JobScheduler(plan, Runner(NAME, work, clock), context, work.has_work)


@pytest.fixture
async def scheduler(db: Database, clock: SteeredClock, work: Work) -> AsyncIterator[JobScheduler]:
    one = create(work, clock)
    yield one
    one.stop()
    await one.ended()


async def test_without_work_it_polls_again_and_writes_no_row(scheduler: JobScheduler, polls: HeldSleep) -> None:
    scheduler.start()
    scheduler.start()
    assert [await polls.end_next() for _ in range(3)] == [POLL_EVERY_S] * 3
    assert await run_ops.last_runs(5) == []


async def test_while_work_is_left_runs_follow_each_other_without_a_pause(
    scheduler: JobScheduler, polls: HeldSleep, work: Work
) -> None:
    work.left = 3
    scheduler.start()
    assert await polls.started.get() == POLL_EVERY_S
    assert work.left == 0
    assert [task.get_name() for task in work.tasks if task is not None] == [f"job {NAME}"] * 3
    runs = await run_ops.last_runs(5)
    assert [(run.outcome, run.requested_by) for run in runs] == [(JobOutcome.SUCCEEDED, WHEN_DUE)] * 3


async def test_after_a_failed_run_it_waits_longer(scheduler: JobScheduler, polls: HeldSleep, work: Work) -> None:
    work.left = 14
    scheduler.start()
    assert await polls.started.get() == AFTER_FAILURE_S
    (run,) = await run_ops.last_runs(5)
    assert run.outcome is JobOutcome.FAILED


@pytest.mark.parametrize("error", [StoreUnavailable("away"), StoreRefused("no")])
async def test_polling_goes_on_after_an_error_of_the_database(
    scheduler: JobScheduler, polls: HeldSleep, work: Work, error: TollgateError
) -> None:
    work.error, work.left = error, 1
    scheduler.start()
    assert [await polls.end_next() for _ in range(2)] == [POLL_EVERY_S] * 2
    work.error = None
    await polls.end_next()
    await polls.wait_for_start()
    assert work.left == 0


async def test_a_job_that_another_process_runs_or_that_is_paused_is_not_started(
    scheduler: JobScheduler, clock: SteeredClock, work: Work
) -> None:
    work.left = 1
    assert await lease_ops.take(NAME, "another process", clock.now(), TTL)
    assert await scheduler.run_when_due() is None
    await lease_ops.release(NAME, "another process", clock.now())
    assert await lease_ops.pause(NAME, clock.now(), 5)
    assert await scheduler.run_when_due() is None
    assert await run_ops.last_runs(5) == []
    assert await lease_ops.resume(NAME)
    report = await scheduler.run_when_due()
    assert report is not None and report.outcome is JobOutcome.SUCCEEDED


async def test_a_job_with_ticks_that_also_polls_runs_its_tick_once_and_then_what_is_due(
    db: Database, clock: SteeredClock, work: Work
) -> None:
    scheduler, work.left = create(work, clock, is_hourly=True), 2
    reports = [await scheduler.run_when_due() for _ in range(3)]
    assert [(report.outcome, report.scheduled_at is not None) for report in reports if report is not None] == [
        (JobOutcome.SUCCEEDED, True),
        (JobOutcome.SUCCEEDED, False),
        (JobOutcome.SKIPPED, True),
    ]


async def test_a_stop_while_there_is_no_work_ends_at_once(scheduler: JobScheduler, polls: HeldSleep) -> None:
    scheduler.start()
    await polls.started.get()
    scheduler.stop()
    await asyncio.wait_for(scheduler.ended(), 5)
    assert await run_ops.last_runs(5) == []


async def test_a_stop_lets_a_run_finish_its_step(scheduler: JobScheduler, work: Work) -> None:
    work.left, work.runs_until_stop = 5, True
    scheduler.start()
    await work.started.wait()
    scheduler.stop()
    await asyncio.wait_for(scheduler.ended(), 5)
    assert work.left == 4
    (run,) = await run_ops.last_runs(5)
    assert (run.outcome, run.counts) == (JobOutcome.CANCELLED, {"done": 1})


async def test_a_run_that_does_not_end_after_a_stop_is_cancelled_and_its_row_says_so(
    scheduler: JobScheduler, work: Work
) -> None:
    work.left, work.hangs = 1, True
    scheduler.start()
    await work.started.wait()
    scheduler.stop()
    await scheduler.ended(0)
    (run,) = await run_ops.last_runs(5)
    assert run.outcome is JobOutcome.CANCELLED

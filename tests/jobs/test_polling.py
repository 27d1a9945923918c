"""A job that runs when there is something to do: when it looks, when it waits, how it ends."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from core.clock import SystemClock
from core.errors import StoreUnavailable
from core.jobs import Counts, JobOutcome
from database.connection import Database
from database.operations import run_ops
from schedulers.polling import AFTER_FAILURE_S, LOOK_EVERY_S, WHEN_DUE, PolledJob
from schedulers.runner import Run, Runner
from tests.jobs.processes import Beats


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


class Work:
    """A job with so much to do, and what it is to say of it."""

    name = "work"

    def __init__(self) -> None:
        self.left = 0
        self.error: Exception | None = None
        self.is_held: asyncio.Event | None = None
        self.began = asyncio.Event()

    async def is_due(self, _: datetime) -> bool:
        if self.error is not None:
            raise self.error
        return self.left > 0

    async def __call__(self, run: Run) -> Counts:
        self.began.set()
        if self.is_held is not None:
            await run.stopping.wait()
        self.left -= 1
        if self.left == 13:
            raise ValueError("unlucky")
        return Counts({"done": 1}, more=self.left > 0)


@pytest.fixture
async def work() -> Work:
    return Work()


@pytest.fixture
async def pulse() -> Beats:
    return Beats()


@pytest.fixture
async def watched(db: Database, clock: SystemClock, work: Work, pulse: Beats) -> AsyncIterator[PolledJob]:
    job = PolledJob(work, work.is_due, Runner(clock), clock, pulse=pulse)
    yield job
    job.stop()
    await job.ended()


async def test_with_nothing_to_do_it_looks_again_and_writes_no_row(watched: PolledJob, pulse: Beats) -> None:
    watched.start()
    watched.start()
    assert [await pulse.beat() for _ in range(3)] == [LOOK_EVERY_S] * 3
    assert await run_ops.last_runs(5) == []


async def test_what_is_left_goes_on_without_a_pause(watched: PolledJob, pulse: Beats, work: Work) -> None:
    work.left = 3
    watched.start()
    assert await pulse.asked.get() == LOOK_EVERY_S
    assert work.left == 0
    runs = await run_ops.last_runs(5)
    assert [(run.outcome, run.requested_by) for run in runs] == [(JobOutcome.SUCCEEDED, WHEN_DUE)] * 3


async def test_after_a_failure_it_waits_longer(watched: PolledJob, pulse: Beats, work: Work) -> None:
    work.left = 14
    watched.start()
    assert await pulse.asked.get() == AFTER_FAILURE_S
    (run,) = await run_ops.last_runs(5)
    assert run.outcome is JobOutcome.FAILED


async def test_an_absent_database_is_looked_at_again(watched: PolledJob, pulse: Beats, work: Work) -> None:
    work.error, work.left = StoreUnavailable("away"), 1
    watched.start()
    assert await pulse.beat() == LOOK_EVERY_S
    work.error = None
    await pulse.asked.get()
    assert work.left == 0


async def test_a_stop_while_nothing_is_to_do_ends_at_once(watched: PolledJob, pulse: Beats) -> None:
    watched.start()
    await pulse.asked.get()
    watched.stop()
    await asyncio.wait_for(watched.ended(), 5)


async def test_a_stop_lets_a_run_end_its_step(watched: PolledJob, work: Work) -> None:
    work.left, work.is_held = 5, asyncio.Event()
    watched.start()
    await work.began.wait()
    watched.stop()
    await asyncio.wait_for(watched.ended(), 5)
    assert work.left == 4
    (run,) = await run_ops.last_runs(5)
    assert (run.outcome, run.counts) == (JobOutcome.CANCELLED, {"done": 1})

"""Runs somebody asked for: begun by one process, waiting while the job is under way, given up in time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from pymongo.errors import AutoReconnect

from core.clock import ManualClock, SystemClock
from core.jobs import Counts, JobOutcome, JobRun
from core.schedules import every_minute
from database.connection import Database
from database.operations import lease_ops, run_ops
from schedulers.leases import RENEW_EVERY_S, TTL
from schedulers.registry import JobContext
from schedulers.requests import GIVE_UP_AFTER, LOOK_EVERY_S, Requests
from schedulers.runner import Run
from schedulers.scheduler import ScheduledJob
from tests.jobs.processes import Beats, FakeJob, no_time, three, until

NOW = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
WISHER = 501


class Held(SystemClock):
    """Stands still until it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self._clock = ManualClock(NOW)

    def now(self) -> datetime:
        return self._clock.now()

    def move(self, step: timedelta) -> None:
        self._clock.move(step)


@pytest.fixture
def clock() -> Held:
    return Held()


class Process:
    """A process that runs the jobs it is given when somebody asks."""

    def __init__(self, clock: Held, *jobs: FakeJob, owner: str = "me") -> None:
        self.beats = Beats()
        self._context = JobContext(clock=clock, owner=owner, sleep=no_time, pulse=self._pulse)
        self.requests = Requests({job.name: self._scheduled(job) for job in jobs}, clock, pulse=self.beats)

    async def _pulse(self, seconds: float) -> None:
        """Renewals: never within these tests."""
        assert seconds == RENEW_EVERY_S
        await asyncio.Event().wait()

    def _scheduled(self, job: FakeJob) -> ScheduledJob:
        return self._context.scheduled(job, every_minute(self._context.zone))

    async def look(self, under_way: int = 0) -> None:
        """One look more; what it and earlier ones began has ended, but for so many."""
        assert await self.beats.beat() == LOOK_EVERY_S
        await until(lambda: not self.beats.asked.empty() and len(self.requests._at_work) <= under_way)

    async def end(self) -> None:
        self.requests.stop()
        await self.requests.ended()


Start = Callable[..., Awaitable[Process]]


@pytest.fixture
async def start(clock: Held) -> AsyncIterator[Start]:
    """Starts processes, ends them after the test."""
    processes: list[Process] = []

    async def started(*jobs: FakeJob, owner: str = "me") -> Process:
        process = Process(clock, *jobs, owner=owner)
        processes.append(process)
        process.requests.start()
        return process

    yield started
    for process in processes:
        await process.end()


async def run_of(run_id: str) -> JobRun:
    (run,) = [run for run in await run_ops.last_runs(20) if run.id == run_id]
    return run


async def test_a_wish_is_run_by_one_of_two_processes_and_says_who_made_it(
    db: Database, clock: Held, start: Start
) -> None:
    job = FakeJob(three)
    one, two = await start(job, owner="one"), await start(job, owner="two")
    request_key = await run_ops.request_run("fake", NOW, WISHER)
    assert await run_ops.request_run("fake", NOW, WISHER) == request_key, "pressed twice it is one"
    await asyncio.gather(one.look(), two.look())
    await asyncio.gather(one.look(), two.look())
    run = await run_of(request_key)
    assert (run.outcome, run.counts, run.requested_by) == (JobOutcome.SUCCEEDED, {"deleted": 3}, WISHER)
    assert (job.runs, len(await run_ops.last_runs(5))) == (1, 1)


async def test_a_wish_for_a_paused_job_runs(db: Database, clock: Held, start: Start) -> None:
    process = await start(FakeJob(three))
    await lease_ops.pause("fake", NOW, WISHER)
    request_key = await run_ops.request_run("fake", NOW, WISHER)
    await process.look()
    await process.look()
    assert (await run_of(request_key)).outcome is JobOutcome.SUCCEEDED


async def test_a_wish_waits_while_another_run_is_under_way(db: Database, clock: Held, start: Start) -> None:
    job = FakeJob(three)
    process = await start(job)
    assert await lease_ops.take("fake", "another", NOW, TTL) == 1
    request_key = await run_ops.request_run("fake", NOW, WISHER)
    for _ in range(3):
        await process.look()
        assert (await run_of(request_key)).is_waiting
    await lease_ops.release("fake", "another", NOW)
    await process.look()
    await process.look()
    assert ((await run_of(request_key)).outcome, job.runs) == (JobOutcome.SUCCEEDED, 1)


async def test_a_long_run_keeps_no_other_job_waiting(db: Database, clock: Held, start: Start) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def long(run: Run) -> Counts:
        began.set()
        await go_on.wait()
        return Counts()

    first, second = FakeJob(long), FakeJob(three)
    second.name = "second"
    process = await start(first, second)
    await run_ops.request_run("fake", NOW, WISHER)
    await process.look(under_way=1)
    await began.wait()
    request_key = await run_ops.request_run("second", NOW, WISHER)
    again = await run_ops.request_run("fake", NOW, WISHER)
    await process.look(under_way=1)
    assert (await run_of(request_key)).outcome is JobOutcome.SUCCEEDED
    assert (await run_of(again)).is_waiting
    go_on.set()
    await process.look()
    await process.look()
    assert (first.runs, (await run_of(again)).outcome) == (2, JobOutcome.SUCCEEDED)


@pytest.mark.parametrize("late", [False, True])
async def test_a_wish_nobody_begins_is_given_up_after_ten_minutes(
    db: Database, clock: Held, start: Start, late: bool
) -> None:
    process = await start(FakeJob(three))
    request_key = await run_ops.request_run("a job of another process", NOW, WISHER)
    clock.move(GIVE_UP_AFTER + timedelta(milliseconds=int(late)))
    await process.look()
    await process.look()
    assert (await run_of(request_key)).outcome is (JobOutcome.MISSED if late else None)


async def test_a_wish_from_before_a_long_outage_is_not_run_late(db: Database, clock: Held, start: Start) -> None:
    job = FakeJob(three)
    request_key = await run_ops.request_run("fake", NOW, WISHER)
    clock.move(timedelta(hours=1))
    process = await start(job)
    await process.look()
    assert ((await run_of(request_key)).outcome, job.runs) == (JobOutcome.MISSED, 0)


async def test_a_database_that_is_away_is_asked_again(db: Database, clock: Held, start: Start) -> None:
    def refuse(operation: str, collection: str) -> None:
        raise AutoReconnect("gone")

    request_key = await run_ops.request_run("fake", NOW, WISHER)
    db.before_call = refuse
    process = await start(FakeJob(three))
    await process.look()
    db.before_call = None
    await process.look()
    await process.look()
    assert (await run_of(request_key)).outcome is JobOutcome.SUCCEEDED


async def test_a_requested_run_that_fails_says_so_and_the_next_wish_runs(
    db: Database, clock: Held, start: Start
) -> None:
    async def broken_once(run: Run) -> Counts:
        if job.runs == 1:
            raise ValueError("on purpose")
        return Counts()

    job = FakeJob(broken_once)
    process = await start(job)
    for outcome in (JobOutcome.FAILED, JobOutcome.SUCCEEDED):
        request_key = await run_ops.request_run("fake", NOW, WISHER)
        await process.look()
        await process.look()
        assert (await run_of(request_key)).outcome is outcome


async def test_a_killed_owners_wish_is_given_up_and_not_run_again(db: Database, clock: Held, start: Start) -> None:
    job = FakeJob(three)
    request_key = await run_ops.request_run("fake", NOW, WISHER)
    assert await lease_ops.take("fake", "killed", NOW, TTL) == 1
    assert await run_ops.start_requested(request_key, "killed", NOW, 1)
    clock.move(TTL)
    process = await start(job)
    second = await run_ops.request_run("fake", clock.now(), WISHER)
    assert second != request_key
    await process.look()
    await process.look()
    assert (await run_of(request_key)).outcome is JobOutcome.ABANDONED
    assert ((await run_of(second)).outcome, job.runs) == (JobOutcome.SUCCEEDED, 1)


async def test_a_stop_lets_a_requested_run_end_its_step(db: Database, clock: Held, start: Start) -> None:
    began = asyncio.Event()

    async def polite(run: Run) -> Counts:
        began.set()
        await run.stopping.wait()
        return Counts({"steps": 1}, more=True)

    process = await start(FakeJob(polite))
    request_key = await run_ops.request_run("fake", NOW, WISHER)
    await process.look(under_way=1)
    await began.wait()
    process.requests.stop()
    async with asyncio.timeout(5):
        await process.requests.ended()
    run = await run_of(request_key)
    assert (run.outcome, run.counts) == (JobOutcome.CANCELLED, {"steps": 1})


async def test_a_process_without_jobs_does_not_look(db: Database, clock: Held) -> None:
    async def never(seconds: float) -> None:
        raise AssertionError("it looked")

    requests = Requests({}, clock, pulse=never)
    requests.start()
    await asyncio.sleep(0)
    requests.stop()
    await requests.ended()

"""Requested runs: started by one process, waiting while the job runs, expired after ten minutes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from pymongo.errors import AutoReconnect

from core.jobs import Counts, JobOutcome, JobRun
from database.connection import Database
from database.operations import lease_ops, run_ops
from schedulers.leases import TTL
from schedulers.requests import EXPIRES_AFTER, POLL_EVERY_S, RequestTrigger
from schedulers.runner import Run
from tests.clocks import SteeredClock, never
from tests.jobs.processes import JOB, FakeJob, HeldSleep, create_runner, delete_three, wait_until

NOW = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
ADMIN = 501


@pytest.fixture
def clock() -> SteeredClock:
    """The time of the database; each process has a clock of its own."""
    return SteeredClock(start=NOW)


class Process:
    """A process that runs requested runs of the given jobs."""

    def __init__(self, jobs: dict[str, FakeJob], owner: str, now: datetime) -> None:
        self.polls = HeldSleep()
        self.clock = SteeredClock(start=now, in_tasks={"requested runs": self.polls, "lease ": never})
        runners = {name: create_runner(job, self.clock, owner, name=name) for name, job in jobs.items()}
        self.trigger = RequestTrigger(runners, self.clock)

    async def poll(self, polls: int = 1, still_running: int = 0) -> None:
        """Poll so many times more, and wait until the started runs have ended, but for `still_running`."""
        for _ in range(polls):
            assert await self.polls.end_next() == POLL_EVERY_S
            await wait_until(lambda: not self.polls.started.empty() and len(self.trigger._running) <= still_running)

    async def stop(self) -> None:
        self.trigger.stop()
        async with asyncio.timeout(5):
            await self.trigger.ended()


Start = Callable[..., Awaitable[Process]]


@pytest.fixture
async def start(db: Database) -> AsyncIterator[Start]:
    """Starts processes and stops them after the test."""
    processes: list[Process] = []

    async def started(job: FakeJob, owner: str = "me", now: datetime = NOW, **others: FakeJob) -> Process:
        process = Process({JOB: job, **others}, owner, now)
        processes.append(process)
        process.trigger.start()
        return process

    yield started
    for process in processes:
        await process.stop()


def request(job: str = JOB, now: datetime = NOW) -> Awaitable[str]:
    return run_ops.request_run(job, now, ADMIN)


async def read_run(run_id: str) -> JobRun:
    (run,) = [run for run in await run_ops.last_runs(20) if run.id == run_id]
    return run


async def outcome_of(run_id: str) -> JobOutcome | None:
    return (await read_run(run_id)).outcome


async def test_a_requested_run_is_run_by_one_of_two_processes_and_keeps_who_requested_it(start: Start) -> None:
    job = FakeJob(delete_three)
    one, two = await start(job, owner="one"), await start(job, owner="two")
    run_id = await request()
    assert await request() == run_id, "requested twice it runs once"
    await asyncio.gather(one.poll(2), two.poll(2))
    run = await read_run(run_id)
    assert (run.outcome, run.counts, run.requested_by) == (JobOutcome.SUCCEEDED, {"deleted": 3}, ADMIN)
    assert (job.runs, len(await run_ops.last_runs(5))) == (1, 1)


async def test_a_requested_run_of_a_paused_job_starts(start: Start) -> None:
    process = await start(FakeJob(delete_three))
    await lease_ops.pause(JOB, NOW, ADMIN)
    run_id = await request()
    await process.poll(2)
    assert await outcome_of(run_id) is JobOutcome.SUCCEEDED


async def test_a_request_waits_while_another_run_is_in_progress(start: Start) -> None:
    job = FakeJob(delete_three)
    process = await start(job)
    assert await lease_ops.take(JOB, "another", NOW, TTL) == 1
    run_id = await request()
    for _ in range(3):
        await process.poll()
        assert (await read_run(run_id)).is_waiting
    await lease_ops.release(JOB, "another", NOW)
    await process.poll(2)
    assert (await outcome_of(run_id), job.runs) == (JobOutcome.SUCCEEDED, 1)


async def test_a_long_run_does_not_delay_other_jobs(start: Start) -> None:
    started, may_end = asyncio.Event(), asyncio.Event()

    async def long(run: Run) -> Counts:
        started.set()
        await may_end.wait()
        return Counts()

    job = FakeJob(long)
    process = await start(job, second=FakeJob(delete_three))
    await request()
    await process.poll(still_running=1)
    await started.wait()
    other, again = await request("second"), await request()
    await process.poll(still_running=1)
    assert await outcome_of(other) is JobOutcome.SUCCEEDED
    assert (await read_run(again)).is_waiting
    may_end.set()
    await process.poll(2)
    assert (job.runs, await outcome_of(again)) == (2, JobOutcome.SUCCEEDED)


@pytest.mark.parametrize("is_late", [False, True])
async def test_a_request_that_no_process_starts_expires_after_ten_minutes(start: Start, is_late: bool) -> None:
    process = await start(FakeJob(delete_three))
    run_id = await request("a job of another process")
    process.clock.move(EXPIRES_AFTER + timedelta(milliseconds=int(is_late)))
    await process.poll(2)
    assert await outcome_of(run_id) is (JobOutcome.MISSED if is_late else None)


async def test_a_request_from_before_a_long_outage_is_not_run(start: Start) -> None:
    job = FakeJob(delete_three)
    run_id = await request()
    process = await start(job, now=NOW + timedelta(hours=1))
    await process.poll()
    assert (await outcome_of(run_id), job.runs) == (JobOutcome.MISSED, 0)


async def test_polling_goes_on_after_an_outage(db: Database, start: Start) -> None:
    def refuse(operation: str, collection: str) -> None:
        raise AutoReconnect("gone")

    run_id = await request()
    db.before_call = refuse
    process = await start(FakeJob(delete_three))
    await process.poll()
    db.before_call = None
    await process.poll(2)
    assert await outcome_of(run_id) is JobOutcome.SUCCEEDED


async def test_after_a_requested_run_that_failed_the_next_request_is_run(start: Start) -> None:
    async def fail_once(run: Run) -> Counts:
        if job.runs == 1:
            raise ValueError("on purpose")
        return Counts()

    job = FakeJob(fail_once)
    process = await start(job)
    for outcome in (JobOutcome.FAILED, JobOutcome.SUCCEEDED):
        run_id = await request()
        await process.poll(2)
        assert await outcome_of(run_id) is outcome


async def test_a_requested_run_whose_owner_was_killed_is_abandoned_and_not_repeated(start: Start) -> None:
    job, later = FakeJob(delete_three), NOW + TTL
    first = await request()
    assert await lease_ops.take(JOB, "killed", NOW, TTL) == 1
    assert await run_ops.start_requested(first, "killed", NOW, 1)
    process = await start(job, now=later)
    second = await request(now=later)
    assert second != first
    await process.poll(2)
    assert await outcome_of(first) is JobOutcome.ABANDONED
    assert (await outcome_of(second), job.runs) == (JobOutcome.SUCCEEDED, 1)


async def test_a_stop_lets_a_requested_run_finish_its_step(start: Start) -> None:
    started = asyncio.Event()

    async def run_until_stop(run: Run) -> Counts:
        started.set()
        await run.stopping.wait()
        return Counts({"steps": 1}, more=True)

    process = await start(FakeJob(run_until_stop))
    run_id = await request()
    await process.poll(still_running=1)
    await started.wait()
    await process.stop()
    run = await read_run(run_id)
    assert (run.outcome, run.counts) == (JobOutcome.CANCELLED, {"steps": 1})


async def test_a_process_without_jobs_does_not_poll(db: Database) -> None:
    process = Process({}, "me", NOW)
    process.trigger.start()
    await asyncio.sleep(0)
    assert process.polls.started.empty()
    await process.stop()

"""Runs: a tick begins once in the world, a run by hand always begins."""

import asyncio
from datetime import datetime, timedelta

from core.jobs import JobOutcome, RunReport
from database.connection import Database
from database.operations import run_ops

MS = timedelta(milliseconds=1)
MINUTE = timedelta(minutes=1)
JOB = "message_deleter"


def report(now: datetime, outcome: JobOutcome = JobOutcome.SUCCEEDED, error: str | None = None) -> RunReport:
    return RunReport(JOB, outcome, now, now, timedelta(seconds=2), {"deleted": 3}, True, error)


async def test_a_tick_is_begun_once(db: Database, now: datetime) -> None:
    assert await run_ops.start_run(JOB, now, "a", now) is not None
    assert await run_ops.start_run(JOB, now, "b", now + MINUTE) is None

    (run,) = await run_ops.last_runs(10)
    assert (run.owner, run.scheduled_at, run.finished_at, run.outcome) == ("a", now, None, None)


async def test_of_fifty_processes_one_begins_the_tick(db: Database, now: datetime) -> None:
    started = await asyncio.gather(*(run_ops.start_run(JOB, now, f"p{number}", now) for number in range(50)))

    assert sum(run_id is not None for run_id in started) == 1
    assert await db.collection("job_runs").count({}) == 1


async def test_other_ticks_and_other_jobs_begin(db: Database, now: datetime) -> None:
    assert await run_ops.start_run(JOB, now, "a", now)
    assert await run_ops.start_run(JOB, now + MINUTE, "a", now)
    assert await run_ops.start_run("token_cleanup", now, "a", now)


async def test_runs_by_hand_at_the_same_instant_all_begin(db: Database, now: datetime) -> None:
    started = await asyncio.gather(*(run_ops.start_run(JOB, None, "a", now, requested_by=5) for _ in range(10)))

    assert None not in started
    runs = await run_ops.last_runs(20)
    assert sorted(run.scheduled_at for run in runs) == [now + number * MS for number in range(10)]
    assert {run.requested_by for run in runs} == {5}


async def test_a_run_by_hand_never_takes_the_place_of_a_tick(db: Database, now: datetime) -> None:
    noon = now.replace(microsecond=0)
    await run_ops.start_run(JOB, None, "a", noon)

    assert await run_ops.start_run(JOB, noon, "a", noon) is not None


async def test_the_end_of_a_run_is_stored_once(db: Database, now: datetime) -> None:
    run_id = await run_ops.start_run(JOB, now, "a", now)
    assert run_id is not None

    assert await run_ops.finish_run(run_id, report(now, JobOutcome.FAILED, "ValueError: x"))
    assert not await run_ops.finish_run(run_id, report(now))
    (run,) = await run_ops.last_runs(10)
    assert (run.outcome, run.error, run.more, run.counts) == (JobOutcome.FAILED, "ValueError: x", True, {"deleted": 3})
    assert run.finished_at == now + timedelta(seconds=2)


async def test_the_end_of_an_unknown_run_is_not_stored(db: Database, now: datetime) -> None:
    assert not await run_ops.finish_run("nope", report(now))
    assert await run_ops.last_runs(10) == []


async def test_the_last_tick_is_the_latest_planned_not_one_by_hand(db: Database, now: datetime) -> None:
    assert await run_ops.last_tick(JOB) is None
    await run_ops.start_run(JOB, now + MINUTE, "a", now)
    await run_ops.start_run(JOB, now, "a", now + 2 * MINUTE)
    await run_ops.start_run(JOB, None, "a", now + 9 * MINUTE)
    await run_ops.start_run("token_cleanup", now + 5 * MINUTE, "a", now)

    assert await run_ops.last_tick(JOB) == now + MINUTE


async def test_history_is_latest_first_bounded_and_by_job(db: Database, now: datetime) -> None:
    for number in range(3):
        await run_ops.start_run(JOB, now + number * MINUTE, f"r{number}", now + number * MINUTE)
    await run_ops.start_run("token_cleanup", now, "other", now + 9 * MINUTE)

    assert [run.owner for run in await run_ops.last_runs(2)] == ["other", "r2"]
    assert [run.owner for run in await run_ops.last_runs(2, JOB)] == ["r2", "r1"]


async def test_runs_that_never_ended_are_abandoned_after_their_time(db: Database, now: datetime) -> None:
    await run_ops.start_run(JOB, now - MINUTE - MS, "stale", now - MINUTE - MS)
    await run_ops.start_run(JOB, now - MINUTE, "at the limit", now - MINUTE)
    ended = await run_ops.start_run(JOB, now - 2 * MINUTE, "ended", now - 2 * MINUTE)
    assert ended is not None
    await run_ops.finish_run(ended, report(now))

    assert await run_ops.abandon_stale(now, MINUTE) == 1
    assert await run_ops.abandon_stale(now, MINUTE) == 0
    outcomes = {run.owner: run.outcome for run in await run_ops.last_runs(10)}
    assert outcomes == {"stale": JobOutcome.ABANDONED, "at the limit": None, "ended": JobOutcome.SUCCEEDED}


async def test_an_abandoned_run_that_ends_after_all_tells_the_truth(db: Database, now: datetime) -> None:
    run_id = await run_ops.start_run(JOB, now, "a", now)
    assert run_id is not None
    await run_ops.abandon_stale(now + MINUTE, timedelta())

    assert await run_ops.finish_run(run_id, report(now))
    (run,) = await run_ops.last_runs(1)
    assert run.outcome is JobOutcome.SUCCEEDED

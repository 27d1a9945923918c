"""Runs: a tick starts once among all processes, a run by hand always starts."""

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


async def test_a_tick_is_started_once(db: Database, now: datetime) -> None:
    assert await run_ops.start_run(JOB, now, "a", now) is not None
    assert await run_ops.start_run(JOB, now, "b", now + MINUTE) is None

    (run,) = await run_ops.last_runs(10)
    assert (run.owner, run.scheduled_at, run.finished_at, run.outcome) == ("a", now, None, None)


async def test_of_fifty_processes_one_starts_the_tick(db: Database, now: datetime) -> None:
    started = await asyncio.gather(*(run_ops.start_run(JOB, now, f"p{number}", now) for number in range(50)))

    assert sum(run_id is not None for run_id in started) == 1
    assert await db.collection("job_runs").count({}) == 1


async def test_other_ticks_and_other_jobs_start(db: Database, now: datetime) -> None:
    assert await run_ops.start_run(JOB, now, "a", now)
    assert await run_ops.start_run(JOB, now + MINUTE, "a", now)
    assert await run_ops.start_run("token_cleanup", now, "a", now)


async def test_runs_by_hand_at_the_same_instant_all_start(db: Database, now: datetime) -> None:
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


async def test_the_last_tick_is_the_latest_planned_one_and_no_run_by_hand(db: Database, now: datetime) -> None:
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


async def test_the_holder_of_the_lease_abandons_runs_under_older_leases(db: Database, now: datetime) -> None:
    for fence in (1, 2, 3):
        await run_ops.start_run(JOB, now + fence * MINUTE, f"fence {fence}", now + fence * MINUTE, None, fence)
    await run_ops.start_run("token_cleanup", now, "another job", now, None, 1)
    ended = await run_ops.start_run(JOB, now, "ended", now, None, 1)
    assert ended is not None
    await run_ops.finish_run(ended, report(now))
    waiting = await run_ops.request_run(JOB, now, 5)

    assert await run_ops.abandon_before(JOB, 3, now) == 2
    assert await run_ops.abandon_before(JOB, 3, now) == 0
    runs = await run_ops.last_runs(10)
    assert {run.owner: run.outcome for run in runs} == {
        "fence 1": JobOutcome.ABANDONED,
        "fence 2": JobOutcome.ABANDONED,
        "fence 3": None,
        "another job": None,
        "ended": JobOutcome.SUCCEEDED,
        None: None,
    }
    assert next(run for run in runs if run.id == waiting).is_waiting


async def test_the_end_of_an_abandoned_run_is_refused(db: Database, now: datetime) -> None:
    run_id = await run_ops.start_run(JOB, now, "a", now, None, 1)
    assert run_id is not None
    await run_ops.abandon_before(JOB, 2, now + MINUTE)

    assert not await run_ops.finish_run(run_id, report(now))
    (run,) = await run_ops.last_runs(1)
    assert (run.outcome, run.counts, run.finished_at) == (JobOutcome.ABANDONED, {}, now + MINUTE)


async def test_an_end_whose_answer_was_lost_can_be_recorded_again(db: Database, now: datetime) -> None:
    run_id = await run_ops.start_run(JOB, now, "a", now)
    assert run_id is not None
    assert await run_ops.finish_run(run_id, report(now))
    assert await run_ops.finish_run(run_id, report(now))


# takeovers


async def test_a_tick_is_taken_over_once(db: Database, now: datetime) -> None:
    tick = now.replace(microsecond=0)
    await run_ops.start_run(JOB, tick, "killed", now, None, 1)
    started = await asyncio.gather(*(run_ops.start_takeover(JOB, tick, f"p{n}", now, n) for n in range(2, 20)))

    assert sum(run_id is not None for run_id in started) == 1
    rows = await run_ops.last_runs(5)
    assert sorted((run.scheduled_at, run.requested_by or "") for run in rows) == [
        (tick, ""),
        (tick + MS, run_ops.TAKEOVER),
    ]
    assert await run_ops.last_tick(JOB) == tick, "it is no tick"


async def test_a_takeover_whose_answer_was_lost_can_be_repeated(db: Database, now: datetime) -> None:
    first = await run_ops.start_takeover(JOB, now, "a", now, 2)
    assert first is not None
    assert await run_ops.start_takeover(JOB, now, "a", now, 2) == first
    assert await run_ops.start_takeover(JOB, now, "b", now, 3) is None


# requested runs


async def test_a_requested_run_is_started_by_one_process(db: Database, now: datetime) -> None:
    run_id = await run_ops.request_run(JOB, now, 5)
    assert await run_ops.request_run(JOB, now + MINUTE, 6) == run_id
    (waiting,) = await run_ops.find_requests()
    assert (waiting.id, waiting.requested_by, waiting.is_waiting, waiting.is_running) == (run_id, 5, True, False)

    started = await asyncio.gather(*(run_ops.start_requested(run_id, f"p{n}", now + MINUTE, n) for n in range(1, 20)))
    assert started.count(True) == 1
    assert await run_ops.find_requests() == []
    (run,) = await run_ops.last_runs(5)
    assert (run.is_running, run.owner, run.fence) == (True, f"p{run.fence}", started.index(True) + 1)
    assert run.started_at == now + MINUTE
    assert await run_ops.start_requested(run_id, f"p{run.fence}", now + MINUTE, run.fence), "its answer may be lost"


async def test_requests_are_found_oldest_first_and_bounded(db: Database, now: datetime) -> None:
    requested = [await run_ops.request_run(f"job {number}", now + number * MINUTE, 5) for number in range(3)]
    assert [run.id for run in await run_ops.find_requests(2)] == requested[:2]


async def test_an_expired_request_is_missed_and_not_started(db: Database, now: datetime) -> None:
    old = await run_ops.request_run(JOB, now - MINUTE - MS, 5)
    young = await run_ops.request_run("token_cleanup", now - MINUTE, 5)
    by_hand = await run_ops.start_run("statistics", None, "a", now - 2 * MINUTE)
    assert await run_ops.expire_requests(now, MINUTE) == 1
    assert await run_ops.expire_requests(now, MINUTE) == 0
    assert not await run_ops.start_requested(old, "a", now, 1)
    outcomes = {run.id: run.outcome for run in await run_ops.last_runs(5)}
    assert outcomes == {old: JobOutcome.MISSED, young: None, by_hand: None}


async def test_the_latest_started_run_of_each_job_is_found(db: Database, now: datetime) -> None:
    for number in range(3):
        await run_ops.start_run(JOB, now + number * MINUTE, f"r{number}", now + number * MINUTE)
    await run_ops.start_run("token_cleanup", now, "other", now)
    latest = await run_ops.latest_runs([JOB, "token_cleanup", "statistics"])
    owners = {job: None if run is None else run.owner for job, run in latest.items()}
    assert owners == {JOB: "r2", "token_cleanup": "other", "statistics": None}
    assert latest["statistics"] is None, "it has not run yet"


async def test_a_tick_is_found_by_its_planned_instant(db: Database, now: datetime) -> None:
    await run_ops.start_run(JOB, now, "a", now)
    assert await run_ops.find_tick(JOB, now + MINUTE) is None
    tick = await run_ops.find_tick(JOB, now)
    assert tick is not None
    assert tick.owner == "a"

"""One run: each way it can end has its outcome, its row and its report; failures are not raised."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from core.errors import StoreUnavailable
from core.jobs import Counts, JobOutcome, JobRun, RunReport
from core.supervisor import Supervisor
from database.connection import Database
from database.operations import run_ops
from schedulers.admission import RunRequest, by_hand
from schedulers.runner import Job, Run
from tests.clocks import SteeredClock, never
from tests.jobs.processes import JOB, FakeJob, create_runner, delete_three

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
TICK = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> SteeredClock:
    return SteeredClock(start=NOW, in_tasks={"lease ": never})


async def run_tick(clock: SteeredClock, job: Job, time_limit: timedelta = timedelta(minutes=1)) -> RunReport:
    return await create_runner(job, clock, time_limit=time_limit).run(RunRequest(TICK))


async def only_row() -> JobRun:
    (row,) = await run_ops.last_runs(5)
    return row


async def test_a_run_that_succeeds_reports_its_counts_and_leaves_a_row(db: Database, clock: SteeredClock) -> None:
    report = await run_tick(clock, delete_three)
    assert (report.outcome, report.counts, report.more) == (JobOutcome.SUCCEEDED, {"deleted": 3}, True)
    row = await only_row()
    assert (row.job, row.scheduled_at, row.outcome) == (JOB, TICK, JobOutcome.SUCCEEDED)
    assert row.owner is not None
    assert row.owner.startswith("me:")
    assert row.counts == {"deleted": 3}
    assert row.finished_at is not None


async def test_a_job_that_raises_is_a_failed_run_and_the_error_is_not_raised(db: Database, clock: SteeredClock) -> None:
    async def broken(run: Run) -> Counts:
        raise ValueError("broken on purpose")

    report = await run_tick(clock, broken)
    assert (report.outcome, report.error) == (JobOutcome.FAILED, "ValueError: broken on purpose")
    assert (await only_row()).error == "ValueError: broken on purpose"


async def test_a_jobs_own_timeout_is_a_failure_not_the_time_limit(db: Database, clock: SteeredClock) -> None:
    async def own(run: Run) -> Counts:
        raise TimeoutError("the job's own")

    assert (await run_tick(clock, own)).outcome is JobOutcome.FAILED


@pytest.mark.parametrize("says_so", [True, False])
async def test_a_job_that_says_it_goes_on_may_take_as_long_as_its_work_needs(
    db: Database, clock: SteeredClock, monkeypatch: pytest.MonkeyPatch, says_so: bool
) -> None:
    loop = asyncio.get_running_loop()
    time, passed_s = loop.time, 0.0
    monkeypatch.setattr(loop, "time", lambda: time() + passed_s)

    async def pages(run: Run) -> Counts:
        nonlocal passed_s
        for _ in range(5):
            if says_so:
                run.progressed()
            passed_s += 40
            await asyncio.sleep(0)
        return Counts()

    report = await run_tick(clock, pages)
    assert report.outcome is (JobOutcome.SUCCEEDED if says_so else JobOutcome.TIMED_OUT)


async def test_a_cancelled_run_writes_its_outcome_and_the_cancellation_propagates(
    db: Database, clock: SteeredClock
) -> None:
    tasks, started = Supervisor(), asyncio.Event()

    async def endless(run: Run) -> Counts:
        started.set()
        await asyncio.Event().wait()
        return Counts()

    task = tasks.spawn(run_tick(clock, endless), "run")
    await started.wait()
    await tasks.close()
    assert task.cancelled()
    assert (await only_row()).outcome is JobOutcome.CANCELLED


async def test_a_run_cut_short_by_a_stop_is_cancelled_and_reports_its_counts(db: Database, clock: SteeredClock) -> None:
    stopping = asyncio.Event()

    async def cut_short(run: Run) -> Counts:
        stopping.set()
        return Counts({"deleted": 1}, more=True)

    report = await create_runner(cut_short, clock).run(RunRequest(TICK), stopping)
    assert (report.outcome, report.counts) == (JobOutcome.CANCELLED, {"deleted": 1})


async def test_runs_by_hand_in_the_same_millisecond_all_run_each_with_its_own_owner(
    db: Database, clock: SteeredClock
) -> None:
    owners: list[str] = []

    async def note_owner(run: Run) -> Counts:
        owners.append(run.owner)
        return Counts()

    for _ in range(3):
        assert (await create_runner(note_owner, clock).run(by_hand())).outcome is JobOutcome.SUCCEEDED
    assert len(set(owners)) == 3
    assert all(owner.startswith("me:") for owner in owners)


@pytest.mark.parametrize(("limit", "outcome"), [(300, JobOutcome.FAILED), (0, JobOutcome.TIMED_OUT)])
async def test_a_run_that_fails_or_passes_its_time_limit_reports_its_counts(
    db: Database, clock: SteeredClock, limit: int, outcome: JobOutcome
) -> None:
    async def half_done(run: Run) -> Counts:
        run.done["deleted"] = 3
        if limit == 0:
            await asyncio.Event().wait()
        raise ValueError("in the middle")

    report = await run_tick(clock, half_done, time_limit=timedelta(seconds=limit))
    assert (report.outcome, report.counts, report.more) == (outcome, {"deleted": 3}, True)


async def test_a_bot_token_in_an_error_is_not_stored(db: Database, clock: SteeredClock) -> None:
    async def leaking(run: Run) -> Counts:
        raise ValueError("at http://127.0.0.1/bot123456789:AAbbCCddEE/deleteMessages")

    await run_tick(clock, leaking)
    row = await only_row()
    assert row.error is not None
    assert "AAbbCCddEE" not in row.error


# the database is away


class Outage:
    """The database is away for `calls` calls from `start` on, None: for good; keeps the pauses of those who retry."""

    def __init__(self, db: Database, clock: SteeredClock, calls: int | None = None) -> None:
        self.pauses_s: list[float] = []
        self._db = db
        self._calls = calls
        clock.on_sleep = self._note_pause

    def start(self) -> "Outage":
        self._db.before_call = self._refuse
        return self

    async def start_after_work(self, run: Run) -> Counts:
        """A job during which the outage starts."""
        self.start()
        return await delete_three(run)

    def _refuse(self, operation: str, collection: str) -> None:
        if self._calls == 0:
            return
        if self._calls is not None:
            self._calls -= 1
        raise AutoReconnect("gone")

    async def _note_pause(self, seconds: float) -> None:
        self.pauses_s.append(seconds)


@pytest.mark.parametrize(("run_request", "least_s"), [(RunRequest(TICK), 600), (by_hand(), 0)])
async def test_while_the_database_is_away_a_tick_fails_after_ten_minutes_and_a_run_by_hand_at_once(
    db: Database, clock: SteeredClock, run_request: RunRequest, least_s: float
) -> None:
    outage = Outage(db, clock).start()
    report = await create_runner(delete_three, clock).run(run_request)
    assert report.outcome is JobOutcome.FAILED
    assert "StoreUnavailable" in (report.error or "")
    assert least_s <= sum(outage.pauses_s) <= least_s * 1.1


async def test_a_tick_waits_for_the_database_and_runs_once(db: Database, clock: SteeredClock) -> None:
    job, outage = FakeJob(delete_three), Outage(db, clock, calls=3).start()
    report = await run_tick(clock, job)
    assert (report.outcome, job.runs) == (JobOutcome.SUCCEEDED, 1)
    assert outage.pauses_s == [0.5, 1.0, 2.0]


async def test_a_tick_runs_when_the_answer_to_writing_its_row_was_lost(
    db: Database, clock: SteeredClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, insert = FakeJob(delete_three), db.collection("job_runs").insert_one

    async def lose_answer(row: dict[str, Any]) -> None:
        monkeypatch.undo()
        await insert(row)
        raise StoreUnavailable("connection closed")

    monkeypatch.setattr(db.collection("job_runs"), "insert_one", lose_answer)
    report = await run_tick(clock, job)
    assert (report.outcome, job.runs) == (JobOutcome.SUCCEEDED, 1)
    assert (await only_row()).outcome is JobOutcome.SUCCEEDED


async def test_finished_work_is_reported_even_when_its_row_cannot_be_written(db: Database, clock: SteeredClock) -> None:
    outage = Outage(db, clock)
    assert (await run_tick(clock, outage.start_after_work)).outcome is JobOutcome.SUCCEEDED
    assert sum(outage.pauses_s) >= 600


async def test_the_outcome_is_written_when_the_database_is_back(db: Database, clock: SteeredClock) -> None:
    await run_tick(clock, Outage(db, clock, calls=2).start_after_work)
    row = await only_row()
    assert (row.outcome, row.counts) == (JobOutcome.SUCCEEDED, {"deleted": 3})

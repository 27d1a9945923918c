"""One run: every end has its word, its row and its report; nothing ordinary is raised."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from core.clock import ManualClock, SystemClock
from core.errors import StoreUnavailable
from core.jobs import Counts, JobOutcome
from core.schedules import every_minute
from core.supervisor import Supervisor
from database.connection import Database
from database.operations import run_ops
from schedulers.registry import JobContext
from schedulers.runner import Run, Runner
from schedulers.scheduler import ScheduledJob
from tests.jobs.processes import FakeJob, three
from tests.jobs.timer import HandTimer

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
TICK = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


async def no_sleep(seconds: float) -> None:
    """Waiting takes no time here."""


async def broken(run: Run) -> Counts:
    raise ValueError("broken on purpose")


async def endless(run: Run) -> Counts:
    await asyncio.Event().wait()
    return Counts()


async def test_a_run_that_ends_well_reports_its_counts_and_leaves_a_row(db: Database, clock: ManualClock) -> None:
    report = await Runner(clock, "me").run(FakeJob(three), TICK)
    assert (report.outcome, report.counts, report.more) == (JobOutcome.SUCCEEDED, {"deleted": 3}, True)
    (row,) = await run_ops.last_runs(5)
    assert (row.job, row.scheduled_at, row.outcome) == ("fake", TICK, JobOutcome.SUCCEEDED)
    assert row.owner is not None
    assert row.owner.startswith("me:")
    assert row.counts == {"deleted": 3}
    assert row.finished_at is not None


async def test_a_job_that_raises_is_a_failed_run_and_raises_nothing(db: Database, clock: ManualClock) -> None:
    report = await Runner(clock, "me").run(FakeJob(broken), TICK)
    assert (report.outcome, report.error) == (JobOutcome.FAILED, "ValueError: broken on purpose")
    (row,) = await run_ops.last_runs(5)
    assert row.error == "ValueError: broken on purpose"


async def test_a_job_past_its_limit_is_timed_out(db: Database, clock: ManualClock) -> None:
    report = await Runner(clock, "me", time_limit=timedelta()).run(FakeJob(endless), TICK)
    assert report.outcome is JobOutcome.TIMED_OUT


async def test_a_jobs_own_timeout_is_a_failure_not_the_limit(db: Database, clock: ManualClock) -> None:
    async def own(run: Run) -> Counts:
        raise TimeoutError("the job's own")

    assert (await Runner(clock, "me").run(FakeJob(own), TICK)).outcome is JobOutcome.FAILED


async def test_a_cancelled_run_is_written_down_and_the_cancellation_passes(db: Database, clock: ManualClock) -> None:
    tasks, begun = Supervisor(), asyncio.Event()

    async def endless_once_begun(run: Run) -> Counts:
        begun.set()
        return await endless(run)

    task = tasks.spawn(Runner(clock, "me").run(FakeJob(endless_once_begun), TICK), "run")
    await begun.wait()
    await tasks.close()
    assert task.cancelled()
    (row,) = await run_ops.last_runs(5)
    assert row.outcome is JobOutcome.CANCELLED


async def test_two_processes_start_one_tick_once(db: Database, clock: ManualClock) -> None:
    job = FakeJob(three)
    reports = await asyncio.gather(*(Runner(clock, f"process {n}").run(job, TICK) for n in range(10)))
    assert job.runs == 1
    assert sorted(report.outcome for report in reports).count(JobOutcome.SKIPPED) == 9
    assert len(await run_ops.last_runs(20)) == 1


async def test_runs_by_hand_never_stand_in_each_others_way(db: Database, clock: ManualClock) -> None:
    job = FakeJob(three)
    for _ in range(3):
        assert (await Runner(clock, "me").run(job, None)).outcome is JobOutcome.SUCCEEDED
    assert job.runs == 3


class Outage:
    """The database is away for so many calls, from `begin` on; `pauses_s` are the waits of those who keep trying."""

    def __init__(self, db: Database, calls: int | None = None) -> None:
        self.pauses_s: list[float] = []
        self._db = db
        self._calls = calls

    def begin(self) -> "Outage":
        self._db.before_call = self._refuse
        return self

    def _refuse(self, operation: str, collection: str) -> None:
        if self._calls == 0:
            return
        if self._calls is not None:
            self._calls -= 1
        raise AutoReconnect("gone")

    async def sleep(self, seconds: float) -> None:
        self.pauses_s.append(seconds)


def three_before(outage: Outage) -> Callable[[Run], Awaitable[Counts]]:
    """The database leaves when the work is done."""

    async def work(run: Run) -> Counts:
        outage.begin()
        return await three(run)

    return work


@pytest.mark.parametrize(("tick", "least_s"), [(TICK, 600), (None, 0)])
async def test_a_database_that_stays_away_is_a_failed_run_at_once_by_hand(
    db: Database, clock: ManualClock, tick: datetime | None, least_s: float
) -> None:
    outage = Outage(db).begin()
    report = await Runner(clock, "me", sleep=outage.sleep).run(FakeJob(three), tick)
    assert report.outcome is JobOutcome.FAILED
    assert "StoreUnavailable" in (report.error or "")
    assert least_s <= sum(outage.pauses_s) <= least_s * 1.1


async def test_a_tick_waits_for_the_database_and_runs_once(db: Database, clock: ManualClock) -> None:
    job, outage = FakeJob(three), Outage(db, calls=3).begin()
    report = await Runner(clock, "me", sleep=outage.sleep).run(job, TICK)
    assert (report.outcome, job.runs) == (JobOutcome.SUCCEEDED, 1)
    assert outage.pauses_s == [0.5, 1.0, 2.0]


async def test_a_tick_whose_rows_answer_was_lost_runs_all_the_same(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, insert = FakeJob(three), db.collection("job_runs").insert_one

    async def answer_lost(row: dict[str, Any]) -> None:
        monkeypatch.undo()
        await insert(row)
        raise StoreUnavailable("connection closed")

    monkeypatch.setattr(db.collection("job_runs"), "insert_one", answer_lost)
    report = await Runner(clock, "me", sleep=no_sleep).run(job, TICK)
    assert (report.outcome, job.runs) == (JobOutcome.SUCCEEDED, 1)
    (row,) = await run_ops.last_runs(5)
    assert row.outcome is JobOutcome.SUCCEEDED


async def test_work_that_was_done_is_reported_even_if_its_row_cannot_be_finished(
    db: Database, clock: ManualClock
) -> None:
    outage = Outage(db)
    report = await Runner(clock, "me", sleep=outage.sleep).run(FakeJob(three_before(outage)), TICK)
    assert report.outcome is JobOutcome.SUCCEEDED
    assert sum(outage.pauses_s) >= 600


async def test_the_end_of_a_run_is_written_when_the_database_is_back(db: Database, clock: ManualClock) -> None:
    outage = Outage(db, calls=2)
    await Runner(clock, "me", sleep=outage.sleep).run(FakeJob(three_before(outage)), TICK)
    (row,) = await run_ops.last_runs(5)
    assert (row.outcome, row.counts) == (JobOutcome.SUCCEEDED, {"deleted": 3})


# the timer around it


def scheduled(job: FakeJob, clock: SystemClock, timer: HandTimer) -> ScheduledJob:
    context = JobContext(clock=clock, timer=timer, owner="me")
    return context.scheduled(job, every_minute(context.zone))


async def test_a_tick_runs_once_and_a_second_firing_of_it_is_skipped(db: Database) -> None:
    job, timer = FakeJob(three), HandTimer()
    one = scheduled(job, SystemClock(), timer)
    one.start()
    timer.fire("fake")
    await one.ended(5)
    timer.fire("fake")
    await one.ended(5)
    # a minute may have passed between the two: each tick has one row and one run, however often it fired
    assert job.runs == len({run.scheduled_at for run in await run_ops.last_runs(5)})
    one.stop()
    assert timer.names == set()


async def test_a_tick_missed_while_down_runs_once_at_the_start(db: Database) -> None:
    job, timer, clock = FakeJob(three), HandTimer(), SystemClock()
    two_hours_ago = clock.now() - timedelta(hours=2)
    await run_ops.start_run("fake", two_hours_ago, "earlier", two_hours_ago)
    one = scheduled(job, clock, timer)
    one.start()
    await one.ended(5)  # the look at the last tick
    await one.ended(5)  # the run it began
    one.stop()
    assert job.runs == 1


async def test_a_first_start_catches_nothing_up(db: Database) -> None:
    job, timer = FakeJob(three), HandTimer()
    one = scheduled(job, SystemClock(), timer)
    one.start()
    one.start()
    await one.ended(5)
    one.stop()
    one.stop()
    assert job.runs == 0


async def test_a_clock_that_jumps_runs_the_passed_tick_once(db: Database) -> None:
    job, timer, clock = FakeJob(three), HandTimer(), SystemClock()
    one = scheduled(job, clock, timer)
    one.start()
    clock.shift_to(timedelta(hours=3))
    await one.ended(5)
    assert job.runs == 1
    one.stop()
    clock.shift_to(timedelta(hours=6))
    await one.ended(5)
    assert job.runs == 1, "a stopped job no longer listens to the clock"


async def test_a_stop_lets_the_run_under_way_end_its_step(db: Database) -> None:
    reached = asyncio.Event()

    async def polite(run: Run) -> Counts:
        reached.set()
        await run.stopping.wait()
        return Counts({"steps": 1})

    job, timer = FakeJob(polite), HandTimer()
    one = scheduled(job, SystemClock(), timer)
    one.start()
    timer.fire("fake")
    await reached.wait()
    timer.fire("fake")
    one.stop()
    await one.ended(5)
    (row,) = await run_ops.last_runs(5)
    assert (row.outcome, row.counts) == (JobOutcome.SUCCEEDED, {"steps": 1})
    assert job.runs == 1, "a tick that comes while a run is under way starts no second one"


async def test_a_tick_that_comes_during_a_run_follows_it(db: Database) -> None:
    reached, go_on, clock = asyncio.Event(), asyncio.Event(), SystemClock()

    async def slow(run: Run) -> Counts:
        reached.set()
        await go_on.wait()
        return Counts()

    job, timer = FakeJob(slow), HandTimer()
    one = scheduled(job, clock, timer)
    one.start()
    timer.fire("fake")
    await reached.wait()
    clock.shift_to(timedelta(minutes=1))
    timer.fire("fake")
    go_on.set()
    await one.ended(5)
    one.stop()
    assert job.runs == 2
    assert len({run.scheduled_at for run in await run_ops.last_runs(5)}) == 2


async def test_a_run_cut_short_by_a_stop_is_cancelled_and_says_what_it_did(db: Database, clock: ManualClock) -> None:
    stopping = asyncio.Event()

    async def cut_short(run: Run) -> Counts:
        stopping.set()
        return Counts({"deleted": 1}, more=True)

    report = await Runner(clock, "me").run(FakeJob(cut_short), TICK, stopping)
    assert (report.outcome, report.counts) == (JobOutcome.CANCELLED, {"deleted": 1})


async def test_a_stopped_job_can_still_be_run_by_hand(db: Database) -> None:
    async def unless_stopped(run: Run) -> Counts:
        return Counts({"runs": int(not run.stopping.is_set())})

    one = scheduled(FakeJob(unless_stopped), SystemClock(), HandTimer())
    one.start()
    one.stop()
    await one.ended(5)
    assert (await one.run_by_hand()).counts == {"runs": 1}


async def test_each_run_has_an_owner_of_its_own(db: Database, clock: ManualClock) -> None:
    owners: list[str] = []

    async def note_owner(run: Run) -> Counts:
        owners.append(run.owner)
        return Counts()

    for _ in range(2):
        await Runner(clock, "me").run(FakeJob(note_owner), None)
    assert len(set(owners)) == 2
    assert all(owner.startswith("me:") for owner in owners)


@pytest.mark.parametrize(("limit", "outcome"), [(300, JobOutcome.FAILED), (0, JobOutcome.TIMED_OUT)])
async def test_a_run_that_ends_badly_still_says_what_it_did(
    db: Database, clock: ManualClock, limit: int, outcome: JobOutcome
) -> None:
    async def half_done(run: Run) -> Counts:
        run.done["deleted"] = 3
        if limit == 0:
            await asyncio.Event().wait()
        raise ValueError("in the middle")

    report = await Runner(clock, "me", time_limit=timedelta(seconds=limit)).run(FakeJob(half_done), TICK)
    assert (report.outcome, report.counts, report.more) == (outcome, {"deleted": 3}, True)


async def test_a_bot_token_in_an_error_does_not_reach_the_row(db: Database, clock: ManualClock) -> None:
    async def leaking(run: Run) -> Counts:
        raise ValueError("at http://127.0.0.1/bot123456789:AAbbCCddEE/deleteMessages")

    await Runner(clock, "me").run(FakeJob(leaking), TICK)
    (row,) = await run_ops.last_runs(5)
    assert row.error is not None
    assert "AAbbCCddEE" not in row.error

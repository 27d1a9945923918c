"""Several processes, one database: which one runs a tick, which takes over, what an owner without its lease may do."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import StoreUnavailable
from core.jobs import Counts, JobOutcome, RunReport
from database.connection import Database
from database.operations import lease_ops, run_ops
from schedulers.admission import RunRequest, by_hand
from schedulers.leases import RENEW_EVERY_S, TTL
from schedulers.runner import Run
from tests.clocks import SteeredClock, never
from tests.jobs.processes import JOB, FakeJob, HeldSleep, create_runner, delete_three, leave_killed_run, wait_until

NOW = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
TICK = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> SteeredClock:
    return SteeredClock(start=NOW, in_tasks={"lease ": never})


async def run_three(clock: SteeredClock, owner: str, tick: datetime = TICK) -> RunReport:
    """Run a tick of a job that deletes three, in a process called `owner`."""
    return await create_runner(delete_three, clock, owner).run(RunRequest(tick))


async def outcomes() -> list[tuple[JobOutcome | None, int | str | None]]:
    """Outcome and `requested_by` of all runs, the first started first."""
    return [(run.outcome, run.requested_by) for run in reversed(await run_ops.last_runs(50))]


# one of many


async def test_ten_processes_run_each_of_ten_ticks_once(db: Database, clock: SteeredClock) -> None:
    running, most = 0, 0

    async def count_concurrent(run: Run) -> Counts:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return Counts()

    job = FakeJob(count_concurrent)
    processes = [create_runner(job, clock, f"process {n}") for n in range(10)]
    for number in range(10):
        reports = await asyncio.gather(*(one.run(RunRequest(TICK + number * MINUTE)) for one in processes))
        assert [report.outcome for report in reports].count(JobOutcome.SUCCEEDED) == 1
        clock.move(MINUTE)
    assert (job.runs, most) == (10, 1)
    assert await outcomes() == [(JobOutcome.SUCCEEDED, None)] * 10


async def test_the_second_process_learns_which_runs_it_and_when_to_retry(db: Database, clock: SteeredClock) -> None:
    async def during(run: Run) -> Counts:
        report = await run_three(clock, "second")
        assert (report.outcome, report.retry_at) == (JobOutcome.SKIPPED, NOW + TTL)
        assert report.error is not None
        assert report.error.startswith("first:")
        return Counts()

    await create_runner(during, clock, "first").run(RunRequest(TICK))
    late = await run_three(clock, "second")
    assert (late.outcome, late.retry_at) == (JobOutcome.SKIPPED, None), "it is over: there is nothing to retry"
    assert len(await outcomes()) == 1


async def test_two_jobs_run_concurrently(db: Database, clock: SteeredClock) -> None:
    async def during(run: Run) -> Counts:
        other = create_runner(delete_three, clock, "second", name="other")
        assert (await other.run(RunRequest(TICK))).outcome is JobOutcome.SUCCEEDED
        return Counts()

    report = await create_runner(during, clock, "first").run(RunRequest(TICK))
    assert report.outcome is JobOutcome.SUCCEEDED


@pytest.mark.parametrize("how", ["returns", "raises", "hangs"])
async def test_however_a_run_ends_its_lease_is_free_at_once(db: Database, clock: SteeredClock, how: str) -> None:
    async def work(run: Run) -> Counts:
        if how == "raises":
            raise ValueError("on purpose")
        if how == "hangs":
            await asyncio.Event().wait()
        return Counts()

    limit = timedelta() if how == "hangs" else MINUTE
    await create_runner(work, clock, "first", time_limit=limit).run(RunRequest(TICK))
    assert await lease_ops.is_free(JOB, NOW, TTL)
    again = await run_three(clock, "second", TICK + MINUTE)
    assert again.outcome is JobOutcome.SUCCEEDED, "an error in a run stops no later one"


async def test_each_run_has_a_higher_fence_than_the_one_before(db: Database, clock: SteeredClock) -> None:
    fences: list[int] = []

    async def note_fence(run: Run) -> Counts:
        fences.append(run.fence)
        return Counts()

    for owner in ("one", "two", "one"):
        await create_runner(note_fence, clock, owner).run(by_hand())
    assert fences == [1, 2, 3]
    assert sorted(run.fence for run in await run_ops.last_runs(5)) == fences


# the owner is killed


async def test_a_killed_owners_tick_is_repeated_when_its_lease_has_expired(db: Database, clock: SteeredClock) -> None:
    await leave_killed_run(TICK, NOW)
    early = await run_three(clock, "next")
    assert (early.outcome, early.retry_at) == (JobOutcome.SKIPPED, NOW + TTL)
    clock.move(TTL)
    report = await run_three(clock, "next")
    assert (report.outcome, report.counts) == (JobOutcome.SUCCEEDED, {"deleted": 3})
    assert await outcomes() == [(JobOutcome.ABANDONED, None), (JobOutcome.SUCCEEDED, run_ops.TAKEOVER)]


async def test_a_tick_whose_owner_was_killed_before_its_row_is_run_by_the_next_owner(
    db: Database, clock: SteeredClock
) -> None:
    assert await lease_ops.take(JOB, "killed:run", NOW, TTL) == 1
    clock.move(TTL)
    assert (await run_three(clock, "next")).outcome is JobOutcome.SUCCEEDED
    assert await outcomes() == [(JobOutcome.SUCCEEDED, None)]


async def test_of_ten_processes_one_takes_over_a_killed_owners_tick(db: Database, clock: SteeredClock) -> None:
    job = FakeJob(delete_three)
    await leave_killed_run(TICK, NOW)
    clock.move(TTL)
    for _ in range(2):
        await asyncio.gather(*(create_runner(job, clock, f"process {n}").run(RunRequest(TICK)) for n in range(10)))
    assert job.runs == 1
    assert len(await outcomes()) == 2


async def test_a_tick_that_kills_each_process_is_taken_over_once_and_the_next_tick_runs(
    db: Database, clock: SteeredClock
) -> None:
    await leave_killed_run(TICK, NOW)
    clock.move(TTL)
    # the takeover is killed as well
    fence = await lease_ops.take(JOB, "killed again:run", clock.now(), TTL)
    assert fence == 2
    assert await run_ops.abandon_before(JOB, fence, clock.now()) == 1
    assert await run_ops.start_takeover(JOB, TICK, "killed again:run", clock.now(), fence) is not None
    for _ in range(3):
        clock.move(TTL)
        report = await run_three(clock, "next")
        assert (report.outcome, report.retry_at) == (JobOutcome.SKIPPED, None)
    assert await outcomes() == [(JobOutcome.ABANDONED, None), (JobOutcome.ABANDONED, run_ops.TAKEOVER)]
    assert (await run_three(clock, "next", TICK + MINUTE)).outcome is JobOutcome.SUCCEEDED


async def test_a_run_by_hand_in_the_same_millisecond_does_not_prevent_a_takeover(
    db: Database, clock: SteeredClock
) -> None:
    await run_ops.start_run(JOB, None, "an admin", TICK)
    await leave_killed_run(TICK, NOW)
    clock.move(TTL)
    ends = [(await run_three(clock, "next")).outcome for _ in range(2)]
    assert ends == [JobOutcome.SUCCEEDED, JobOutcome.SKIPPED]


@pytest.mark.parametrize("outcome", [JobOutcome.FAILED, JobOutcome.TIMED_OUT, JobOutcome.CANCELLED])
async def test_a_tick_that_ended_badly_is_not_repeated(db: Database, clock: SteeredClock, outcome: JobOutcome) -> None:
    stopping = asyncio.Event()

    async def work(run: Run) -> Counts:
        if outcome is JobOutcome.FAILED:
            raise ValueError("on purpose")
        if outcome is JobOutcome.TIMED_OUT:
            await asyncio.Event().wait()
        stopping.set()
        return Counts(more=True)

    limit = timedelta() if outcome is JobOutcome.TIMED_OUT else MINUTE
    report = await create_runner(work, clock, "first", time_limit=limit).run(RunRequest(TICK), stopping)
    assert report.outcome is outcome
    assert (await run_three(clock, "second")).outcome is JobOutcome.SKIPPED


async def test_the_next_tick_abandons_a_killed_owners_run_and_does_its_work(db: Database, clock: SteeredClock) -> None:
    await leave_killed_run(TICK, NOW)
    clock.move(MINUTE)
    assert (await run_three(clock, "next", TICK + MINUTE)).outcome is JobOutcome.SUCCEEDED
    assert await outcomes() == [(JobOutcome.ABANDONED, None), (JobOutcome.SUCCEEDED, None)]


# a process is suspended and resumes


async def test_a_process_that_resumes_without_its_lease_can_write_nothing(db: Database, clock: SteeredClock) -> None:
    seen: dict[str, object] = {}

    async def suspended(run: Run) -> Counts:
        clock.move(TTL)
        seen["taken over"] = (await run_three(clock, "next")).outcome
        assert run.lease is not None
        seen["stops"] = run.should_stop
        seen["renewed"] = await lease_ops.renew(JOB, run.owner, clock.now(), TTL)
        seen["taken again"] = await lease_ops.take(JOB, "a third", clock.now(), TTL)
        return Counts({"deleted": 99})

    report = await create_runner(suspended, clock, "suspended").run(RunRequest(TICK))
    assert seen == {"taken over": JobOutcome.SUCCEEDED, "stops": True, "renewed": False, "taken again": 3}
    assert (report.outcome, report.retry_at) == (JobOutcome.ABANDONED, clock.now())
    assert await outcomes() == [(JobOutcome.ABANDONED, None), (JobOutcome.SUCCEEDED, run_ops.TAKEOVER)]
    assert {"deleted": 99} not in [run.counts for run in await run_ops.last_runs(5)]
    lease = await lease_ops.find(JOB)
    assert lease is not None
    assert lease.owner == "a third", "it does not release a lease that is not its own any more"


async def test_a_process_that_resumes_without_its_lease_before_its_first_step_does_nothing(
    db: Database, clock: SteeredClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, start = FakeJob(delete_three), run_ops.start_run

    async def start_late(*arguments: object, **options: object) -> str | None:
        monkeypatch.undo()
        clock.move(TTL)
        assert (await run_three(clock, "next", TICK + MINUTE)).outcome is JobOutcome.SUCCEEDED
        return await start(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(run_ops, "start_run", start_late)
    report = await create_runner(job, clock, "suspended").run(RunRequest(TICK))
    assert (report.outcome, job.runs) == (JobOutcome.ABANDONED, 0)
    # its row was written after the next owner abandoned older runs; a later owner abandons it
    clock.move(MINUTE)
    await run_three(clock, "next", TICK + 2 * MINUTE)
    assert [outcome for outcome, _ in await outcomes()].count(JobOutcome.ABANDONED) == 1
    assert None not in [outcome for outcome, _ in await outcomes()]


async def test_a_renewal_that_finds_another_owner_stops_the_run_after_its_step(
    db: Database, clock: SteeredClock
) -> None:
    renewals, steps = HeldSleep(), 0
    clock.in_tasks["lease "] = renewals

    async def step_by_step(run: Run) -> Counts:
        nonlocal steps
        while not run.should_stop:
            steps += 1
            await db.collection("job_leases").update_one({"_id": JOB}, {"$set": {"owner": "another"}})
            assert await renewals.end_next() == RENEW_EVERY_S
            await wait_until(lambda: run.should_stop or not renewals.started.empty())
        return Counts({"steps": steps}, more=True)

    report = await create_runner(step_by_step, clock, "first").run(RunRequest(TICK))
    assert (report.outcome, report.error, steps) == (JobOutcome.ABANDONED, "the lease was lost", 1)
    assert await outcomes() == [(None, None)], "without its lease it does not even write its outcome"


async def test_a_late_run_that_no_other_process_took_over_may_write_its_outcome(
    db: Database, clock: SteeredClock
) -> None:
    async def slow(run: Run) -> Counts:
        clock.move(2 * TTL)
        return Counts({"deleted": 1})

    report = await create_runner(slow, clock, "first").run(RunRequest(TICK))
    assert report.outcome is JobOutcome.SUCCEEDED
    assert await outcomes() == [(JobOutcome.SUCCEEDED, None)]


@pytest.mark.parametrize("is_taken", [False, True])
async def test_a_database_that_is_away_longer_than_the_lease_fails_the_run(
    db: Database, clock: SteeredClock, is_taken: bool
) -> None:
    async def meet_outage(run: Run) -> Counts:
        run.done["deleted"] = 1
        clock.move(2 * TTL)
        if is_taken:
            await run_three(clock, "next", TICK + MINUTE)
        raise StoreUnavailable("delete_many tokens: AutoReconnect")

    report = await create_runner(meet_outage, clock, "first").run(RunRequest(TICK))
    assert report.outcome is (JobOutcome.ABANDONED if is_taken else JobOutcome.FAILED)
    first = await run_ops.find_tick(JOB, TICK)
    assert first is not None
    assert (first.outcome, first.counts) == (report.outcome, {} if is_taken else {"deleted": 1})


async def test_a_late_run_with_more_to_do_leaves_the_rest_to_the_next_owner(db: Database, clock: SteeredClock) -> None:
    async def slow(run: Run) -> Counts:
        clock.move(TTL)
        assert run.should_stop
        return Counts({"deleted": 1}, more=True)

    report = await create_runner(slow, clock, "first").run(RunRequest(TICK))
    assert (report.outcome, report.retry_at) == (JobOutcome.ABANDONED, clock.now())
    assert (await run_three(clock, "first")).outcome is JobOutcome.SUCCEEDED
    assert await outcomes() == [(JobOutcome.ABANDONED, None), (JobOutcome.SUCCEEDED, run_ops.TAKEOVER)]


# pauses


async def test_a_paused_job_runs_no_tick_and_leaves_no_row(db: Database, clock: SteeredClock) -> None:
    assert await lease_ops.pause(JOB, NOW, 5)
    for owner in ("one", "two"):
        report = await run_three(clock, owner)
        assert (report.outcome, report.error, report.retry_at) == (JobOutcome.SKIPPED, "paused", None)
    assert await outcomes() == []
    assert await lease_ops.resume(JOB)
    assert (await run_three(clock, "two")).outcome is JobOutcome.SUCCEEDED


async def test_a_paused_job_can_be_run_by_hand_and_stays_paused(db: Database, clock: SteeredClock) -> None:
    await lease_ops.pause(JOB, NOW, 5)
    assert (await create_runner(delete_three, clock).run(by_hand())).outcome is JobOutcome.SUCCEEDED
    lease = await lease_ops.find(JOB)
    assert lease is not None
    assert lease.paused_at is not None


async def test_a_pause_during_a_run_lets_it_end(db: Database, clock: SteeredClock) -> None:
    async def paused(run: Run) -> Counts:
        assert await lease_ops.pause(JOB, clock.now(), 5)
        assert await lease_ops.renew(JOB, run.owner, clock.now(), TTL)
        assert not run.should_stop
        return Counts()

    assert (await create_runner(paused, clock).run(RunRequest(TICK))).outcome is JobOutcome.SUCCEEDED
    assert (await run_three(clock, "me", TICK + MINUTE)).error == "paused"


# clocks


async def test_a_clock_set_back_an_hour_repeats_no_tick_and_blocks_none(db: Database, clock: SteeredClock) -> None:
    an_hour_ago = TICK - 60 * MINUTE
    # killed just before the clock was corrected: its lease would be held for an hour
    await leave_killed_run(TICK, NOW)
    assert (await run_three(clock, "me", an_hour_ago)).outcome is JobOutcome.SKIPPED
    clock.move(-60 * MINUTE)
    assert (await run_three(clock, "me", an_hour_ago)).outcome is JobOutcome.SUCCEEDED
    assert (await run_three(clock, "other", an_hour_ago)).outcome is JobOutcome.SKIPPED
    assert (await run_three(clock, "other", an_hour_ago + MINUTE)).outcome is JobOutcome.SUCCEEDED

"""Several processes and one database: who runs a tick, who takes over, what whoever lost its lease may still do."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.clock import ManualClock
from core.errors import StoreUnavailable
from core.jobs import Counts, JobOutcome
from database.connection import Database
from database.operations import lease_ops, run_ops
from schedulers.leases import RENEW_EVERY_S, TTL
from schedulers.runner import Run, Runner
from tests.jobs.processes import Beats, FakeJob, killed_in, no_time, three, until

NOW = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
TICK = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


async def outcomes() -> list[tuple[JobOutcome | None, int | str | None]]:
    """Of all runs, the first started first: how it ended and who asked for it."""
    return [(run.outcome, run.requested_by) for run in reversed(await run_ops.last_runs(50))]


# one of many


async def test_ten_processes_run_each_of_ten_ticks_once(db: Database, clock: ManualClock) -> None:
    job, at_once, most = FakeJob(three), 0, 0

    async def alone(run: Run) -> Counts:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        return Counts()

    job = FakeJob(alone)
    processes = [Runner(clock, f"process {n}", sleep=no_time) for n in range(10)]
    for number in range(10):
        reports = await asyncio.gather(*(one.run(job, TICK + number * MINUTE) for one in processes))
        assert [report.outcome for report in reports].count(JobOutcome.SUCCEEDED) == 1
        clock.move(MINUTE)
    assert (job.runs, most) == (10, 1)
    assert await outcomes() == [(JobOutcome.SUCCEEDED, None)] * 10


async def test_who_is_second_learns_who_has_it_and_when_to_look_again(db: Database, clock: ManualClock) -> None:
    async def and_another(run: Run) -> Counts:
        report = await Runner(clock, "second").run(FakeJob(three), TICK)
        assert (report.outcome, report.retry_at) == (JobOutcome.SKIPPED, NOW + TTL)
        assert report.error is not None
        assert report.error.startswith("first:")
        return Counts()

    await Runner(clock, "first").run(FakeJob(and_another), TICK)
    late = await Runner(clock, "second").run(FakeJob(three), TICK)
    assert (late.outcome, late.retry_at) == (JobOutcome.SKIPPED, None), "it is over: nothing to look for"
    assert len(await outcomes()) == 1


async def test_two_jobs_do_not_wait_for_each_other(db: Database, clock: ManualClock) -> None:
    async def and_another(run: Run) -> Counts:
        other = FakeJob(three)
        other.name = "other"
        assert (await Runner(clock, "second").run(other, TICK)).outcome is JobOutcome.SUCCEEDED
        return Counts()

    assert (await Runner(clock, "first").run(FakeJob(and_another), TICK)).outcome is JobOutcome.SUCCEEDED


@pytest.mark.parametrize("how", ["returns", "raises", "hangs"])
async def test_however_a_run_ends_its_lease_is_free_at_once(db: Database, clock: ManualClock, how: str) -> None:
    async def work(run: Run) -> Counts:
        if how == "raises":
            raise ValueError("on purpose")
        if how == "hangs":
            await asyncio.Event().wait()
        return Counts()

    limit = timedelta() if how == "hangs" else MINUTE
    await Runner(clock, "first", time_limit=limit).run(FakeJob(work), TICK)
    assert await lease_ops.is_free("fake", NOW, TTL)
    again = await Runner(clock, "second").run(FakeJob(three), TICK + MINUTE)
    assert again.outcome is JobOutcome.SUCCEEDED, "an error in a run stops no later one"


async def test_a_run_knows_its_fence_and_each_has_a_higher_one(db: Database, clock: ManualClock) -> None:
    fences: list[int] = []

    async def note(run: Run) -> Counts:
        fences.append(run.fence)
        return Counts()

    for owner in ("one", "two", "one"):
        await Runner(clock, owner).run(FakeJob(note), None)
    assert fences == [1, 2, 3]
    assert sorted(run.fence for run in await run_ops.last_runs(5)) == fences


# the owner is killed


async def test_a_killed_owners_tick_is_done_once_more_when_its_lease_is_over(db: Database, clock: ManualClock) -> None:
    job, next_one = FakeJob(three), Runner(clock, "next")
    await killed_in("fake", TICK, NOW)
    early = await next_one.run(job, TICK)
    assert (early.outcome, early.retry_at, job.runs) == (JobOutcome.SKIPPED, NOW + TTL, 0)
    clock.move(TTL)
    report = await next_one.run(job, TICK)
    assert (report.outcome, report.counts, job.runs) == (JobOutcome.SUCCEEDED, {"deleted": 3}, 1)
    assert await outcomes() == [(JobOutcome.ABANDONED, None), (JobOutcome.SUCCEEDED, run_ops.TAKEOVER)]


async def test_a_killed_owner_that_had_not_begun_leaves_its_tick_to_the_next(db: Database, clock: ManualClock) -> None:
    job = FakeJob(three)
    assert await lease_ops.take("fake", "killed:run", NOW, TTL) == 1
    clock.move(TTL)
    assert (await Runner(clock, "next").run(job, TICK)).outcome is JobOutcome.SUCCEEDED
    assert await outcomes() == [(JobOutcome.SUCCEEDED, None)]


async def test_of_ten_that_see_an_owner_gone_one_takes_over(db: Database, clock: ManualClock) -> None:
    job = FakeJob(three)
    await killed_in("fake", TICK, NOW)
    clock.move(TTL)
    for _ in range(2):
        await asyncio.gather(*(Runner(clock, f"process {n}").run(job, TICK) for n in range(10)))
    assert job.runs == 1
    assert len(await outcomes()) == 2


async def test_a_job_that_kills_every_process_is_taken_over_once_and_then_left_alone(
    db: Database, clock: ManualClock
) -> None:
    job = FakeJob(three)
    await killed_in("fake", TICK, NOW)
    clock.move(TTL)
    # the takeover is killed as well
    fence = await lease_ops.take("fake", "killed again:run", clock.now(), TTL)
    assert fence == 2
    assert await run_ops.abandon_before("fake", fence, clock.now()) == 1
    assert await run_ops.start_takeover("fake", TICK, "killed again:run", clock.now(), fence) is not None
    for _ in range(3):
        clock.move(TTL)
        report = await Runner(clock, "next").run(job, TICK)
        assert (report.outcome, report.retry_at) == (JobOutcome.SKIPPED, None)
    assert job.runs == 0
    assert await outcomes() == [(JobOutcome.ABANDONED, None), (JobOutcome.ABANDONED, run_ops.TAKEOVER)]
    assert (await Runner(clock, "next").run(job, TICK + MINUTE)).outcome is JobOutcome.SUCCEEDED


async def test_a_run_by_hand_in_the_same_millisecond_hides_no_takeover(db: Database, clock: ManualClock) -> None:
    job = FakeJob(three)
    await run_ops.start_run("fake", None, "somebody", TICK)
    await killed_in("fake", TICK, NOW)
    clock.move(TTL)
    for _ in range(2):
        await Runner(clock, "next").run(job, TICK)
    assert job.runs == 1


@pytest.mark.parametrize("outcome", [JobOutcome.FAILED, JobOutcome.TIMED_OUT, JobOutcome.CANCELLED])
async def test_a_tick_that_ended_badly_but_ended_is_not_done_again(
    db: Database, clock: ManualClock, outcome: JobOutcome
) -> None:
    job, stopping = FakeJob(three), asyncio.Event()

    async def work(run: Run) -> Counts:
        if outcome is JobOutcome.FAILED:
            raise ValueError("on purpose")
        if outcome is JobOutcome.TIMED_OUT:
            await asyncio.Event().wait()
        stopping.set()
        return Counts(more=True)

    limit = timedelta() if outcome is JobOutcome.TIMED_OUT else MINUTE
    report = await Runner(clock, "first", time_limit=limit).run(FakeJob(work), TICK, stopping)
    assert report.outcome is outcome
    assert (await Runner(clock, "second").run(job, TICK)).outcome is JobOutcome.SKIPPED
    assert job.runs == 0


async def test_the_next_tick_gives_up_what_a_killed_owner_left_and_covers_its_work(
    db: Database, clock: ManualClock
) -> None:
    job = FakeJob(three)
    await killed_in("fake", TICK, NOW)
    clock.move(MINUTE)
    assert (await Runner(clock, "next").run(job, TICK + MINUTE)).outcome is JobOutcome.SUCCEEDED
    assert await outcomes() == [(JobOutcome.ABANDONED, None), (JobOutcome.SUCCEEDED, None)]


# a process that stands still and wakes up


async def test_a_process_that_wakes_up_finds_everything_refused(db: Database, clock: ManualClock) -> None:
    seen: dict[str, object] = {}

    async def stands_still(run: Run) -> Counts:
        clock.move(TTL)
        seen["taken over"] = (await Runner(clock, "next").run(FakeJob(three), TICK)).outcome
        assert run.lease is not None
        seen["stops"] = run.should_stop
        seen["renewed"] = await lease_ops.renew("fake", run.owner, clock.now(), TTL)
        seen["taken again"] = await lease_ops.take("fake", "somebody", clock.now(), TTL)
        return Counts({"deleted": 99})

    report = await Runner(clock, "asleep").run(FakeJob(stands_still), TICK)
    assert seen == {"taken over": JobOutcome.SUCCEEDED, "stops": True, "renewed": False, "taken again": 3}
    assert (report.outcome, report.retry_at) == (JobOutcome.ABANDONED, clock.now())
    assert await outcomes() == [(JobOutcome.ABANDONED, None), (JobOutcome.SUCCEEDED, run_ops.TAKEOVER)]
    assert {"deleted": 99} not in [run.counts for run in await run_ops.last_runs(5)]
    lease = await lease_ops.find("fake")
    assert lease is not None
    assert lease.owner == "somebody", "what is not its own any more it does not release"


async def test_a_process_that_wakes_up_before_its_first_step_takes_none(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, start = FakeJob(three), run_ops.start_run

    async def after_a_long_sleep(*words: object, **more: object) -> str | None:
        monkeypatch.undo()
        clock.move(TTL)
        report = await Runner(clock, "next").run(FakeJob(three), TICK + MINUTE)
        assert report.outcome is JobOutcome.SUCCEEDED
        return await start(*words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(run_ops, "start_run", after_a_long_sleep)
    report = await Runner(clock, "asleep").run(job, TICK)
    assert (report.outcome, job.runs) == (JobOutcome.ABANDONED, 0)
    # its row came after the look of the next one; whoever has the lease after that gives it up
    clock.move(MINUTE)
    await Runner(clock, "next").run(FakeJob(three), TICK + 2 * MINUTE)
    assert [outcome for outcome, _ in await outcomes()].count(JobOutcome.ABANDONED) == 1
    assert None not in [outcome for outcome, _ in await outcomes()]


async def test_a_renewal_that_finds_another_owner_stops_the_run_after_its_step(
    db: Database, clock: ManualClock
) -> None:
    beats, steps = Beats(), 0

    async def step_by_step(run: Run) -> Counts:
        nonlocal steps
        while not run.should_stop:
            steps += 1
            await db.collection("job_leases").update_one({"_id": "fake"}, {"$set": {"owner": "another"}})
            assert await beats.beat() == RENEW_EVERY_S
            await until(lambda: run.should_stop or not beats.asked.empty())
        return Counts({"steps": steps}, more=True)

    report = await Runner(clock, "first", pulse=beats).run(FakeJob(step_by_step), TICK)
    assert (report.outcome, report.error, steps) == (JobOutcome.ABANDONED, "the lease was lost", 1)
    assert await outcomes() == [(None, None)], "who lost it writes nothing, not even that"


async def test_late_but_alone_it_may_say_how_it_went(db: Database, clock: ManualClock) -> None:
    async def slow(run: Run) -> Counts:
        clock.move(2 * TTL)
        return Counts({"deleted": 1})

    report = await Runner(clock, "first").run(FakeJob(slow), TICK)
    assert report.outcome is JobOutcome.SUCCEEDED
    assert await outcomes() == [(JobOutcome.SUCCEEDED, None)]


@pytest.mark.parametrize("is_taken", [False, True])
async def test_a_database_that_is_away_longer_than_the_lease_fails_the_run(
    db: Database, clock: ManualClock, is_taken: bool
) -> None:
    async def in_an_outage(run: Run) -> Counts:
        run.done["deleted"] = 1
        clock.move(2 * TTL)
        if is_taken:
            await Runner(clock, "next").run(FakeJob(three), TICK + MINUTE)
        raise StoreUnavailable("delete_many tokens: AutoReconnect")

    report = await Runner(clock, "first").run(FakeJob(in_an_outage), TICK)
    assert report.outcome is (JobOutcome.ABANDONED if is_taken else JobOutcome.FAILED)
    first = await run_ops.find_tick("fake", TICK)
    assert first is not None
    assert (first.outcome, first.counts) == (report.outcome, {} if is_taken else {"deleted": 1})


async def test_late_and_with_more_to_do_it_leaves_the_rest_to_whoever_has_the_lease(
    db: Database, clock: ManualClock
) -> None:
    async def slow(run: Run) -> Counts:
        clock.move(TTL)
        assert run.should_stop
        return Counts({"deleted": 1}, more=True)

    report = await Runner(clock, "first").run(FakeJob(slow), TICK)
    assert (report.outcome, report.retry_at) == (JobOutcome.ABANDONED, clock.now())
    assert (await Runner(clock, "first").run(FakeJob(three), TICK)).outcome is JobOutcome.SUCCEEDED
    assert await outcomes() == [(JobOutcome.ABANDONED, None), (JobOutcome.SUCCEEDED, run_ops.TAKEOVER)]


# pauses


async def test_a_paused_job_runs_no_tick_and_leaves_no_row(db: Database, clock: ManualClock) -> None:
    job = FakeJob(three)
    assert await lease_ops.pause("fake", NOW, 5)
    for owner in ("one", "two"):
        report = await Runner(clock, owner).run(job, TICK)
        assert (report.outcome, report.error, report.retry_at) == (JobOutcome.SKIPPED, "paused", None)
    assert (job.runs, await outcomes()) == (0, [])
    assert await lease_ops.resume("fake")
    assert (await Runner(clock, "two").run(job, TICK)).outcome is JobOutcome.SUCCEEDED


async def test_a_paused_job_runs_when_somebody_wants_it(db: Database, clock: ManualClock) -> None:
    await lease_ops.pause("fake", NOW, 5)
    report = await Runner(clock, "me").run(FakeJob(three), None, requested_by="hand", ignores_pause=True)
    assert report.outcome is JobOutcome.SUCCEEDED
    lease = await lease_ops.find("fake")
    assert lease is not None
    assert lease.paused_at is not None, "it stays paused"


async def test_a_pause_during_a_run_lets_it_end(db: Database, clock: ManualClock) -> None:
    async def paused(run: Run) -> Counts:
        assert await lease_ops.pause("fake", clock.now(), 5)
        assert await lease_ops.renew("fake", run.owner, clock.now(), TTL)
        assert not run.should_stop
        return Counts()

    assert (await Runner(clock, "me").run(FakeJob(paused), TICK)).outcome is JobOutcome.SUCCEEDED
    assert (await Runner(clock, "me").run(FakeJob(three), TICK + MINUTE)).error == "paused"


# clocks


async def test_a_clock_that_is_put_back_an_hour_runs_no_tick_again_and_blocks_none(
    db: Database, clock: ManualClock
) -> None:
    job = FakeJob(three)
    # killed just before the clock was corrected: its lease would hold for an hour
    await killed_in("fake", TICK, NOW)
    await Runner(clock, "me").run(job, TICK - 60 * MINUTE)
    clock.move(-60 * MINUTE)
    assert (await Runner(clock, "me").run(job, TICK - 60 * MINUTE)).outcome is JobOutcome.SUCCEEDED
    assert (await Runner(clock, "other").run(job, TICK - 60 * MINUTE)).outcome is JobOutcome.SKIPPED
    assert (await Runner(clock, "other").run(job, TICK - 59 * MINUTE)).outcome is JobOutcome.SUCCEEDED
    assert job.runs == 2

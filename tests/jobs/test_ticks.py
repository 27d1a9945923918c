"""The tick trigger: which ticks run, retrying another process's tick, catching up, jitter, stops, daylight changes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.clock import SystemClock
from core.errors import StoreUnavailable
from core.jobs import Counts, JobOutcome
from core.retries import LONG_S
from core.schedules import Daily, Schedule, every_minute
from database.connection import Database
from database.operations import lease_ops, run_ops
from schedulers.admission import by_hand
from schedulers.job_scheduler import JobScheduler
from schedulers.leases import TTL
from schedulers.runner import Run
from schedulers.scheduler import ProductTimeTrigger
from schedulers.ticks import NAP_S
from tests.clocks import SteeredClock, never
from tests.jobs.processes import (
    JOB,
    FakeJob,
    HeldSleep,
    ManualTimer,
    create_scheduler,
    delete_three,
    leave_killed_run,
)

UTC_ZONE = ZoneInfo("UTC")
EACH_MINUTE, NOON = every_minute(UTC_ZONE), Daily((12,), UTC_ZONE)
#: the clocks of Havana go from 00:00 to 01:00 on 8 March 2026, and from 01:00 to 00:00 on 1 November
HAVANA = ZoneInfo("America/Havana")


def clock_at(start: datetime) -> SteeredClock:
    return SteeredClock(start=start, in_tasks={"lease ": never})


@pytest.fixture
def clock() -> SteeredClock:
    return clock_at(datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC))


@pytest.fixture
def timer() -> ManualTimer:
    return ManualTimer()


Start = Callable[..., JobScheduler]


@pytest.fixture
async def start(db: Database, clock: SteeredClock, timer: ManualTimer) -> AsyncIterator[Start]:
    """Starts schedulers and stops them after the test."""
    schedulers: list[JobScheduler] = []

    def started(
        job: FakeJob,
        schedule: Schedule = EACH_MINUTE,
        *,
        on: ManualTimer = timer,
        at: SteeredClock = clock,
        owner: str = "me",
        jitter: timedelta = timedelta(),
    ) -> JobScheduler:
        schedulers.append(create_scheduler(job, schedule, at, on, owner=owner, jitter=jitter))
        schedulers[-1].start()
        return schedulers[-1]

    yield started
    for one in schedulers:
        one.stop()
        await one.ended()


class MovingSleep:
    """A sleep that moves the clock by its length; keeps all lengths."""

    def __init__(self, clock: SteeredClock) -> None:
        self.lengths_s: list[float] = []
        self._clock = clock
        clock.on_sleep = self

    async def __call__(self, seconds: float) -> None:
        self.lengths_s.append(seconds)
        self._clock.move(timedelta(seconds=seconds))
        await asyncio.sleep(0)


async def outcomes() -> list[tuple[JobOutcome | None, int | str | None]]:
    """Outcome and `requested_by` of all runs, the first started first."""
    return [(run.outcome, run.requested_by) for run in reversed(await run_ops.last_runs(50))]


# one tick after the other


async def test_a_tick_runs_once_although_its_timer_fires_twice(timer: ManualTimer, start: Start) -> None:
    job = FakeJob(delete_three)
    one = start(job)
    for _ in range(2):
        timer.fire()
        await one.ended(5)
    assert job.runs == 1
    one.stop()
    assert timer.names == set()


async def test_a_tick_during_a_run_is_run_after_it(clock: SteeredClock, timer: ManualTimer, start: Start) -> None:
    started, may_end = asyncio.Event(), asyncio.Event()

    async def slow(run: Run) -> Counts:
        started.set()
        await may_end.wait()
        return Counts()

    job = FakeJob(slow)
    one = start(job)
    timer.fire()
    await started.wait()
    clock.move(timedelta(minutes=1))
    timer.fire()
    may_end.set()
    await one.ended(5)
    assert job.runs == len({run.scheduled_at for run in await run_ops.last_runs(5)}) == 2


def test_the_timer_fires_at_ticks_of_the_products_clock() -> None:
    clock = SystemClock()
    clock.shift_to(timedelta(minutes=30, seconds=20))
    trigger = ProductTimeTrigger(Daily((0,), UTC_ZONE), clock)
    product_time = trigger.get_next_fire_time(None, datetime.now(UTC)) + clock.offset
    assert (product_time.hour, product_time.minute, product_time.second) == (0, 0, 0)


# another process runs the tick, or the database is away


async def test_a_skipped_tick_is_retried_and_taken_over_when_the_others_lease_expires(
    clock: SteeredClock, timer: ManualTimer, start: Start
) -> None:
    job, naps, began = FakeJob(delete_three), MovingSleep(clock), clock.now()
    await leave_killed_run(EACH_MINUTE.latest_tick(began), began)
    one = start(job)
    timer.fire()
    await one.ended(5)
    assert job.runs == 1
    assert clock.now() == began + TTL, "within the lease"
    assert max(naps.lengths_s) <= NAP_S
    assert await outcomes() == [(JobOutcome.ABANDONED, None), (JobOutcome.SUCCEEDED, run_ops.TAKEOVER)]


async def test_a_tick_is_retried_after_an_outage_longer_than_its_pauses(
    db: Database, clock: SteeredClock, timer: ManualTimer, start: Start
) -> None:
    job, left = FakeJob(delete_three), len(LONG_S) + 5
    MovingSleep(clock)

    def refuse(operation: str, collection: str) -> None:
        nonlocal left
        left -= 1
        if left > 0:
            raise StoreUnavailable("an outage")

    one = start(job, NOON)
    await one.ended(5)
    db.before_call = refuse
    timer.fire()
    await one.ended(5)
    assert (job.runs, left <= 0) == (1, True)
    assert await outcomes() == [(JobOutcome.SUCCEEDED, None)]


async def test_while_the_other_process_renews_its_lease_the_tick_waits_and_is_then_found_done(
    db: Database, clock: SteeredClock, timer: ManualTimer, start: Start
) -> None:
    job, began, waits = FakeJob(delete_three), clock.now(), 0
    assert await lease_ops.take(JOB, "other", began, TTL) == 1
    assert await run_ops.start_run(JOB, NOON.latest_tick(began), "other", began, None, 1) is not None

    async def sleep(seconds: float) -> None:
        nonlocal waits
        waits += 1
        clock.move(timedelta(seconds=seconds))
        if waits < 20:
            await lease_ops.renew(JOB, "other", clock.now(), TTL)
        elif waits == 20:
            assert await db.collection("job_runs").update_one({"job": JOB}, {"$set": {"outcome": "succeeded"}})
            await lease_ops.release(JOB, "other", clock.now())

    clock.on_sleep = sleep
    one = start(job, NOON)
    timer.fire()
    await one.ended(5)
    assert (job.runs, waits > 20) == (0, True)
    assert await outcomes() == [(JobOutcome.SUCCEEDED, None)]


async def test_a_tick_during_another_processs_run_by_hand_is_run_after_it(
    clock: SteeredClock, timer: ManualTimer, start: Start
) -> None:
    assert await lease_ops.take(JOB, "by hand", clock.now(), TTL) == 1

    async def sleep(seconds: float) -> None:
        clock.move(timedelta(seconds=seconds))
        await lease_ops.release(JOB, "by hand", clock.now())

    clock.on_sleep = sleep
    one = start(FakeJob(delete_three), NOON)
    timer.fire()
    await one.ended(5)
    assert await outcomes() == [(JobOutcome.SUCCEEDED, None)]


async def test_a_process_that_lost_its_lease_repeats_its_own_tick(
    clock: SteeredClock, timer: ManualTimer, start: Start
) -> None:
    async def suspended_once(run: Run) -> Counts:
        if job.runs == 1:
            clock.move(TTL)
            return Counts({"deleted": 1}, more=True)
        return Counts({"deleted": 2})

    job = FakeJob(suspended_once)
    MovingSleep(clock)
    one = start(job, NOON)
    timer.fire()
    await one.ended(5)
    assert await outcomes() == [(JobOutcome.ABANDONED, None), (JobOutcome.SUCCEEDED, run_ops.TAKEOVER)]


# at a start, and after a jump of the clock


async def test_a_house_that_is_on_by_day_only_runs_the_job_of_the_night_once_a_day(
    clock: SteeredClock, start: Start
) -> None:
    job, at_two = FakeJob(delete_three), Daily((2,), UTC_ZONE)
    clock.shift_to(timedelta(hours=-4))
    for day in (1, 2, 3):
        # restarted every ten minutes from 8 to 11
        for _ in range(18):
            one = start(job, at_two)
            one.start()
            await one.ended(5)
            one.stop()
            one.stop()
            clock.move(timedelta(minutes=10))
        assert job.runs == day, "also on the first day: it never ran"
        clock.move(timedelta(hours=21))


async def test_ticks_missed_for_days_are_caught_up_once_by_one_of_two_processes(
    clock: SteeredClock, start: Start
) -> None:
    job, schedule = FakeJob(delete_three), Daily((0, 12), UTC_ZONE)
    long_ago = schedule.latest_tick(clock.now() - timedelta(days=9))
    await run_ops.start_run(JOB, long_ago, "long ago", clock.now(), None, 0)
    for owner in ("one", "two"):
        one = start(job, schedule, on=ManualTimer(), owner=owner)
        await one.ended(5)
    assert job.runs == 1


async def test_a_short_outage_at_the_start_does_not_prevent_catching_up(
    db: Database, clock: SteeredClock, start: Start
) -> None:
    yesterday, calls = clock.now() - timedelta(days=1), 0
    assert await run_ops.start_run(JOB, NOON.latest_tick(yesterday), "before", yesterday, None, 1) is not None

    def refuse_twice(operation: str, collection: str) -> None:
        nonlocal calls
        calls += 1
        if calls in (1, 3):
            raise StoreUnavailable("an election")

    MovingSleep(clock)
    db.before_call = refuse_twice
    job = FakeJob(delete_three)
    await start(job, NOON).ended(5)
    assert job.runs == 1


@pytest.mark.parametrize("is_lost", [True, False])
async def test_a_start_repeats_a_tick_that_a_crash_cut_off_and_no_other(
    clock: SteeredClock, timer: ManualTimer, start: Start, is_lost: bool
) -> None:
    job = FakeJob(delete_three)
    if is_lost:
        await leave_killed_run(NOON.latest_tick(clock.now()), clock.now())
    else:
        earlier = start(FakeJob(delete_three), NOON, owner="earlier")
        timer.fire()
        await earlier.ended(5)
        earlier.stop()
    MovingSleep(clock)
    await start(job, NOON).ended(5)
    assert job.runs == int(is_lost)
    assert len(await outcomes()) == 1 + is_lost


async def test_a_jump_of_the_clock_runs_the_latest_of_the_passed_ticks_once(clock: SteeredClock, start: Start) -> None:
    job = FakeJob(delete_three)
    one = start(job)
    clock.shift_to(timedelta(hours=3))
    await one.ended(5)
    assert job.runs == 1
    one.stop()
    clock.shift_to(timedelta(hours=6))
    await one.ended(5)
    assert job.runs == 1, "a stopped job no longer listens to the clock"


# stops


async def test_a_stop_ends_the_wait_for_another_process_at_once(
    clock: SteeredClock, timer: ManualTimer, start: Start
) -> None:
    clock.on_sleep = sleep = HeldSleep()
    assert await lease_ops.take(JOB, "other", clock.now(), TTL) == 1
    one = start(FakeJob(delete_three))
    timer.fire()
    await sleep.started.get()
    one.stop()
    async with asyncio.timeout(5):
        await one.ended(60)
    assert await outcomes() == []


async def test_a_stop_lets_a_run_finish_its_step_and_starts_no_second_one(timer: ManualTimer, start: Start) -> None:
    started = asyncio.Event()

    async def run_until_stop(run: Run) -> Counts:
        started.set()
        await run.stopping.wait()
        return Counts({"steps": 1})

    job = FakeJob(run_until_stop)
    one = start(job)
    timer.fire()
    await started.wait()
    timer.fire()
    one.stop()
    await one.ended(5)
    (row,) = await run_ops.last_runs(5)
    assert (row.outcome, row.counts, job.runs) == (JobOutcome.SUCCEEDED, {"steps": 1}, 1)


async def test_a_stopped_job_can_still_be_run_by_hand(start: Start) -> None:
    async def unless_stopped(run: Run) -> Counts:
        return Counts({"runs": int(not run.stopping.is_set())})

    one = start(FakeJob(unless_stopped))
    one.stop()
    await one.ended(5)
    assert (await one.runner.run(by_hand())).counts == {"runs": 1}


# jitter


async def test_a_tick_waits_a_random_part_of_the_jitter(db: Database, clock: SteeredClock, timer: ManualTimer) -> None:
    job, naps = FakeJob(delete_three), MovingSleep(clock)
    one = create_scheduler(job, EACH_MINUTE, clock, timer, jitter=timedelta(seconds=2))
    one.start()
    await one.ended(5)
    waits: set[float] = set()
    for _ in range(5):
        clock.move(timedelta(minutes=1))
        naps.lengths_s.clear()
        timer.fire()
        await one.ended(5)
        waits.add(round(sum(naps.lengths_s), 6))
    assert job.runs == 1 + 5
    assert len(waits) > 1
    assert min(waits) >= 0.1 and max(waits) <= 2.1


async def test_a_run_by_hand_waits_for_no_jitter(clock: SteeredClock, start: Start) -> None:
    naps = MovingSleep(clock)
    one = start(FakeJob(delete_three), jitter=timedelta(hours=1))
    one.stop()
    assert (await one.runner.run(by_hand())).outcome is JobOutcome.SUCCEEDED
    assert naps.lengths_s == []


# daylight changes


@pytest.mark.parametrize(
    ("day", "ticks"),
    [
        # 00:00 does not exist: the day begins at 01:00, which is 05:00 UTC
        (datetime(2026, 3, 8, tzinfo=UTC), [datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC)]),
        # 00:00 comes twice, an hour apart: the first one counts
        (
            datetime(2026, 11, 1, tzinfo=UTC),
            [datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 2, 5, tzinfo=UTC)],
        ),
    ],
)
async def test_a_daily_job_runs_once_a_day_where_midnight_is_skipped_or_comes_twice(
    timer: ManualTimer, start: Start, day: datetime, ticks: list[datetime]
) -> None:
    clock, job = clock_at(day), FakeJob(delete_three)
    schedule: Schedule = Daily((0,), HAVANA)
    one = start(job, schedule, at=clock)
    first = schedule.latest_tick(clock.now())
    # the timer fires more often than it should
    for _ in range(48 * 2):
        clock.move(timedelta(minutes=30))
        if schedule.latest_tick(clock.now()) > first:
            timer.fire()
            await one.ended(5)
    assert sorted(run.scheduled_at for run in await run_ops.last_runs(10)) == ticks
    assert job.runs == 2

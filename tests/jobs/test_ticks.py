"""The timer around runs: looking again after another process, catching up, jitter, daylight changes."""

import asyncio
from collections.abc import AsyncIterator
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
from schedulers.leases import RENEW_EVERY_S, TTL
from schedulers.runner import Run
from schedulers.scheduler import NAP_S, ScheduledJob
from tests.jobs.processes import Beats, FakeJob, killed_in, scheduled, three
from tests.jobs.timer import HandTimer

UTC_ZONE = ZoneInfo("UTC")
EACH_MINUTE = every_minute(UTC_ZONE)
#: the clocks of Havana go from 00:00 to 01:00 on 8 March 2026, and from 01:00 to 00:00 on 1 November
HAVANA = ZoneInfo("America/Havana")


class SetClock(SystemClock):
    """Stands at the instant the test sets; tells its listeners as the sandbox's does."""

    def __init__(self, start: datetime) -> None:
        super().__init__()
        self._start = start

    def now(self) -> datetime:
        return self._start + self.offset

    def move(self, step: timedelta) -> None:
        """Time goes by as it always does: nobody is told."""
        self.offset += step


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC))


@pytest.fixture
def timer() -> HandTimer:
    return HandTimer()


@pytest.fixture
async def ended() -> AsyncIterator[list[ScheduledJob]]:
    """Jobs that are stopped when the test is over."""
    jobs: list[ScheduledJob] = []
    yield jobs
    for job in jobs:
        job.stop()
        await job.ended()


class Sleeper:
    """Waiting moves the clock by as much; keeps how long each wait was. No lease is renewed."""

    def __init__(self, clock: SetClock) -> None:
        self.naps_s: list[float] = []
        self._clock = clock

    async def __call__(self, seconds: float) -> None:
        if seconds == RENEW_EVERY_S:
            await asyncio.Event().wait()
        self.naps_s.append(seconds)
        self._clock.move(timedelta(seconds=seconds))
        await asyncio.sleep(0)


async def outcomes() -> list[tuple[JobOutcome | None, int | str | None]]:
    return [(run.outcome, run.requested_by) for run in reversed(await run_ops.last_runs(50))]


async def test_whoever_was_skipped_looks_again_and_takes_over(
    db: Database, clock: SetClock, timer: HandTimer, ended: list[ScheduledJob]
) -> None:
    job, sleeper = FakeJob(three), Sleeper(clock)
    began = clock.now()
    await killed_in("fake", EACH_MINUTE.latest_tick(began), began)
    one = scheduled(job, EACH_MINUTE, clock, timer, pulse=sleeper)
    ended.append(one)
    one.start()
    timer.fire("fake")
    await one.ended(5)
    assert job.runs == 1
    assert clock.now() == began + TTL, "within the lease"
    assert max(sleeper.naps_s) <= NAP_S
    assert await outcomes() == [(JobOutcome.ABANDONED, None), (JobOutcome.SUCCEEDED, run_ops.TAKEOVER)]


async def test_a_daily_tick_outlasts_an_outage_that_is_longer_than_its_patience(
    db: Database, clock: SetClock, timer: HandTimer, ended: list[ScheduledJob]
) -> None:
    job, sleeper, away = FakeJob(three), Sleeper(clock), len(LONG_S) + 5

    def refuse(operation: str, collection: str) -> None:
        nonlocal away
        away -= 1
        if away > 0:
            raise StoreUnavailable("an outage")

    one = scheduled(job, Daily((12,), UTC_ZONE), clock, timer, pulse=sleeper)
    ended.append(one)
    one.start()
    await one.ended(5)
    db.before_call = refuse
    timer.fire("fake")
    await one.ended(5)
    assert (job.runs, away <= 0) == (1, True)
    assert await outcomes() == [(JobOutcome.SUCCEEDED, None)]


async def test_a_falter_at_the_start_does_not_give_up_the_missed_tick(
    db: Database, clock: SetClock, timer: HandTimer, ended: list[ScheduledJob]
) -> None:
    yesterday = clock.now() - timedelta(days=1)
    schedule = Daily((12,), UTC_ZONE)
    assert await run_ops.start_run("fake", schedule.latest_tick(yesterday), "before", yesterday, None, 1) is not None
    calls = 0

    def falter(operation: str, collection: str) -> None:
        nonlocal calls
        calls += 1
        if calls in (1, 3):
            raise StoreUnavailable("an election")

    db.before_call = falter
    job = FakeJob(three)
    one = scheduled(job, schedule, clock, timer, pulse=Sleeper(clock))
    ended.append(one)
    one.start()
    await one.ended(5)
    assert job.runs == 1


async def test_while_the_other_renews_it_waits_on_and_finds_it_done(
    db: Database, clock: SetClock, timer: HandTimer, ended: list[ScheduledJob]
) -> None:
    job, began = FakeJob(three), clock.now()
    tick = EACH_MINUTE.latest_tick(began)
    assert await lease_ops.take("fake", "other", began, TTL) == 1
    row = await run_ops.start_run("fake", tick, "other", began, None, 1)
    assert row is not None
    looks = 0

    async def pulse(seconds: float) -> None:
        nonlocal looks
        looks += 1
        clock.move(timedelta(seconds=seconds))
        if looks < 20:
            await lease_ops.renew("fake", "other", clock.now(), TTL)
        elif looks == 20:
            assert await db.collection("job_runs").update_one({"job": "fake"}, {"$set": {"outcome": "succeeded"}})
            await lease_ops.release("fake", "other", clock.now())

    one = scheduled(job, Daily((12,), UTC_ZONE), clock, timer, pulse=pulse)
    ended.append(one)
    one.start()
    timer.fire("fake")
    await one.ended(5)
    assert job.runs == 0
    assert looks > 20
    assert await outcomes() == [(JobOutcome.SUCCEEDED, None)]


async def test_a_tick_that_comes_during_a_run_by_hand_follows_it(
    db: Database, clock: SetClock, timer: HandTimer, ended: list[ScheduledJob]
) -> None:
    job, began = FakeJob(three), clock.now()
    assert await lease_ops.take("fake", "by hand", began, TTL) == 1

    async def pulse(seconds: float) -> None:
        clock.move(timedelta(seconds=seconds))
        await lease_ops.release("fake", "by hand", clock.now())

    one = scheduled(job, Daily((12,), UTC_ZONE), clock, timer, pulse=pulse)
    ended.append(one)
    one.start()
    timer.fire("fake")
    await one.ended(5)
    assert await outcomes() == [(JobOutcome.SUCCEEDED, None)]


async def test_a_stop_ends_the_waiting_at_once(db: Database, clock: SetClock, timer: HandTimer) -> None:
    beats = Beats()
    assert await lease_ops.take("fake", "other", clock.now(), TTL) == 1
    one = scheduled(FakeJob(three), EACH_MINUTE, clock, timer, pulse=beats)
    one.start()
    timer.fire("fake")
    await beats.asked.get()
    one.stop()
    async with asyncio.timeout(5):
        await one.ended(60)
    assert await outcomes() == []


async def test_a_process_that_lost_its_lease_looks_what_became_of_its_tick(
    db: Database, clock: SetClock, timer: HandTimer, ended: list[ScheduledJob]
) -> None:
    async def stands_still_once(run: Run) -> Counts:
        if job.runs == 1:
            clock.move(TTL)
            return Counts({"deleted": 1}, more=True)
        return Counts({"deleted": 2})

    job = FakeJob(stands_still_once)
    one = scheduled(job, Daily((12,), UTC_ZONE), clock, timer, pulse=Sleeper(clock))
    ended.append(one)
    one.start()
    timer.fire("fake")
    await one.ended(5)
    assert await outcomes() == [(JobOutcome.ABANDONED, None), (JobOutcome.SUCCEEDED, run_ops.TAKEOVER)]


# at a start


@pytest.mark.parametrize("is_lost", [True, False])
async def test_a_start_takes_over_what_a_crash_in_the_same_tick_left(
    db: Database, clock: SetClock, timer: HandTimer, ended: list[ScheduledJob], is_lost: bool
) -> None:
    job, noon = FakeJob(three), Daily((12,), UTC_ZONE)
    tick = noon.latest_tick(clock.now())
    if is_lost:
        await killed_in("fake", tick, clock.now())
    else:
        earlier = scheduled(FakeJob(three), noon, clock, timer, owner="earlier")
        earlier.start()
        timer.fire("fake")
        await earlier.ended(5)
        earlier.stop()
    one = scheduled(job, noon, clock, timer, pulse=Sleeper(clock))
    ended.append(one)
    one.start()
    await one.ended(5)
    await one.ended(5)
    assert job.runs == int(is_lost)
    assert len(await outcomes()) == 1 + is_lost


async def test_a_start_after_days_catches_up_once(
    db: Database, clock: SetClock, timer: HandTimer, ended: list[ScheduledJob]
) -> None:
    job, noon = FakeJob(three), Daily((0, 12), UTC_ZONE)
    await run_ops.start_run("fake", noon.latest_tick(clock.now() - timedelta(days=9)), "long ago", clock.now(), None, 0)
    for owner in ("one", "two"):
        one = scheduled(job, noon, clock, HandTimer(), owner=owner)
        ended.append(one)
        one.start()
        await one.ended(5)
        await one.ended(5)
    assert job.runs == 1


# jitter


async def test_a_tick_waits_a_random_part_of_the_jitter(
    db: Database, clock: SetClock, timer: HandTimer, ended: list[ScheduledJob]
) -> None:
    job, sleeper = FakeJob(three), Sleeper(clock)
    one = scheduled(job, EACH_MINUTE, clock, timer, pulse=sleeper, jitter=timedelta(seconds=2))
    ended.append(one)
    one.start()
    waits: set[float] = set()
    for _ in range(5):
        sleeper.naps_s.clear()
        timer.fire("fake")
        await one.ended(5)
        waits.add(round(sum(sleeper.naps_s), 6))
        clock.move(timedelta(minutes=1))
    assert job.runs == 5
    assert len(waits) > 1
    assert min(waits) >= 0.1 and max(waits) <= 2.1


async def test_a_run_by_hand_waits_for_no_jitter(db: Database, clock: SetClock, timer: HandTimer) -> None:
    sleeper = Sleeper(clock)
    one = scheduled(FakeJob(three), EACH_MINUTE, clock, timer, pulse=sleeper, jitter=timedelta(hours=1))
    assert (await one.run_by_hand()).outcome is JobOutcome.SUCCEEDED
    assert clock.offset < timedelta(minutes=1)


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
    db: Database, timer: HandTimer, ended: list[ScheduledJob], day: datetime, ticks: list[datetime]
) -> None:
    clock, job = SetClock(day), FakeJob(three)
    schedule: Schedule = Daily((0,), HAVANA)
    one = scheduled(job, schedule, clock, timer)
    ended.append(one)
    one.start()
    begun = schedule.latest_tick(clock.now())
    # the timer fires more often than it should
    for _ in range(48 * 2):
        clock.move(timedelta(minutes=30))
        if schedule.latest_tick(clock.now()) > begun:
            timer.fire("fake")
            await one.ended(5)
    assert sorted(run.scheduled_at for run in await run_ops.last_runs(10)) == ticks
    assert job.runs == 2

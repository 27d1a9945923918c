"""A job that goes first ends before the others begin: at one start, in another process, and without holding them up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.jobs import Counts, JobPlan, JobRun
from core.schedules import daily_at
from database.connection import Database
from database.operations import lease_ops, run_ops
from schedulers import registry
from schedulers.context import JobContext
from schedulers.job_scheduler import JobScheduler
from schedulers.leases import TTL
from schedulers.order import STARTS_WITHIN, Predecessors
from schedulers.runner import Run
from tests.clocks import SteeredClock
from tests.jobs.processes import FakeJob, ManualTimer, create_runner, wait_until

ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
FIRST = JobPlan("first", "", "", daily_at((2,), ZONE))
SECOND = JobPlan("second", "", "", daily_at((3,), ZONE))


class House:
    """A process with the job that goes first, and the one that follows; notes what begins and ends."""

    def __init__(self, clock: SteeredClock) -> None:
        self.clock = clock
        self.clock.on_sleep = self._sleep
        # leases are renewed at every turn
        self.clock.in_tasks = {"lease ": self._renewed}
        self.done: list[str] = []
        self.may_end = asyncio.Event()
        self.waited_s = 0.0
        #: renewals of leases that have ended
        self.renewals = 0
        self._schedulers: list[JobScheduler] = []

    async def _sleep(self, seconds: float) -> None:
        self.waited_s += seconds
        self.clock.move(timedelta(seconds=seconds))
        # no more time passes until a renewal that began from now on has ended, however busy the server is
        seen = self.renewals + 2
        await wait_until(lambda: self.renewals >= seen or not self._is_first_running)

    async def _renewed(self, _: float) -> None:
        self.renewals += 1
        await asyncio.sleep(0)

    @property
    def _is_first_running(self) -> bool:
        return f"{FIRST.name} begins" in self.done and f"{FIRST.name} ends" not in self.done

    def start(self, plan: JobPlan, predecessors: Predecessors | None = None) -> JobScheduler:
        async def work(run: Run) -> Counts:
            self.done.append(f"{plan.name} begins")
            if plan.name == FIRST.name:
                await self.may_end.wait()
            self.done.append(f"{plan.name} ends")
            return Counts()

        runner = create_runner(FakeJob(work), self.clock, name=plan.name)
        context = JobContext(clock=self.clock, timer=ManualTimer(), owner="me")
        self._schedulers.append(JobScheduler(plan, runner, context, predecessors=predecessors))
        self._schedulers[-1].start()
        return self._schedulers[-1]

    async def close(self) -> None:
        for one in self._schedulers:
            one.stop()
            await one.ended(0)


@pytest.fixture
def clock() -> SteeredClock:
    return SteeredClock(start=NOW)


@pytest.fixture
async def house(db: Database, clock: SteeredClock) -> AsyncIterator[House]:
    found = House(clock)
    yield found
    await found.close()


def first_goes_first(*beside: str) -> Predecessors:
    return Predecessors([FIRST], beside)


async def test_caught_up_at_one_start_the_job_that_goes_first_ends_first(house: House) -> None:
    # started in the wrong order
    second = house.start(SECOND, first_goes_first(FIRST.name))
    first = house.start(FIRST)
    # longer than its lease, which is renewed while it runs
    await wait_until(lambda: house.waited_s > 2 * TTL.total_seconds())
    house.may_end.set()
    await first.ended(5)
    await second.ended(5)
    assert house.done == ["first begins", "first ends", "second begins", "second ends"]


async def test_one_that_begins_between_the_two_questions_is_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_tick, at = run_ops.find_tick, NOW.replace(hour=2)

    async def begin_and_find(job: str, scheduled_at: datetime) -> JobRun | None:
        assert await lease_ops.take(FIRST.name, "another process", NOW, TTL) is not None
        assert await run_ops.start_run(FIRST.name, at, "another process", NOW) is not None
        return await find_tick(job, scheduled_at)

    monkeypatch.setattr(run_ops, "find_tick", begin_and_find)
    assert await first_goes_first(FIRST.name).go_first(NOW, NOW)


async def test_a_run_of_another_process_is_waited_for_to_its_end(house: House) -> None:
    assert await lease_ops.take(FIRST.name, "another process", NOW, TTL) is not None
    sleeps = 0

    async def renew_for_an_hour(seconds: float) -> None:
        nonlocal sleeps
        sleeps += 1
        assert house.done == []
        house.clock.move(timedelta(minutes=1))
        if sleeps < 60:
            await lease_ops.renew(FIRST.name, "another process", house.clock.now(), TTL)

    house.clock.on_sleep = renew_for_an_hour
    second = house.start(SECOND, first_goes_first())
    await second.ended(5)
    assert (house.done, sleeps) == (["second begins", "second ends"], 60)


async def test_a_job_that_nobody_starts_holds_up_no_other(house: House) -> None:
    second = house.start(SECOND, first_goes_first(FIRST.name))
    await second.ended(5)
    assert house.done == ["second begins", "second ends"]
    assert STARTS_WITHIN.total_seconds() <= house.waited_s < STARTS_WITHIN.total_seconds() + 5


@pytest.mark.parametrize("why", ["not in this process", "paused", "switched off"])
async def test_a_job_that_will_not_start_is_not_waited_for(house: House, why: str) -> None:
    predecessors = first_goes_first(*([] if why == "not in this process" else [FIRST.name]))
    if why == "paused":
        await lease_ops.pause(FIRST.name, NOW, "cli")
    if why == "switched off":
        predecessors = Predecessors([replace(FIRST, schedule=None, off_by="JOBS")], [FIRST.name])
    second = house.start(SECOND, predecessors)
    await second.ended(5)
    assert (house.done, house.waited_s) == (["second begins", "second ends"], 0.0)


async def test_a_line_of_cron_leaves_it_to_a_later_one_while_the_first_runs(house: House) -> None:
    assert await lease_ops.take(FIRST.name, "another process", NOW, TTL) is not None
    second = house.start(SECOND, first_goes_first())
    second.stop()
    assert await second.run_when_due() is None
    await lease_ops.release(FIRST.name, "another process", NOW)
    report = await second.run_when_due()
    assert report is not None and house.done == ["second begins", "second ends"]


def test_the_backup_comes_before_everything_that_cleans_up_at_night() -> None:
    schedules = [registry.plans(ZONE)[job].schedule for job in ("backup", "housekeeping", "deep_cleaning")]
    sunday = datetime(2026, 3, 1, tzinfo=UTC)
    backup, tidy, deep = (schedule.next_tick(sunday) for schedule in schedules if schedule is not None)
    assert backup < tidy <= deep == datetime(2026, 3, 1, 3, tzinfo=UTC)
    assert registry.HOUSEKEEPING.after == ("backup",)
    assert registry.DEEP_CLEANING.after == ("backup", "housekeeping")
    # `run all` goes by the order of the table
    order = [row.name for row in registry.JOBS]
    assert all(order.index(name) < order.index(row.name) for row in registry.JOBS for name in row.after)

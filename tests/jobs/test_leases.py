"""One process at a time: only its owner renews and releases a lease, and in doubt the lease is lost."""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import StoreUnavailable
from core.health.clocks import APART_MAX
from core.jobs import Counts, JobOutcome
from database.clock_difference import ClockDifference
from database.connection import Database
from database.operations import lease_ops
from schedulers.admission import RunRequest
from schedulers.leases import RENEW_EVERY_S, TTL, Lease, held
from schedulers.runner import Run, Runner
from tests.clocks import SteeredClock
from tests.jobs.processes import HeldSleep, wait_until

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def renewals() -> HeldSleep:
    return HeldSleep()


@pytest.fixture
def clock(renewals: HeldSleep) -> SteeredClock:
    return SteeredClock(start=NOW, in_tasks={"lease ": renewals})


async def pass_renewal(clock: SteeredClock, renewals: HeldSleep) -> None:
    """Let the time until the next renewal pass, and the renewal happen."""
    clock.move(timedelta(seconds=RENEW_EVERY_S))
    assert await renewals.end_next() == RENEW_EVERY_S
    await renewals.wait_for_start()


async def test_of_two_owners_one_holds_it_until_the_block_ends(db: Database, clock: SteeredClock) -> None:
    async with held("job", "first", clock) as first:
        assert first is not None
        async with held("job", "second", clock) as second:
            assert second is None
        assert not first.is_lost
    async with held("job", "second", clock) as second:
        assert second is not None


async def test_a_renewed_lease_lasts_longer_than_its_ttl(
    db: Database, clock: SteeredClock, renewals: HeldSleep
) -> None:
    async with held("job", "first", clock) as lease:
        assert lease is not None
        for _ in range(10):
            await pass_renewal(clock, renewals)
            assert not lease.is_lost
        assert not await lease_ops.take("job", "second", clock.now(), TTL)


async def test_a_suspended_owner_has_lost_it_and_releases_nothing(db: Database, clock: SteeredClock) -> None:
    async with held("job", "first", clock) as lease:
        assert lease is not None
        clock.move(TTL)
        assert lease.is_lost
        assert await lease_ops.take("job", "second", clock.now(), TTL)
    assert not await lease_ops.take("job", "third", clock.now(), TTL)


async def test_a_renewal_that_finds_another_owner_ends_it(db: Database) -> None:
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    lease = Lease("job", "first", SteeredClock(note, start=NOW), NOW + TTL)
    assert await lease_ops.take("job", "second", NOW, TTL)
    assert not lease.is_lost
    await lease.keep()
    assert lease.is_lost
    assert waits == [RENEW_EVERY_S]


async def test_while_the_database_is_away_nothing_is_renewed(
    db: Database, clock: SteeredClock, renewals: HeldSleep, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> bool:
        raise StoreUnavailable("away")

    async with held("job", "first", clock) as lease:
        assert lease is not None
        monkeypatch.setattr(lease_ops, "renew", fail)
        for _ in range(3):
            assert not lease.is_lost
            await pass_renewal(clock, renewals)
        assert lease.is_lost
        monkeypatch.setattr(lease_ops, "release", fail)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("apart_s", "outcome"), [(5, JobOutcome.SUCCEEDED), (30, None), (120, None)])
async def test_no_job_begins_while_the_clock_is_too_far_from_the_databases(
    db: Database, clock: SteeredClock, apart_s: int, outcome: JobOutcome | None, sign: int
) -> None:
    machine = SteeredClock(start=NOW)

    async def server_now() -> datetime:
        return machine.now() + sign * timedelta(seconds=apart_s)

    async def job(run: Run) -> Counts:
        return Counts()

    db.clocks = ClockDifference(server_now, machine)
    runner = Runner("job", job, clock, "me")
    report = await runner.run(RunRequest(scheduled_at=NOW))
    assert report.outcome is (outcome or JobOutcome.SKIPPED)
    assert outcome is not None or f"{apart_s} s {'behind' if sign > 0 else 'ahead of'} the database's" in (
        report.error or ""
    )
    apart_s = 1
    machine.move(timedelta(minutes=1))
    assert (await runner.run(RunRequest(scheduled_at=NOW + TTL))).outcome is JobOutcome.SUCCEEDED


async def test_the_clocks_are_compared_once_a_minute_however_many_jobs_begin(db: Database, clock: SteeredClock) -> None:
    machine, asked = SteeredClock(start=NOW), 0

    async def server_now() -> datetime:
        nonlocal asked
        asked += 1
        return machine.now()

    db.clocks = ClockDifference(server_now, machine)
    for name in ("first", "second", "third"):
        async with held(name, "me", clock) as lease:
            assert lease is not None
    assert asked == 1


class Machine(SteeredClock):
    """A machine whose clock can be set: the seconds that pass do not follow it."""

    set_by = timedelta()

    def now(self) -> datetime:
        return super().now() + self.set_by

    def monotonic(self) -> float:
        return super().now().timestamp()


@pytest.fixture
def machine(db: Database) -> Machine:
    """The machine of this process; the database's has the right time."""
    machine = Machine(start=NOW)

    async def server_now() -> datetime:
        return SteeredClock.now(machine)

    db.clocks = ClockDifference(server_now, machine)
    return machine


async def no_work(run: Run) -> Counts:
    return Counts()


@pytest.mark.parametrize("by_s", [31, 3600, -31])
async def test_a_process_whose_clock_jumps_takes_no_lease_of_a_living_owner(
    db: Database, machine: Machine, by_s: int
) -> None:
    """Although its clock was compared a second ago."""
    by = timedelta(seconds=by_s)
    jumping = SteeredClock(start=NOW)
    assert (await Runner("another", no_work, jumping, "me").run(RunRequest(scheduled_at=NOW))).outcome is (
        JobOutcome.SUCCEEDED
    )
    assert await lease_ops.take("job", "living", NOW, TTL)
    machine.set_by = by
    jumping.move(by)
    report = await Runner("job", no_work, jumping, "me").run(RunRequest(scheduled_at=NOW))
    assert report.outcome is JobOutcome.SKIPPED
    assert f"{abs(by_s)} s" in (report.error or "")
    assert report.retry_at == jumping.now() + TTL


async def test_when_all_clocks_jump_a_lease_is_taken_when_its_owner_had_time_to_renew_it(db: Database) -> None:
    """Everything on one machine, whose time is corrected: also the database's."""
    machine, clock = Machine(start=NOW), SteeredClock(start=NOW)

    async def server_now() -> datetime:
        return machine.now()

    db.clocks = ClockDifference(server_now, machine)
    await db.clocks.measure()
    assert await lease_ops.take("job", "living", NOW, TTL)
    machine.set_by = timedelta(seconds=31)
    clock.move(timedelta(seconds=31))
    runner = Runner("job", no_work, clock, "me")
    report = await runner.run(RunRequest(scheduled_at=NOW))
    assert (report.outcome, report.error) == (JobOutcome.SKIPPED, "this machine's clock was set a moment ago")
    # it has died all the same
    machine.move(TTL)
    clock.move(TTL)
    assert (await runner.run(RunRequest(scheduled_at=NOW))).outcome is JobOutcome.SUCCEEDED


async def test_an_owner_whose_own_clock_jumps_has_lost_its_lease(
    db: Database, machine: Machine, clock: SteeredClock, renewals: HeldSleep
) -> None:
    """It would renew until a time that is past for the others."""
    async with held("job", "first", clock) as lease:
        assert lease is not None
        machine.set_by = -timedelta(minutes=2)
        clock.move(timedelta(seconds=RENEW_EVERY_S) - timedelta(minutes=2))
        machine.move(timedelta(seconds=RENEW_EVERY_S))
        assert not lease.is_lost
        await renewals.end_next()
        await wait_until(lambda: lease.is_lost)


def test_the_difference_that_is_allowed_is_a_third_of_the_lease() -> None:
    assert APART_MAX == TTL / 3


async def test_a_server_in_whose_answer_the_time_is_late_is_not_taken_for_one_that_is_behind() -> None:
    machine = SteeredClock(start=NOW)

    async def slow_answer() -> datetime:
        at = machine.now()
        machine.move(timedelta(seconds=40))
        return at + timedelta(seconds=20)

    assert await ClockDifference(slow_answer, machine).measure() == timedelta()

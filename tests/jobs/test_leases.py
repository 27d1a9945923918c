"""One process at a time: only its owner renews and releases a lease, and in doubt the lease is lost."""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import StoreUnavailable
from database.connection import Database
from database.operations import lease_ops
from schedulers.leases import RENEW_EVERY_S, TTL, Lease, held
from tests.clocks import SteeredClock
from tests.jobs.processes import HeldSleep

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

"""One process at a time: a lease is renewed and released by its owner only, and in doubt it is lost."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.clock import ManualClock
from core.errors import StoreUnavailable
from database.connection import Database
from database.operations import lease_ops
from schedulers.leases import RENEW_EVERY_S, TTL, Lease, held

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


class Beats:
    """Time that passes for the renewal when the test says so."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._beat = asyncio.Semaphore(0)
        self._waits = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        assert seconds == RENEW_EVERY_S
        self._waits.release()
        await self._beat.acquire()

    async def pass_by(self) -> None:
        """Ten seconds go by, and the renewal has happened."""
        await self._waits.acquire()
        self._clock.move(timedelta(seconds=RENEW_EVERY_S))
        self._beat.release()
        await self._waits.acquire()
        self._waits.release()


async def test_of_two_owners_one_has_it_until_the_block_ends(db: Database, clock: ManualClock) -> None:
    async with held("job", "first", clock, Beats(clock)) as first:
        assert first is not None
        async with held("job", "second", clock, Beats(clock)) as second:
            assert second is None
        assert not first.is_lost
    async with held("job", "second", clock, Beats(clock)) as second:
        assert second is not None


async def test_renewed_it_outlives_its_length(db: Database, clock: ManualClock) -> None:
    beats = Beats(clock)
    async with held("job", "first", clock, beats) as lease:
        assert lease is not None
        for _ in range(10):
            await beats.pass_by()
            assert not lease.is_lost
        assert not await lease_ops.take("job", "second", clock.now(), TTL)


async def test_whoever_slept_too_long_has_lost_it_and_releases_nothing(db: Database, clock: ManualClock) -> None:
    async with held("job", "first", clock, Beats(clock)) as lease:
        assert lease is not None
        clock.move(TTL)
        assert lease.is_lost
        assert await lease_ops.take("job", "second", clock.now(), TTL)
    assert not await lease_ops.take("job", "third", clock.now(), TTL)


async def test_a_renewal_that_finds_another_owner_ends_it(db: Database, clock: ManualClock) -> None:
    lease, naps = Lease("job", "first", clock, NOW + TTL), 0

    async def pulse(_: float) -> None:
        nonlocal naps
        naps += 1

    assert await lease_ops.take("job", "second", NOW, TTL)
    assert not lease.is_lost
    await lease.keep(pulse)
    assert lease.is_lost
    assert naps == 1


async def test_a_database_that_is_away_renews_nothing(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> bool:
        raise StoreUnavailable("away")

    beats = Beats(clock)
    async with held("job", "first", clock, beats) as lease:
        assert lease is not None
        monkeypatch.setattr(lease_ops, "renew", away)
        for _ in range(3):
            assert not lease.is_lost
            await beats.pass_by()
        assert lease.is_lost
        monkeypatch.setattr(lease_ops, "release", away)

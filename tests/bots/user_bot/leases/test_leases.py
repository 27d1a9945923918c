"""The lease on a delivery is renewed for as long as it takes, and costs no command when nothing takes long."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest
from pymongo.errors import AutoReconnect

from core.delivery_states import LEASE_FOR
from database.connection import close_database, current_database, open_database
from database.operations import delivery_ops
from database.operations.delivery_ops import Claim, NewDelivery
from tests.unit.sender.virtual import VirtualTime
from user_bot.delivery.ownership import RENEW_AFTER_S, Ownership

BOT, CODE = 1002, "aB3dE6gH9jK2mN5p"


@pytest.fixture
async def time() -> AsyncIterator[VirtualTime]:
    time = VirtualTime(1_800_000_000.0)
    await open_database("memory://", "test", clock=time)
    yield time
    await close_database()


async def start(time: VirtualTime, owner: str, user_id: int = 1) -> Claim:
    new = NewDelivery(BOT, user_id, CODE, f"message {user_id}", owner, time.now(), None)
    claim = await delivery_ops.start(new)
    assert claim is not None
    return claim


async def until(time: VirtualTime, user_id: int = 1) -> float:
    """Return the seconds from now until the lease runs out."""
    found = await delivery_ops.find(BOT, user_id, CODE)
    assert found is not None
    assert found.until is not None
    return (found.until - time.now()).total_seconds()


@contextmanager
def running(ownership: Ownership) -> Iterator[None]:
    task = asyncio.create_task(ownership.run())
    try:
        yield
    finally:
        task.cancel()


async def test_a_delivery_that_takes_minutes_never_lapses(time: VirtualTime) -> None:
    ownership = Ownership(time)
    claim = await start(time, ownership.owner)
    with running(ownership), ownership.hold(claim.id, time.monotonic()):
        for _ in range(40):
            await time.advance(5)
            assert await delivery_ops.find_lapsed(BOT, time.now(), 10) == []
            assert await until(time) >= LEASE_FOR.total_seconds() - 1.5 * RENEW_AFTER_S


async def test_a_delivery_that_has_ended_is_not_renewed(time: VirtualTime) -> None:
    ownership = Ownership(time)
    claim = await start(time, ownership.owner)
    with running(ownership):
        with ownership.hold(claim.id, time.monotonic()):
            await time.advance(RENEW_AFTER_S)
        await time.advance(LEASE_FOR.total_seconds() + 1)
    assert len(await delivery_ops.find_lapsed(BOT, time.now(), 10)) == 1


async def test_leases_cost_one_command_however_many_and_none_for_short_deliveries(time: VirtualTime) -> None:
    ownership = Ownership(time)
    claims = [await start(time, ownership.owner, number) for number in range(20)]
    calls = current_database().calls
    with running(ownership), ExitStack() as held:
        calls.clear()
        with ownership.hold(claims[0].id, time.monotonic()):
            await time.advance(RENEW_AFTER_S - 1)
        await time.advance(600)
        assert calls.total() == 0
        for claim in claims:
            held.enter_context(ownership.hold(claim.id, time.monotonic()))
        await time.advance(1.5 * RENEW_AFTER_S)
        assert calls.total() == 1, calls


async def test_a_lease_is_renewed_after_an_outage_of_the_database(time: VirtualTime) -> None:
    ownership = Ownership(time)
    claim = await start(time, ownership.owner)
    away = True

    def outage(operation: str, collection: str) -> None:
        if away:
            raise AutoReconnect("connection closed")

    with running(ownership), ownership.hold(claim.id, time.monotonic()):
        current_database().before_call = outage
        await time.advance(20)
        away = False
        await time.advance(5)
        assert await until(time) == LEASE_FOR.total_seconds()


async def test_a_delivery_that_was_taken_over_is_not_renewed(time: VirtualTime) -> None:
    first, second = Ownership(time), Ownership(time)
    claim = await start(time, first.owner)
    time.at_s += LEASE_FOR.total_seconds() + 1
    (lapsed,) = await delivery_ops.find_lapsed(BOT, time.now(), 10)
    assert await delivery_ops.take_over(lapsed, second.owner, time.now())
    taken_until = await until(time)
    with first.hold(claim.id, time.monotonic()):
        time.at_s += RENEW_AFTER_S
        await first.renew()
    assert await until(time) == taken_until - RENEW_AFTER_S


async def test_a_clock_put_back_by_an_hour_renews_at_once(time: VirtualTime) -> None:
    """Its `until` lies an hour ahead then: a crash would be explained an hour late."""
    ownership = Ownership(time)
    claim = await start(time, ownership.owner)
    with ownership.hold(claim.id, time.monotonic()):
        time.at_s -= timedelta(hours=1).total_seconds()
        await ownership.renew()
        assert await until(time) == LEASE_FOR.total_seconds()

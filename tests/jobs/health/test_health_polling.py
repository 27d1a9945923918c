"""The health check knows when no process polls for a bot, whatever the clocks of the machines say."""

from datetime import UTC, datetime, timedelta

import pytest

from core.clock import ManualClock
from core.errors import StoreUnavailable
from core.processes.polling_lease import PollingLease
from database.connection import Database
from database.operations.processes import polling_lease_ops
from tests.jobs.test_health_check import ADMIN_BOT, USER_BOT, CheckedHouse, refuse

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
#: on the machine of the process that polls
WRONG = NOW - timedelta(days=3)
FOUND = {"nobody_polls:user_bot"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def house(db: Database, clock: ManualClock) -> CheckedHouse:
    house = CheckedHouse(db, clock)
    await take()
    return house


async def take() -> PollingLease:
    taken = await polling_lease_ops.take(USER_BOT, "me", "", await polling_lease_ops.find(USER_BOT), WRONG)
    assert taken is not None
    return taken


async def beat(house: CheckedHouse) -> set[str]:
    """Renew the lease, and run a check a minute later."""
    await polling_lease_ops.renew(USER_BOT, "me", WRONG)
    return await house.troubles()


async def test_a_lease_that_is_renewed_is_no_trouble(house: CheckedHouse) -> None:
    for _ in range(4):
        assert await beat(house) == set()


@pytest.mark.parametrize("is_released", [False, True], ids=["killed", "stopped"])
async def test_owners_are_told_when_nobody_polls_and_when_somebody_does(house: CheckedHouse, is_released: bool) -> None:
    await beat(house)
    if is_released:
        await polling_lease_ops.release(USER_BOT, "me", WRONG)
        await house.run_check()
    assert await house.troubles() == FOUND
    assert await house.troubles() == FOUND
    assert house.alerts[0].startswith("<b>For 2 minutes no process has taken what people write to the user bot.</b>")
    await take()
    for _ in range(3):
        assert await beat(house) == set()
    assert house.alerts[1:] == ["What people write to the user bot is taken again."]


async def test_a_bot_nobody_has_ever_polled_for_and_one_whose_updates_are_posted_are_no_trouble(
    house: CheckedHouse,
) -> None:
    house.is_posted = True
    house.restart()
    await house.run_check(5)
    assert await house.troubles() == {"webhook_lost:user_bot"}
    assert await polling_lease_ops.find(ADMIN_BOT) is None


async def test_an_outage_of_the_database_is_no_sign_that_nobody_polls(house: CheckedHouse) -> None:
    await beat(house)
    house.db.before_call = refuse
    house.clock.move(timedelta(minutes=1))
    with pytest.raises(StoreUnavailable):
        await house.check(house.make_run())
    house.db.before_call = None
    assert await beat(house) == set()

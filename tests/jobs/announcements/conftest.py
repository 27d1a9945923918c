"""Channels and a process beside the open database of `tests/jobs/conftest.py`."""

import asyncio

import pytest

from core.clock import ManualClock
from database.connection import Database
from tests.jobs.announcements.channels import Channels
from tests.jobs.announcements.stage import Process
from tests.jobs.processes import wait_until
from tests.operations.conftest import NOW


class PublisherClock(ManualClock):
    """No time passes by the publisher's looks while a call is in flight, however long the database takes for it."""

    #: how many there were
    looks = 0
    #: no look ends while a call is in flight: a run then has as many steps as it needs, whatever the database takes
    holds_looks = False

    async def sleep(self, seconds: float) -> None:
        names = [task.get_name() for task in asyncio.all_tasks()]
        mine = asyncio.current_task()
        is_look = mine is not None and mine.get_name() == "publisher look"
        self.looks += is_look
        if is_look and any(name.startswith("announcement ") for name in names):
            await (asyncio.Event().wait() if self.holds_looks else asyncio.sleep(0))
        else:
            await super().sleep(seconds)

    async def looked(self) -> None:
        """Wait until a look that begins from now on has ended."""
        seen = self.looks + 2
        await wait_until(lambda: self.looks >= seen)


@pytest.fixture
def clock() -> PublisherClock:
    return PublisherClock(NOW)


@pytest.fixture
def channels(clock: ManualClock) -> Channels:
    return Channels(clock)


@pytest.fixture
def told() -> list[str]:
    """What the owners were sent."""
    return []


@pytest.fixture
def process(db: Database, channels: Channels, clock: ManualClock, told: list[str]) -> Process:
    return Process(channels, clock, told)

"""Channels and a process beside the open database of `tests/jobs/conftest.py`."""

import pytest

from core.clock import ManualClock
from database.connection import Database
from tests.jobs.announcements.channels import Channels
from tests.jobs.announcements.stage import Process
from tests.operations.conftest import NOW


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


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

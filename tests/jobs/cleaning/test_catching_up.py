"""Missed ticks of a process run one after the other, once it takes updates; a long run holds up nobody for long."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from core.clock import ManualClock
from core.supervisor import Supervisor
from schedulers import registry
from schedulers.catching_up import HOLDS_FOR_S, PAUSE_S, CatchUps
from tests.jobs.processes import wait_until

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Jobs:
    """Jobs that have missed a tick, and how long each run takes, in seconds."""

    def __init__(self, tasks: Supervisor) -> None:
        self.clock = ManualClock(NOW)
        self.catch_ups = CatchUps(self.clock)
        self.events: list[tuple[str, float]] = []
        self.ends = asyncio.Event()
        self._tasks = tasks

    def note(self, event: str) -> None:
        self.events.append((event, (self.clock.now() - NOW).total_seconds()))

    def ask(self, name: str, *, is_missed: bool = True, is_long: bool = False) -> "asyncio.Task[None]":
        async def work() -> None:
            self.note(f"{name} begins")
            await (self.ends.wait() if is_long else asyncio.sleep(0))
            self.note(f"{name} ends")

        async def catch_up() -> "asyncio.Task[None] | None":
            return self._tasks.spawn(work(), name) if is_missed else None

        return self._tasks.spawn(self.catch_ups.run(catch_up), f"catch-up {name}")


@pytest.fixture
async def jobs() -> AsyncIterator[Jobs]:
    tasks = Supervisor()
    yield Jobs(tasks)
    await tasks.close()


async def test_nothing_is_caught_up_before_the_process_takes_updates_and_then_one_after_the_other(jobs: Jobs) -> None:
    asked = [jobs.ask(name, is_missed=name != "b") for name in ("a", "b", "c")]
    for _ in range(20):
        await asyncio.sleep(0)
    assert jobs.events == []
    jobs.catch_ups.open()
    await asyncio.gather(*asked)
    names = [event for event, _ in jobs.events]
    assert names == ["a begins", "a ends", "c begins", "c ends"]
    at_s = dict(jobs.events)
    assert at_s["c begins"] - at_s["a ends"] >= PAUSE_S


async def test_a_run_that_takes_long_goes_on_beside_those_behind_it(jobs: Jobs) -> None:
    asked = [jobs.ask("long", is_long=True), jobs.ask("short")]
    jobs.catch_ups.open()
    await asyncio.gather(*asked)
    assert [event for event, _ in jobs.events] == ["long begins", "short begins", "short ends"]
    assert jobs.events[1][1] - jobs.events[0][1] >= HOLDS_FOR_S
    jobs.ends.set()


async def test_a_stop_gives_the_turn_to_the_next(jobs: Jobs) -> None:
    first, second = jobs.ask("a", is_long=True), jobs.ask("b")
    jobs.catch_ups.open()
    await wait_until(lambda: bool(jobs.events))
    first.cancel()
    await second
    assert "b ends" in [event for event, _ in jobs.events]
    jobs.ends.set()


def test_jobs_ask_behind_those_that_go_first() -> None:
    """They ask in the order of the table: a job in front of its predecessor would wait for one that waits for it."""
    names = list(registry.JOB_NAMES)
    for row in registry.JOBS:
        assert all(names.index(first) < names.index(row.name) for first in row.after)

"""Loops that fail are started again, with pauses, and it is known that they did."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from core.clock import ManualClock
from core.supervisor import LONGEST_PAUSE_S, STEADY_AFTER_S, LoopFailures, Supervisor
from monitoring.alerts import Alerts, Words
from runtime.loop_alerts import LoopAlerts
from tests.clocks import SteeredClock

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> LoopFailures:
    fresh = LoopFailures()
    monkeypatch.setattr("core.supervisor.LOOP_FAILURES", fresh)
    return fresh


class Slept(ManualClock):
    """Notes every pause, and lets time pass by it."""

    def __init__(self) -> None:
        super().__init__(START)
        self.pauses_s: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses_s.append(seconds)
        await super().sleep(seconds)


def failing(times: int, error: BaseException, then: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    left = times

    async def loop() -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise error
        await then()

    return loop


@pytest.mark.parametrize("error", [TypeError("a text"), AssertionError(), OSError("pipe"), KeyError("user_id")])
async def test_a_loop_that_fails_with_any_error_is_started_again_after_growing_pauses(
    failures: LoopFailures, error: Exception
) -> None:
    clock, tasks, over = Slept(), Supervisor(), asyncio.Event()

    async def end() -> None:
        over.set()

    kept = tasks.keep_running(failing(9, error, end), "poll", clock)  # type: ignore[arg-type]
    await asyncio.wait_for(over.wait(), 5)
    await kept
    assert clock.pauses_s == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE_S, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    assert (failures.all()["poll"].in_a_row, failures.all()["poll"].error) == (9, error)


async def test_a_loop_that_returns_or_is_cancelled_is_not_started_again(failures: LoopFailures) -> None:
    tasks, started = Supervisor(), 0

    async def returns() -> None:
        nonlocal started
        started += 1

    await tasks.keep_running(returns, "ends", Slept())
    is_cleaned_up = False

    async def waits() -> None:
        nonlocal started, is_cleaned_up
        started += 1
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            is_cleaned_up = True

    kept = tasks.keep_running(waits, "waits", Slept())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    kept.cancel()
    await asyncio.wait({kept})
    assert (started, is_cleaned_up, tasks.running) == (2, True, 0)
    assert failures.all() == {}


async def test_closing_a_supervisor_ends_its_loops_also_in_a_pause(failures: LoopFailures) -> None:
    tasks, clock = Supervisor(), SteeredClock(lambda _: asyncio.Event().wait())  # type: ignore[arg-type,return-value]
    kept = tasks.keep_running(failing(1, TypeError(), asyncio.Event().wait), "poll", clock)  # type: ignore[arg-type]
    for _ in range(5):
        await asyncio.sleep(0)
    assert failures.all().keys() == {"poll"}
    await tasks.close()
    assert (kept.cancelled(), tasks.running) == (True, 0)


def test_failures_with_five_minutes_between_them_are_not_in_a_row() -> None:
    failures = LoopFailures()
    assert [failures.note("poll", TypeError(), at_s) for at_s in (0, 1, STEADY_AFTER_S, 2 * STEADY_AFTER_S)] == [
        1, 2, 3, 1
    ]  # fmt: skip


async def test_owners_are_told_once_of_a_failing_loop_and_once_when_it_has_run_for_five_minutes() -> None:
    told: list[str] = []

    async def send(words: Words) -> bool:
        told.append(words())
        return True

    failures, clock = LoopFailures(), ManualClock(START)
    watch = LoopAlerts(failures, Alerts(send, clock=clock), clock)
    for _ in range(3):
        failures.note("recovery", TypeError("<a text>"), clock.monotonic())
        await watch.look()
        await clock.sleep(60)
    assert len(told) == 1 and "recovery" in told[0] and "TypeError: &lt;a text&gt;" in told[0]
    await clock.sleep(STEADY_AFTER_S - 61)
    await watch.look()
    assert len(told) == 1
    await clock.sleep(1)
    await watch.look()
    assert len(told) == 2 and "recovery" in told[1]
    assert failures.all() == {}


async def test_a_close_cancels_each_loop_once_so_that_what_it_does_at_its_end_is_done() -> None:
    tasks, ended = Supervisor(), []

    async def loop() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            ended.append(asyncio.current_task())

    # which of two tasks is cancelled first is a matter of luck, so there are many
    for number in range(40):
        tasks.keep_running(loop, f"loop {number}", ManualClock(START))
    await asyncio.sleep(0)
    await tasks.close()
    assert len(ended) == 40

"""A trigger that starts a job at the ticks of its schedule."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from core.clock import SystemClock
from core.errors import TollgateError
from core.jobs import RunReport
from core.retries import retry_while_unavailable
from core.schedules import Schedule
from core.supervisor import Supervisor
from database.operations import run_ops
from schedulers.admission import RunRequest
from schedulers.catching_up import CatchUps
from schedulers.order import Predecessors
from schedulers.scheduler import Timer

log = structlog.get_logger("tollgate.scheduler")

#: longest single sleep while waiting for a moment, in seconds: the clock may be shifted meanwhile
NAP_S = 2.0
#: shortest wait, so that no wait becomes a busy loop
SHORTEST = timedelta(milliseconds=100)
#: interval between two looks at whether the jobs that go first have ended
LOOK_EVERY = timedelta(seconds=2)

#: runs the job once; ends after its present step when the event is set
Start = Callable[[RunRequest, asyncio.Event], Coroutine[Any, Any, RunReport]]


class TickTrigger:
    """Calls `start` at every tick. `start` and `stop` of the trigger need a running event loop.

    At a start, and after a shift of the clock, missed ticks fire once in all, not once each; a job that never ran has
    missed its latest tick. A tick that another process runs is retried when that process's lease may have expired: its
    owner may have vanished. A tick waits until the jobs that go first have ended.
    """

    def __init__(
        self,
        name: str,
        schedule: Schedule,
        start: Start,
        clock: SystemClock,
        timer: Timer,
        *,
        jitter: timedelta = timedelta(),
        predecessors: Predecessors | None = None,
        catch_ups: CatchUps | None = None,
    ) -> None:
        """`jitter`: longest random delay of a tick, so that several processes do not ask for the lease at once.

        `catch_ups` gives missed ticks their turn among those of the other jobs; None: they fire at once.
        """
        self._name = name
        self._schedule = schedule
        self._start = start
        self._clock = clock
        self._timer = timer
        self._jitter = jitter
        self._predecessors = predecessors
        self._catch_ups = catch_ups
        # jitter needs no secrecy
        self._rng = random.Random()  # noqa: S311
        self._tasks = Supervisor()
        self._stopping = asyncio.Event()
        self._busy: asyncio.Task[None] | None = None
        self._catching_up: asyncio.Task[Any] | None = None
        self._is_waiting = False
        self._is_due_again = False
        self._started = False
        #: the latest tick when the clock was last read
        self._last_tick: datetime | None = None

    def start(self) -> None:
        """Fire at every tick from now on; a second start does nothing."""
        if self._started:
            return
        self._started = True
        self._stopping.clear()
        self._clock.on_shift(self._clock_shifted)
        self._last_tick = self._schedule.latest_tick(self._clock.now())
        self._arm()
        catching_up = self._catch_up() if self._catch_ups is None else self._catch_ups.run(self._catch_up)
        self._catching_up = self._tasks.spawn(catching_up, f"catch-up {self._name}")

    def stop(self) -> None:
        """Fire no more; ask a run in progress to finish its present step. `ended` waits for it."""
        if not self._started:
            return
        self._started = False
        self._stopping.set()
        self._clock.forget(self._clock_shifted)
        self._timer.remove(self._name)
        if self._catching_up is not None:
            self._catching_up.cancel()
        if self._busy is not None and self._is_waiting:
            self._busy.cancel()

    async def ended(self, wait_s: float) -> None:
        """Wait for the run in progress, then cancel it; its outcome is in its row either way."""
        await self._tasks.close(wait_s)

    async def due(self) -> RunRequest | None:
        """Return the request for the latest tick; its run is skipped when that tick has its row.

        None while a job that goes first is running. Raises StoreUnavailable.
        """
        now = self._clock.now()
        if self._predecessors is not None and await self._predecessors.is_one_running(now):
            return None
        return RunRequest(self._schedule.latest_tick(now))

    def _arm(self) -> None:
        self._timer.add(self._name, self._schedule, self._clock, self._fire)

    def _clock_shifted(self) -> None:
        if not self._started or self._last_tick is None:
            return
        self._arm()
        before, self._last_tick = self._last_tick, self._schedule.latest_tick(self._clock.now())
        if self._last_tick > before:
            self._fire()

    def _fire(self) -> None:
        """Start a run for the latest tick, or have it follow the run in progress."""
        self._last_tick = self._schedule.latest_tick(self._clock.now())
        if self._busy is not None and not self._busy.done():
            self._is_due_again = True
            log.info("job.tick_while_running", job=self._name)
            return
        self._busy = self._tasks.spawn(self._run_ticks(), f"job {self._name}")

    async def _run_ticks(self) -> None:
        """Run the latest tick; again when others came meanwhile, or when another process may have lost it."""
        if self._jitter:
            await self._wait(self._clock.now() + self._jitter * self._rng.random())
        await self._let_others_go_first()
        if self._stopping.is_set():
            return
        while True:
            self._is_due_again = False
            report = await self._start(RunRequest(self._schedule.latest_tick(self._clock.now())), self._stopping)
            if self._stopping.is_set():
                return
            if not self._is_due_again:
                if report.retry_at is None:
                    return
                await self._wait(report.retry_at)

    async def _let_others_go_first(self) -> None:
        """Wait until the jobs that go first have ended; without the database not at all, because then no job starts."""
        since = self._clock.now()
        while self._predecessors is not None and not self._stopping.is_set():
            try:
                if not await self._predecessors.go_first(since, self._clock.now()):
                    return
            except TollgateError as error:
                log.warning("job.order_unknown", job=self._name, error=type(error).__name__)
                return
            self._is_due_again = False
            await self._wait(self._clock.now() + LOOK_EVERY)

    async def _wait(self, until: datetime) -> None:
        """Wait until the product's clock shows `until`, or the next tick; a stop cancels it."""
        self._is_waiting = True
        try:
            began = now = self._clock.now()
            # a clock that was set back ends the wait, too
            while began <= now < max(until, began + SHORTEST) and not self._is_due_again:
                nap = self._clock.sleep(min(NAP_S, max(until - now, SHORTEST).total_seconds()))
                await self._tasks.spawn(nap, f"tick {self._name}")
                now = self._clock.now()
        finally:
            self._is_waiting = False

    async def _catch_up(self) -> asyncio.Task[None] | None:
        """Fire when the latest tick has no run, or its run may have been lost; return the task of the run.

        Also when the job never ran: a house that is on by day only would never come to a tick of the night.
        """
        try:
            last = await retry_while_unavailable(lambda: run_ops.last_tick(self._name), self._clock)
            tick = self._schedule.latest_tick(self._clock.now())
            found = partial(run_ops.find_tick, self._name, tick)
            run = None if last is None else await retry_while_unavailable(found, self._clock)
        except TollgateError as error:
            log.warning("job.catch_up_unknown", job=self._name, error=type(error).__name__)
            return None
        is_missed = last is None or (run is None and last < tick) or (run is not None and run.may_be_lost)
        if self._stopping.is_set() or not is_missed:
            return None
        self._fire()
        return self._busy

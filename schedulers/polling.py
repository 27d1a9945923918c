"""A trigger that starts a job when work is due: it polls every few seconds."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from core.clock import Clock
from core.errors import TollgateError
from core.jobs import JobOutcome, RunReport
from core.supervisor import Supervisor
from database.operations import lease_ops
from schedulers.admission import WHEN_DUE, RunRequest
from schedulers.leases import TTL
from schedulers.ticks import Start

log = structlog.get_logger("tollgate.scheduler")

#: poll interval, in seconds
POLL_EVERY_S = 2.0
#: seconds until the next poll after a run that failed
AFTER_FAILURE_S = 30.0
_FAILURES = frozenset({JobOutcome.FAILED, JobOutcome.TIMED_OUT, JobOutcome.ABANDONED})

#: whether the job has something to do at that time; raises StoreUnavailable
HasWork = Callable[[datetime], Awaitable[bool]]


class PollTrigger:
    """Calls `start` whenever `has_work` says so and no other process runs the job. Needs a running event loop."""

    def __init__(self, name: str, has_work: HasWork, start: Start, clock: Clock) -> None:
        self._name = name
        self._has_work = has_work
        self._start = start
        self._clock = clock
        self._tasks = Supervisor()
        self._stopping = asyncio.Event()
        self._polling: asyncio.Task[None] | None = None
        self._run: asyncio.Task[RunReport] | None = None

    def start(self) -> None:
        """Poll from now on; a second start does nothing."""
        if self._polling is None:
            self._stopping.clear()
            self._polling = self._tasks.keep_running(self._poll, f"poll {self._name}", self._clock)

    def stop(self) -> None:
        """Poll no more; ask a run in progress to finish its present step. `ended` waits for it."""
        self._stopping.set()
        if self._polling is not None and (self._run is None or self._run.done()):
            self._polling.cancel()
        self._polling = None

    async def ended(self, wait_s: float) -> None:
        """Wait for the run in progress, then cancel it; its outcome is in its row either way."""
        await self._tasks.close(wait_s)

    async def due(self) -> RunRequest | None:
        """Return the request to run now; None when there is nothing to do, or another process runs the job."""
        try:
            now = self._clock.now()
            is_due = await self._has_work(now) and await lease_ops.is_free(self._name, now, TTL)
        except TollgateError as error:
            # whatever it is, the next poll may find it gone; without polls nothing would ever run again
            log.warning("job.not_polled", job=self._name, error=type(error).__name__)
            return None
        return RunRequest(requested_by=WHEN_DUE) if is_due else None

    async def _poll(self) -> None:
        while not self._stopping.is_set():
            report = await self._run_if_due()
            if self._stopping.is_set():
                return
            if report is not None and report.outcome in _FAILURES:
                await self._clock.sleep(AFTER_FAILURE_S)
            elif report is None or not report.more:
                await self._clock.sleep(POLL_EVERY_S)

    async def _run_if_due(self) -> RunReport | None:
        request = await self.due()
        if request is None:
            return None
        # a task of its own, named as that of a tick: what a run waits for is no poll
        self._run = self._tasks.spawn(self._start(request, self._stopping), f"job {self._name}")
        return await self._run

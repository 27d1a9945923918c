"""A job that runs when there is something to do, and not at a time: it looks every few seconds."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from core.clock import SystemClock
from core.errors import TollgateError
from core.jobs import JobOutcome, JobRun, RunReport
from core.supervisor import Supervisor
from schedulers.leases import Pause
from schedulers.runner import Job, Run, Runner

log = structlog.get_logger("tollgate.scheduler")

#: seconds between two looks
LOOK_EVERY_S = 2.0
#: seconds until the next look after a run that failed
AFTER_FAILURE_S = 30.0
_FAILURES = frozenset({JobOutcome.FAILED, JobOutcome.TIMED_OUT, JobOutcome.ABANDONED})
#: `requested_by` of such a run
WHEN_DUE = "due"


class PolledJob:
    """Runs `job` whenever `is_due` says so. `start` and `stop` need a running event loop."""

    def __init__(
        self,
        job: Job,
        is_due: Callable[[datetime], Awaitable[bool]],
        runner: Runner,
        clock: SystemClock,
        *,
        pulse: Pause = asyncio.sleep,
    ) -> None:
        self.job = job
        self._is_due = is_due
        self._runner = runner
        self._clock = clock
        self._pulse = pulse
        self._tasks = Supervisor()
        self._stopping = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._is_at_work = False

    def in_words(self) -> str:
        return "when one is due"

    def start(self) -> None:
        """Look from now on; a second start does nothing."""
        if self._looking is None:
            self._stopping.clear()
            self._looking = self._tasks.spawn(self._look(), f"watch {self.job.name}")

    def stop(self) -> None:
        """Look no more and ask a run under way to end after its present step; `ended` waits for it."""
        self._stopping.set()
        if self._looking is not None and not self._is_at_work:
            self._looking.cancel()
        self._looking = None

    async def ended(self, wait_s: float = 10.0) -> None:
        """Wait for the run under way, then cancel it; its outcome is in its row either way."""
        await self._tasks.close(wait_s)

    async def run_by_hand(
        self, requested_by: str = "hand", *, on_begin: Callable[[Run], None] | None = None
    ) -> RunReport:
        """Run the job once, now, in this task, also while it is paused; returns the report, raises nothing ordinary."""
        return await self._runner.run(self.job, None, requested_by=requested_by, ignores_pause=True, on_begin=on_begin)

    async def run_when_due(self, *, on_begin: Callable[[Run], None] | None = None) -> RunReport:
        """Run the job in this task when there is something to do; raises nothing ordinary."""
        if await self._has_work():
            return await self._runner.run(self.job, None, requested_by=WHEN_DUE, on_begin=on_begin)
        return RunReport(self.job.name, JobOutcome.SKIPPED, None, self._clock.now(), timedelta())

    async def run_requested(self, requested_run: JobRun, stopping: asyncio.Event) -> RunReport:
        """Run the job for the row that waits for it, in this task, also while it is paused; raises nothing ordinary."""
        return await self._runner.run_requested(self.job, requested_run, stopping)

    async def _look(self) -> None:
        while not self._stopping.is_set():
            report = await self._run() if await self._has_work() else None
            if self._stopping.is_set():
                return
            if report is not None and report.outcome in _FAILURES:
                await self._pulse(AFTER_FAILURE_S)
            elif report is None or not report.more:
                await self._pulse(LOOK_EVERY_S)

    async def _run(self) -> RunReport:
        self._is_at_work = True
        try:
            return await self._runner.run(self.job, None, self._stopping, requested_by=WHEN_DUE)
        finally:
            self._is_at_work = False

    async def _has_work(self) -> bool:
        try:
            return await self._is_due(self._clock.now())
        except TollgateError as error:
            # whatever it is, the next look may find it gone; without looks nothing would ever run again
            log.warning("job.not_looked", job=self.job.name, error=type(error).__name__)
            return False

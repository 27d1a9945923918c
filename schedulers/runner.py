"""ONE RUN of a job: the row, the time limit, the outcome, the report."""

import asyncio
import os
import secrets
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol

import structlog

from core.clock import Clock
from core.errors import StoreUnavailable, TollgateError
from core.jobs import Counts, JobOutcome, RunReport
from core.patience import LONG_S, SHORT_S, keep_trying
from database.operations import run_ops
from monitoring import metrics
from monitoring.logs import mask

log = structlog.get_logger("tollgate.jobs")


@cache
def process_owner() -> str:
    """The name of this process in rows and claims: host, pid and a random part."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


@dataclass(slots=True)
class Run:
    """What a job may know of its execution."""

    clock: Clock
    owner: str
    #: set when the process wants to stop: finish the step at hand and return
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    #: what was done so far, by name; reported also when the run does not end well
    done: Counter[str] = field(default_factory=Counter)

    def now(self) -> datetime:
        return self.clock.now()


class Job(Protocol):
    """WHAT is done: no trigger, no lease, no outcome. Errors are raised; the runner names them."""

    @property
    def name(self) -> str: ...

    async def __call__(self, run: Run) -> Counts: ...


@dataclass(frozen=True, slots=True)
class _Ended:
    outcome: JobOutcome
    counts: Counts = field(default_factory=Counts)
    error: str | None = None


class Runner:
    """Turns a call of a job into a `RunReport` and a `job_runs` row."""

    def __init__(
        self,
        clock: Clock,
        owner: str = "",
        *,
        time_limit: timedelta = timedelta(seconds=300),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._given_owner = owner
        self._time_limit = time_limit
        self._sleep = sleep

    @property
    def _owner(self) -> str:
        return self._given_owner or process_owner()

    async def run(
        self,
        job: Job,
        scheduled_at: datetime | None,
        stopping: asyncio.Event | None = None,
        requested_by: str | None = None,
    ) -> RunReport:
        """Execute `job` once for the planned instant (None: by hand).

        Never raises for an ordinary failure; asyncio.CancelledError passes after the row is written.
        A tick whose row exists already is skipped without a second row. While the database is away, a tick waits for
        it about ten minutes; a run by hand fails at once, for somebody waits for it.
        """
        started_at = self._clock.now()
        # a name per run: two runs of one process must not take each other's claims and rows for their own
        run = Run(self._clock, f"{self._owner}:{secrets.token_hex(3)}", stopping or asyncio.Event())
        pauses_s = () if scheduled_at is None else LONG_S

        async def start() -> str | None:
            return await run_ops.start_run(job.name, scheduled_at, run.owner, started_at, requested_by)

        try:
            row = await keep_trying(start, pauses_s, sleep=self._sleep)
        except TollgateError as error:
            return self._report(job, scheduled_at, started_at, _Ended(JobOutcome.FAILED, error=_describe(error)))
        if row is None:
            return self._report(job, scheduled_at, started_at, _Ended(JobOutcome.SKIPPED))
        try:
            ended = await self._execute(job, run)
        except asyncio.CancelledError:
            report = self._report(job, scheduled_at, started_at, _Ended(JobOutcome.CANCELLED, _so_far(run)))
            await asyncio.shield(self._write(row, report, ()))
            raise
        report = self._report(job, scheduled_at, started_at, ended)
        await self._write(row, report, LONG_S if scheduled_at is not None else SHORT_S)
        return report

    async def _write(self, row: str, report: RunReport, pauses_s: Sequence[float]) -> None:
        """The end of a run into its row; the work itself is done, so a database that stays away is only logged."""
        try:
            await keep_trying(lambda: run_ops.finish_run(row, report), pauses_s, sleep=self._sleep)
        except TollgateError as error:
            log.warning("job.row_not_written", job=report.job, error=_describe(error))

    async def _execute(self, job: Job, run: Run) -> _Ended:
        limit_s = self._time_limit.total_seconds()
        try:
            async with asyncio.timeout(limit_s) as limit:
                counts = await job(run)
        except Exception as error:  # the runner is where a job's errors become outcomes (STYLE 10)
            if isinstance(error, TimeoutError) and limit.expired():
                return _Ended(JobOutcome.TIMED_OUT, _so_far(run), f"stopped after {limit_s:.0f} s")
            if not isinstance(error, StoreUnavailable):  # an outage needs no traceback
                log.error("job.failed", job=job.name, exc_info=error)
            return _Ended(JobOutcome.FAILED, _so_far(run), _describe(error))
        cut_short = run.stopping.is_set() and counts.more
        return _Ended(JobOutcome.CANCELLED if cut_short else JobOutcome.SUCCEEDED, counts)

    def _report(self, job: Job, scheduled_at: datetime | None, started_at: datetime, ended: _Ended) -> RunReport:
        report = RunReport(
            job=job.name,
            outcome=ended.outcome,
            scheduled_at=scheduled_at,
            started_at=started_at,
            duration=max(self._clock.now() - started_at, timedelta()),
            counts=ended.counts.done,
            more=ended.counts.more,
            error=ended.error,
        )
        metrics.JOB_RUNS.labels(job=job.name, outcome=report.outcome.value).inc()
        metrics.JOB_DURATION.labels(job=job.name).observe(report.duration.total_seconds())
        level = log.warning if report.outcome in (JobOutcome.FAILED, JobOutcome.TIMED_OUT) else log.info
        level(
            "job.ended",
            job=job.name,
            outcome=report.outcome.value,
            scheduled_at=scheduled_at.isoformat() if scheduled_at else None,
            counts=report.counts,
            more=report.more,
            error=report.error,
        )
        return report


def _so_far(run: Run) -> Counts:
    return Counts(dict(run.done), more=True)


def _describe(error: BaseException) -> str:
    return mask(f"{type(error).__name__}: {error}")[:500]

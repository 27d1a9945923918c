"""ONE RUN of a job: the lease, the row, the time limit, the outcome, the report."""

import asyncio
import os
import secrets
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol

import structlog

from core.clock import Clock
from core.errors import StoreUnavailable, TollgateError
from core.jobs import Counts, JobOutcome, JobRun, RunReport
from core.retries import LONG_S, SHORT_S, retry_while_unavailable
from database.operations import run_ops
from monitoring import metrics
from monitoring.logs import mask
from schedulers.admission import NotAdmitted, RunRequest, begin, why_not_ours
from schedulers.leases import TTL, Lease, Pause, held

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
    #: set when the process wants to stop
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    #: what was done so far, by name; reported also when the run does not end well
    done: Counter[str] = field(default_factory=Counter)
    #: of its lease: whoever runs the job next has a higher one
    fence: int = 0
    #: held by the runner; None only where a job is called without one
    lease: Lease | None = None

    def now(self) -> datetime:
        return self.clock.now()

    @property
    def should_stop(self) -> bool:
        """Finish the step at hand and return: a stop was asked for, or another process may have the job by now."""
        return self.stopping.is_set() or (self.lease is not None and self.lease.is_lost)


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
    retry_at: datetime | None = None


class Runner:
    """Turns a call of a job into a `RunReport` and a `job_runs` row, under the job's lease."""

    def __init__(
        self,
        clock: Clock,
        owner: str = "",
        *,
        time_limit: timedelta = timedelta(seconds=300),
        sleep: Pause = asyncio.sleep,
        pulse: Pause = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._given_owner = owner
        self._time_limit = time_limit
        self._sleep = sleep
        self._pulse = pulse

    @property
    def _owner(self) -> str:
        return self._given_owner or process_owner()

    async def run(
        self,
        job: Job,
        scheduled_at: datetime | None,
        stopping: asyncio.Event | None = None,
        requested_by: str | None = None,
        *,
        ignores_pause: bool = False,
        on_begin: Callable[[Run], None] | None = None,
    ) -> RunReport:
        """Execute `job` once for the planned instant (None: by hand, or because there is something to do).

        Never raises for an ordinary failure; asyncio.CancelledError passes after the row is written. Skipped, without
        a row, while another run has the lease (the report says when to look again), while the job is paused unless it
        `ignores_pause`, and for a tick that has its row. A tick whose owner vanished is done once more, by a run with
        `requested_by` "takeover". While the database is away a tick waits for it about ten minutes; a run by hand
        fails at once, for somebody waits for it. `on_begin` is called when the run has its row.
        """
        call = RunRequest(job.name, scheduled_at, requested_by, ignores_pause=ignores_pause)
        return await self._run(job, call, stopping, on_begin)

    async def run_requested(self, job: Job, requested_run: JobRun, stopping: asyncio.Event | None = None) -> RunReport:
        """Execute `job` for the row that waits for it, paused or not; skipped while another run has the lease, or
        when another has begun it. Raises as little as `run`.
        """
        call = RunRequest(
            job.name, requested_by=requested_run.requested_by, run_id=requested_run.id, ignores_pause=True
        )
        return await self._run(job, call, stopping, None)

    async def _run(
        self, job: Job, call: RunRequest, stopping: asyncio.Event | None, on_begin: Callable[[Run], None] | None
    ) -> RunReport:
        started_at = self._clock.now()
        # a name per run: two runs of one process must not take each other's claims, rows and leases for their own
        run = Run(self._clock, f"{self._owner}:{secrets.token_hex(3)}", stopping or asyncio.Event())
        try:
            async with self._held(call, run) as lease:
                if lease is None:
                    refused = await why_not_ours(call, self._clock.now())
                    return _tell(self._report(call, started_at, _skipped(refused)))
                run.lease, run.fence = lease, lease.fence
                row = await self._begin(call, run)
                if isinstance(row, NotAdmitted):
                    return _tell(self._report(call, started_at, _skipped(row)))
                if on_begin is not None:
                    on_begin(run)
                return await self._run_to_its_end(job, call, run, row)
        except TollgateError as error:
            # nothing of the job was done: a tick that met an outage longer than its patience is looked at again
            is_tick_put_off = call.scheduled_at is not None and isinstance(error, StoreUnavailable)
            again = self._clock.now() + TTL if is_tick_put_off else None
            ended = _Ended(JobOutcome.FAILED, error=_describe(error), retry_at=again)
            return _tell(self._report(call, started_at, ended))

    def _held(self, call: RunRequest, run: Run) -> AbstractAsyncContextManager[Lease | None]:
        return held(
            call.job,
            run.owner,
            self._clock,
            self._pulse,
            even_paused=call.ignores_pause,
            pauses_s=call.pauses_s,
            sleep=self._sleep,
        )

    async def _begin(self, call: RunRequest, run: Run) -> str | NotAdmitted:
        return await retry_while_unavailable(
            lambda: begin(call, run.owner, run.fence, self._clock), call.pauses_s, sleep=self._sleep
        )

    async def _run_to_its_end(self, job: Job, call: RunRequest, run: Run, row: str) -> RunReport:
        """Execute what has a row and write how it ended."""
        started_at = self._clock.now()
        try:
            ended = await self._execute(job, run)
        except asyncio.CancelledError:
            report = self._report(call, started_at, _Ended(JobOutcome.CANCELLED, _so_far(run)))
            await asyncio.shield(self._write(row, report, run, ()))
            _tell(report)
            raise
        report = self._report(call, started_at, ended)
        if not await self._write(row, report, run, LONG_S if call.scheduled_at is not None else SHORT_S):
            again = None if call.scheduled_at is None else self._clock.now()
            report = replace(
                report, outcome=JobOutcome.ABANDONED, error=report.error or "the lease was lost", retry_at=again
            )
        return _tell(report)

    async def _write(self, row: str, report: RunReport, run: Run, pauses_s: tuple[float, ...]) -> bool:
        """The end of a run into its row. False: nothing was written, another process has the job by now.

        The work itself is done, so a database that stays away is only logged.
        """
        is_taken = run.lease is not None and run.lease.is_taken
        if is_taken or report.outcome is JobOutcome.ABANDONED:
            return False
        try:
            return await retry_while_unavailable(lambda: run_ops.finish_run(row, report), pauses_s, sleep=self._sleep)
        except TollgateError as error:
            log.warning("job.row_not_written", job=report.job, error=_describe(error))
            return True

    async def _execute(self, job: Job, run: Run) -> _Ended:
        limit_s = self._time_limit.total_seconds()
        if run.lease is not None and run.lease.is_lost:  # it stood still between its lease and here
            return _Ended(JobOutcome.ABANDONED)
        try:
            async with asyncio.timeout(limit_s) as limit:
                counts = await job(run)
        except Exception as error:  # the runner is where a job's errors become outcomes (STYLE 10)
            if isinstance(error, TimeoutError) and limit.expired():
                return _Ended(JobOutcome.TIMED_OUT, _so_far(run), f"stopped after {limit_s:.0f} s")
            if not isinstance(error, StoreUnavailable):  # an outage needs no traceback
                log.error("job.failed", job=job.name, exc_info=error)
            return _Ended(JobOutcome.FAILED, _so_far(run), _describe(error))
        if not counts.more or not run.should_stop:
            return _Ended(JobOutcome.SUCCEEDED, counts)
        return _Ended(JobOutcome.CANCELLED if run.stopping.is_set() else JobOutcome.ABANDONED, counts)

    def _report(self, call: RunRequest, started_at: datetime, ended: _Ended) -> RunReport:
        return RunReport(
            job=call.job,
            outcome=ended.outcome,
            scheduled_at=call.scheduled_at,
            started_at=started_at,
            duration=max(self._clock.now() - started_at, timedelta()),
            counts=ended.counts.done,
            more=ended.counts.more,
            error=ended.error,
            retry_at=ended.retry_at,
        )


def _skipped(refused: NotAdmitted) -> _Ended:
    return _Ended(JobOutcome.SKIPPED, error=refused.reason, retry_at=refused.retry_at)


_BAD = frozenset({JobOutcome.FAILED, JobOutcome.TIMED_OUT, JobOutcome.ABANDONED})


def _tell(report: RunReport) -> RunReport:
    """Count it and log it."""
    metrics.JOB_RUNS.labels(job=report.job, outcome=report.outcome.value).inc()
    if report.outcome is JobOutcome.SKIPPED:
        level = log.debug  # of ten processes nine skip each tick
    else:
        level = log.warning if report.outcome in _BAD else log.info
        metrics.JOB_DURATION.labels(job=report.job).observe(report.duration.total_seconds())
    level(
        "job.ended",
        job=report.job,
        outcome=report.outcome.value,
        scheduled_at=report.scheduled_at.isoformat() if report.scheduled_at else None,
        counts=report.counts,
        more=report.more,
        error=report.error,
    )
    return report


def _so_far(run: Run) -> Counts:
    return Counts(dict(run.done), more=True)


def _describe(error: BaseException) -> str:
    return mask(f"{type(error).__name__}: {error}")[:500]

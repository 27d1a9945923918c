"""ONE RUN of a job: the lease, the row, the time limit, the outcome, the report."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Protocol

import structlog

from core.clock import Clock
from core.errors import StoreUnavailable, TollgateError
from core.jobs import Counts, JobOutcome, RunReport
from core.retries import LONG_S, SHORT_S, retry_while_unavailable
from database.operations import run_ops
from database.owners import new_owner
from monitoring import metrics
from monitoring.logs import mask
from schedulers.admission import NotAdmitted, RunRequest, why_not_admitted, write_row
from schedulers.leases import TTL, Lease, held

log = structlog.get_logger("tollgate.jobs")


@cache
def process_owner() -> str:
    """Return the name of this process in rows and claims: host, pid and a random part."""
    return new_owner()


@dataclass(slots=True)
class Run:
    """What a job may know of its execution."""

    clock: Clock
    owner: str
    #: name of the job
    job: str = ""
    #: set when the process wants to stop
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    #: counts so far, by name; reported also when the run fails
    done: Counter[str] = field(default_factory=Counter)
    #: fencing token of its lease; the job's next run has a higher one
    fence: int = 0
    #: held by the runner; None only where a job is called without one
    lease: Lease | None = None
    #: set by the runner while the job runs: begins its time limit again
    on_progress: Callable[[], None] | None = None

    def now(self) -> datetime:
        return self.clock.now()

    def progressed(self) -> None:
        """Begin the time limit again: a job that says this may run as long as its work needs, but not hang."""
        if self.on_progress is not None:
            self.on_progress()

    @property
    def should_stop(self) -> bool:
        """True when the job is to finish its present step and return: a stop was requested, or the lease is lost."""
        return self.stopping.is_set() or (self.lease is not None and self.lease.is_lost)


class Job(Protocol):
    """The work itself: no name, trigger, lease or outcome. Errors are raised; the runner turns them into outcomes."""

    async def __call__(self, run: Run) -> Counts: ...


@dataclass(frozen=True, slots=True)
class _Ended:
    outcome: JobOutcome
    counts: Counts = field(default_factory=Counts)
    error: str | None = None
    retry_at: datetime | None = None


class Runner:
    """Turns a RunRequest for one job into a RunReport and a `job_runs` row, under the job's lease."""

    def __init__(
        self, name: str, job: Job, clock: Clock, owner: str = "", *, time_limit: timedelta = timedelta(seconds=300)
    ) -> None:
        """`owner` names the process in rows and leases; empty: host, pid and a random part.

        `time_limit`: of a run, or from one `Run.progressed` to the next.
        """
        self.name = name
        self.job = job
        self._clock = clock
        self._owner = owner
        self._time_limit = time_limit

    async def run(
        self,
        request: RunRequest,
        stopping: asyncio.Event | None = None,
        on_start: Callable[[Run], None] | None = None,
    ) -> RunReport:
        """Execute the job once. Failures are reported in the RunReport; only CancelledError propagates, after the row.

        Skipped, without a row: while another run holds the lease (the report says when to retry), while the job is
        paused unless the request ignores it, and for a tick that has its row. A tick whose owner vanished is executed
        once more, with `requested_by` "takeover". While the database is away a tick waits about ten minutes; a run by
        hand fails at once. `on_start` is called when the run has its row.
        """
        started_at = self._clock.now()
        # a name per run: two runs of one process must not take each other's claims, rows and leases for their own
        owner = f"{self._owner or process_owner()}:{secrets.token_hex(3)}"
        run = Run(self._clock, owner, self.name, stopping or asyncio.Event())
        lease = held(
            self.name, owner, self._clock, even_paused=request.ignores_pause, pauses_s=request.pauses_s
        )  # fmt: skip
        try:
            async with lease as run.lease:
                row = await self._admit(request, run)
                if isinstance(row, NotAdmitted):
                    return self._report(request, started_at, _skipped(row))
                if on_start is not None:
                    on_start(run)
                return await self._run_to_its_end(request, run, row)
        except TollgateError as error:
            # nothing was done: a tick that met an outage longer than its pauses is retried
            is_tick_put_off = request.scheduled_at is not None and isinstance(error, StoreUnavailable)
            retry_at = self._clock.now() + TTL if is_tick_put_off else None
            return self._report(
                request, started_at, _Ended(JobOutcome.FAILED, error=_describe(error), retry_at=retry_at)
            )

    async def _admit(self, request: RunRequest, run: Run) -> str | NotAdmitted:
        """Return the row of the run, or why it does not start. Raises StoreUnavailable."""
        if run.lease is None:
            return await why_not_admitted(self.name, request, self._clock.now())
        run.fence = run.lease.fence
        return await retry_while_unavailable(
            lambda: write_row(self.name, request, run.owner, run.fence, self._clock), self._clock, request.pauses_s
        )

    async def _run_to_its_end(self, request: RunRequest, run: Run, row: str) -> RunReport:
        """Execute the job and write its outcome into `row`."""
        started_at = self._clock.now()
        try:
            ended = await self._execute(run)
        except asyncio.CancelledError:
            report = self._report(request, started_at, _Ended(JobOutcome.CANCELLED, _so_far(run)))
            await asyncio.shield(self._finish(row, report, run, ()))
            raise
        report = self._report(request, started_at, ended, is_final=False)
        if not await self._finish(row, report, run, LONG_S if request.scheduled_at is not None else SHORT_S):
            retry_at = None if request.scheduled_at is None else self._clock.now()
            error = report.error or "the lease was lost"
            report = replace(report, outcome=JobOutcome.ABANDONED, error=error, retry_at=retry_at)
        _publish(report)
        return report

    async def _execute(self, run: Run) -> _Ended:
        limit_s = self._time_limit.total_seconds()
        if run.lease is not None and run.lease.is_lost:  # the process was suspended after it took the lease
            return _Ended(JobOutcome.ABANDONED)
        try:
            async with asyncio.timeout(limit_s) as limit:
                run.on_progress = partial(_begin_again, limit, limit_s)
                counts = await self.job(run)
        except Exception as error:  # the runner is where a job's errors become outcomes (STYLE 10)
            if isinstance(error, TimeoutError) and limit.expired():
                return _Ended(JobOutcome.TIMED_OUT, _so_far(run), f"stopped after {limit_s:.0f} s")
            if not isinstance(error, StoreUnavailable):  # an outage needs no traceback
                log.error("job.failed", job=self.name, exc_info=error)
            return _Ended(JobOutcome.FAILED, _so_far(run), _describe(error))
        if not counts.more or not run.should_stop:
            return _Ended(JobOutcome.SUCCEEDED, counts)
        return _Ended(JobOutcome.CANCELLED if run.stopping.is_set() else JobOutcome.ABANDONED, counts)

    async def _finish(self, row: str, report: RunReport, run: Run, pauses_s: tuple[float, ...]) -> bool:
        """Write the end of a run into its row. False: nothing was written, another process has the job.

        The work is done, so a database that stays away is only logged.
        """
        is_taken = run.lease is not None and run.lease.is_taken
        if is_taken or report.outcome is JobOutcome.ABANDONED:
            return False
        try:
            return await retry_while_unavailable(lambda: run_ops.finish_run(row, report), self._clock, pauses_s)
        except TollgateError as error:
            log.warning("job.row_not_written", job=report.job, error=_describe(error))
            return True

    def _report(self, request: RunRequest, started_at: datetime, ended: _Ended, *, is_final: bool = True) -> RunReport:
        """Return the report of a run; a final one is counted and logged."""
        report = RunReport(
            job=self.name,
            outcome=ended.outcome,
            scheduled_at=request.scheduled_at,
            started_at=started_at,
            duration=max(self._clock.now() - started_at, timedelta()),
            counts=ended.counts.done,
            more=ended.counts.more,
            error=ended.error,
            retry_at=ended.retry_at,
        )
        if is_final:
            _publish(report)
        return report


def _begin_again(limit: asyncio.Timeout, limit_s: float) -> None:
    if not limit.expired():
        limit.reschedule(asyncio.get_running_loop().time() + limit_s)


def _skipped(refusal: NotAdmitted) -> _Ended:
    return _Ended(JobOutcome.SKIPPED, error=refusal.reason, retry_at=refusal.retry_at)


_BAD = frozenset({JobOutcome.FAILED, JobOutcome.TIMED_OUT, JobOutcome.ABANDONED})


def _publish(report: RunReport) -> None:
    """Count the report in the metrics and log it."""
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


def _so_far(run: Run) -> Counts:
    return Counts(dict(run.done), more=True)


def _describe(error: BaseException) -> str:
    return mask(f"{type(error).__name__}: {error}")[:500]

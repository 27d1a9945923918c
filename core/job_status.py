"""The state of a job as people are shown it: its plan, its last run and its lease combined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.health.rules import tick_before_last
from core.jobs import JobOutcome, JobPlan, JobRun, LeaseRow


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The present state of one job."""

    plan: JobPlan
    #: the next tick, aware UTC; None when it runs only when work is due, or only by hand
    next_at: datetime | None
    #: the run that started last, also a waiting or running one; None when it never ran
    last: JobRun | None
    lease: LeaseRow | None

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def is_paused(self) -> bool:
        return self.lease is not None and self.lease.paused_at is not None

    @property
    def is_waiting(self) -> bool:
        """True while a requested run has not been started."""
        return self.last is not None and self.last.is_waiting

    def is_running(self, now: datetime) -> bool:
        return self.lease is not None and self.lease.is_held(now)

    @property
    def outcome(self) -> JobOutcome | None:
        """How the last run ended; None when it never ran or has not ended."""
        return None if self.last is None else self.last.outcome


class SchedulerState(StrEnum):
    """Whether jobs are run, in whatever process. A closed list."""

    #: a process runs jobs at their times
    RUNNING = "running"
    #: every job with a schedule is paused or switched off
    PAUSED = "paused"
    #: ticks pass and nothing is started
    STOPPED = "stopped"


def scheduler_state(jobs: Sequence[JobStatus], now: datetime) -> SchedulerState:
    """Return whether the jobs are run: one is at work, or one was started since the last tick but one of any job.

    Runs of the command line prove nothing, those requested elsewhere do: only a process that runs jobs starts them.
    """
    scheduled = [job for job in jobs if job.plan.schedule is not None and not job.is_paused]
    if any(job.is_running(now) for job in jobs):
        return SchedulerState.RUNNING
    if not scheduled:
        return SchedulerState.PAUSED
    expected = max(tick_before_last(job.plan.schedule, now) for job in scheduled if job.plan.schedule is not None)
    runs = [job.last for job in jobs if job.last is not None and not isinstance(job.last.requested_by, str)]
    is_recent = any(run.owner is not None and run.started_at >= expected for run in runs)
    return SchedulerState.RUNNING if is_recent else SchedulerState.STOPPED


def overview(
    plans: Mapping[str, JobPlan], runs: Mapping[str, JobRun | None], leases: Mapping[str, LeaseRow], now: datetime
) -> list[JobStatus]:
    """Return the status of every job of `plans`, in their order; `runs`: see `run_ops.latest_runs`."""
    return [
        JobStatus(
            plan=plan,
            next_at=None if plan.schedule is None else plan.schedule.next_tick(now),
            last=runs.get(name),
            lease=leases.get(name),
        )
        for name, plan in plans.items()
    ]

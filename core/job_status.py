"""What people are shown of a job: its plan, its last run, its lease, put together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.jobs import JobOutcome, JobRun, LeaseRow
from core.timetable import Plan


@dataclass(frozen=True, slots=True)
class JobStatus:
    """One job as it stands."""

    plan: Plan
    #: the next tick, aware UTC; None when it runs whenever there is something to do
    next_at: datetime | None
    #: the run that started last, also one that waits or goes on; None when it never ran
    last: JobRun | None
    lease: LeaseRow | None

    @property
    def name(self) -> str:
        return self.plan.job

    @property
    def is_paused(self) -> bool:
        return self.lease is not None and self.lease.paused_at is not None

    @property
    def is_waiting(self) -> bool:
        """Somebody asked for a run that nobody has begun yet."""
        return self.last is not None and self.last.is_waiting

    def is_running(self, now: datetime) -> bool:
        return self.lease is not None and self.lease.is_held(now)

    @property
    def outcome(self) -> JobOutcome | None:
        """How the last run ended; None when it never ran or has not ended."""
        return None if self.last is None else self.last.outcome


def overview(
    plans: Mapping[str, Plan], runs: Mapping[str, JobRun], leases: Mapping[str, LeaseRow], now: datetime
) -> list[JobStatus]:
    """Every job of `plans`, in their order; `runs` are the latest by job (`run_ops.latest_runs`)."""
    return [
        JobStatus(
            plan=plan,
            next_at=None if plan.schedule is None else plan.schedule.next_tick(now),
            last=runs.get(name),
            lease=leases.get(name),
        )
        for name, plan in plans.items()
    ]

"""The words for jobs: plans, outcomes, reports, runs, leases (STYLE 4)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from core.records import Record
from core.schedules import Schedule


@dataclass(frozen=True, slots=True)
class JobPlan:
    """What people are shown of a job before it has run: its purpose and when it runs."""

    name: str
    #: what it does, a few words for people
    purpose: str
    #: what a pause of it means, a sentence for admins
    when_paused: str
    #: None: it runs only when work is due, or not by itself
    schedule: Schedule | None
    #: it also runs between its ticks when work is due
    is_polled: bool = False
    #: the most telling count of a run: its name, the sentence for 1, the sentence for any other number
    summary: tuple[str, str, str] | None = None
    #: other names it may be asked for by, those of other services (docs/coming-from.md)
    aliases: tuple[str, ...] = ()
    #: the setting that switched it off, and it runs only by hand; None: it is on
    off_by: str | None = None

    @property
    def in_words(self) -> str:
        """`every minute`, `daily at 00:00`, `when one is due`, `only by hand (JOBS)`."""
        if self.off_by is not None:
            return f"only by hand ({self.off_by})"
        if self.schedule is None:
            return "when one is due"
        words = self.schedule.in_words()
        return f"{words}, and when one is due" if self.is_polled else words

    @property
    def trigger(self) -> str:
        """What starts it, for programs: that of its schedule, `due`, both joined by ` or `, or `off`."""
        if self.off_by is not None:
            return "off"
        parts = [] if self.schedule is None else [self.schedule.as_trigger()]
        return " or ".join([*parts, "due"] if self.is_polled else parts)


class JobOutcome(StrEnum):
    """How a run ended. A closed list."""

    #: the job returned its counts
    SUCCEEDED = "succeeded"
    #: the job raised; the error is in the run's row
    FAILED = "failed"
    #: the job was stopped at its time limit
    TIMED_OUT = "timed_out"
    #: the tick passed while no process ran the job
    MISSED = "missed"
    #: another run of the same tick was first
    SKIPPED = "skipped"
    #: the process was asked to stop while the job ran
    CANCELLED = "cancelled"
    #: the owner vanished and the run never ended
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Counts:
    """What a job did, by name; `more` when work was left for the next run."""

    done: dict[str, int] = field(default_factory=dict)
    more: bool = False


@dataclass(frozen=True, slots=True)
class RunReport:
    """One execution of one job."""

    job: str
    outcome: JobOutcome
    #: the planned instant; None for a run by hand
    scheduled_at: datetime | None
    started_at: datetime
    duration: timedelta
    counts: dict[str, int] = field(default_factory=dict)
    more: bool = False
    #: class name and text of the exception, or why nothing was done; None when it went well
    error: str | None = None
    #: skipped because another process runs the job: when to check whether that run ended
    retry_at: datetime | None = None


class JobRun(Record):
    """A run as it is remembered. Times are aware UTC."""

    #: the document's `_id` as text
    id: str
    job: str
    #: the planned instant; of a run by hand the instant of the request
    scheduled_at: datetime
    #: while the run waits to be started, the instant of the request
    started_at: datetime
    #: None while it runs, and permanently when its owner vanished
    finished_at: datetime | None = None
    #: None while it waits to be started
    owner: str | None = None
    #: fencing token of its lease; a holder of an older one cannot write any more
    fence: int = 0
    #: None while it waits or runs
    outcome: JobOutcome | None = None
    counts: dict[str, int] = Field(default_factory=dict)
    more: bool = False
    error: str | None = None
    #: who requested a run by hand; None for a tick of the schedule
    requested_by: int | str | None = None

    @property
    def is_waiting(self) -> bool:
        return self.owner is None and self.outcome is None

    @property
    def is_running(self) -> bool:
        return self.owner is not None and self.outcome is None

    @property
    def may_be_lost(self) -> bool:
        """True when its owner vanished or may have vanished."""
        return self.is_running or self.outcome is JobOutcome.ABANDONED


class LeaseRow(Record):
    """The stored lease of one job, and whether the job is paused. Times are aware UTC."""

    job: str
    #: the run that holds it; None: it is free
    owner: str | None = None
    until: datetime | None = None
    #: fencing token: how often the lease was taken
    fence: int = 0
    #: while a job is paused no tick starts a run; requested runs do start
    paused_at: datetime | None = None
    paused_by: int | str | None = None

    def is_held(self, now: datetime) -> bool:
        return self.owner is not None and self.until is not None and now < self.until

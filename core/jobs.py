"""The words for jobs: outcomes, ticks, reports (STYLE 4)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from core.records import Record


class JobOutcome(StrEnum):
    """How a run ended. A closed list."""

    #: the job returned its counts
    SUCCEEDED = "succeeded"
    #: the job raised; the error is in the run's row
    FAILED = "failed"
    #: the job was stopped at its time limit
    TIMED_OUT = "timed_out"
    #: the tick passed while nobody was there to run it
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
    #: skipped because another process has the job: when to look whether that one ended it
    retry_at: datetime | None = None


class JobRun(Record):
    """A run as it is remembered. Times are aware UTC."""

    #: the document's `_id` as text
    id: str
    job: str
    #: the planned instant; for a run by hand the instant it was asked for
    scheduled_at: datetime
    #: of a run that waits for somebody to begin it, when it was asked for
    started_at: datetime
    #: None while it runs, and for ever when its owner vanished
    finished_at: datetime | None = None
    #: None while it waits for somebody to begin it
    owner: str | None = None
    #: of the lease it ran under; what holds an older one writes nothing any more
    fence: int = 0
    #: None while it waits or runs
    outcome: JobOutcome | None = None
    counts: dict[str, int] = Field(default_factory=dict)
    more: bool = False
    error: str | None = None
    #: who asked for a run by hand; None for a tick of the schedule
    requested_by: int | str | None = None

    @property
    def is_waiting(self) -> bool:
        return self.owner is None and self.outcome is None

    @property
    def is_running(self) -> bool:
        return self.owner is not None and self.outcome is None

    @property
    def may_be_lost(self) -> bool:
        """Its owner vanished, or may have vanished."""
        return self.is_running or self.outcome is JobOutcome.ABANDONED


class LeaseRow(Record):
    """The right to run one job, as it is remembered, and whether the job is paused. Times are aware UTC."""

    job: str
    #: the run that holds it; None: nobody
    owner: str | None = None
    until: datetime | None = None
    #: how often it was taken; each taking gets the next number
    fence: int = 0
    #: while it is paused no tick begins; runs somebody asks for do
    paused_at: datetime | None = None
    paused_by: int | str | None = None

    def is_held(self, now: datetime) -> bool:
        return self.owner is not None and self.until is not None and now < self.until

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
    #: class name and text of the exception; None when it went well
    error: str | None = None


class JobRun(Record):
    """A run as it is remembered. Times are aware UTC."""

    #: the document's `_id` as text
    id: str
    job: str
    #: the planned instant; for a run by hand the instant it was asked for
    scheduled_at: datetime
    started_at: datetime
    #: None while it runs, and for ever when its owner vanished
    finished_at: datetime | None = None
    owner: str
    #: None while it runs
    outcome: JobOutcome | None = None
    counts: dict[str, int] = Field(default_factory=dict)
    more: bool = False
    error: str | None = None
    #: who asked for a run by hand; None for a tick of the schedule
    requested_by: int | str | None = None

"""One run of a job in words. HTML, for messages."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.job_status import JobStatus
from core.jobs import JobOutcome, JobRun
from views.html import bare, cut, esc
from views.times import date_and_time, duration, short_duration

#: counts shown of one run
_COUNTS_MAX = 3
#: characters of a count's name, and of who requested a run
_NAME_MAX = 20

_OUTCOMES = {
    JobOutcome.SUCCEEDED: "succeeded",
    JobOutcome.FAILED: "<b>failed</b>",
    JobOutcome.TIMED_OUT: "<b>was stopped</b> at its time limit",
    JobOutcome.MISSED: "<b>was missed</b>",
    JobOutcome.SKIPPED: "was skipped",
    JobOutcome.CANCELLED: "was cancelled: its process was asked to stop",
    JobOutcome.ABANDONED: "<b>was abandoned</b>: its process vanished",
}

_FINE = (JobOutcome.SUCCEEDED, JobOutcome.SKIPPED)
_SHORT: dict[JobOutcome | None, str] = {
    JobOutcome.FAILED: "failed",
    JobOutcome.TIMED_OUT: "stopped",
    JobOutcome.MISSED: "missed",
    JobOutcome.CANCELLED: "cancelled",
    JobOutcome.ABANDONED: "abandoned",
}


def outcome(value: JobOutcome) -> str:
    return _OUTCOMES[value]


def short_state(status: JobStatus, now: datetime) -> str:
    """Say on a button what a job is doing, or how its last run ended. Plain text of at most 22 characters."""
    run = status.last
    if status.is_running(now):
        return "running"
    if status.is_paused:
        return "paused"
    if status.plan.off_by is not None:
        return "off"
    if status.is_waiting:
        return "waits"
    if run is None:
        return "not run yet"
    age = short_duration(now - (run.finished_at or run.started_at))
    return f"{age} ago" if run.outcome in _FINE else f"⚠ {_SHORT.get(run.outcome, 'no end')} {age} ago"


def ago(moment: datetime, now: datetime) -> str:
    """Return `20 seconds ago`; `0 seconds ago` for a time in the future, after a clock was put back."""
    return f"{duration(now - moment)} ago"


def took(run: JobRun) -> str:
    """Return `2 seconds`; "" for a run that has not ended or never started."""
    if run.finished_at is None or run.owner is None:
        return ""
    span = run.finished_at - run.started_at
    return "less than a second" if span < timedelta(seconds=1) else duration(span)


def counts(run: JobRun) -> str:
    """Return `tokens 5 · users 3`, and whether more is left to do; "" if nothing was counted."""
    shown = list(run.counts.items())[:_COUNTS_MAX]
    words = " · ".join(f"{esc(cut(name, _NAME_MAX).replace('_', ' '))} {count:,}" for name, count in shown)
    if not run.more:
        return words
    return f"{words} · more is left for the next run" if words else "more is left for the next run"


def asked_for_by(who: int | str) -> str:
    """Say who requested a run or a pause: the id of an admin, or the name of a program."""
    return f"<code>{esc(cut(bare(str(who)), _NAME_MAX))}</code>"


def one_line(text: str, limit: int) -> str:
    """Put an error on one line, as HTML of at most `limit` characters."""
    line = " ".join(bare(text).split())
    keep = min(len(line), limit)
    while len(esc(cut(line, keep))) > limit:
        keep -= 1
    return esc(cut(line, keep)) if keep > 0 else ""


def started(run: JobRun, now: datetime, zone: ZoneInfo) -> str:
    """Say when the run started or was requested."""
    return date_and_time(run.started_at, zone, now)

"""One run of a job in words. HTML, for messages."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.job_status import JobStatus
from core.jobs import JobOutcome, JobRun
from views.html import bare, cut, esc
from views.language import _, pgettext
from views.system.count_names import count_name
from views.times import date_and_time, duration, short_duration

#: counts shown of one run
_COUNTS_MAX = 3
#: characters of a count's name, and of who requested a run
_NAME_MAX = 20

_FINE = (JobOutcome.SUCCEEDED, JobOutcome.SKIPPED)


def outcome(value: JobOutcome) -> str:
    """Say how a run ended, as the end of a sentence about it."""
    match value:
        case JobOutcome.SUCCEEDED:
            return pgettext("a run", "succeeded")
        case JobOutcome.FAILED:
            return pgettext("a run", "<b>failed</b>")
        case JobOutcome.TIMED_OUT:
            return pgettext("a run", "<b>was stopped</b> at its time limit")
        case JobOutcome.MISSED:
            return pgettext("a run", "<b>was missed</b>")
        case JobOutcome.SKIPPED:
            return pgettext("a run", "was skipped")
        case JobOutcome.CANCELLED:
            return pgettext("a run", "was cancelled: its process was asked to stop")
        case JobOutcome.ABANDONED:
            return pgettext("a run", "<b>was abandoned</b>: its process vanished")


def _in_a_word(value: JobOutcome | None) -> str:
    """Say on a button how a run ended that is not fine."""
    match value:
        case JobOutcome.FAILED:
            return pgettext("a run, on a button", "failed")
        case JobOutcome.TIMED_OUT:
            return pgettext("a run, on a button", "stopped")
        case JobOutcome.MISSED:
            return pgettext("a run, on a button", "missed")
        case JobOutcome.CANCELLED:
            return pgettext("a run, on a button", "cancelled")
        case JobOutcome.ABANDONED:
            return pgettext("a run, on a button", "abandoned")
    return pgettext("a run, on a button", "no end")


def short_state(status: JobStatus, now: datetime) -> str:
    """Say on a button what a job is doing, or how its last run ended. Plain text of at most 22 characters."""
    run = status.last
    if status.is_running(now):
        return pgettext("a job, on a button", "running")
    if status.is_paused:
        return pgettext("a job, on a button", "paused")
    if status.plan.off_by is not None:
        return pgettext("a job, on a button", "off")
    if status.is_waiting:
        return pgettext("a job, on a button", "waits")
    if run is None:
        return pgettext("a job, on a button", "not run yet")
    age = short_duration(now - (run.finished_at or run.started_at))
    if run.outcome in _FINE:
        return pgettext("a job, on a button", "{span} ago").format(span=age)
    return _("⚠ {outcome} {span} ago").format(outcome=_in_a_word(run.outcome), span=age)


def ago(moment: datetime, now: datetime) -> str:
    """Return `20 seconds ago`; `0 seconds ago` for a time in the future, after a clock was put back."""
    return _("{span} ago").format(span=duration(now - moment))


def took(run: JobRun) -> str:
    """Return `2 seconds`; "" for a run that has not ended or never started."""
    if run.finished_at is None or run.owner is None:
        return ""
    span = run.finished_at - run.started_at
    return _("less than a second") if span < timedelta(seconds=1) else duration(span)


def counts(run: JobRun) -> str:
    """Return `tokens 5 · users 3`, and whether more is left to do; "" if nothing was counted."""
    shown = list(run.counts.items())[:_COUNTS_MAX]
    words = " · ".join(f"{esc(cut(count_name(name), _NAME_MAX))} {count:,}" for name, count in shown)
    if not run.more:
        return words
    more = _("more is left for the next run")
    return f"{words} · {more}" if words else more


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

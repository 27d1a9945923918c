"""What admins read of jobs: the list, one job's screen, confirmations and toasts."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from core.job_status import JobStatus
from core.jobs import JobRun
from views.html import cut, esc
from views.system import jobs_words as words
from views.times import clock_time, date_and_time, duration

#: characters of an error in the list; the first limit with which all jobs fit into one message is used
_ERROR_IN_LIST = (400, 200, 100, 0)
#: characters of an error on a job's own screen
_ERROR_MAX = 300
#: characters of an unknown name that are quoted in the answer
_TYPED_MAX = 64

ASKED_FOR = "Asked for. It waits for a process to take it, which takes a few seconds."
ASKED_FOR_BEFORE = "It is asked for already and waits for a process to take it."
FOLLOWS = "It is running. Another run is asked for and follows."
PAUSED = "Paused. A run under way goes on to its end."
PAUSED_BEFORE = "It is paused already."
RESUMED = "Its next run begins by itself again."
RESUMED_BEFORE = "It is not paused (any more)."
GONE = "There is no such job (any more). /jobs shows those there are."


def job_list(statuses: Sequence[JobStatus], now: datetime, zone: ZoneInfo) -> str:
    """Return every job in one message; errors are cut until it fits."""
    whole = ""
    for error_max in _ERROR_IN_LIST:
        entries = [_entry(status, now, zone, error_max) for status in statuses]
        whole = "\n\n".join([f"<b>Jobs</b>, as of {clock_time(now, zone)}. Press one to open it.", *entries])
        if words.size(whole) <= words.MESSAGE_MAX:
            break
    return whole


def _entry(status: JobStatus, now: datetime, zone: ZoneInfo, error_max: int) -> str:
    lines = [f"<b>{esc(status.name)}</b> {esc(status.plan.in_words)}{_next(status, now, zone)}", _state(status, now)]
    if status.last is not None and status.last.error and error_max:
        lines.append(words.one_line(status.last.error, error_max))
    return "\n".join(lines)


def _next(status: JobStatus, now: datetime, zone: ZoneInfo) -> str:
    if status.is_paused:
        return ", <b>paused</b>"
    return "" if status.next_at is None else f", next {date_and_time(status.next_at, zone, now)}"


def _state(status: JobStatus, now: datetime) -> str:
    """Say what the job is doing now, or how its last run ended."""
    run = status.last
    if status.is_waiting and run is not None:
        waits = f"asked for {words.ago(run.started_at, now)}, waits for a process to take it"
        return f"<b>running</b>; another run {waits}" if status.is_running(now) else waits
    if status.is_running(now):
        known = run is not None and run.is_running
        return f"<b>running</b> for {duration(now - run.started_at)}" if known and run else "<b>running</b>"
    return "has not run yet" if run is None else _ended(run, now)


def _ended(run: JobRun, now: datetime) -> str:
    if run.outcome is None:
        return f"began {words.ago(run.started_at, now)} and never ended: its process seems to be gone"
    return f"{words.outcome(run.outcome)} {words.ago(run.finished_at or run.started_at, now)}"


# one job


def job(status: JobStatus, runs: Sequence[JobRun], now: datetime, zone: ZoneInfo) -> str:
    """Return a job's screen. `runs`: its last ones, the latest first; the oldest are left out if too long."""
    head = _head(status, now, zone)
    if not runs:
        return f"{head}\n\nIt has not run yet, or its history was removed."
    entries = [_run(status, run, now, zone) for run in runs]
    whole = "\n\n".join([head, "<b>Last runs</b>", *entries])
    while words.size(whole) > words.MESSAGE_MAX and len(entries) > 1:
        entries.pop()
        whole = "\n\n".join([head, f"<b>Last runs</b>, {len(entries)} of {len(runs)}", *entries])
    return whole


def _head(status: JobStatus, now: datetime, zone: ZoneInfo) -> str:
    lines = [f"<b>{esc(status.name)}</b> {esc(status.plan.purpose)}", f"Runs {esc(status.plan.in_words)}"]
    lease = status.lease
    if lease is not None and lease.paused_at is not None:
        by = "" if lease.paused_by is None else f" by {words.asked_for_by(lease.paused_by)}"
        since = date_and_time(lease.paused_at, zone, now)
        lines.append(f"<b>Paused</b>{by} since {since}: no run begins by itself. “Run now” works.")
    elif status.next_at is not None:
        lines.append(f"Next run {date_and_time(status.next_at, zone, now)}")
    lines.append(f"As of {clock_time(now, zone)}: {_state(status, now)}")
    return "\n".join(lines)


def _run(status: JobStatus, run: JobRun, now: datetime, zone: ZoneInfo) -> str:
    lines = [f"• {words.started(run, now, zone)}", _how_it_went(status, run, now)]
    if counted := words.counts(run):
        lines.append(counted)
    if run.requested_by is not None:
        lines.append(f"asked for by {words.asked_for_by(run.requested_by)}")
    if run.error:
        lines.append(words.one_line(run.error, _ERROR_MAX))
    return "\n".join(lines)


def _how_it_went(status: JobStatus, run: JobRun, now: datetime) -> str:
    if run.is_waiting:
        return "waits for a process to take it"
    if run.outcome is None:
        return "<b>running</b>" if status.is_running(now) else "never ended: its process seems to be gone"
    took = words.took(run)
    return f"{words.outcome(run.outcome)} after {took}" if took else words.outcome(run.outcome)


# confirmations and answers


def confirm_pause(status: JobStatus) -> str:
    """Return the confirmation of a pause: the job, and what does not happen without it."""
    return (
        f"Pause <b>{esc(status.name)}</b>?\n\n"
        f"It {esc(status.plan.purpose)}, {esc(status.plan.in_words)}. Until somebody presses “Resume”, no run of it "
        f"begins by itself. {esc(status.plan.when_paused)}\n\nA run under way goes on to its end, and “Run now” works."
    )


def unknown(typed: str, names: Sequence[str]) -> str:
    """Say that there is no job of that name."""
    listed = ", ".join(f"<code>{esc(name)}</code>" for name in names)
    return f"There is no job <code>{esc(cut(typed, _TYPED_MAX))}</code>. The jobs are {listed}."

"""What admins read of jobs: the list, one job's screen, confirmations and toasts."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from core.job_status import JobStatus
from core.jobs import JobOutcome, JobRun
from views.html import bare, cut, esc
from views.navigation import Section, parent
from views.screen_limits import fits
from views.screens import Parent, Screen
from views.system import jobs_keyboards as keyboards
from views.system import jobs_words as words
from views.system.job_titles import job_title
from views.system.jobs_callbacks import JobAction
from views.times import clock_time, date_and_time, duration

#: characters of an error
_ERROR_MAX = 160
#: characters of an unknown name that are quoted in the answer
_TYPED_MAX = 40
#: outcomes the list names
_BAD = (JobOutcome.FAILED, JobOutcome.TIMED_OUT, JobOutcome.MISSED, JobOutcome.ABANDONED)
#: jobs in trouble named above the list
_NAMED_MAX = 3

ASKED_FOR = "Asked for. It waits for a process to take it, which takes a few seconds."
ASKED_FOR_BEFORE = "It is asked for already and waits for a process to take it."
FOLLOWS = "It is running. Another run is asked for and follows."
PAUSED = "Paused. A run under way goes on to its end."
PAUSED_BEFORE = "It is paused already."
RESUMED = "Its next run begins by itself again."
RESUMED_BEFORE = "It is not paused (any more)."
GONE = "There is no such job (any more). Here are those there are."


def job_list(statuses: Sequence[JobStatus], page: int, now: datetime, zone: ZoneInfo) -> Screen:
    """Return a page of the list, the last one for a number beyond it. Jobs in trouble are named above it."""
    pages = max(1, -(-len(statuses) // keyboards.PAGE))
    page = min(page, pages - 1)
    bad = [one for one in statuses if _is_bad(one, now)]
    lines = [f"<b>Jobs</b>, as of {clock_time(now, zone)}"]
    lines += [f"⚠ {esc(job_title(one.name))}: {_state(one, now)}" for one in bad[:_NAMED_MAX]]
    if not bad:
        lines.append("What runs by itself. Press one to open it.")
    return Screen("\n".join(lines), keyboards.job_list(statuses, page, pages, now), parent(Section.SYSTEM))


def _is_bad(status: JobStatus, now: datetime) -> bool:
    """Return whether its last run did not go well, or never ended because its process is gone."""
    if status.last is None or status.is_waiting or status.is_running(now):
        return False
    return status.outcome is None or status.outcome in _BAD


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


def job(status: JobStatus, runs: Sequence[JobRun], now: datetime, zone: ZoneInfo) -> Screen:
    """Return a job's screen. `runs`: its last ones, the latest first; the oldest are left out if too long."""
    head = _head(status, now, zone)
    error = next((run.error for run in runs if run.error), None)
    tail = f"\nLast error: {words.one_line(error, _ERROR_MAX)}" if error else ""
    entries = [_run(status, run, now, zone) for run in runs]
    text = f"{head}\n\nIt has not run yet, or its history was removed."
    while entries:
        text = "\n".join([head, "", *entries]) + tail
        if fits(text):
            break
        entries.pop()
    return Screen(text if entries or not runs else head + tail, keyboards.job(status), parent(Section.JOBS))


def _head(status: JobStatus, now: datetime, zone: ZoneInfo) -> str:
    lines = [f"<b>{esc(job_title(status.name))}</b> {esc(status.plan.purpose)}"]
    lease = status.lease
    if lease is not None and lease.paused_at is not None:
        by = "" if lease.paused_by is None else f" by {words.asked_for_by(lease.paused_by)}"
        since = date_and_time(lease.paused_at, zone, now)
        lines.append(f"<b>Paused</b>{by} since {since}: no run begins by itself.")
    elif status.next_at is not None:
        lines.append(f"Runs {esc(status.plan.in_words)}, next {date_and_time(status.next_at, zone, now)}")
    else:
        lines.append(f"Runs {esc(status.plan.in_words)}")
    lines.append(f"As of {clock_time(now, zone)}: {_state(status, now)}")
    return "\n".join(lines)


def _run(status: JobStatus, run: JobRun, now: datetime, zone: ZoneInfo) -> str:
    parts = [f"{words.started(run, now, zone)}: {_how_it_went(status, run, now)}", words.counts(run)]
    if run.requested_by is not None:
        parts.append(f"asked for by {words.asked_for_by(run.requested_by)}")
    return " · ".join(part for part in parts if part)


def _how_it_went(status: JobStatus, run: JobRun, now: datetime) -> str:
    if run.is_waiting:
        return "waits for a process to take it"
    if run.outcome is None:
        return "<b>running</b>" if status.is_running(now) else "never ended: its process seems to be gone"
    took = words.took(run)
    return f"{words.outcome(run.outcome)} after {took}" if took else words.outcome(run.outcome)


# confirmations and answers


def confirm_pause(status: JobStatus) -> Screen:
    """Return the confirmation of a pause: the job, and what does not happen without it."""
    title = job_title(status.name)
    text = (
        f"Pause <b>{esc(title)}</b>?\n\n"
        f"It {esc(status.plan.purpose)}, {esc(status.plan.in_words)}. Until somebody presses “Resume”, no run of it "
        f"begins by itself. {esc(status.plan.when_paused)}\n\nA run under way goes on to its end, and “Run now” works."
    )
    back = Parent(title, keyboards.act(JobAction.SHOW, status.name))
    return Screen(text, keyboards.confirm_pause(status.name), back)


def unknown(typed: str, names: Sequence[str]) -> str:
    """Say that there is no job of that name."""
    listed = ", ".join(f"<code>{esc(name)}</code>" for name in names)
    return f"There is no job <code>{esc(cut(bare(typed), _TYPED_MAX))}</code>. The jobs are {listed}."

"""Output of the command line: tables for people, JSON documents for programs. Plain text, no HTML."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from core.job_status import JobStatus
from core.jobs import JobOutcome, JobRun, LeaseRow, RunReport
from core.terminal.printing import visible
from schedulers import registry
from views.quantities import counted
from views.times import duration

_SUMMARIES = {row.name: row.summary for row in registry.JOBS}


def outcome(run: JobRun, now: datetime) -> str:
    """`succeeded`, `running`, `asked for`."""
    if run.outcome is not None:
        return run.outcome.value.replace("_", " ")
    return "asked for" if run.is_waiting else "running"


def age(moment: datetime, now: datetime) -> str:
    """`20 seconds ago`."""
    return f"{duration(max(now - moment, timedelta()))} ago"


def moment(at: datetime | None, zone: ZoneInfo) -> str:
    """`2026-03-01 12:00 CET`; "" without a time."""
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def counts(done: Mapping[str, int]) -> str:
    """`deleted 3, kept 1`; "" when nothing was counted."""
    return ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in done.items())


def report_line(report: RunReport) -> str:
    """`token_cleanup: Removed 3 expired tokens`, or the outcome and its reason."""
    if report.outcome is JobOutcome.SKIPPED:
        return f"{report.job}: not run: {visible(report.error or 'nothing is due')}"
    said = _done(report)
    if report.outcome is not JobOutcome.SUCCEEDED:
        why = f": {visible(report.error)}" if report.error else ""
        word = report.outcome.value.replace("_", " ")
        return f"{report.job}: {word}{why}" + (f" (before that: {said})" if any(report.counts.values()) else "")
    return f"{report.job}: {said}" + (" (more is left for the next run)" if report.more else "")


def _done(report: RunReport) -> str:
    rest = dict(report.counts)
    main = _SUMMARIES.get(report.job)
    if main is None:
        return counts(rest) or "Nothing to do"
    name, one, many = main
    number = rest.pop(name, 0)
    first = one if number == 1 else many.format(number)
    others = counts({other: value for other, value in rest.items() if value})
    return f"{first} ({others})" if others else first


def _cell(text: str) -> Text:
    """Return what a row holds as it stands: nothing in it is a colour or steers the terminal."""
    return Text(visible(text))


def jobs_table(jobs: Sequence[JobStatus], now: datetime, zone: ZoneInfo) -> Table:
    table = Table("job", "runs", f"next run ({zone.key})", "last outcome", "age", box=None, pad_edge=False)
    for job in jobs:
        is_off = job.plan.off_by is not None
        next_at = "off" if is_off else "paused" if job.is_paused else moment(job.next_at, zone)
        last = job.last
        state = "not run yet" if last is None else outcome(last, now)
        table.add_row(job.name, job.plan.in_words, next_at, state, "" if last is None else age(last.started_at, now))
    return table


def runs_table(runs: Sequence[JobRun], now: datetime, zone: ZoneInfo) -> Table:
    table = Table("job", "began", "took", "outcome", "done", "asked by", box=None, pad_edge=False)
    for run in runs:
        took = "" if run.finished_at is None else f"{(run.finished_at - run.started_at).total_seconds():.1f} s"
        done = "; ".join(word for word in (counts(run.counts), run.error or "") if word)
        by = "" if run.requested_by is None else str(run.requested_by)
        row = (run.job, moment(run.started_at, zone), took, outcome(run, now), done, by)
        table.add_row(*map(_cell, row))
    return table


def leases_table(leases: Mapping[str, LeaseRow], now: datetime, zone: ZoneInfo) -> Table:
    table = Table("job", "held by", "for", "fence", "paused", box=None, pad_edge=False)
    for job, lease in leases.items():
        is_held = lease.is_held(now) and lease.until is not None
        left = counted(round((lease.until - now).total_seconds()), "second") if is_held and lease.until else ""
        paused = "" if lease.paused_at is None else f"{age(lease.paused_at, now)} by {lease.paused_by}"
        row = (job, lease.owner or "" if is_held else "nobody", left, str(lease.fence), paused)
        table.add_row(*map(_cell, row))
    return table


def job_document(job: JobStatus, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    lease = job.lease
    return {
        "name": job.name,
        "purpose": job.plan.purpose,
        "schedule": job.plan.in_words,
        "trigger": job.plan.trigger,
        "next_at": None if job.next_at is None else job.next_at.astimezone(zone).isoformat(),
        "is_off": job.plan.off_by is not None,
        "is_paused": job.is_paused,
        "paused_by": lease.paused_by if lease is not None and job.is_paused else None,
        "is_running": job.is_running(now),
        "is_waiting": job.is_waiting,
        "last": None if job.last is None else run_document(job.last),
    }


def run_document(run: JobRun) -> dict[str, Any]:
    ended = run.finished_at
    return {
        "job": run.job,
        "outcome": run.outcome,
        "scheduled_at": run.scheduled_at.isoformat(),
        "started_at": run.started_at.isoformat(),
        "finished_at": None if ended is None else ended.isoformat(),
        "duration_s": None if ended is None else (ended - run.started_at).total_seconds(),
        "owner": run.owner,
        "counts": run.counts,
        "more": run.more,
        "error": run.error,
        "requested_by": run.requested_by,
    }


def lease_document(lease: LeaseRow, now: datetime) -> dict[str, Any]:
    return {
        "job": lease.job,
        "is_held": lease.is_held(now),
        "owner": lease.owner,
        "until": None if lease.until is None else lease.until.isoformat(),
        "fence": lease.fence,
        "paused_at": None if lease.paused_at is None else lease.paused_at.isoformat(),
        "paused_by": lease.paused_by,
    }


def report_document(report: RunReport) -> dict[str, Any]:
    return {
        "job": report.job,
        "outcome": report.outcome,
        "duration_s": report.duration.total_seconds(),
        "counts": report.counts,
        "more": report.more,
        "error": report.error,
    }

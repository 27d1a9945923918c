"""System, jobs and backups."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.health.findings import Finding, Health, Trouble
from core.job_status import JobStatus, overview
from core.jobs import JobOutcome, JobRun, LeaseRow
from core.timing.job_times import JobTimes
from schedulers import registry
from views.system import backup_texts, jobs_texts
from views.system.backup_texts import Backups
from views.system.system_screen import system

_NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
_ZONE = ZoneInfo("America/Argentina/ComodRivadavia")
_PLANS = registry.plans(_ZONE, JobTimes(cleanup_hours=tuple(range(24))))
_ERROR = "OSError: <disk> & \u202e" + "W" * 900


def _run(job: str, outcome: JobOutcome | None, **fields: object) -> JobRun:
    at = _NOW - timedelta(days=900)
    counts = {f"<count & {number}> {'W' * 50}": 10**12 for number in range(9)}
    whole = {"id": "1", "job": job, "scheduled_at": at, "started_at": at, "owner": "x", "outcome": outcome}
    return JobRun.model_validate(
        {**whole, "finished_at": _NOW, "counts": counts, "more": True, "error": _ERROR, "requested_by": "<&>" * 40}
        | fields
    )


def _status(job: str, last: JobRun | None, lease: LeaseRow | None = None) -> JobStatus:
    (one,) = overview({job: _PLANS[job]}, {job: last} if last else {}, {job: lease} if lease else {}, _NOW)
    return one


def _paused(job: str) -> LeaseRow:
    return LeaseRow(job=job, paused_at=_NOW - timedelta(days=99), paused_by="<&>" * 40)


_ALL = {outcome: [_status(name, _run(name, outcome)) for name in registry.JOB_NAMES] for outcome in (*JobOutcome, None)}
_FINDINGS = tuple(Finding(trouble=trouble, subject="W" * 40, amount=10**9, detail="<&>" * 200) for trouble in Trouble)


def _health(**fields: object) -> Health:
    return Health.model_validate({"at": _NOW - timedelta(seconds=10), "since": _NOW} | fields)


SCREENS = {
    "well": system(_health(), _NOW),
    "not checked": system(None, _NOW),
    "checked long ago": system(_health(at=_NOW - timedelta(days=9)), _NOW),
    "everything is wrong": system(_health(findings=_FINDINGS), _NOW),
    **{f"jobs {outcome}, page 1": jobs_texts.job_list(all_, 0, _NOW, _ZONE) for outcome, all_ in _ALL.items()},
    **{f"jobs {outcome}, page 9": jobs_texts.job_list(all_, 9, _NOW, _ZONE) for outcome, all_ in _ALL.items()},
    **{
        f"{name} {outcome}": jobs_texts.job(_status(name, None, _paused(name)), [_run(name, outcome)] * 6, _NOW, _ZONE)
        for name in registry.JOB_NAMES
        for outcome in (*JobOutcome, None)
    },
    **{f"{name} new": jobs_texts.job(_status(name, None), [], _NOW, _ZONE) for name in registry.JOB_NAMES},
    **{f"pause {name}": jobs_texts.confirm_pause(_status(name, None)) for name in registry.JOB_NAMES},
    **{
        f"backup {outcome} {is_running}": backup_texts.backup(
            Backups([_run("backup", outcome)] * 20, is_running, "/<&>" * 60, 1000), "backup", _NOW, _ZONE
        )
        for outcome in (*JobOutcome, None)
        for is_running in (True, False)
    },
    "backup, none yet": backup_texts.backup(Backups([], False, "data", 7), "backup", _NOW, _ZONE),
}

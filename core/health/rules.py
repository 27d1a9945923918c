"""When a finding opens an incident, when it closes, and which jobs are overdue. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.health.findings import Finding, Trouble, WatchedFinding
from core.jobs import JobOutcome, JobPlan, JobRun, LeaseRow
from core.schedules import Schedule

#: checks that must find a problem before people are notified, with fewer than OVER_AFTER clean ones in a row between
OPEN_AFTER = 2
#: consecutive clean checks before people are notified that it is over
OVER_AFTER = 3
#: how late a tick may be: the run before it may still be going on
GRACE = timedelta(minutes=2)

#: how long work may be due before people are told that nobody does it; a poll finds it within seconds
UNDONE_AFTER = timedelta(minutes=5)
#: a request for a run is started within seconds, and expires after ten minutes
REQUEST_UNDONE_AFTER = timedelta(minutes=2)
#: documents of one collection of which each is an incident of its own
NAMED_MAX = 3

_MOMENT = timedelta(milliseconds=1)
_NOT_WELL = frozenset({JobOutcome.FAILED, JobOutcome.TIMED_OUT})
_ENDED_WELL_OR_NOT = _NOT_WELL | {JobOutcome.SUCCEEDED, JobOutcome.ABANDONED}


@dataclass(frozen=True, slots=True)
class WatchUpdate:
    """The watched findings after one more check."""

    watched: tuple[WatchedFinding, ...]
    #: problems of which people are to be notified
    open: tuple[Finding, ...]
    #: problems that are over; they stay watched until people were notified
    over: tuple[Finding, ...]


def update_watched(
    before: Sequence[WatchedFinding], found: Sequence[Finding], is_known: Callable[[Finding], bool]
) -> WatchUpdate:
    """Apply the findings of a check. `is_known`: whether it could have found a problem; others stay unchanged."""
    seen = {finding.key: finding for finding in found}
    watched: dict[str, WatchedFinding] = {}
    for one in before:
        watched[one.finding.key] = _further(one, seen.get(one.finding.key), is_known)
    for key, finding in seen.items():
        watched.setdefault(key, WatchedFinding(finding=finding))
    kept = tuple(one for one in watched.values() if one.clean < OVER_AFTER or one.seen >= OPEN_AFTER)
    opened = [one for one in kept if one.seen >= OPEN_AFTER]
    return WatchUpdate(
        watched=kept,
        open=tuple(one.finding for one in opened if one.clean == 0),
        over=tuple(one.finding for one in opened if one.clean >= OVER_AFTER),
    )


def _further(one: WatchedFinding, again: Finding | None, is_known: Callable[[Finding], bool]) -> WatchedFinding:
    if again is not None:
        return WatchedFinding(finding=again, seen=one.seen + 1)
    if not is_known(one.finding):
        return one
    return one.model_copy(update={"clean": one.clean + 1})


def check_job(
    plan: JobPlan, runs: Sequence[JobRun], lease: LeaseRow | None, since: datetime, now: datetime
) -> list[Finding]:
    """Return the problems of one job. `runs`: its latest, newest first; `since`: the first health check ever."""
    findings = []
    if is_overdue(plan, runs, lease, since, now):
        findings.append(Finding(trouble=Trouble.JOB_OVERDUE, subject=plan.name))
    ended = next((run for run in runs if run.outcome in _ENDED_WELL_OR_NOT), None)
    if ended is not None and ended.outcome in _NOT_WELL:
        findings.append(Finding(trouble=Trouble.JOB_FAILED, subject=plan.name, detail=ended.error or ""))
    return findings


def is_overdue(plan: JobPlan, runs: Sequence[JobRun], lease: LeaseRow | None, since: datetime, now: datetime) -> bool:
    """Return whether two consecutive ticks and a grace time passed without a run. False while paused or running."""
    if plan.schedule is None or (lease is not None and (lease.paused_at is not None or lease.is_held(now))):
        return False
    last_start = next((run.started_at for run in runs if run.owner is not None), since)
    return last_start < tick_before_last(plan.schedule, now)


def tick_before_last(schedule: Schedule, now: datetime) -> datetime:
    """Return the last tick but one that is past by more than GRACE: a run that started before it is late."""
    return schedule.latest_tick(schedule.latest_tick(now - GRACE) - _MOMENT)


def due_by(
    plan: JobPlan, succeeded_at: datetime | None, lease: LeaseRow | None, since: datetime, now: datetime
) -> datetime | None:
    """Return by when a job must have succeeded again: its second tick after the last success, and a grace time.

    A job that never succeeded has its ticks counted from `since`, the first health check ever; one that is running has
    GRACE at least. None while it is paused, and for a job without a schedule.
    """
    if plan.schedule is None or (lease is not None and lease.paused_at is not None):
        return None
    second = plan.schedule.next_tick(plan.schedule.next_tick(since if succeeded_at is None else succeeded_at))
    is_running = lease is not None and lease.is_held(now)
    return max(second, now) + GRACE if is_running else second + GRACE


def is_left_undone(due_since: datetime, lease: LeaseRow | None, now: datetime) -> bool:
    """Return whether work has been due for UNDONE_AFTER and no process does it. False while its job is paused."""
    if lease is not None and (lease.paused_at is not None or lease.is_held(now)):
        return False
    return now - due_since > UNDONE_AFTER


def unreadable_rows(found: Sequence[tuple[str, str, str]]) -> list[Finding]:
    """Return the findings of documents that cannot be read: (collection, key, problem), those found first in front.

    NAMED_MAX of each collection are named; one finding counts the others.
    """
    findings = []
    for collection in dict.fromkeys(collection for collection, _, _ in found):
        of_it = [(key, problem) for its, key, problem in found if its == collection]
        named, others = of_it[:NAMED_MAX], len(of_it) - NAMED_MAX
        findings += [Finding(trouble=Trouble.ROW_UNREADABLE, subject=key, detail=problem) for key, problem in named]
        if others > 0:
            findings.append(Finding(trouble=Trouble.ROW_UNREADABLE, subject=collection, amount=others))
    return findings


def last_success(runs: Sequence[JobRun]) -> datetime | None:
    """Return when the newest successful run of `runs` ended; None when there is none."""
    return next((run.finished_at for run in runs if run.outcome is JobOutcome.SUCCEEDED), None)


def latest(before: Mapping[str, datetime], now: Mapping[str, datetime | None]) -> dict[str, datetime]:
    """Merge two maps of instants, keeping the later one of each name."""
    merged = dict(before)
    for name, at in now.items():
        if at is not None and (name not in merged or merged[name] < at):
            merged[name] = at
    return merged

"""When a finding becomes an incident, when it is over, and which jobs are late. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.health import Finding, Trouble, Watched
from core.jobs import JobOutcome, JobPlan, JobRun, LeaseRow

#: looks that must see a trouble, with fewer than OVER_AFTER others in a row between them, before people are told
OPEN_AFTER = 2
#: looks in a row that must not see it before people hear that it is over
OVER_AFTER = 3
#: how late a tick may be: a run before it may take its time
GRACE = timedelta(minutes=2)

_MOMENT = timedelta(milliseconds=1)
_NOT_WELL = frozenset({JobOutcome.FAILED, JobOutcome.TIMED_OUT})
_ENDED_WELL_OR_NOT = _NOT_WELL | {JobOutcome.SUCCEEDED, JobOutcome.ABANDONED}


@dataclass(frozen=True, slots=True)
class Followed:
    """What one more look makes of what was seen before."""

    watched: tuple[Watched, ...]
    #: people are to know of these
    open: tuple[Finding, ...]
    #: and that these are over; they stay watched until they do
    over: tuple[Finding, ...]


def follow(before: Sequence[Watched], found: Sequence[Finding], is_known: Callable[[Finding], bool]) -> Followed:
    """One look further. `is_known`: whether this look could have seen a trouble; what it could not stays as it is."""
    seen = {finding.key: finding for finding in found}
    watched: dict[str, Watched] = {}
    for one in before:
        watched[one.finding.key] = _further(one, seen.get(one.finding.key), is_known)
    for key, finding in seen.items():
        watched.setdefault(key, Watched(finding=finding))
    kept = tuple(one for one in watched.values() if one.clean < OVER_AFTER or one.seen >= OPEN_AFTER)
    told = [one for one in kept if one.seen >= OPEN_AFTER]
    return Followed(
        watched=kept,
        open=tuple(one.finding for one in told if one.clean == 0),
        over=tuple(one.finding for one in told if one.clean >= OVER_AFTER),
    )


def _further(one: Watched, again: Finding | None, is_known: Callable[[Finding], bool]) -> Watched:
    if again is not None:
        return Watched(finding=again, seen=one.seen + 1)
    if not is_known(one.finding):
        return one
    return one.model_copy(update={"clean": one.clean + 1})


def look_at_job(
    plan: JobPlan, runs: Sequence[JobRun], lease: LeaseRow | None, since: datetime, now: datetime
) -> list[Finding]:
    """What is wrong with one job. `runs`: its latest, newest first; `since`: when jobs were first looked at."""
    findings = []
    if is_overdue(plan, runs, lease, since, now):
        findings.append(Finding(trouble=Trouble.JOB_OVERDUE, subject=plan.name))
    ended = next((run for run in runs if run.outcome in _ENDED_WELL_OR_NOT), None)
    if ended is not None and ended.outcome in _NOT_WELL:
        findings.append(Finding(trouble=Trouble.JOB_FAILED, subject=plan.name, detail=ended.error or ""))
    return findings


def is_overdue(plan: JobPlan, runs: Sequence[JobRun], lease: LeaseRow | None, since: datetime, now: datetime) -> bool:
    """Whether two ticks in a row have passed, and some grace, without a run. Not while it is paused, or runs."""
    if plan.schedule is None or (lease is not None and (lease.paused_at is not None or lease.is_held(now))):
        return False
    last_tick = plan.schedule.latest_tick(now - GRACE)
    tick_before = plan.schedule.latest_tick(last_tick - _MOMENT)
    begun = next((run.started_at for run in runs if run.owner is not None), since)
    return begun < tick_before


def last_success(runs: Sequence[JobRun]) -> datetime | None:
    """When the newest of `runs` that succeeded ended; None when none did."""
    return next((run.finished_at for run in runs if run.outcome is JobOutcome.SUCCEEDED), None)


def latest(before: Mapping[str, datetime], now: Mapping[str, datetime | None]) -> dict[str, datetime]:
    """The later instant of each name in both."""
    merged = dict(before)
    for name, at in now.items():
        if at is not None and (name not in merged or merged[name] < at):
            merged[name] = at
    return merged

"""Runs of jobs: one row per (job, planned instant), whoever is first."""

from datetime import datetime, timedelta

from core.clock import to_milliseconds
from core.errors import AlreadyThere
from core.jobs import JobOutcome, JobRun, RunReport
from database.collection import Collection
from database.connection import current_database
from database.values import Document, to_key, with_id

_MILLISECOND = timedelta(milliseconds=1)
#: runs of one job by hand that may begin in the same millisecond
_BY_HAND_TRIES = 50
#: `requested_by` of a run by hand nobody signed
BY_HAND = "hand"


def _runs() -> Collection:
    return current_database().collection("job_runs")


async def start_run(
    job: str, scheduled_at: datetime | None, owner: str, now: datetime, requested_by: int | str | None = None
) -> str | None:
    """Write the row of a run that begins now; returns its id, or None when this tick of the job was already begun.

    One insert against a unique key: of any number of processes exactly one gets an id. `owner` names this very run:
    asked again by the same owner, because the answer to the first try was lost, a tick's row gives its id again.
    Without `scheduled_at` it is a run by hand: planned for now, moved on by a millisecond while that instant is
    taken, and never on a whole second, where ticks are, so that it cannot take a tick's place.
    """
    row: Document = {
        "job": job,
        "started_at": now,
        "finished_at": None,
        "owner": owner,
        "outcome": None,
        "counts": {},
        "more": False,
        "error": None,
        "requested_by": requested_by,
    }
    if scheduled_at is not None:
        return await _insert({**row, "scheduled_at": scheduled_at}) or await _own_row(job, scheduled_at, owner)
    return await _start_by_hand({**row, "requested_by": BY_HAND if requested_by is None else requested_by}, now)


async def _start_by_hand(row: Document, now: datetime) -> str:
    planned = to_milliseconds(now)
    for _ in range(_BY_HAND_TRIES):
        if planned.microsecond == 0:
            planned += _MILLISECOND
        run_id = await _insert({**row, "scheduled_at": planned})
        if run_id is not None:
            return run_id
        planned += _MILLISECOND
    raise AlreadyThere(f"job_runs: {_BY_HAND_TRIES} runs of one job by hand in the same moment")


async def _insert(row: Document) -> str | None:
    try:
        return str(await _runs().insert_one(row))
    except AlreadyThere:
        return None


async def _own_row(job: str, scheduled_at: datetime, owner: str) -> str | None:
    row = await _runs().find_one({"job": job, "scheduled_at": scheduled_at, "owner": owner}, projection=["_id"])
    return None if row is None else str(row["_id"])


async def finish_run(run_id: str, report: RunReport) -> bool:
    """Write how the run ended; atomic. False when there is no such run or it has already ended.

    A run that was given up as abandoned and ends after all gets its true outcome.
    """
    ended: Document = {
        "finished_at": report.started_at + report.duration,
        "outcome": report.outcome,
        "counts": report.counts,
        "more": report.more,
        "error": report.error,
    }
    return await _runs().update_one({"_id": to_key(run_id), "finished_at": None}, {"$set": ended})


async def last_tick(job: str) -> datetime | None:
    """The latest planned instant of the job that was begun by the schedule; None when there was none."""
    condition = {"job": job, "requested_by": None}
    row = await _runs().find_one(condition, sort=[("scheduled_at", -1)], projection=["scheduled_at"])
    return None if row is None else row["scheduled_at"]


async def last_runs(limit: int, job: str | None = None) -> list[JobRun]:
    """Up to `limit` runs of all jobs or of one, the latest started first; `[]` when there are none."""
    condition: Document = {} if job is None else {"job": job}
    found = await _runs().find(condition, limit=limit, sort=[("started_at", -1)])
    return [JobRun.model_validate(with_id(row)) for row in found]


async def abandon_stale(now: datetime, older_than: timedelta) -> int:
    """Give up runs begun before `now - older_than` that never ended; returns how many. Each one atomically."""
    condition = {"started_at": {"$lt": now - older_than}, "finished_at": None, "outcome": None}
    return await _runs().update_many(condition, {"$set": {"outcome": JobOutcome.ABANDONED}})

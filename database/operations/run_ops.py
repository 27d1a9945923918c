"""Runs of jobs (collection `job_runs`): one row per (job, planned instant)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.clock import to_milliseconds
from core.errors import AlreadyThere
from core.jobs import JobOutcome, JobRun, RunReport
from database.collection import Collection
from database.connection import current_database
from database.readable import find_records, reader, record_of
from database.values import A_DATE, Document, to_key

_MILLISECOND = timedelta(milliseconds=1)
#: runs of one job by hand that may start in the same millisecond
_BY_HAND_TRIES = 50
#: `requested_by` of a run by hand without a name
BY_HAND = "hand"
#: `requested_by` of a run that repeats the work of a tick whose owner was killed
TAKEOVER = "takeover"


#: makes a run of a document
READ = reader(JobRun)


def _runs() -> Collection:
    return current_database().collection("job_runs")


async def start_run(
    job: str,
    scheduled_at: datetime | None,
    owner: str,
    now: datetime,
    requested_by: int | str | None = None,
    fence: int = 0,
) -> str | None:
    """Insert the row of a run that starts now; returns its id, or None when this tick of the job was started before.

    One insert against a unique key: of any number of processes exactly one gets an id. `owner` is unique to this run:
    repeated with the same owner after a lost answer, the tick's row gives its id again. Without `scheduled_at` it is a
    run by hand: planned for now, or the next free millisecond that is no whole second, where ticks are.
    """
    row: Document = {**_new(job, now, requested_by), "owner": owner, "fence": fence}
    if scheduled_at is not None:
        return await _insert({**row, "scheduled_at": scheduled_at}) or await _own_row(job, scheduled_at, owner)
    return await _start_by_hand({**row, "requested_by": BY_HAND if requested_by is None else requested_by}, now)


def _new(job: str, now: datetime, requested_by: int | str | None) -> Document:
    return {
        "job": job,
        "started_at": now,
        "finished_at": None,
        "owner": None,
        "outcome": None,
        "counts": {},
        "more": False,
        "error": None,
        "requested_by": requested_by,
    }


async def start_takeover(job: str, scheduled_at: datetime, owner: str, now: datetime, fence: int) -> str | None:
    """Insert the row of a run that repeats an abandoned tick; returns its id. Atomic.

    None when that was started before: a tick is taken over once, however the takeover ends. The row is planned a
    millisecond after the tick, which makes it unique; repeated by the same owner it gives its id again.
    """
    row: Document = {**_new(job, now, TAKEOVER), "owner": owner, "fence": fence}
    for number in range(1, _BY_HAND_TRIES + 1):
        at = to_milliseconds(scheduled_at) + number * _MILLISECOND
        run_id = await _insert({**row, "scheduled_at": at})
        if run_id is not None:
            return run_id
        stored = await _runs().find_one({"job": job, "scheduled_at": at}, projection=["owner", "requested_by"])
        if stored is not None and stored["requested_by"] == TAKEOVER:
            return str(stored["_id"]) if stored["owner"] == owner else None
        # a run by hand was started in that very millisecond
    return None


async def request_run(job: str, now: datetime, requested_by: int | str) -> str:
    """Request a run of the job as soon as possible; returns the id of the waiting row.

    A waiting request for the same job is returned instead: pressed twice, the job runs once.
    """
    waiting = await _runs().find_one({"job": job, "owner": None, "outcome": None}, projection=["_id"])
    if waiting is not None:
        return str(waiting["_id"])
    return await _start_by_hand(_new(job, now, requested_by), now)


async def find_requests(limit: int = 20) -> list[JobRun]:
    """Return up to `limit` requested runs that have not started, the oldest first."""
    waiting: Document = {"owner": None, "outcome": None}
    return await find_records(_runs(), READ, waiting, limit=limit, sort=[("started_at", 1)])


async def find_runs(run_ids: Sequence[str]) -> list[JobRun]:
    """Return the runs of these ids, in any order; unknown ids are left out."""
    keys = [to_key(run_id) for run_id in run_ids]
    return await find_records(_runs(), READ, {"_id": {"$in": keys}}, limit=len(keys))


async def start_requested(run_id: str, owner: str, now: datetime, fence: int) -> bool:
    """Start a requested run; atomic. False when another owner was faster, or the request has expired."""
    started = {"owner": owner, "started_at": now, "fence": fence}
    waiting = {"_id": to_key(run_id), "owner": {"$in": [None, owner]}, "outcome": None}
    return await _runs().update_one(waiting, {"$set": started})


async def expire_requests(now: datetime, older_than: timedelta) -> int:
    """Record requested runs that have not started within `older_than` as missed; returns how many. Each atomically."""
    condition = {"owner": None, "outcome": None, "started_at": {"$lt": now - older_than}}
    missed = {"outcome": JobOutcome.MISSED, "finished_at": now, "error": "nobody could run it in time"}
    return await _runs().update_many(condition, {"$set": missed})


async def find_tick(job: str, scheduled_at: datetime) -> JobRun | None:
    """Return the run of a tick, running or ended; None when it was never started."""
    row = await _runs().find_one({"job": job, "scheduled_at": scheduled_at})
    return await record_of(_runs(), row, READ)


async def abandon_before(job: str, fence: int, now: datetime) -> int:
    """Abandon the job's runs under leases before `fence` that never ended; returns how many. Each atomically.

    The caller holds the lease `fence`: those runs have lost theirs, and `finish_run` refuses them from now on.
    """
    # runs that have not started have no fence
    lost = {"job": job, "outcome": None, "fence": {"$lt": fence}}
    return await _runs().update_many(lost, {"$set": {"outcome": JobOutcome.ABANDONED, "finished_at": now}})


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
    """Record how the run ended; atomic. Repeated with the same report after a lost answer, True again.

    False when there is no such run, or it has ended or was abandoned: another process has taken over the job.
    """
    ended: Document = {
        "finished_at": report.started_at + report.duration,
        "outcome": report.outcome,
        "counts": report.counts,
        "more": report.more,
        "error": report.error,
    }
    key = to_key(run_id)
    if await _runs().update_one({"_id": key, "outcome": None}, {"$set": ended}):
        return True
    same = {"_id": key, "outcome": report.outcome, "finished_at": ended["finished_at"]}
    return await _runs().find_one(same, projection=["_id"]) is not None


async def last_tick(job: str) -> datetime | None:
    """Return the latest planned instant of the job that was started by its schedule; None when there is none."""
    condition: Document = {"job": job, "requested_by": None, "scheduled_at": A_DATE}
    row = await _runs().find_one(condition, sort=[("scheduled_at", -1)], projection=["scheduled_at"])
    return None if row is None else row["scheduled_at"]


async def last_runs(limit: int, job: str | None = None) -> list[JobRun]:
    """Return up to `limit` runs of all jobs or of one, the latest started first; `[]` when there are none."""
    condition: Document = {} if job is None else {"job": job}
    return await find_records(_runs(), READ, condition, limit=limit, sort=[("started_at", -1)])


async def latest_runs(jobs: Sequence[str]) -> dict[str, JobRun | None]:
    """Return the latest started run of each job by its name; None: it has not run yet. One find per job."""
    found = {job: await last_runs(1, job) for job in jobs}
    return {job: runs[0] if runs else None for job, runs in found.items()}

"""Leases and pauses of jobs (collection `job_leases`): one run holds a job until a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.errors import AlreadyThere
from core.jobs import LeaseRow
from database.collection import Collection
from database.connection import current_database
from database.readable import readable, record_of
from database.values import Document


def _leases() -> Collection:
    return current_database().collection("job_leases")


async def take(job: str, owner: str, now: datetime, ttl: timedelta, *, even_paused: bool = False) -> int | None:
    """Take the lease, or renew one's own, until `now + ttl`; atomic. Returns its fence, one higher at each taking.

    None while another owner holds it, or the job is paused (unless `even_paused`). A lease that ends more than two
    `ttl` from now was written by a clock that has been put back since: it counts as free.
    """
    lease = {"owner": owner, "until": now + ttl}
    free: Document = {"_id": job, **_is_free(owner, now, ttl)}
    if not even_paused:
        free["paused_at"] = None
    taken = await _leases().find_one_and_update(free, {"$set": lease, "$inc": {"fence": 1}}, projection=["fence"])
    if taken is not None:
        return int(taken["fence"])
    try:
        await _leases().insert_one({"_id": job, **lease, "fence": 1})
    except AlreadyThere:
        # held or paused; or just taken, perhaps by our own first attempt, whose answer was lost
        return await _own(job, owner, now, ttl)
    return 1


def _is_free(owner: str | None, now: datetime, ttl: timedelta) -> Document:
    return {"$or": [{"owner": {"$in": [owner, None]}}, {"until": {"$lte": now}}, {"until": {"$gt": now + 2 * ttl}}]}


async def _own(job: str, owner: str, now: datetime, ttl: timedelta) -> int | None:
    own = await _leases().find_one_and_update(
        {"_id": job, "owner": owner}, {"$set": {"until": now + ttl}}, projection=["fence"]
    )
    return None if own is None else int(own["fence"])


async def is_free(job: str, now: datetime, ttl: timedelta) -> bool:
    """Return whether the lease could be taken now; another process may be faster. False while the job is paused.

    Raises UnreadableRow.
    """
    lease = await find(job)
    if lease is None:
        return True
    if lease.paused_at is not None:
        return False
    return lease.owner is None or lease.until is None or not now < lease.until <= now + 2 * ttl


async def renew(job: str, owner: str, now: datetime, ttl: timedelta) -> bool:
    """Renew one's own lease until `now + ttl`, also an expired one that no other took; atomic. False: lost."""
    return await _leases().update_one({"_id": job, "owner": owner}, {"$set": {"until": now + ttl}})


async def release(job: str, owner: str, now: datetime) -> bool:
    """Release the lease; atomic. False when `owner` does not hold it."""
    return await _leases().update_one({"_id": job, "owner": owner}, {"$set": {"owner": None, "until": now}})


async def pause(job: str, now: datetime, by: int | str) -> bool:
    """Start no tick of the job until `resume`; a run in progress continues. Atomic; False when it was paused before."""
    paused = {"paused_at": now, "paused_by": by}
    if await _leases().update_one({"_id": job, "paused_at": None}, {"$set": paused}):
        return True
    try:
        await _leases().insert_one({"_id": job, "owner": None, "until": now, "fence": 0, **paused})
    except AlreadyThere:
        # it was paused before, or a run has just inserted the row
        return await _leases().update_one({"_id": job, "paused_at": None}, {"$set": paused})
    return True


async def resume(job: str) -> bool:
    """Start the job's ticks again; atomic. False when it was not paused."""
    not_paused = {"$set": {"paused_at": None, "paused_by": None}}
    return await _leases().update_one({"_id": job, "paused_at": {"$ne": None}}, not_paused)


async def find(job: str) -> LeaseRow | None:
    """Return the lease of a job, held or not; None when the job has never run and was never paused."""
    return await record_of(_leases(), await _leases().find_one({"_id": job}), read)


async def find_many(jobs: Sequence[str]) -> dict[str, LeaseRow]:
    """Return the leases of `jobs` by name, without jobs that have never run and were never paused."""
    found = await _leases().find({"_id": {"$in": list(jobs)}}, limit=len(jobs))
    rows = {row.job: row for row in await readable(_leases(), found, read)}
    return {job: rows[job] for job in jobs if job in rows}


def read(document: Document) -> LeaseRow:
    """Return the lease of a document. Raises ValidationError."""
    return LeaseRow.model_validate({**document, "job": document["_id"]})

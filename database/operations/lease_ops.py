"""Leases: the right of one process to do something until a time. In doubt you are not the owner."""

from datetime import datetime, timedelta

from core.errors import AlreadyThere
from database.collection import Collection
from database.connection import current_database


def _leases() -> Collection:
    return current_database().collection("job_leases")


async def take(job: str, owner: str, now: datetime, ttl: timedelta) -> bool:
    """Take the lease, or renew one's own, until `now + ttl`; atomic. False while another owner holds it.

    A lease that ends more than two `ttl` from now was written by a clock that has been put back since: it is free.
    """
    lease = {"owner": owner, "until": now + ttl}
    free = {"$or": [{"owner": {"$in": [owner, None]}}, {"until": {"$lte": now}}, {"until": {"$gt": now + 2 * ttl}}]}
    if await _leases().update_one({"_id": job, **free}, {"$set": lease, "$inc": {"fence": 1}}):
        return True
    try:
        await _leases().insert_one({"_id": job, **lease, "fence": 1})
    except AlreadyThere:
        # held, or taken in this moment; or our own first try, whose answer was lost
        return await renew(job, owner, now, ttl)
    return True


async def is_free(job: str, now: datetime, ttl: timedelta) -> bool:
    """Whether an owner who asks now would get it; somebody may be first."""
    lease = await _leases().find_one({"_id": job}, projection=["owner", "until"])
    return lease is None or lease["owner"] is None or not now < lease["until"] <= now + 2 * ttl


async def renew(job: str, owner: str, now: datetime, ttl: timedelta) -> bool:
    """Hold one's own lease until `now + ttl`, also when it has run out and nobody took it; atomic. False: lost."""
    return await _leases().update_one({"_id": job, "owner": owner}, {"$set": {"until": now + ttl}})


async def release(job: str, owner: str, now: datetime) -> bool:
    """Let others take it at once; atomic. False when it is not `owner`'s (any more)."""
    return await _leases().update_one({"_id": job, "owner": owner}, {"$set": {"owner": None, "until": now}})

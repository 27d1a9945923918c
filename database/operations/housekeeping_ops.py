"""What nobody needs any more: old history, what has run out, what belongs to nothing.

Every bulk delete here goes oldest first, on the connections for such work, is bounded by `bounds` (`database.batches`),
is not atomic, and repeats its condition in the delete itself.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack

from core.jobs import JobOutcome
from core.subscriptions import MembershipStatus
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.values import Document, to_key

#: how a delivery that ended is kept; one that is still to be looked at after a crash is not among them
_ENDED: Document = {"$in": [False, None]}


def _bulk(name: str) -> Collection:
    return current_database().bulk(name)


async def delete_old_deliveries(before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete what is known of deliveries last begun before `before`; those of whose end nothing is known stay."""
    condition = {"is_unfinished": _ENDED, "opened_at": {"$lt": before}}
    return await delete_in_batches(_bulk("deliveries"), condition, "opened_at", **bounds)


async def delete_failed_deliveries(before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete what is left of deliveries that came to nothing, the only try of which ended before `before`."""
    condition = {"opened_at": None, "claimed_until": {"$lt": before}, "is_unfinished": _ENDED}
    return await delete_in_batches(_bulk("deliveries"), condition, "claimed_until", **bounds)


async def find_runs_to_keep(jobs: Sequence[str]) -> list[str]:
    """Ids of the latest tick and the latest run of each job: what a start goes by, and what people look at first."""
    runs = current_database().collection("job_runs")
    kept: list[str] = []
    for job in jobs:
        tick = await runs.find_one({"job": job, "requested_by": None}, sort=[("scheduled_at", -1)], projection=["_id"])
        last = await runs.find_one({"job": job}, sort=[("started_at", -1)], projection=["_id"])
        kept += [str(run["_id"]) for run in (tick, last) if run is not None]
    return kept


async def delete_old_runs(before: datetime, keep: Sequence[str], **bounds: Unpack[Bounds]) -> Deleted:
    """Delete runs that began before `before` and have ended, except those whose ids are in `keep`."""
    condition = {
        "outcome": {"$in": list(JobOutcome)},
        "started_at": {"$lt": before},
        "_id": {"$nin": [to_key(run_id) for run_id in keep]},
    }
    return await delete_in_batches(_bulk("job_runs"), condition, "started_at", **bounds)


async def delete_notified_impossible(before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete deliveries that stay for good, noted before `before`, of which the owners have heard."""
    condition = {"is_told": True, "at": {"$lt": before}}
    return await delete_in_batches(_bulk("impossible_deletions"), condition, "at", **bounds)


async def delete_expired_login_codes(now: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete one-time links to the admin page that have run out (`expires_at < now`, strictly)."""
    return await delete_in_batches(_bulk("login_codes"), {"expires_at": {"$lt": now}}, "expires_at", **bounds)


async def delete_old_incidents(before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete incidents that ended before `before`; open ones stay."""
    return await delete_in_batches(_bulk("incidents"), {"closed_at": {"$lt": before}}, "closed_at", **bounds)


async def delete_old_memberships(before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete what was last heard of people in channels before `before`; it is asked for again when it matters.

    Requests to join stay: Telegram tells of them once.
    """
    known = {"$in": [MembershipStatus.MEMBER, MembershipStatus.LEFT]}
    condition = {"seen_at": {"$lt": before}, "status": known}
    return await delete_in_batches(_bulk("memberships"), condition, "seen_at", **bounds)

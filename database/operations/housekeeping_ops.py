"""Clean-up of old and expired documents.

Every bulk delete here runs oldest first on the bulk connections, is bounded by `bounds` (`database.batches`), is not
atomic, and repeats its condition in the delete itself.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack

from core.delivery_states import DeliveryState
from core.jobs import JobOutcome
from core.subscriptions import MembershipStatus
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.values import Document, to_key

#: deliveries that have ended and of which nothing is to be deleted
_OVER: Document = {"state": {"$ne": DeliveryState.SENDING}, "delete_at": None}


def _bulk(name: str) -> Collection:
    return current_database().bulk(name)


async def delete_old_deliveries(before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete rows of deliveries that cost nothing, last started before `before`, of which nothing is left.

    Those with copies to delete or in progress are kept.
    """
    condition = {"paid_until": None, "opened_at": {"$lt": before}, **_OVER}
    return await delete_in_batches(_bulk("deliveries"), condition, "opened_at", **bounds)


async def delete_old_paid_deliveries(before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete such rows of deliveries that cost a credit, whose paid copy stood until before `before`.

    Apart from the others: of posts that are never deleted they stay for ever, and must not be read each night.
    """
    condition = {"paid_until": {"$lt": before}, "opened_at": {"$lt": before}, **_OVER}
    return await delete_in_batches(_bulk("deliveries"), condition, "paid_until", **bounds)


async def delete_failed_deliveries(before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete rows of deliveries that never succeeded, of which the last attempt was before `before`."""
    condition = {"opened_at": None, "sent_at": {"$lt": before}, **_OVER}
    return await delete_in_batches(_bulk("deliveries"), condition, "sent_at", **bounds)


async def find_runs_to_keep(jobs: Sequence[str]) -> list[str]:
    """Return the ids of each job's latest tick, which a start needs, and latest run, which is shown to people."""
    runs = current_database().collection("job_runs")
    kept: list[str] = []
    for job in jobs:
        tick = await runs.find_one({"job": job, "requested_by": None}, sort=[("scheduled_at", -1)], projection=["_id"])
        last = await runs.find_one({"job": job}, sort=[("started_at", -1)], projection=["_id"])
        kept += [str(run["_id"]) for run in (tick, last) if run is not None]
    return kept


async def delete_old_runs(before: datetime, keep: Sequence[str], **bounds: Unpack[Bounds]) -> Deleted:
    """Delete ended runs that started before `before`, except those whose ids are in `keep`."""
    condition = {
        "outcome": {"$in": list(JobOutcome)},
        "started_at": {"$lt": before},
        "_id": {"$nin": [to_key(run_id) for run_id in keep]},
    }
    return await delete_in_batches(_bulk("job_runs"), condition, "started_at", **bounds)


async def delete_notified_impossible(before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete undeletable deliveries recorded before `before` of which the owners were notified."""
    condition = {"is_told": True, "at": {"$lt": before}}
    return await delete_in_batches(_bulk("impossible_deletions"), condition, "at", **bounds)


async def delete_expired_login_codes(now: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete one-time links to the admin page that are expired (`expires_at < now`, strictly)."""
    return await delete_in_batches(_bulk("login_codes"), {"expires_at": {"$lt": now}}, "expires_at", **bounds)


async def delete_old_incidents(before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete incidents that ended before `before`; open ones are kept."""
    return await delete_in_batches(_bulk("incidents"), {"closed_at": {"$lt": before}}, "closed_at", **bounds)


async def delete_old_audit_entries(before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete actions of the team from before `before`."""
    return await delete_in_batches(_bulk("audit_log"), {"at": {"$lt": before}}, "at", **bounds)


async def delete_old_requests(before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete join requests from before `before`, which Telegram reports once: they are kept longer than memberships."""
    condition: Document = {"seen_at": {"$lt": before}, "status": MembershipStatus.REQUESTED}
    return await delete_in_batches(_bulk("memberships"), condition, "seen_at", **bounds)


async def delete_old_memberships(before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete memberships last seen before `before`; Telegram is asked again when one is needed.

    Join requests are kept for longer (`delete_old_requests`).
    """
    known = {"$in": [MembershipStatus.MEMBER, MembershipStatus.LEFT]}
    condition = {"seen_at": {"$lt": before}, "status": known}
    return await delete_in_batches(_bulk("memberships"), condition, "seen_at", **bounds)

"""Incidents of all processes: opened, notified and closed once (collection `incidents`).

A document: `_id` is the incident; `opened_at`, `told_at` (when people were notified), `closed_at`; and until when a
process holds the claim to send the alert (`claimed_until`) or the all-clear (`ending_until`). No texts.
"""

from datetime import datetime, timedelta

from pydantic import StrictStr

from core.errors import AlreadyThere
from core.health.incidents import CloseDecision
from core.records import Record
from database.collection import Collection
from database.connection import current_database
from database.readable import find_records
from database.values import Document

#: open incidents that are read; any beyond are read when fewer are open
_READ_MAX = 500


def _incidents() -> Collection:
    return current_database().collection("incidents")


def _not_held(field: str, now: datetime, hold_for: timedelta) -> Document:
    """Condition for a claim that is free, expired, or written by a clock that has been put back since."""
    return {"$or": [{field: None}, {field: {"$lte": now}}, {field: {"$gt": now + 2 * hold_for}}]}


async def claim_open(incident: str, now: datetime, hold_for: timedelta) -> bool:
    """Open an incident, or claim an open one without an alert; True: the caller sends the alert within `hold_for`.

    False when it is open and people were notified, or another process holds the claim. Each of the two steps is
    atomic: of any number of processes one gets True.
    """
    claim = {"claimed_until": now + hold_for}
    opened = {"opened_at": now, "closed_at": None, "told_at": None, "ending_until": None, **claim}
    try:
        if await _incidents().update_one({"_id": incident, "closed_at": {"$ne": None}}, {"$set": opened}, upsert=True):
            return True
    except AlreadyThere:
        pass
    unnotified = {"_id": incident, "closed_at": None, "told_at": None, **_not_held("claimed_until", now, hold_for)}
    return await _incidents().update_one(unnotified, {"$set": claim})


async def mark_notified(incident: str, now: datetime) -> None:
    """Record that people were notified; the incident is open, whatever was stored before. One atomic upsert."""
    notified: Document = {"told_at": now, "closed_at": None, "claimed_until": None}
    update: Document = {"$set": notified, "$setOnInsert": {"opened_at": now, "ending_until": None}}
    try:
        await _incidents().update_one({"_id": incident}, update, upsert=True)
    except AlreadyThere:
        # another process inserted it in the same instant
        await _incidents().update_one({"_id": incident}, update, upsert=True)


async def release_open(incident: str) -> None:
    """Release the claim because the alert was not delivered: any process may try at once. Atomic."""
    await _incidents().update_one({"_id": incident, "told_at": None}, {"$set": {"claimed_until": None}})


async def claim_close(incident: str, now: datetime, hold_for: timedelta) -> CloseDecision:
    """Claim the end of an open incident for `hold_for`; atomic: one caller gets QUIET or NOTIFY.

    NOTHING when it is not open, its alert is being sent, or another process holds the claim.
    """
    known = {"$or": [{"told_at": {"$ne": None}}, _not_held("claimed_until", now, hold_for)]}
    condition: Document = {
        "_id": incident,
        "closed_at": None,
        "$and": [known, _not_held("ending_until", now, hold_for)],
    }
    found = await _incidents().find_one_and_update(condition, {"$set": {"ending_until": now + hold_for}})
    if found is None:
        return CloseDecision.NOTHING
    return CloseDecision.QUIET if found.get("told_at") is None else CloseDecision.NOTIFY


async def close(incident: str, now: datetime) -> None:
    """Close the incident; atomic. Does nothing when it is not open."""
    closed = {"closed_at": now, "claimed_until": None, "ending_until": None}
    await _incidents().update_one({"_id": incident, "closed_at": None}, {"$set": closed})


async def release_close(incident: str) -> None:
    """Release the claim on the end because the all-clear was not delivered: any process may try at once. Atomic."""
    await _incidents().update_one({"_id": incident, "closed_at": None}, {"$set": {"ending_until": None}})


class _Named(Record):
    # bytes are no text
    incident: StrictStr


def read(document: Document) -> str:
    """Return which incident a document is about. Raises ValidationError."""
    return _Named(incident=document["_id"]).incident


async def _find(condition: Document) -> list[str]:
    return await find_records(_incidents(), read, condition, limit=_READ_MAX, projection=["_id"])


async def find_open() -> list[str]:
    """Return the open incidents, at most 500; `[]` when there are none."""
    return await _find({"closed_at": None})


async def find_told() -> frozenset[str]:
    """Return the open incidents that people were notified of, at most 500."""
    return frozenset(await _find({"closed_at": None, "told_at": {"$ne": None}}))


async def count_open() -> int:
    """Count the open incidents."""
    return await _incidents().count({"closed_at": None})

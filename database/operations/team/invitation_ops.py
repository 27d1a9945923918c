"""Invitations to the team (collection `invitations`). One that somebody joined by is deleted."""

from datetime import datetime

from core.team.invitations import Invitation
from database.collection import Collection
from database.connection import current_database
from database.readable import find_records, reader, record_or_none
from database.values import Document

#: makes an invitation of a document
READ = reader(Invitation)
#: invitations read; a team is small
INVITATIONS_MAX = 50


def _invitations() -> Collection:
    return current_database().collection("invitations")


async def add(invitation: Invitation) -> None:
    """Insert a new invitation."""
    await _invitations().insert_one(invitation.model_dump())


async def find(fingerprint: str) -> Invitation | None:
    """Return the invitation, used or not; None for an unknown one or one that cannot be read."""
    return await record_or_none(_invitations(), await _invitations().find_one({"fingerprint": fingerprint}), READ)


async def take(fingerprint: str, user_id: int, now: datetime) -> bool:
    """Mark it as used by a person; of any number of concurrent callers one person gets True, also when asked again.

    One conditional update.
    """
    free: Document = {"fingerprint": fingerprint, "used_by": None, "expires_at": {"$gte": now}}
    if await _invitations().update_one(free, {"$set": {"used_by": user_id}}):
        return True
    used = await find(fingerprint)
    return used is not None and used.used_by == user_id


async def open_ones(now: datetime) -> list[Invitation]:
    """Return those that can still be used, the next to end first; at most INVITATIONS_MAX."""
    condition: Document = {"used_by": None, "expires_at": {"$gte": now}}
    return await find_records(_invitations(), READ, condition, limit=INVITATIONS_MAX, sort=[("expires_at", 1)])


async def cancel(fingerprint: str) -> bool:
    """Delete an invitation nobody used; False when somebody did, or it is unknown."""
    return await _invitations().delete_one({"fingerprint": fingerprint, "used_by": None})


async def forget_used_by(user_id: int) -> None:
    """Delete those a person used: they cannot be used again. At most INVITATIONS_MAX, more than anybody can use."""
    await _delete({"used_by": user_id})


async def delete_expired(before: datetime) -> int:
    """Delete up to INVITATIONS_MAX of those that ended before a time; returns how many."""
    return await _delete({"expires_at": {"$lt": before}})


async def _delete(condition: Document) -> int:
    found = await _invitations().find(condition, limit=INVITATIONS_MAX, projection=("_id",))
    return await _invitations().delete_many({"_id": {"$in": [one["_id"] for one in found]}}) if found else 0

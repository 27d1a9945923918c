"""Known memberships of subscribers in channels (collection `memberships`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack

from core.errors import AlreadyThere
from core.subscriptions import Membership, MembershipStatus
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.readable import find_records, reader
from database.values import Document

#: makes a membership of a document
READ = reader(Membership)


def _memberships() -> Collection:
    return current_database().collection("memberships")


async def find_memberships(user_id: int, chat_ids: Sequence[int]) -> dict[int, Membership]:
    """Return the subscriber's known memberships by channel id; one find, none without channels."""
    wanted = sorted(set(chat_ids))
    if not wanted:
        return {}
    known: Document = {"user_id": user_id, "chat_id": {"$in": wanted}}
    found = await find_records(_memberships(), READ, known, limit=len(wanted))
    return {membership.chat_id: membership for membership in found}


async def record(
    chat_id: int, user_id: int, status: MembershipStatus, seen_at: datetime, *, keep_request: bool = False
) -> bool:
    """Record a status seen at `seen_at`; False when a newer one is stored. One conditional upsert.

    With `keep_request` a stored join request is kept, whatever its age: Telegram reports its sender as "left".
    """
    condition: Document = {"user_id": user_id, "chat_id": chat_id, "seen_at": {"$lte": seen_at}}
    if keep_request:
        condition["status"] = {"$ne": MembershipStatus.REQUESTED}
    update: Document = {"$set": {"status": status, "seen_at": seen_at}}
    try:
        return await _memberships().update_one(condition, update, upsert=True)
    except AlreadyThere:
        # a newer status is stored, so nothing matched and the insert met its key; or it was inserted just now
        try:
            return await _memberships().update_one(condition, update, upsert=True)
        except AlreadyThere:
            return False


async def delete_channel(chat_id: int, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete all memberships of a channel. Bounded by `bounds` (`database.batches`), not atomic."""
    # by user: their ids follow the channel's in the index
    return await delete_in_batches(current_database().bulk("memberships"), {"chat_id": chat_id}, "user_id", **bounds)

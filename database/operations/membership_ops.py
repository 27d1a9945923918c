"""What is known of who joined which channel."""

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack

from core.errors import AlreadyThere
from core.subscriptions import Membership, MembershipStatus
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.values import Document


def _memberships() -> Collection:
    return current_database().collection("memberships")


async def find_memberships(user_id: int, chat_ids: Sequence[int]) -> dict[int, Membership]:
    """What is known of this person in these channels, by the channel's id; one find (none for no channels)."""
    wanted = sorted(set(chat_ids))
    if not wanted:
        return {}
    found = await _memberships().find({"user_id": user_id, "chat_id": {"$in": wanted}}, limit=len(wanted))
    return {document["chat_id"]: Membership.model_validate(document) for document in found}


async def record(
    chat_id: int, user_id: int, status: MembershipStatus, seen_at: datetime, *, keep_request: bool = False
) -> bool:
    """Remember what was heard at `seen_at`; False when something newer stands. One conditional upsert.

    With `keep_request` a request to join that stands is kept too, however old: Telegram calls those who asked "left".
    """
    condition: Document = {"user_id": user_id, "chat_id": chat_id, "seen_at": {"$lte": seen_at}}
    if keep_request:
        condition["status"] = {"$ne": MembershipStatus.REQUESTED}
    heard: Document = {"$set": {"status": status, "seen_at": seen_at}}
    try:
        return await _memberships().update_one(condition, heard, upsert=True)
    except AlreadyThere:
        # something newer stands: nothing matched, and the insert met the same key. Or it came at this instant
        try:
            return await _memberships().update_one(condition, heard, upsert=True)
        except AlreadyThere:
            return False


async def delete_channel(chat_id: int, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete all that is known of a channel's people.

    Bounded by `bounds` (`batch_size`, `timeout_s`, `pause_ms`), not atomic.
    """
    # in the order of the people: the index has them behind the channel
    return await delete_in_batches(current_database().bulk("memberships"), {"chat_id": chat_id}, "user_id", **bounds)

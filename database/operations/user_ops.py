"""Subscribers."""

from datetime import datetime
from typing import Any

from core.clock import to_milliseconds
from core.errors import AlreadyThere
from core.users import User, Visitor
from database.collection import Collection
from database.connection import current_database
from database.values import Document


def _users() -> Collection:
    return current_database().collection("users")


async def meet(visitor: Visitor, now: datetime, *, source: str | None = None) -> tuple[User, bool]:
    """Store who is knocking and return their record, with True when they are new.

    One upsert: name, username, language and `last_seen_at` are refreshed, `blocked_at` is cleared (who writes to us
    has not blocked us); `joined_at`, credits and `source` are set for the new only. Of two calls at once for a
    brand-new person exactly one answers True.
    """
    seen: Document = {
        "username": visitor.username,
        "first_name": visitor.first_name,
        "language": visitor.language,
        "last_seen_at": to_milliseconds(now),
        "blocked_at": None,
    }
    first: Document = {
        "joined_at": to_milliseconds(now),
        "credits": 0,
        "pass_until": None,
        "is_banned": False,
        "ban_reason": None,
        "banned_until": None,
        "source": source,
    }
    before = await _upsert(visitor.user_id, {"$set": seen, "$setOnInsert": first})
    known = first if before is None else before
    return User.model_validate({**known, **seen, "user_id": visitor.user_id}), before is None


async def _upsert(user_id: int, update: dict[str, Any]) -> Document | None:
    """The document as it was before, which tells new from known without a second look; None for the new."""
    condition = {"user_id": user_id}
    try:
        return await _users().find_one_and_update(condition, update, upsert=True, before=True)
    except AlreadyThere:
        # the twin of a brand-new person was inserted between our look and our insert: now there is one to update
        return await _users().find_one_and_update(condition, update, upsert=True, before=True)


async def find(user_id: int) -> User | None:
    """The person's record, or None when they never came."""
    document = await _users().find_one({"user_id": user_id})
    return None if document is None else User.model_validate(document)


async def mark_blocked(user_id: int, at: datetime) -> bool:
    """Remember since when the person has blocked the bot; atomic. False when unknown or already marked."""
    return await _users().update_one({"user_id": user_id, "blocked_at": None}, {"$set": {"blocked_at": at}})


async def mark_unblocked(user_id: int) -> bool:
    """Forget the block; atomic. False when unknown or not marked."""
    condition = {"user_id": user_id, "blocked_at": {"$ne": None}}
    return await _users().update_one(condition, {"$set": {"blocked_at": None}})


async def count() -> int:
    """How many people ever came."""
    # every id of a person is positive; asked for nothing at all, MongoDB would read every document
    return await _users().count({"user_id": {"$gt": 0}})


async def count_active_since(since: datetime) -> int:
    """How many people were seen at `since` or later."""
    return await _users().count({"last_seen_at": {"$gte": since}})

"""Subscribers."""

from datetime import datetime
from typing import Any

from core.clock import to_milliseconds
from core.errors import AlreadyThere
from core.users import User, Visitor
from database.operations.user_bans import ban, unban
from database.operations.user_credits import Granted, give_back_credit, grant, spend_credit
from database.operations.user_news import find_news_stopped, stop_news, want_news
from database.operations.user_records import FIELDS, to_user, users
from database.operations.user_wants import pop_pending_post, want
from database.values import Document

__all__ = [
    "Granted",
    "ban",
    "count",
    "count_active_since",
    "find",
    "find_news_stopped",
    "give_back_credit",
    "grant",
    "mark_blocked",
    "mark_deactivated",
    "mark_unblocked",
    "pop_pending_post",
    "spend_credit",
    "stop_news",
    "unban",
    "upsert_visitor",
    "want",
    "want_news",
]


async def upsert_visitor(
    visitor: Visitor, now: datetime, *, source: str | None = None, is_writing: bool = True
) -> tuple[User, bool]:
    """Store who is knocking and return their record, with True when they are new.

    One upsert: name, username, language and `last_seen_at` are refreshed, `blocked_at` and `deactivated_at` are cleared
    (who writes to us has not blocked us, and is not gone) unless `is_writing` is False; `joined_at`, credits and
    `source` are set for the new only. Of two calls at once for a brand-new person exactly one answers True.
    """
    seen: Document = {
        "username": visitor.username,
        "first_name": visitor.first_name,
        "language": visitor.language,
        "last_seen_at": to_milliseconds(now),
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
    (seen if is_writing else first)["blocked_at"] = None
    if is_writing:
        seen["deactivated_at"] = None
    before = await _upsert(visitor.user_id, {"$set": seen, "$setOnInsert": first})
    known = first if before is None else before
    return to_user({**known, **seen, "user_id": visitor.user_id}), before is None


async def _upsert(user_id: int, update: dict[str, Any]) -> Document | None:
    """The document as it was before, which tells new from known without a second look; None for the new."""
    try:
        return await _updated(user_id, update)
    except AlreadyThere:
        # the twin of a brand-new person was inserted between our look and our insert: now there is one to update
        return await _updated(user_id, update)


async def _updated(user_id: int, update: dict[str, Any]) -> Document | None:
    return await users().find_one_and_update({"user_id": user_id}, update, upsert=True, before=True, projection=FIELDS)


async def find(user_id: int) -> User | None:
    """The person's record, or None when they never came."""
    document = await users().find_one({"user_id": user_id}, projection=FIELDS)
    return None if document is None else to_user(document)


async def mark_blocked(user_id: int, at: datetime) -> bool:
    """Remember since when the person has blocked the bot; atomic. False when unknown or already marked."""
    return await users().update_one({"user_id": user_id, "blocked_at": None}, {"$set": {"blocked_at": at}})


async def mark_deactivated(user_id: int, at: datetime) -> bool:
    """Remember since when the person's account is gone; they cannot be written to, either (`blocked_at`).

    Atomic. False when unknown or already marked.
    """
    gone = {"deactivated_at": at, "blocked_at": at}
    return await users().update_one({"user_id": user_id, "deactivated_at": None}, {"$set": gone})


async def mark_unblocked(user_id: int) -> bool:
    """Forget the block; atomic. False when unknown or not marked."""
    condition = {"user_id": user_id, "blocked_at": {"$ne": None}}
    return await users().update_one(condition, {"$set": {"blocked_at": None, "deactivated_at": None}})


async def count() -> int:
    """How many people ever came."""
    # every id of a person is positive; asked for nothing at all, MongoDB would read every document
    return await users().count({"user_id": {"$gt": 0}})


async def count_active_since(since: datetime) -> int:
    """How many people were seen at `since` or later."""
    return await users().count({"last_seen_at": {"$gte": since}})

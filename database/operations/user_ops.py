"""Subscribers (collection `users`). What they spend and are paid: `user_credits`."""

from datetime import datetime
from typing import Any

from core.clock import to_milliseconds
from core.errors import AlreadyThere
from core.users import User, Visitor
from database.collection import Collection
from database.connection import current_database
from database.values import Document

#: what is read of a person; the keys of their grants stay where they are
FIELDS = tuple(User.model_fields)


def users() -> Collection:
    """The collection."""
    return current_database().collection("users")


def to_user(document: Document) -> User:
    """The record of a document."""
    return User.model_validate(document)


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


# bans


async def ban(user_id: int, now: datetime, *, reason: str | None, until: datetime | None) -> User:
    """Keep a person out until `until`, or for ever; the person as they are now. One upsert.

    Who never came is stored by it, as joined now: whoever they are, they are banned when they come.
    """
    update: Document = {
        "$set": {"is_banned": True, "ban_reason": reason, "banned_until": until},
        "$setOnInsert": _new_user_defaults(now),
    }
    try:
        return await _banned(user_id, update)
    except AlreadyThere:
        # they came for the first time between our look and our insert
        return await _banned(user_id, update)


async def _banned(user_id: int, update: Document) -> User:
    document = await users().find_one_and_update({"user_id": user_id}, update, upsert=True, projection=FIELDS)
    assert document is not None, "an upsert returns what it wrote"
    return to_user(document)


def _new_user_defaults(now: datetime) -> Document:
    return {
        "username": None,
        "first_name": "",
        "language": None,
        "credits": 0,
        "pass_until": None,
        "blocked_at": None,
        "joined_at": now,
        "last_seen_at": now,
        "source": None,
    }


async def unban(user_id: int) -> bool:
    """Let a person in again; atomic. False when they are not banned; a ban that ran out counts as one."""
    back: Document = {"is_banned": False, "ban_reason": None, "banned_until": None}
    return await users().update_one({"user_id": user_id, "is_banned": True}, {"$set": back})


# broadcasts they want or not


async def stop_news(user_id: int, now: datetime) -> bool:
    """Send the person no broadcasts from now on; atomic. False when unknown, or when they had stopped them before."""
    condition = {"user_id": user_id, "news_stopped_at": None}
    return await users().update_one(condition, {"$set": {"news_stopped_at": now}})


async def resume_news(user_id: int) -> bool:
    """Send the person broadcasts again; atomic. False when unknown, or when they get them anyway."""
    condition = {"user_id": user_id, "news_stopped_at": {"$ne": None}}
    return await users().update_one(condition, {"$set": {"news_stopped_at": None}})


async def find_news_stopped(since: datetime, *, after: int | None, until: int | None, limit: int) -> list[int]:
    """Up to `limit` user ids, ascending, of people who stopped them at `since` or later.

    Above `after`, and no higher than `until` (None: to the last).
    """
    ids: Document = {"$gt": after or 0} if until is None else {"$gt": after or 0, "$lte": until}
    condition = {"user_id": ids, "news_stopped_at": {"$gte": since}}
    found = await users().find(condition, limit=limit, sort=[("user_id", 1)], projection=["user_id"])
    return [document["user_id"] for document in found]


# the post that was asked for when a channel was still to be joined


async def set_pending_post(user_id: int, code: str, now: datetime) -> bool:
    """Remember the post a person asked for, in place of an earlier one; atomic. False when they never came."""
    return await users().update_one({"user_id": user_id}, {"$set": {"pending_code": code, "pending_at": now}})


async def pop_pending_post(user_id: int, code: str, since: datetime, update_key: str = "") -> bool:
    """Take off the post `code` if it was asked for at `since` or later; one conditional update.

    Of concurrent calls exactly one gets True. `update_key` names the update it is popped for: when that update comes
    again (its answer was lost, or the process was killed), it gets True again. False for every other.
    """
    condition: Document = {"user_id": user_id, "pending_code": code, "pending_at": {"$gte": since}}
    popped: Document = {"code": code, "update_key": update_key}
    change: Document = {"pending_code": None, "pending_at": None, "popped_post": popped}
    if await users().update_one(condition, {"$set": change}):
        return True
    if not update_key:
        return False
    again: Document = {"user_id": user_id, "popped_post": popped}
    return await users().find_one(again, projection=["user_id"]) is not None

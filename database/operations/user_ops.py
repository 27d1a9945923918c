"""Subscribers (collection `users`). Credits and passes: `user_credits`."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Any

from core.clock import to_milliseconds
from core.errors import AlreadyThere
from core.statistics.events import Event, Mark
from core.users import STRAY_ANSWERED_EVERY, User, Visitor, user_words, username_key
from database.collection import Collection
from database.connection import current_database
from database.readable import reader, record_of
from database.uncounted import FIELD as UNCOUNTED
from database.values import Document

#: fields that are read of a user; the keys of grants are not
FIELDS = tuple(User.model_fields)


def users() -> Collection:
    """Return the collection."""
    return current_database().collection("users")


#: makes a user of a document
READ = reader(User)


def to_user(document: Document | None) -> Awaitable[User | None]:
    """Return the record of a document, None for none. Raises UnreadableRow."""
    return record_of(users(), document, READ)


async def upsert_visitor(
    visitor: Visitor, now: datetime, *, source: str | None = None, is_writing: bool = True
) -> tuple[User, bool]:
    """Upsert the visitor; returns the record and whether it is new.

    One upsert: names, username, the words they are found by, a language that is known and `last_seen_at` are refreshed;
    `blocked_at` and `deactivated_at` are cleared unless `is_writing` is False, because anyone who writes has not
    blocked the bot; `joined_at`, credits and `source` are set for new users only. Of concurrent calls for a new user
    exactly one returns True. The first call that is writing is counted as the first Start.
    """
    seen: Document = {
        "username": visitor.username,
        "first_name": visitor.first_name,
        "last_name": visitor.last_name,
        "last_seen_at": to_milliseconds(now),
        "words": list(user_words(visitor.first_name, visitor.username, visitor.last_name)),
        "username_key": username_key(visitor.username),
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
    (seen if visitor.language else first)["language"] = visitor.language
    (seen if is_writing else first)["blocked_at"] = None
    if is_writing:
        seen["deactivated_at"] = None
        inserted = first | {UNCOUNTED: [Mark(Event.NEW, now).text]}
    else:
        inserted = first | {"has_started": False}
    before = await _upsert(visitor.user_id, {"$set": seen, "$setOnInsert": inserted})
    if is_writing and (before is None or before.get("has_started") is False):
        await _note_start(visitor.user_id, now, is_known=before is not None)
    known = first if before is None else before
    user = await to_user({"_id": None, **known, **seen, "user_id": visitor.user_id})
    assert user is not None, "the record of a document"
    return user, before is None


async def _note_start(user_id: int, now: datetime, *, is_known: bool) -> None:
    """Have the first Start counted; of a user who was stored before it with one conditional update."""
    if is_known:
        started: Document = {"$set": {"has_started": True}, "$addToSet": {UNCOUNTED: Mark(Event.NEW, now).text}}
        await users().update_one({"user_id": user_id, "has_started": False}, started)
    current_database().uncounted.note("users")


async def _upsert(user_id: int, update: dict[str, Any]) -> Document | None:
    """Return the document as it was before; None for a new user."""
    try:
        return await _updated(user_id, update)
    except AlreadyThere:
        # a concurrent call inserted the same new user: now there is a document to update
        return await _updated(user_id, update)


async def _updated(user_id: int, update: dict[str, Any]) -> Document | None:
    fields = (*FIELDS, "has_started")
    return await users().find_one_and_update({"user_id": user_id}, update, upsert=True, before=True, projection=fields)


async def find(user_id: int) -> User | None:
    """Return the user's record, or None."""
    document = await users().find_one({"user_id": user_id}, projection=FIELDS)
    return await to_user(document)


async def mark_blocked(user_id: int, at: datetime) -> bool:
    """Record since when the user has blocked the bot; atomic. False when unknown or recorded before."""
    return await _block({"user_id": user_id, "blocked_at": None}, {"blocked_at": at}, at)


async def _block(condition: Document, change: Document, at: datetime) -> bool:
    is_changed = await users().update_one(
        condition, {"$set": change, "$addToSet": {UNCOUNTED: Mark(Event.BLOCKED, at).text}}
    )
    current_database().uncounted.note("users")
    return is_changed


async def mark_deactivated(user_id: int, at: datetime) -> bool:
    """Record since when the user's account is deactivated, which also sets `blocked_at`; atomic.

    False when unknown or recorded before.
    """
    gone = {"deactivated_at": at, "blocked_at": at}
    # one who had blocked the bot before was counted then
    is_new = await _block({"user_id": user_id, "deactivated_at": None, "blocked_at": None}, gone, at)
    return is_new or await users().update_one({"user_id": user_id, "deactivated_at": None}, {"$set": gone})


async def mark_unblocked(user_id: int) -> bool:
    """Clear the block; atomic. False when unknown or not blocked."""
    condition = {"user_id": user_id, "blocked_at": {"$ne": None}}
    return await users().update_one(condition, {"$set": {"blocked_at": None, "deactivated_at": None}})


async def choose_language(user_id: int, language: str) -> bool:
    """Record the language the user chose for the bot; atomic. False when unknown."""
    return await users().update_one({"user_id": user_id}, {"$set": {"chosen_language": language}})


async def count() -> int:
    """Count the subscribers: those who pressed Start."""
    # every id of a user is positive; without a condition MongoDB would read every document
    return await users().count({"user_id": {"$gt": 0}}) - await users().count({"has_started": False})


# bans


async def ban(user_id: int, now: datetime, *, reason: str | None, until: datetime | None) -> User:
    """Ban a user until `until`, None for ever; returns the user. One upsert.

    An unknown user is inserted as joined now, so that they are banned when they open the bot.
    """
    update: Document = {
        "$set": {"is_banned": True, "ban_reason": reason, "banned_until": until},
        "$setOnInsert": _new_user_defaults(now),
    }
    try:
        return await _banned(user_id, update)
    except AlreadyThere:
        # a concurrent call inserted the user
        return await _banned(user_id, update)


async def ban_if_free(user_id: int, now: datetime, *, reason: str | None, until: datetime | None) -> User | None:
    """Ban a stored user who is not banned now; one conditional update. None for anybody else: a ban stays as it is."""
    free: Document = {"$or": [{"is_banned": {"$ne": True}}, {"banned_until": {"$lte": now}}]}
    change: Document = {"$set": {"is_banned": True, "ban_reason": reason, "banned_until": until}}
    return await to_user(await users().find_one_and_update({"user_id": user_id, **free}, change, projection=FIELDS))


async def _banned(user_id: int, update: Document) -> User:
    document = await users().find_one_and_update({"user_id": user_id}, update, upsert=True, projection=FIELDS)
    user = await to_user(document)
    assert user is not None, "an upsert returns what it wrote"
    return user


def _new_user_defaults(now: datetime) -> Document:
    return {
        "username": None,
        "username_key": None,
        "first_name": "",
        "words": [],
        "language": None,
        "credits": 0,
        "pass_until": None,
        "blocked_at": None,
        "joined_at": now,
        "last_seen_at": now,
        "source": None,
        "has_started": False,
    }


async def unban(user_id: int) -> bool:
    """Remove the ban, also an expired one; atomic. False when the user is not banned."""
    return await _unban({"user_id": user_id, "is_banned": True})


async def end_ban(user_id: int, *, reason: str | None, until: datetime | None) -> bool:
    """Remove this very ban; atomic. False when there is none, or another one by now."""
    return await _unban({"user_id": user_id, "is_banned": True, "ban_reason": reason, "banned_until": until})


async def _unban(condition: Document) -> bool:
    not_banned: Document = {"is_banned": False, "ban_reason": None, "banned_until": None}
    return await users().update_one(condition, {"$set": not_banned})


async def note_stray(user_id: int, now: datetime) -> bool:
    """Record that the user was told now that the bot only sends posts; atomic.

    False when that was less than STRAY_ANSWERED_EVERY ago. A time in the future, by a clock put back since, is ignored.
    """
    lately: Document = {"$gt": now - STRAY_ANSWERED_EVERY, "$lte": now}
    condition: Document = {"user_id": user_id, "stray_told_at": {"$not": lately}}
    return await users().update_one(condition, {"$set": {"stray_told_at": now}})


# opting out of broadcasts


async def stop_news(user_id: int, now: datetime) -> bool:
    """Opt the user out of broadcasts; atomic. False when unknown or opted out before."""
    condition = {"user_id": user_id, "news_stopped_at": None}
    return await users().update_one(condition, {"$set": {"news_stopped_at": now}})


async def resume_news(user_id: int) -> bool:
    """Opt the user in to broadcasts again; atomic. False when unknown or not opted out."""
    condition = {"user_id": user_id, "news_stopped_at": {"$ne": None}}
    return await users().update_one(condition, {"$set": {"news_stopped_at": None}})


async def find_news_stopped(since: datetime, *, after: int | None, until: int | None, limit: int) -> list[int]:
    """Return up to `limit` user ids, ascending, of users who opted out at `since` or later.

    Above `after`, and no higher than `until` (None: no upper limit).
    """
    ids: Document = {"$gt": after or 0} if until is None else {"$gt": after or 0, "$lte": until}
    condition = {"user_id": ids, "news_stopped_at": {"$gte": since}}
    found = await users().find(condition, limit=limit, sort=[("user_id", 1)], projection=["user_id"])
    return [document["user_id"] for document in found]


# the post a subscriber requested before joining the required channels


async def set_pending_post(user_id: int, code: str, now: datetime, update_key: str = "") -> bool:
    """Store the post that was requested, in place of an earlier one; atomic. False when there is no such user.

    `update_key` identifies the update of the request.
    """
    pending: Document = {"pending_code": code, "pending_at": now, "pending_key": update_key}
    return await users().update_one({"user_id": user_id}, {"$set": pending})


async def pop_pending_post(user_id: int, code: str, since: datetime, update_key: str = "") -> bool:
    """Remove the pending post `code` if it was requested at `since` or later; one conditional update.

    Of concurrent calls exactly one gets True. `update_key` identifies the update: when it comes again, because its
    answer was lost or the process was killed, it gets True again. False in every other case.
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

"""Who is kept out, and until when. Used as part of `user_ops`."""

from datetime import datetime

from core.errors import AlreadyThere
from core.users import User
from database.operations.user_records import FIELDS, to_user, users
from database.values import Document


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

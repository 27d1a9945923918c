"""The document of a subscriber who is being erased: emptied at once, deleted at the end (collection `users`).

Until the end it says `erasing_at`: what the subscriber does meanwhile is answered, and not stored.
"""

from dataclasses import dataclass
from datetime import datetime

from database.operations.deletion_ops import LONG_AGO
from database.operations.user_ops import users
from database.values import Document

#: what a ban needs
_BAN = ("is_banned", "ban_reason", "banned_until")
_STAYS = frozenset({"_id", "user_id", "joined_at", *_BAN})


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the document of a subscriber is."""

    is_being_erased: bool
    #: a subscriber who came back after the erasure began
    is_new: bool


async def standing(user_id: int, asked_at: datetime) -> Standing | None:
    """Return how far the document is; None when there is none."""
    found = await users().find_one({"user_id": user_id}, projection=["erasing_at", "joined_at"])
    if found is None:
        return None
    joined_at, is_being_erased = found.get("joined_at"), found.get("erasing_at") is not None
    is_new = not is_being_erased and isinstance(joined_at, datetime) and joined_at > asked_at
    return Standing(is_being_erased, is_new)


async def empty(user_id: int, at: datetime) -> bool:
    """Remove everything of a subscriber but id and ban, and leave them out of broadcasts; False for an unknown one.

    Two commands, may be repeated; what is written in between is removed at the end.
    """
    found = await users().find_one({"user_id": user_id})
    if found is None:
        return False
    return await users().update_one({"user_id": user_id}, _emptied(found, at, erasing_at=at, news_stopped_at=at))


async def delete(user_id: int, now: datetime) -> bool:
    """Delete the emptied document; of a banned subscriber id and ban stay. False when it is not being erased."""
    being_erased: Document = {"user_id": user_id, "erasing_at": {"$ne": None}}
    banned = [{"is_banned": True, "banned_until": None}, {"is_banned": True, "banned_until": {"$gt": now}}]
    if await users().delete_one({**being_erased, "$nor": banned}):
        return True
    found = await users().find_one(being_erased)
    if found is None:
        return False
    # no time of theirs: not the day they came, and no visit
    return await users().update_one(being_erased, _emptied(found, now, joined_at=LONG_AGO, last_seen_at=now))


def _emptied(found: Document, at: datetime, **more: object) -> Document:
    left: Document = {"first_name": "", "credits": 0, "blocked_at": at, "last_seen_at": at, **more}
    gone = {name: "" for name in found if name not in _STAYS and name not in left}
    return {"$set": left, "$unset": gone} if gone else {"$set": left}

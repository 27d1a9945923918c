"""People who came once, never verified and hold nothing. Used as part of `housekeeping_ops`."""

from collections.abc import Sequence
from datetime import datetime

from core.verification import TokenStatus
from database.connection import current_database
from database.operations.user_ops import users
from database.values import Document


def _holds_nothing(seen_before: datetime, now: datetime) -> Document:
    """Everything their record says: a grant is a verification or a present, and opting out must not be forgotten."""
    return {
        "last_seen_at": {"$lt": seen_before},
        "credits": {"$not": {"$gt": 0}},
        "pass_until": {"$not": {"$gt": now}},
        "is_banned": {"$ne": True},
        "news_stopped_at": None,
        "grants.0": {"$exists": False},
        "charges": {"$in": [None, {}]},
    }


async def find_inactive(seen_before: datetime, now: datetime, limit: int, *, without: Sequence[int] = ()) -> list[int]:
    """Up to `limit` ids of people last seen before `seen_before` whose record holds nothing, longest ago first.

    `without`: those who stay for another reason and must not hide the ones behind them.
    """
    condition = _holds_nothing(seen_before, now)
    if without:
        condition["user_id"] = {"$nin": list(without)}
    found = await users().find(condition, limit=limit, sort=[("last_seen_at", 1)], projection=["user_id"])
    return [document["user_id"] for document in found]


async def has_delivery_or_token(user_id: int) -> bool:
    """Whether a delivery of theirs is to be taken back, or a token of theirs was verified."""
    db = current_database()
    if await db.collection("pending_deletions").find_one({"user_id": user_id}, projection=["_id"]) is not None:
        return True
    verified = {"user_id": user_id, "status": TokenStatus.VERIFIED}
    return await db.collection("tokens").find_one(verified, projection=["_id"]) is not None


async def delete_inactive(user_id: int, seen_before: datetime, now: datetime) -> bool:
    """Forget this person if their record still says that they hold nothing and have not come back; atomic."""
    return await users().delete_one({"user_id": user_id, **_holds_nothing(seen_before, now)})

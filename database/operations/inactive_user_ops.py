"""Deletion of inactive users who hold nothing and owe nothing."""

from datetime import datetime

from core.privacy.times import OPT_OUT_KEPT
from core.verification import TokenStatus
from database.connection import current_database
from database.operations.deletion_ops import LONG_AGO, promise_homes
from database.operations.user_ops import users
from database.operations.walks import Place, from_place, place_after
from database.values import Document


def _holds_nothing(seen_before: datetime, now: datetime) -> Document:
    """Condition on the user's own document: no credits, no pass or ban in force, and no recent opting out of news.

    Those who were imported have as long to come as those who were seen then.
    """
    not_banned = [{"is_banned": {"$ne": True}}, {"banned_until": {"$lte": now}}]
    takes_news = [{"news_stopped_at": None}, {"last_seen_at": {"$lt": now - OPT_OUT_KEPT}}]
    return {
        "last_seen_at": {"$lt": seen_before},
        "credits": {"$not": {"$gt": 0}},
        "pass_until": {"$not": {"$gt": now}},
        "imported_at": {"$not": {"$gte": seen_before}},
        "$and": [{"$or": not_banned}, {"$or": takes_news}],
    }


async def find_inactive(
    seen_before: datetime, now: datetime, limit: int, after: Place | None = None
) -> tuple[list[int], Place | None]:
    """Return up to `limit` ids of users last seen before `seen_before` who hold nothing, longest ago first.

    `after`: where the page before ended; also returns where this one does, None at the last one.
    """
    condition = from_place(_holds_nothing(seen_before, now), "last_seen_at", after)
    found = await users().find(
        condition, limit=limit, sort=[("last_seen_at", 1)], projection=["user_id", "last_seen_at"]
    )
    return [document["user_id"] for document in found], place_after(found, "last_seen_at", limit, after)


async def has_delivery_or_token(user_id: int, now: datetime) -> bool:
    """Return whether the user has a delivery to be deleted, a paid copy that stays, or a verified token."""
    promised: Document = {"user_id": user_id, "delete_at": {"$gt": LONG_AGO}}
    for home in promise_homes():
        if await home.find_one(promised, projection=["_id"]) is not None:
            return True
    paid: Document = {"user_id": user_id, "paid_until": {"$gt": now}}
    if await current_database().collection("deliveries").find_one(paid, projection=["_id"]) is not None:
        return True
    verified = {"user_id": user_id, "status": TokenStatus.VERIFIED}
    return await current_database().collection("tokens").find_one(verified, projection=["_id"]) is not None


async def delete_inactive(user_id: int, seen_before: datetime, now: datetime) -> bool:
    """Delete the user if they still hold nothing and have not been seen since; atomic. False when kept."""
    return await users().delete_one({"user_id": user_id, **_holds_nothing(seen_before, now)})

"""Who wants no broadcasts. Used as part of `user_ops`."""

from datetime import datetime

from database.operations.user_records import users
from database.values import Document


async def stop_news(user_id: int, now: datetime) -> bool:
    """Send the person no broadcasts from now on; atomic. False when unknown, or when they had stopped them before."""
    condition = {"user_id": user_id, "news_stopped_at": None}
    return await users().update_one(condition, {"$set": {"news_stopped_at": now}})


async def want_news(user_id: int) -> bool:
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

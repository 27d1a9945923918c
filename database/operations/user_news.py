"""Who wants no broadcasts. Used as part of `user_ops`."""

from datetime import datetime

from database.operations.user_records import users


async def stop_news(user_id: int, now: datetime) -> bool:
    """Send the person no broadcasts from now on; atomic. False when unknown, or when they had stopped them before."""
    condition = {"user_id": user_id, "news_stopped_at": None}
    return await users().update_one(condition, {"$set": {"news_stopped_at": now}})


async def want_news(user_id: int) -> bool:
    """Send the person broadcasts again; atomic. False when unknown, or when they get them anyway."""
    condition = {"user_id": user_id, "news_stopped_at": {"$ne": None}}
    return await users().update_one(condition, {"$set": {"news_stopped_at": None}})

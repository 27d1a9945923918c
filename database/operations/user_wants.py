"""The post somebody asked for and could not have yet. Used as part of `user_ops`."""

from datetime import datetime

from database.operations.user_records import users
from database.values import Document


async def want(user_id: int, code: str, now: datetime) -> bool:
    """Remember the post a person asked for, in place of an earlier one; atomic. False when they never came."""
    return await users().update_one({"user_id": user_id}, {"$set": {"wanted_code": code, "wanted_at": now}})


async def pop_pending_post(user_id: int, code: str, since: datetime, update_key: str = "") -> bool:
    """Take off the post `code` if it was asked for at `since` or later; one conditional update.

    Of concurrent calls exactly one gets True. `update_key` names the update it is popped for: when that update comes
    again (its answer was lost, or the process was killed), it gets True again. False for every other.
    """
    condition: Document = {"user_id": user_id, "wanted_code": code, "wanted_at": {"$gte": since}}
    taken: Document = {"wanted_code": None, "wanted_at": None, "wanted_taken": {"code": code, "update_key": update_key}}
    if await users().update_one(condition, {"$set": taken}):
        return True
    if not update_key:
        return False
    again: Document = {"user_id": user_id, "wanted_taken": {"code": code, "update_key": update_key}}
    return await users().find_one(again, projection=["user_id"]) is not None

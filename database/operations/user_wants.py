"""The post somebody asked for and could not have yet. Used as part of `user_ops`."""

from datetime import datetime

from database.operations.user_records import users
from database.values import Document


async def want(user_id: int, code: str, now: datetime) -> bool:
    """Remember the post a person asked for, in place of an earlier one; atomic. False when they never came."""
    return await users().update_one({"user_id": user_id}, {"$set": {"wanted_code": code, "wanted_at": now}})


async def take_wanted(user_id: int, since: datetime) -> str | None:
    """Take off the post that was asked for at `since` or later: its code, or None when there is none.

    One conditional update: of any number of calls at once exactly one gets it.
    """
    condition: Document = {"user_id": user_id, "wanted_at": {"$gte": since}}
    nothing: Document = {"wanted_code": None, "wanted_at": None}
    before = await users().find_one_and_update(condition, {"$set": nothing}, before=True, projection=["wanted_code"])
    return None if before is None else str(before["wanted_code"])

"""Open sessions of the admin page (collection `sessions`), one row for each sign-in, and how they are ended.

What refuses a session that was ended is in `session_ops`; without its row here it is only not listed.
"""

from datetime import datetime
from typing import Unpack

from core.team.sessions import OpenSession
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.operations import login_ops, session_ops
from database.readable import find_records, reader
from database.values import Document

#: makes a session of a document
READ = reader(OpenSession)
#: sessions listed, those that end last; a team is small
LISTED_MAX = 200


def _sessions() -> Collection:
    return current_database().collection("sessions")


async def add(session: OpenSession) -> None:
    """Insert the row of a new sign-in."""
    await _sessions().insert_one(session.model_dump())


async def listed(now: datetime, user_id: int | None = None) -> list[OpenSession]:
    """Return the open sessions, of one person or of all; at most LISTED_MAX, the latest sign-in first."""
    condition: Document = {"ends_at": {"$gt": now}}
    if user_id is not None:
        condition["user_id"] = user_id
    return await find_records(_sessions(), READ, condition, limit=LISTED_MAX, sort=[("ends_at", -1)])


async def end(sid: str, ends_at: datetime) -> bool:
    """End one session: each of its tokens is refused from now on. False when it was ended before. Idempotent."""
    # refused first: after a crash in between it is listed, and can be ended once more
    is_first = await session_ops.revoke(sid, ends_at)
    await _sessions().delete_one({"sid": sid})
    return is_first


async def end_all(user_id: int, now: datetime) -> None:
    """End every session of a person that started before `now`, with the links that could start one. Idempotent."""
    await login_ops.withdraw(user_id)
    await session_ops.refuse_before(user_id, now)
    await _sessions().delete_many({"user_id": user_id})


async def delete_ended(now: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete the rows of sessions that are over (`ends_at < now`), oldest first. Bounded by `bounds`, not atomic."""
    condition = {"ends_at": {"$lt": now}}
    return await delete_in_batches(current_database().bulk("sessions"), condition, "ends_at", **bounds)

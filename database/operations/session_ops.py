"""What signs nobody in any more (collection `revoked_sessions`).

A row is a session that was ended, a Mini App's data that was used, or a person with the time before which all of their
sessions are refused: its key is `all:<user id>`, a character no session's id has.
"""

from datetime import datetime
from typing import Unpack

from core.errors import AlreadyThere
from core.team.sessions import SESSION_FOR
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.values import Document


def _revoked() -> Collection:
    return current_database().collection("revoked_sessions")


async def revoke(jti: str, expires_at: datetime) -> bool:
    """Revoke the session token `jti`; one insert against a unique key: of concurrent calls one gets True.

    The row may be deleted after `expires_at`, when the token is expired anyway.
    """
    try:
        await _revoked().insert_one({"jti": jti, "expires_at": expires_at})
    except AlreadyThere:
        return False
    return True


async def refuse_before(user_id: int, not_before: datetime) -> None:
    """Refuse every session of a person that started before a time; an earlier such time changes nothing.

    One atomic upsert. The row may be deleted when the last of those sessions has ended by itself.
    """
    update: Document = {"$max": {"not_before": not_before, "expires_at": not_before + SESSION_FOR}}
    try:
        await _revoked().update_one({"jti": _all_of(user_id)}, update, upsert=True)
    except AlreadyThere:
        # another process inserted it in the same instant
        await _revoked().update_one({"jti": _all_of(user_id)}, update, upsert=True)


async def is_refused(user_id: int, since: datetime, sid: str = "") -> bool:
    """Return whether session `sid`, or any of the person that started at `since`, was ended. One command."""
    keys = [_all_of(user_id), sid]
    found = await _revoked().find({"jti": {"$in": keys}}, limit=len(keys), projection=["jti", "not_before"])
    return any(row["jti"] == sid or _is_before(since, row.get("not_before")) for row in found)


def _all_of(user_id: int) -> str:
    return f"all:{user_id}"


def _is_before(since: datetime, not_before: object) -> bool:
    # a time that cannot be read refuses everything: whoever wrote it meant to end sessions
    return not isinstance(not_before, datetime) or since < not_before


async def delete_expired_sessions(now: datetime | None = None, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete rows that are expired (`expires_at < now`, strictly), oldest first.

    Bounded by `bounds` (`database.batches`), not atomic; `now` defaults to the database's clock.
    """
    db = current_database()
    condition = {"expires_at": {"$lt": now or db.now()}}
    return await delete_in_batches(db.bulk("revoked_sessions"), condition, "expires_at", **bounds)

"""Sessions that were signed out (collection `revoked_sessions`)."""

from datetime import datetime
from typing import Unpack

from core.errors import AlreadyThere
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database


def _revoked() -> Collection:
    return current_database().collection("revoked_sessions")


async def revoke(jti: str, expires_at: datetime) -> bool:
    """Note that `jti` is not taken any more; one insert against a unique key: of any number of calls one gets True.

    The row may go after `expires_at`, when what it names is too old to be taken anyway.
    """
    try:
        await _revoked().insert_one({"jti": jti, "expires_at": expires_at})
    except AlreadyThere:
        return False
    return True


async def is_revoked(jti: str) -> bool:
    """Whether `revoke` was called for it, and its row still stands."""
    return await _revoked().find_one({"jti": jti}, projection=["_id"]) is not None


async def delete_expired_sessions(now: datetime | None = None, **bounds: Unpack[Bounds]) -> Deleted:
    """Forget revoked sessions that nobody could use any more (`expires_at < now`, strictly), oldest first.

    Bounded by `bounds`, not atomic; `now` is the database's clock when left out.
    """
    db = current_database()
    condition = {"expires_at": {"$lt": now or db.now()}}
    return await delete_in_batches(db.bulk("revoked_sessions"), condition, "expires_at", **bounds)

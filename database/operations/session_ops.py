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
    """Revoke the session token `jti`; one insert against a unique key: of concurrent calls one gets True.

    The row may be deleted after `expires_at`, when the token is expired anyway.
    """
    try:
        await _revoked().insert_one({"jti": jti, "expires_at": expires_at})
    except AlreadyThere:
        return False
    return True


async def is_revoked(jti: str) -> bool:
    """Return whether `jti` was revoked and its row not yet deleted."""
    return await _revoked().find_one({"jti": jti}, projection=["_id"]) is not None


async def delete_expired_sessions(now: datetime | None = None, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete revoked sessions that are expired (`expires_at < now`, strictly), oldest first.

    Bounded by `bounds` (`database.batches`), not atomic; `now` defaults to the database's clock.
    """
    db = current_database()
    condition = {"expires_at": {"$lt": now or db.now()}}
    return await delete_in_batches(db.bulk("revoked_sessions"), condition, "expires_at", **bounds)

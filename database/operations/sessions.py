"""What must never be taken again: sessions that were signed out, and what may sign in once."""

from datetime import datetime

from core.errors import AlreadyThere
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

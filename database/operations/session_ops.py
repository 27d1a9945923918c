"""Sessions that were signed out (`revoked_sessions`): those that have run out by themselves go."""

from datetime import datetime
from typing import Unpack

from database.batches import Bounds, Deleted, delete_in_batches
from database.connection import current_database


async def delete_expired_sessions(now: datetime | None = None, **bounds: Unpack[Bounds]) -> Deleted:
    """Forget revoked sessions that nobody could use any more (`expires_at < now`, strictly), oldest first.

    Bounded by `bounds`, not atomic; `now` is the database's clock when left out.
    """
    db = current_database()
    condition = {"expires_at": {"$lt": now or db.now()}}
    return await delete_in_batches(db.bulk("revoked_sessions"), condition, "expires_at", **bounds)

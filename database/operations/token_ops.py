"""Verification tokens and how many of them people asked for."""

from datetime import datetime
from typing import Unpack

from core.verification import TokenStatus
from database.batches import Bounds, Deleted, delete_in_batches
from database.connection import current_database

__all__ = ["Deleted", "delete_expired_and_used_tokens", "delete_unused_older_than", "reset_token_counts"]


async def delete_expired_and_used_tokens(now: datetime | None = None, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete tokens that are used (verified or bypassed) and expired (`expires_at < now`, strictly), oldest first.

    Unused tokens stay. Bounded by `bounds` (`batch_size`, `timeout_s`, `pause_ms`), not atomic; `now` is the
    database's clock when left out.
    """
    db = current_database()
    condition = {
        "expires_at": {"$lt": now or db.now()},
        "status": {"$in": [TokenStatus.VERIFIED, TokenStatus.BYPASSED]},
    }
    return await delete_in_batches(db.collection("tokens"), condition, "expires_at", **bounds)


async def delete_unused_older_than(cutoff: datetime, now: datetime | None = None, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete unused tokens that are expired and were made before `cutoff` (both strictly), oldest first.

    For the setting keep_unused_tokens_days. Bounded as `delete_expired_and_used_tokens`, not atomic.
    """
    db = current_database()
    condition = {
        "status": TokenStatus.UNUSED,
        "expires_at": {"$lt": now or db.now()},
        "created_at": {"$lt": cutoff},
    }
    # by age, not by expiry: of the expired nearly all are kept, and an order by expiry would go through them each time
    return await delete_in_batches(db.collection("tokens"), condition, "created_at", **bounds)


async def reset_token_counts(today: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete the daily counts of days before `today` (the midnight that began it), oldest first; today's stay.

    Bounded as `delete_expired_and_used_tokens`, not atomic.
    """
    counts = current_database().collection("token_generator_count")
    return await delete_in_batches(counts, {"date": {"$lt": today}}, "date", **bounds)

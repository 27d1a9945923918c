"""Verification tokens and how many of them people asked for."""

from datetime import datetime
from typing import Unpack

from core.verification import TokenStatus
from database.batches import Bounds, Deleted, delete_in_batches
from database.connection import current_database
from database.operations.token_counts import count_link, links_on, reset_token_counts, uncount_link
from database.operations.verification_tokens import (
    add,
    find,
    find_owed,
    mark_bypassed,
    mark_granted,
    mark_verified,
    open_tokens,
    redeem,
    return_replacement,
    take_replacement,
)

__all__ = [
    "Deleted",
    "add",
    "count_link",
    "delete_expired_and_used_tokens",
    "delete_unused_older_than",
    "find",
    "find_owed",
    "links_on",
    "mark_bypassed",
    "mark_granted",
    "mark_verified",
    "open_tokens",
    "redeem",
    "reset_token_counts",
    "return_replacement",
    "take_replacement",
    "uncount_link",
]


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
    return await delete_in_batches(db.bulk("tokens"), condition, "expires_at", **bounds)


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
    return await delete_in_batches(db.bulk("tokens"), condition, "created_at", **bounds)

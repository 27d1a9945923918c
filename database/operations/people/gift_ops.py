"""Gift links (collection `gifts`) and who claimed them (`gift_claims`).

A claim is one document, inserted at most once: its `_id` is that of the gift where the gift is for one, else that of
the gift and the subscriber. It is owed until it is paid out, so a crash between claim and credit loses nothing; the
payment itself is once for each gift and subscriber (`user_credits.grant`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack

from core.errors import AlreadyThere
from core.gifts.records import Gift, GiftClaim, claim_id
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.readable import find_records, reader, record_of
from database.values import Document

READ_GIFT = reader(Gift)
READ_CLAIM = reader(GiftClaim)


def _gifts() -> Collection:
    return current_database().collection("gifts")


def _claims() -> Collection:
    return current_database().collection("gift_claims")


async def create(gift: Gift) -> bool:
    """Insert a gift; False when its code is taken: it was made before. Atomic."""
    try:
        await _gifts().insert_one(gift.model_dump())
    except AlreadyThere:
        return False
    return True


async def find(code: str) -> Gift | None:
    """Return a gift, or None."""
    return await record_of(_gifts(), await _gifts().find_one({"code": code}), READ_GIFT)


async def find_open(now: datetime, *, skip: int, limit: int) -> tuple[list[Gift], bool]:
    """Return one page of the gifts that have not ended, the one that ends first on top, and whether more follow.

    One for one subscriber that was claimed is among them until its end. One command.
    """
    condition: Document = {"expires_at": {"$gte": now}, "cancelled_at": None}
    found = await find_records(_gifts(), READ_GIFT, condition, limit=limit + 1, skip=skip, sort=[("expires_at", 1)])
    return found[:limit], len(found) > limit


async def cancel(code: str, now: datetime) -> bool:
    """End a gift; what was claimed before is paid. Atomic; False when it is unknown or was cancelled before."""
    return await _gifts().update_one({"code": code, "cancelled_at": None}, {"$set": {"cancelled_at": now}})


async def claim(gift: Gift, user_id: int, now: datetime) -> GiftClaim | None:
    """Claim a gift for a subscriber: of concurrent calls for one claim exactly one inserts it.

    Returns the claim, also one this subscriber made before; None when the gift was for one and another one has it.
    Asks nothing about its state: a gift that ends between `find` and this is claimed all the same.
    """
    row: Document = {
        "_id": claim_id(gift, user_id),
        "code": gift.code,
        "user_id": user_id,
        "credits": gift.credits,
        "days": gift.days,
        "claimed_at": now,
        "is_owed": True,
        "expires_at": gift.expires_at,
    }
    try:
        await _claims().insert_one(row)
    except AlreadyThere:
        return await find_claim(gift, user_id)
    return READ_CLAIM(row)


async def find_claim(gift: Gift, user_id: int) -> GiftClaim | None:
    """Return what this subscriber claimed of the gift; None for nothing."""
    found = await record_of(_claims(), await _claims().find_one({"_id": claim_id(gift, user_id)}), READ_CLAIM)
    return found if found is not None and found.user_id == user_id else None


async def last_of(user_id: int, limit: int) -> list[GiftClaim]:
    """Return up to `limit` gifts the subscriber claimed, the latest first, while they are kept."""
    return await find_records(_claims(), READ_CLAIM, {"user_id": user_id}, limit=limit, sort=[("claimed_at", -1)])


async def count_claims(code: str) -> int:
    """Count who has claimed a gift, both of one and of many."""
    return await _claims().count({"code": code})


async def count_claims_of(codes: Sequence[str]) -> dict[str, int]:
    """Count who has claimed each of the gifts, without those nobody did; one command, none without codes."""
    if not codes:
        return {}
    group: Document = {"$group": {"_id": "$code", "count": {"$sum": 1}}}
    found = await _claims().aggregate({"code": {"$in": list(codes)}}, [group], at_most=len(codes))
    return {row["_id"]: int(row["count"]) for row in found}


async def mark_paid(claim_id_: str, now: datetime) -> bool:
    """Record that a claim was paid out; atomic. False when it is not owed."""
    change: Document = {"$set": {"is_owed": False, "paid_at": now}}
    return await _claims().update_one({"_id": claim_id_, "is_owed": True}, change)


async def find_owed(claimed_before: datetime, limit: int) -> list[GiftClaim]:
    """Return up to `limit` claims that are not paid out though made before `claimed_before`, the oldest first."""
    condition: Document = {"is_owed": True, "claimed_at": {"$lt": claimed_before}}
    return await find_records(_claims(), READ_CLAIM, condition, limit=limit, sort=[("claimed_at", 1)])


async def delete_over(before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete gifts that ended before `before`, the oldest first; bounded, not atomic, repeats its condition."""
    gifts = current_database().bulk("gifts")
    return await delete_in_batches(gifts, {"expires_at": {"$lt": before}}, "expires_at", **bounds)


async def delete_old_claims(before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete paid claims of gifts that ended before `before`; as `delete_over`. Owed ones stay until they are paid."""
    claims = current_database().bulk("gift_claims")
    return await delete_in_batches(claims, {"is_owed": False, "expires_at": {"$lt": before}}, "expires_at", **bounds)

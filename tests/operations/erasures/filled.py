"""A subscriber with something in every collection, and the search for them in all of them."""

from datetime import datetime, timedelta
from typing import Any

from core.broadcasts import BroadcastStatus, RecipientState
from core.ids import new_code
from core.users import Visitor
from core.verification import TokenStatus
from database.connection import Database
from database.operations import audit_ops, token_counts, user_credits, user_ops
from database.values import Document

#: ids that occur in nothing else
ALICE, BOB, OLIVE, BOT = 701_701_701, 702_702_702, 703_703_703, 42
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def delivery(user_id: int, now: datetime, **more: Any) -> Document:
    """Return the row of a delivery that stands and is deleted in half an hour."""
    code = new_code()
    return {
        "_id": f"{BOT}:{user_id}:{code}", "bot_id": BOT, "user_id": user_id, "chat_id": user_id, "post_code": code,
        "state": "sent", "count": 1, "owner": None, "until": None, "update_key": "m1", "update_keys": ["m1"],
        "opened_at": now, "sent_at": now, "delete_at": now + 30 * MINUTE, "message_ids": [7, 8],
        "notice_message_id": 9, "sweep_after": None, "sweep_before": None, "known_ids": [], **more,
    }  # fmt: skip


def recipient(broadcast_id: object, user_id: int, now: datetime, state: RecipientState, **more: Any) -> Document:
    """Return the row of a recipient."""
    return {
        "_id": f"{broadcast_id}:{user_id}", "broadcast_id": broadcast_id, "user_id": user_id, "state": state,
        "message_ids": [11], "sent_at": now, "owner": None, "bot_id": BOT, "sweep_after": None, "sweep_before": None,
        "error": None, **more,
    }  # fmt: skip


async def put(db: Database, collection: str, *documents: Document) -> None:
    await db.collection(collection).insert_many(documents)


async def broadcast(db: Database, now: datetime, **more: Any) -> Any:
    """Insert a broadcast that has rows; return its id."""
    fields: Document = {
        "key": new_code(), "status": BroadcastStatus.SENT, "created_at": now, "send_at": now, "finished_at": now,
        "are_rows_removed": False, "lifetime_minutes": 0, "is_recall_wanted": False, **more,
    }  # fmt: skip
    return await db.collection("broadcasts").insert_one(fields)


async def fill(db: Database, user_id: int, now: datetime) -> None:
    """Give a subscriber a row, or several, in every collection that can have one."""
    await user_ops.upsert_visitor(
        Visitor(user_id=user_id, username="alice", first_name="Alice", language="en"), now, source="insta"
    )
    await user_credits.grant(user_id, f"gift {user_id}", now, credits=9, pass_for=DAY)
    await put(
        db,
        "tokens",
        *(
            {"token": new_code(), "user_id": user_id, "status": status, "created_at": now, "expires_at": now + DAY}
            for status in (TokenStatus.UNUSED, TokenStatus.VERIFIED)
        ),
    )
    await token_counts.count_link(user_id, now, 15)
    await put(
        db,
        "deliveries",
        delivery(user_id, now),
        delivery(user_id, now, delete_at=None),
        delivery(user_id, now, state="unknown", message_ids=[], sweep_after=20, sweep_before=25),
        delivery(user_id, now, state="refused", delete_at=None, opened_at=None),
    )
    await put(
        db,
        "pending_deletions",
        {"user_id": user_id, "chat_id": user_id, "message_ids": [5], "delete_at": now + HOUR, "sent_at": now},
    )
    await put(
        db,
        "impossible_deletions",
        {"_id": f"{BOT}:{user_id}:x:1", "chat_id": user_id, "reason": "too_old", "at": now, "is_told": True},
    )
    claim = {"_id": f"gift:{user_id}", "code": "gift", "user_id": user_id, "claimed_at": now, "is_owed": False}
    await put(db, "gift_claims", claim)
    await put(db, "tries", {"_id": f"{user_id}:code:day", "user_id": user_id, "date": now, "step": 2, "is_due": False})
    await put(db, "memberships", {"chat_id": -100, "user_id": user_id, "status": "requested", "seen_at": now})
    await put(db, "send_pauses", {"_id": f"{BOT}:{user_id}", "bot_id": BOT, "chat": user_id, "until": now + HOUR})
    await audit_ops.record(now, OLIVE, "person.banned", str(user_id), None, {"reason": f"{user_id} is a spammer"})
    for more in ({}, {"lifetime_minutes": 60}):
        broadcast_id = await broadcast(db, now, **more)
        await put(db, "broadcast_recipients", recipient(broadcast_id, user_id, now, RecipientState.SENT))


def mentions(value: Any, user_id: int) -> bool:
    """Whether an id stands anywhere in a value: as a number, a key, or inside a text."""
    if isinstance(value, dict):
        return any(mentions(one, user_id) for pair in value.items() for one in pair)
    if isinstance(value, list | tuple):
        return any(mentions(one, user_id) for one in value)
    return value == user_id or str(user_id) in str(value)


async def found_in(db: Database, user_id: int) -> dict[str, int]:
    """Search every document of every collection; return how many mention the id, by collection."""
    found: dict[str, int] = {}
    for name in sorted(await db.collection_names()):
        documents = await db.collection(name).find({}, limit=100_000)
        if count := sum(mentions(one, user_id) for one in documents):
            found[name] = count
    return found

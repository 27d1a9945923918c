"""Deleting everything of a subscriber in all collections but `users`: `core.privacy.table` says what becomes of each.

Idempotent and not atomic: a killed erasure is made again from the front. What processes are in the middle of is left
to them, and reported, so that the erasure comes again.
"""

from dataclasses import dataclass
from datetime import datetime

from core.delivery_states import DeliveryState
from core.privacy.table import Erasure, of_subscribers
from database import unreadable_rows
from database.collection import Collection
from database.connection import current_database
from database.operations.erasures.erased_copies import erase_broadcast_copies, keep_promise
from database.uncounted import FIELD
from database.values import Document

#: rows read at once
PAGE = 200
#: takes the place of a subscriber in the activity log
MASK = "erased"
#: what the team does to subscribers; a member of the team is masked nowhere
_ABOUT_SUBSCRIBERS = {"$regex": r"^(person|subscriber|gift)\."}


@dataclass(slots=True)
class Pass:
    """What one search through all collections found."""

    #: rows deleted or masked
    removed: int = 0
    #: something is still in progress
    is_waiting: bool = False


def _of(name: str) -> Collection:
    return current_database().collection(name)


async def erase_rows(user_id: int, now: datetime, *, is_patient: bool) -> Pass:
    """Delete or mask all rows of a subscriber but their own document; what is to be deleted from the chat stays.

    `is_patient`: leave what is in progress; without it only what Telegram has to delete stays.
    """
    done = Pass()
    await _erase_deliveries(done, user_id, is_patient=is_patient)
    await erase_broadcast_copies(done, user_id, now, is_patient=is_patient)
    for one in of_subscribers():
        if one.erasure is Erasure.DELETED:
            removed = await _of(one.collection).delete_many({one.field: user_id})
            done.removed += removed
    about: Document = {"target": str(user_id), "action": _ABOUT_SUBSCRIBERS}
    masked = await _of("audit_log").update_many(about, {"$set": {"target": MASK, "before": None, "after": None}})
    done.removed += masked
    # promises of before: recorded without the subscriber when they cannot be fulfilled
    promised: Document = {"user_id": user_id, "is_erased": {"$ne": True}}
    await _of("pending_deletions").update_many(promised, {"$set": {"is_erased": True}})
    return done


async def _erase_deliveries(done: Pass, user_id: int, *, is_patient: bool) -> None:
    """Delete the rows of deliveries; one with copies to delete becomes a promise of its own first."""
    rows = _of("deliveries")
    mine: Document = {"user_id": user_id}
    if is_patient:
        at_rest: Document = {**mine, "state": {"$ne": DeliveryState.SENDING}, FIELD: None}
        busy: tuple[Document, ...] = ({"state": DeliveryState.SENDING}, {FIELD: {"$ne": None}})
        left = [await rows.find_one({**mine, **one}, projection=["_id"]) for one in busy]
        done.is_waiting = any(one is not None for one in left)
        mine = at_rest
    while True:
        found = await rows.find(mine, limit=PAGE)
        for row in found:
            await keep_promise(_promise_of(row))
            # as it was read: one that was started again since has other copies
            unchanged: Document = {"_id": row["_id"], "count": row.get("count"), "state": row.get("state")}
            is_removed = await rows.delete_one(unchanged)
            done.removed += is_removed
            await unreadable_rows.forget(f"deliveries:{row['_id']}")
        if len(found) < PAGE:
            return


def _promise_of(row: Document) -> Document | None:
    """Return the promise to delete the copies of a delivery, as `delivery_ops.put_aside` writes it; None for none."""
    if row.get("delete_at") is None:
        return None
    names = ("bot_id", "user_id", "chat_id", "message_ids", "notice_message_id", "post_code", "sent_at", "delete_at")
    bounds = ("sweep_after", "sweep_before", "known_ids")
    state = DeliveryState.UNKNOWN if row.get("state") == DeliveryState.SENDING else row.get("state")
    kept = {name: row.get(name) for name in (*names, *bounds)}
    return {"_id": f"{row['_id']}:{row.get('count', 0)}", **kept, "state": state}

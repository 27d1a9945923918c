"""Deliveries get a state and an owner; what a crash interrupted before the upgrade is left for recovery to explain.

Promises stay where they are. Moving one into its delivery would take it out of a backup that read `deliveries` before
and `pending_deletions` after.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.delivery_states import DeliveryState
from core.errors import AlreadyThere
from database.collection import Collection
from database.connection import Database
from database.migrations.steps import Change, Migration, RewriteDocuments
from database.operations.delivery_ops import delivery_id
from database.values import Document

#: only rows of the previous version have them, or lack `state`
_OLD = ("is_unfinished", "update_keys_at")
_READ = ("state", "user_id", "opened_at", "claimed_until", *_OLD)
#: of a row without any time
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _rewrite_delivery(row: Document) -> Change | None:
    if "state" in row and not row.keys() & set(_OLD):
        return None
    # `claimed_until` is a deleter's claim now; it was the end of a hold, and the only time of a failed delivery
    at = next((row[name] for name in ("opened_at", "claimed_until") if isinstance(row.get(name), datetime)), _EPOCH)
    state = _state_of(row)
    values: Document = {
        "state": state,
        "owner": None,
        # a lease that has run out
        "until": at if state is DeliveryState.SENDING else None,
        "sent_at": at,
        "chat_id": row.get("user_id"),
    }
    condition = {name: row.get(name, {"$exists": False}) for name in _READ}
    return Change(condition, {"$set": values, "$unset": dict.fromkeys(("claimed_until", *_OLD), "")})


def _state_of(row: Document) -> DeliveryState:
    if row.get("is_unfinished"):
        return DeliveryState.SENDING
    return DeliveryState.REFUSED if row.get("opened_at") is None else DeliveryState.SENT


@dataclass(frozen=True, slots=True)
class MarkInterrupted:
    """Give the delivery of each interrupted promise the state of one whose owner died. One command for each.

    Of several promises of one delivery the first counts: its request paid, the later ones came within the free time.
    """

    collection: str = "pending_deletions"
    fields: Sequence[str] = (
        "state",
        "bot_id",
        "user_id",
        "post_code",
        "message_ids",
        "notice_message_id",
        "request_key",
        "sent_at",
    )

    async def apply(self, db: Database, page: Sequence[Document]) -> None:
        for promise in page:
            if _was_interrupted(promise):
                await _mark_interrupted(db.bulk("deliveries"), promise)


def _was_interrupted(promise: Document) -> bool:
    """Whether it has neither copies nor a notice, so that nobody has told the subscriber. Unreadable ones: no."""
    return (
        "state" not in promise
        and promise.get("message_ids") == []
        and promise.get("notice_message_id") is None
        and isinstance(promise.get("bot_id"), int)
        and isinstance(promise.get("user_id"), int)
        and isinstance(promise.get("post_code"), str)
        and isinstance(promise.get("sent_at"), datetime)
    )


async def _mark_interrupted(deliveries: Collection, promise: Document) -> None:
    bot_id, user_id, post_code = promise["bot_id"], promise["user_id"], promise["post_code"]
    at, key = promise["sent_at"], promise.get("request_key") or ""
    interrupted: Document = {
        "bot_id": bot_id,
        "user_id": user_id,
        "chat_id": user_id,
        "post_code": post_code,
        "state": DeliveryState.SENDING,
        "owner": None,
        "until": at,
        "update_key": key,
    }
    missing: Document = {"opened_at": at, "sent_at": at, "update_keys": [key] if key else [], "count": 1}
    other: Document = {"_id": delivery_id(bot_id, user_id, post_code), "state": {"$ne": DeliveryState.SENDING}}
    try:
        await deliveries.update_one(other, {"$set": interrupted, "$setOnInsert": missing}, upsert=True)
    except AlreadyThere:
        # recovery will explain it already: nothing matched, and the insert met the same `_id`
        return


MIGRATION = Migration(
    2,
    "states of deliveries",
    (RewriteDocuments("deliveries", _READ, _rewrite_delivery), MarkInterrupted()),
)

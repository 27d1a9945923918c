"""What belongs to nothing any more. Used as part of `housekeeping_ops`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Unpack

from pydantic import ValidationError

from core.delivery import PendingDeletion
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.operations.deletion_ops import finish
from database.operations.impossible_deletions import record_impossible
from database.values import Document, to_key, with_id


@dataclass(frozen=True, slots=True)
class OverduePromise:
    """A promise that is overdue. Times are aware UTC."""

    id: str
    user_id: int
    sent_at: datetime
    delete_at: datetime


def _collection(name: str) -> Collection:
    return current_database().collection(name)


# promises nobody keeps


def _not_held(now: datetime) -> Document:
    return {"claimed_until": {"$not": {"$gt": now}}}


async def find_overdue_promises(
    due_before: datetime, now: datetime, limit: int, *, without: Sequence[str] = ()
) -> list[OverduePromise]:
    """Up to `limit` promises of all bots that were due before `due_before` and nobody holds, oldest first.

    `without`: ids that were looked at and must not hide those behind them. One that cannot be read is not among them,
    and takes no place of the `limit`.
    """
    condition: Document = {"delete_at": {"$lt": due_before}, **_not_held(now)}
    if without:
        condition["_id"] = {"$nin": [to_key(promise_id) for promise_id in without]}
    fields = ["user_id", "sent_at", "delete_at"]
    # of an older version, or mended by hand: the deleter puts it off and logs it
    condition |= {"sent_at": {"$lt": now}, "user_id": {"$gt": 0}}
    found = await _collection("pending_deletions").find(
        condition, limit=limit, sort=[("delete_at", 1)], projection=fields
    )
    return [OverduePromise(str(one["_id"]), one["user_id"], one["sent_at"], one["delete_at"]) for one in found]


async def find_deactivated(user_ids: Sequence[int]) -> set[int]:
    """Those of `user_ids` whose accounts are gone."""
    wanted = sorted(set(user_ids))
    if not wanted:
        return set()
    condition = {"user_id": {"$in": wanted}, "deactivated_at": {"$ne": None}}
    found = await _collection("users").find(condition, limit=len(wanted), projection=["user_id"])
    return {document["user_id"] for document in found}


async def give_up_promises(reasons: Mapping[str, str], owner: str, now: datetime, hold_for: timedelta) -> int:
    """End promises that cannot be kept: noted as impossible with their reason, then removed. Returns how many.

    `reasons` by the promises' ids. They are claimed for `owner` first, so that no deleter works on them; who holds one
    by now keeps it. Repeatable: after a crash each keeps its one row.
    """
    mine: Document = {"_id": {"$in": [to_key(promise_id) for promise_id in reasons]}}
    promises = _collection("pending_deletions")
    held = {"claimed_by": owner, "claimed_until": now + hold_for}
    await promises.update_many({**mine, **_not_held(now)}, {"$set": held})
    found = await promises.find({**mine, "claimed_by": owner}, limit=max(len(reasons), 1))
    records = [record for record in map(_readable, found) if record is not None]
    await record_impossible([(record, reasons[record.id]) for record in records], now)
    return await finish([record.id for record in records], owner)


def _readable(document: Document) -> PendingDeletion | None:
    try:
        return PendingDeletion.model_validate(with_id(document))
    except ValidationError:
        return None


# rows without a broadcast, memberships without a channel: one look per broadcast and channel, along an index


async def next_broadcast_with_rows(after: str | None) -> str | None:
    """The id of the broadcast behind `after` (None: the first) of which recipients' rows stand; None at the end."""
    condition: Document = {} if after is None else {"broadcast_id": {"$gt": to_key(after)}}
    row = await _collection("broadcast_recipients").find_one(
        condition, sort=[("broadcast_id", 1)], projection=["broadcast_id"]
    )
    return None if row is None else str(row["broadcast_id"])


async def has_broadcast(broadcast_id: str) -> bool:
    """Whether there is a broadcast of this id."""
    return await _collection("broadcasts").find_one({"_id": to_key(broadcast_id)}, projection=["_id"]) is not None


async def next_channel_with_memberships(after: int | None) -> int | None:
    """The channel behind `after` (None: the first) of whose people something is known; None at the end."""
    condition: Document = {} if after is None else {"chat_id": {"$gt": after}}
    known = await _collection("memberships").find_one(condition, sort=[("chat_id", 1)], projection=["chat_id"])
    return None if known is None else int(known["chat_id"])


async def has_channel(chat_id: int) -> bool:
    """Whether the channel is among those people must join, paused or not, readable or not."""
    return await _collection("channels").find_one({"chat_id": chat_id}, projection=["_id"]) is not None


async def delete_memberships_before(chat_id: int, heard_before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete what was heard of a channel's people before `heard_before`: were it added again meanwhile, the rest stays.

    Bounded by `bounds`, not atomic.
    """
    condition = {"chat_id": chat_id, "seen_at": {"$lt": heard_before}}
    return await delete_in_batches(current_database().bulk("memberships"), condition, "user_id", **bounds)

"""Documents without an owner: overdue promises, rows without a broadcast, memberships without a channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Unpack

from bson import ObjectId

from core.delivery import PendingDeletion
from core.verification import TokenStatus
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.operations.deletion_ops import AT_REST, finish, promise_homes, readable_promises
from database.operations.impossible_deletions import record_impossible
from database.operations.walks import Place, from_place, place_after
from database.values import Document, to_key


@dataclass(frozen=True, slots=True)
class OverduePromise:
    """A promise whose time has passed. Times are aware UTC."""

    id: str
    user_id: int
    sent_at: datetime
    delete_at: datetime


#: before the id of every broadcast
_FIRST_ID = ObjectId(bytes(12))


def _collection(name: str) -> Collection:
    return current_database().collection(name)


# overdue promises


def _not_claimed(now: datetime) -> Document:
    return {"claimed_until": {"$not": {"$gt": now}}}


async def find_overdue_promises(
    due_before: datetime, now: datetime, limit: int, *, without: Sequence[str] = ()
) -> list[OverduePromise]:
    """Return up to `limit` promises of all bots that were due before `due_before` and are not claimed, oldest first.

    Skips the ids in `without`, which were handled in this run, and promises that cannot be read.
    """
    condition: Document = {"delete_at": {"$lt": due_before}, **_not_claimed(now)}
    if without:
        condition["_id"] = {"$nin": [to_key(promise_id) for promise_id in without]}
    fields = ["user_id", "sent_at", "delete_at"]
    # without those of an older version or edited by hand, which the deleter logs and postpones
    condition |= {"sent_at": {"$lt": now}, "user_id": {"$gt": 0}, **AT_REST}
    found = [
        OverduePromise(str(one["_id"]), one["user_id"], one["sent_at"], one["delete_at"])
        for home in promise_homes()
        for one in await home.find(condition, limit=limit, sort=[("delete_at", 1)], projection=fields)
    ]
    return sorted(found, key=attrgetter("delete_at"))[:limit]


async def find_deactivated(user_ids: Sequence[int]) -> set[int]:
    """Return those of `user_ids` whose accounts are deactivated."""
    wanted = sorted(set(user_ids))
    if not wanted:
        return set()
    condition = {"user_id": {"$in": wanted}, "deactivated_at": {"$ne": None}}
    found = await _collection("users").find(condition, limit=len(wanted), projection=["user_id"])
    return {document["user_id"] for document in found if isinstance(document["user_id"], int)}


async def give_up_promises(
    reasons: Mapping[str, str], due_before: datetime, owner: str, now: datetime, hold_for: timedelta
) -> int:
    """Record promises as impossible, then delete them; returns how many.

    `reasons` by promise id; one that is not due before `due_before` any more is another delivery's by now. They are
    claimed for `owner` first, so that no deleter works on them; one that is claimed by another is left alone. May be
    repeated: after a crash each promise keeps its one row.
    """
    mine: Document = {"_id": {"$in": [to_key(promise_id) for promise_id in reasons]}}
    held = {"claimed_by": owner, "claimed_until": now + hold_for}
    records: list[PendingDeletion] = []
    for home in promise_homes():
        overdue = {**mine, "delete_at": {"$lt": due_before}, **_not_claimed(now), **AT_REST}
        await home.update_many(overdue, {"$set": held})
        claimed = await home.find({**mine, "claimed_by": owner}, limit=max(len(reasons), 1))
        records += await readable_promises(home, claimed)
    await record_impossible([(record, reasons[record.id]) for record in records], now)
    return await finish([record.id for record in records], owner)


# tokens without a user


def _unused(now: datetime) -> Document:
    return {"status": TokenStatus.UNUSED, "expires_at": {"$lt": now}}


async def find_unused_tokens(
    created_before: datetime, now: datetime, limit: int, after: Place | None = None
) -> tuple[dict[str, int], Place | None]:
    """Return the users of up to `limit` expired unused tokens by the id of the token, oldest first.

    `after`: where the page before ended; also returns where this one does, None at the last one.
    """
    condition = from_place({**_unused(now), "created_at": {"$lt": created_before}}, "created_at", after)
    found = await _collection("tokens").find(
        condition, limit=limit, sort=[("created_at", 1)], projection=["user_id", "created_at"]
    )
    users = {str(one["_id"]): one["user_id"] for one in found if isinstance(one.get("user_id"), int)}
    return users, place_after(found, "created_at", limit, after)


async def find_known_users(user_ids: Sequence[int]) -> set[int]:
    """Return those of `user_ids` that are stored users."""
    wanted = sorted(set(user_ids))
    if not wanted:
        return set()
    found = await _collection("users").find({"user_id": {"$in": wanted}}, limit=len(wanted), projection=["user_id"])
    return {document["user_id"] for document in found}


async def delete_unused_tokens(token_ids: Sequence[str], now: datetime) -> int:
    """Delete those of the tokens that are still unused and expired; returns how many. Each one atomically."""
    ids = [to_key(token_id) for token_id in token_ids]
    return await current_database().bulk("tokens").delete_many({"_id": {"$in": ids}, **_unused(now)})


# rows without a broadcast, memberships without a channel: one command per broadcast and channel, along an index


async def next_broadcast_with_rows(after: str | None) -> str | None:
    """Return the next broadcast id after `after` (None: the first) that has recipients' rows; None at the end."""
    # a range from below every id: rows without one are left out
    condition: Document = {"broadcast_id": {"$gt": _FIRST_ID if after is None else to_key(after)}}
    row = await _collection("broadcast_recipients").find_one(
        condition, sort=[("broadcast_id", 1)], projection=["broadcast_id"]
    )
    return None if row is None else str(row["broadcast_id"])


async def has_broadcast(broadcast_id: str) -> bool:
    """Return whether there is a broadcast with this id."""
    return await _collection("broadcasts").find_one({"_id": to_key(broadcast_id)}, projection=["_id"]) is not None


async def next_channel_with_memberships(after: int | None) -> int | None:
    """Return the next channel id after `after` (None: the first) that has memberships; None at the end."""
    # a range from below every chat: numbers only
    condition: Document = {"chat_id": {"$gt": -(1 << 62) if after is None else after}}
    known = await _collection("memberships").find_one(condition, sort=[("chat_id", 1)], projection=["chat_id"])
    return None if known is None else int(known["chat_id"])


async def has_channel(chat_id: int) -> bool:
    """Return whether the channel is stored, also a paused or unreadable one."""
    return await _collection("channels").find_one({"chat_id": chat_id}, projection=["_id"]) is not None


async def delete_memberships_before(chat_id: int, seen_before: datetime, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete a channel's memberships seen before `seen_before`: newer ones are needed if it was added again.

    Bounded by `bounds` (`database.batches`), not atomic.
    """
    condition = {"chat_id": chat_id, "seen_at": {"$lt": seen_before}}
    return await delete_in_batches(current_database().bulk("memberships"), condition, "user_id", **bounds)

"""The recipients of a broadcast: one row each, and every step of a row one conditional update.

A row's `_id` says whose it is: every server finds it by that at once, whatever else the condition asks.
"""

from collections.abc import Sequence
from datetime import datetime

from core.broadcasts import Recipient, RecipientState
from core.errors import AlreadyThere, StoreRefused
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.values import Document, to_key

#: rows looked at together when a process has vanished: far more than it can have had on their way
_LOST_AT_ONCE = 1000


def rows() -> Collection:
    """The collection."""
    return current_database().collection("broadcast_recipients")


def _of(broadcast_id: str, **more: object) -> Document:
    return {"broadcast_id": to_key(broadcast_id), **more}


def _id(broadcast_id: str, user_id: int) -> str:
    return f"{to_key(broadcast_id)}:{user_id}"


def _one(broadcast_id: str, user_id: int, **more: object) -> Document:
    return {"_id": _id(broadcast_id, user_id), **more}


# making them


async def add_recipients(broadcast_id: str, user_ids: Sequence[int]) -> None:
    """Give each of them a pending row; those who have one keep it. Not atomic, may be repeated.

    Raises StoreRefused when a row is refused for another reason than that it is there.
    """
    missing = list(user_ids)
    while missing:
        fresh = [_fresh(broadcast_id, user_id) for user_id in missing]
        try:
            await rows().insert_many(fresh)
            return
        except (AlreadyThere, StoreRefused):
            # an earlier try got this far, or another process is doing the same; of many at once a server says "refused"
            there = await rows().find(
                _of(broadcast_id, user_id={"$in": missing}), limit=len(missing), projection=["user_id"]
            )
            known = {row["user_id"] for row in there}
            if not known:
                raise
            missing = [user_id for user_id in missing if user_id not in known]


def _fresh(broadcast_id: str, user_id: int) -> Document:
    return {
        "_id": _id(broadcast_id, user_id),
        **_of(broadcast_id, user_id=user_id),
        "state": RecipientState.PENDING,
        "message_ids": [],
        "sent_at": None,
        "owner": None,
        "error": None,
    }


# sending


async def next_pending(broadcast_id: str, after: int, limit: int) -> list[int]:
    """Up to `limit` user ids above `after` whose turn has not come, ascending; `[]` when there are none."""
    condition = _of(broadcast_id, state=RecipientState.PENDING, user_id={"$gt": after})
    found = await rows().find(condition, limit=limit, sort=[("user_id", 1)], projection=["user_id"])
    return [row["user_id"] for row in found]


async def claim(broadcast_id: str, user_ids: Sequence[int], owner: str) -> list[int]:
    """Take rows for sending, each one atomically: pending to sending. Returns whose rows are `owner`'s now.

    Asked again after a lost answer it returns the same; `owner` must never have sent to any of them before.
    """
    wanted: Document = {"_id": {"$in": [_id(broadcast_id, user_id) for user_id in user_ids]}}
    change = {"$set": {"state": RecipientState.SENDING, "owner": owner}}
    taken = await rows().update_many({**wanted, "state": RecipientState.PENDING}, change)
    if taken == len(user_ids):
        return list(user_ids)
    mine = {**wanted, "state": RecipientState.SENDING, "owner": owner}
    found = await rows().find(mine, limit=len(user_ids), projection=["user_id"])
    return sorted(row["user_id"] for row in found)


async def release(broadcast_id: str, user_id: int, owner: str, error: str | None = None) -> bool:
    """Nothing was sent: the row waits again; atomic. False when it is not `owner`'s to send.

    After a lost answer it may be repeated as long as `owner` has not taken the row again.
    """
    mine = _one(broadcast_id, user_id, state=RecipientState.SENDING, owner=owner)
    waiting = {"state": RecipientState.PENDING, "owner": None, "error": error}
    return await rows().update_one(mine, {"$set": waiting})


async def mark_sent(
    broadcast_id: str, user_id: int, owner: str, message_ids: Sequence[int], sent_at: datetime, error: str | None = None
) -> bool:
    """It arrived; atomic, may be repeated. False when the row is not `owner`'s, or its copies were taken back since.

    Also when somebody gave the row up as unknown meanwhile: what is known beats what is not.
    """
    on_its_way = {"$in": [RecipientState.SENDING, RecipientState.UNKNOWN, RecipientState.SENT]}
    mine = _one(broadcast_id, user_id, owner=owner, state=on_its_way)
    arrived = {"state": RecipientState.SENT, "message_ids": list(message_ids), "sent_at": sent_at, "error": error}
    return await rows().update_one(mine, {"$set": arrived})


async def mark_not_sent(broadcast_id: str, user_id: int, owner: str, state: RecipientState, error: str) -> bool:
    """It ended without a message of ours that we know; atomic, may be repeated. False when the row is not `owner`'s.

    Also when somebody gave the row up as unknown meanwhile.
    """
    ended = {"$in": list({RecipientState.SENDING, RecipientState.UNKNOWN, state})}
    mine = _one(broadcast_id, user_id, owner=owner, state=ended)
    return await rows().update_one(mine, {"$set": {"state": state, "error": error}})


async def mark_lost_unknown(broadcast_id: str, owner: str) -> int:
    """Rows others than `owner` were sending when they vanished become unknown, each atomically; returns how many."""
    sending: Document = {"state": RecipientState.SENDING, "owner": {"$ne": owner}}
    change = {"$set": {"state": RecipientState.UNKNOWN, "error": "the process ended before Telegram answered"}}
    given_up = 0
    while True:
        lost = await rows().find(_of(broadcast_id, **sending), limit=_LOST_AT_ONCE, projection=["_id"])
        if lost:
            given_up += await rows().update_many({"_id": {"$in": [row["_id"] for row in lost]}, **sending}, change)
        if len(lost) < _LOST_AT_ONCE:
            return given_up


async def leave_out(broadcast_id: str, user_id: int) -> bool:
    """Skip a person whose turn has not come; atomic. False when it came, or they have no row."""
    waiting = _one(broadcast_id, user_id, state=RecipientState.PENDING)
    return await rows().update_one(waiting, {"$set": {"state": RecipientState.LEFT_OUT}})


async def count_states(broadcast_id: str) -> dict[str, int]:
    """Recipients by state, those that occur; one count on the server per state, not atomic together."""
    counted = {state.value: await rows().count(_of(broadcast_id, state=state)) for state in RecipientState}
    return {state: count for state, count in counted.items() if count}


# taking back


async def next_to_recall(
    broadcast_id: str, sent_until: datetime, limit: int, *, without: Sequence[int] = ()
) -> list[Recipient]:
    """Up to `limit` recipients whose copies stand and were sent at `sent_until` or earlier, oldest first.

    `without`: user ids that could not be served in this run and must not hide those behind them. Marking the others
    with `mark_recalled` is what makes the next call return new ones.
    """
    condition = _of(broadcast_id, state=RecipientState.SENT, sent_at={"$lte": sent_until})
    if without:
        condition["user_id"] = {"$nin": list(without)}
    found = await rows().find(condition, limit=limit, sort=[("sent_at", 1)])
    return [Recipient.model_validate({**document, "broadcast_id": broadcast_id}) for document in found]


async def mark_recalled(broadcast_id: str, user_id: int, state: RecipientState, error: str | None = None) -> bool:
    """Say what became of copies that stood: deleted or kept; atomic. False when the row is not (any more) sent."""
    standing = _one(broadcast_id, user_id, state=RecipientState.SENT)
    return await rows().update_one(standing, {"$set": {"state": state, "error": error}})


async def oldest_sent_at(broadcast_id: str) -> datetime | None:
    """When the oldest copies that still stand were sent; None when none stands."""
    row = await rows().find_one(
        _of(broadcast_id, state=RecipientState.SENT), sort=[("sent_at", 1)], projection=["sent_at"]
    )
    return None if row is None else row["sent_at"]


async def remove_rows(broadcast_id: str, bounds: Bounds) -> Deleted:
    """Delete the rows of a broadcast of which nothing can be taken back any more; bounded."""
    return await delete_in_batches(
        current_database().bulk("broadcast_recipients"), _of(broadcast_id), "user_id", **bounds
    )

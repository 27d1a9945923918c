"""Recipients of broadcasts (collection `broadcast_recipients`): one row each, every change one conditional update.

A row's `_id` is "broadcast:user", so that every server finds it by `_id`, whatever else the condition contains.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.broadcasts import Recipient, RecipientState
from core.errors import AlreadyThere, StoreRefused
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.readable import FIELD, find_records, not_set_aside
from database.values import A_DATE, Document, to_key

#: rows of one batch; far more than a killed process can have claimed
_LOST_BATCH = 1000
#: how far in the future the time of a row may be, by the clock of another machine
_CLOCKS_APART_MAX = timedelta(days=1)
#: no answer came, and it is known between which ids its copies are
_SWEEPABLE: Document = {"state": RecipientState.UNKNOWN, "sweep_after": {"$ne": None}, "sent_at": {"$ne": None}}
#: no answer came, and no id after it is known
_WITHOUT_BOUND: Document = {"state": RecipientState.UNKNOWN, "sweep_before": None}


@dataclass(frozen=True, slots=True)
class SentCopies:
    """The copies a recipient got."""

    user_id: int
    message_ids: Sequence[int]
    sent_at: datetime
    error: str | None = None


def rows() -> Collection:
    """Return the collection of recipients."""
    return current_database().collection("broadcast_recipients")


def read_recipient(document: Document) -> Recipient:
    """Return the recipient of a document. Raises ValidationError, and ValueError when its `_id` names somebody else."""
    recipient = Recipient.model_validate({**document, "broadcast_id": str(document["broadcast_id"])})
    if document["_id"] != _id(recipient.broadcast_id, recipient.user_id):
        # every change finds a row by its `_id`: of this one none would ever be recorded
        raise ValueError("_id")
    return recipient


def _of(broadcast_id: str, **more: object) -> Document:
    return {"broadcast_id": to_key(broadcast_id), **more}


def _id(broadcast_id: str, user_id: int) -> str:
    return f"{to_key(broadcast_id)}:{user_id}"


def _one(broadcast_id: str, user_id: int, **more: object) -> Document:
    return {"_id": _id(broadcast_id, user_id), **more}


# create


async def add_recipients(broadcast_id: str, user_ids: Sequence[int]) -> None:
    """Insert a pending row for each user that has none. Not atomic, may be repeated.

    Raises StoreRefused when a row is refused for another reason than that it exists.
    """
    missing = list(user_ids)
    while missing:
        fresh = [_fresh(broadcast_id, user_id) for user_id in missing]
        try:
            await rows().insert_many(fresh)
            return
        except (AlreadyThere, StoreRefused):
            # inserted by an earlier try, or by another process; a duplicate among many is StoreRefused
            found = await rows().find(
                _of(broadcast_id, user_id={"$in": missing}), limit=len(missing), projection=["user_id"]
            )
            known = {row["user_id"] for row in found}
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
    """Return up to `limit` user ids above `after` with a pending row, ascending; `[]` when there are none."""
    condition = _of(broadcast_id, state=RecipientState.PENDING, user_id={"$gt": after})
    found = await rows().find(condition, limit=limit, sort=[("user_id", 1)], projection=["user_id"])
    return [row["user_id"] for row in found]


async def claim(
    broadcast_id: str,
    user_ids: Sequence[int],
    owner: str,
    *,
    bot_id: int | None = None,
    sweep_after: int | None = None,
    at: datetime | None = None,
) -> list[int]:
    """Change pending rows to sending for `owner`, each atomically; returns the users whose rows are `owner`'s now.

    `bot_id`: whose message ids the rows will hold; `sweep_after`: the newest id it knew at `at`, which is when.

    Repeated after a lost answer it returns the same users; `owner` must not have sent to any of them before.
    """
    wanted: Document = {"_id": {"$in": [_id(broadcast_id, user_id) for user_id in user_ids]}}
    sending = {"state": RecipientState.SENDING, "owner": owner, "bot_id": bot_id, "sent_at": at}
    change = {"$set": {**sending, "sweep_after": sweep_after, "sweep_before": None}}
    taken = await rows().update_many({**wanted, "state": RecipientState.PENDING}, change)
    if taken == len(user_ids):
        return list(user_ids)
    mine = {**wanted, "state": RecipientState.SENDING, "owner": owner}
    found = await rows().find(mine, limit=len(user_ids), projection=["user_id"])
    return sorted(user_id for row in found if isinstance(user_id := row.get("user_id"), int))


async def release(broadcast_id: str, user_id: int, owner: str, error: str | None = None) -> bool:
    """Change the row back to pending, because nothing was sent; atomic. False when `owner` is not sending it.

    May be repeated as long as `owner` has not claimed the row again.
    """
    mine = _one(broadcast_id, user_id, state=RecipientState.SENDING, owner=owner)
    waiting = {"state": RecipientState.PENDING, "owner": None, "error": error, "sent_at": None}
    return await rows().update_one(mine, {"$set": waiting})


async def mark_sent(
    broadcast_id: str, user_id: int, owner: str, message_ids: Sequence[int], sent_at: datetime, error: str | None = None
) -> bool:
    """Record the copies that arrived; atomic, may be repeated. False when the row is not `owner`'s, or was recalled.

    Also replaces "unknown" and "swept", which other processes may have recorded meanwhile.
    """
    return await rows().update_one(*_sent(broadcast_id, owner, SentCopies(user_id, message_ids, sent_at, error)))


async def mark_each_sent(broadcast_id: str, owner: str, copies: Sequence[SentCopies]) -> int:
    """Do the same for many recipients in one command, atomically each; returns how many rows were `owner`'s.

    Raises StoreRefused when a row was refused; the others are written.
    """
    return await rows().update_each([_sent(broadcast_id, owner, one) for one in copies])


def _sent(broadcast_id: str, owner: str, copies: SentCopies) -> tuple[Document, Document]:
    """Return the condition and the change of a row whose copies arrived."""
    unsettled = {"$in": [RecipientState.SENDING, RecipientState.UNKNOWN, RecipientState.SWEPT, RecipientState.SENT]}
    sent = {
        "state": RecipientState.SENT,
        "message_ids": list(copies.message_ids),
        "sent_at": copies.sent_at,
        "error": copies.error,
    }
    return _one(broadcast_id, copies.user_id, owner=owner, state=unsettled), {"$set": sent}


async def mark_not_sent(broadcast_id: str, user_id: int, owner: str, state: RecipientState, error: str) -> bool:
    """Record an end without a known message; atomic, may be repeated. False when the row is not `owner`'s.

    Also replaces "unknown", which another process may have recorded meanwhile.
    """
    unsettled = {"$in": list({RecipientState.SENDING, RecipientState.UNKNOWN, state})}
    mine = _one(broadcast_id, user_id, owner=owner, state=unsettled)
    return await rows().update_one(mine, {"$set": {"state": state, "error": error}})


async def mark_lost_unknown(broadcast_id: str, owner: str) -> int:
    """Change rows that killed processes were sending to unknown, each atomically; returns how many.

    The caller holds the lease: any owner but `owner` has been killed or has lost it.
    """
    sending: Document = {"state": RecipientState.SENDING, "owner": {"$ne": owner}}
    change = {"$set": {"state": RecipientState.UNKNOWN, "error": "the process ended before Telegram answered"}}
    changed = 0
    while True:
        lost = await rows().find(_of(broadcast_id, **sending), limit=_LOST_BATCH, projection=["_id"])
        if lost:
            changed += await rows().update_many({"_id": {"$in": [row["_id"] for row in lost]}, **sending}, change)
        if len(lost) < _LOST_BATCH:
            return changed


async def bound_sweeps(broadcast_id: str, user_ids: Sequence[int], before: int) -> int:
    """Record `before` as the first id after the lost answers of these users; returns of how many.

    Each atomically, and only where none is recorded yet.
    """
    lost: Document = {"_id": {"$in": [_id(broadcast_id, user_id) for user_id in user_ids]}, **_WITHOUT_BOUND}
    return await rows().update_many(lost, {"$set": {"sweep_before": before}})


async def bound_earlier_sweeps(broadcast_id: str, owner: str, before: int) -> int:
    """Do the same for all answers lost by others than `owner`, which ended before `owner` began."""
    lost = _of(broadcast_id, **_WITHOUT_BOUND, owner={"$ne": owner})
    return await rows().update_many(lost, {"$set": {"sweep_before": before}})


async def leave_out(broadcast_id: str, user_id: int) -> bool:
    """Change a pending row to left_out; atomic. False when the row is not pending, or there is none."""
    waiting = _one(broadcast_id, user_id, state=RecipientState.PENDING)
    return await rows().update_one(waiting, {"$set": {"state": RecipientState.LEFT_OUT}})


async def count_states(broadcast_id: str) -> dict[str, int]:
    """Count recipients by state, without states that do not occur; one command per state, not atomic together."""
    counted = {state.value: await rows().count(_of(broadcast_id, state=state)) for state in RecipientState}
    return {state: count for state, count in counted.items() if count}


# recall


async def next_to_recall(
    broadcast_id: str, sent_until: datetime | None, limit: int, *, without: Sequence[int] = ()
) -> list[Recipient]:
    """Return up to `limit` recipients whose copies exist and were sent at `sent_until` or earlier, oldest first.

    `sent_until` None: whatever time is stored, or none. Skips the user ids in `without`, which failed in this run. The
    next call returns new recipients once these are passed to `mark_recalled`.
    """
    condition = _of(broadcast_id, state=RecipientState.SENT)
    if sent_until is not None:
        condition["sent_at"] = {"$lte": sent_until}
    if without:
        condition["user_id"] = {"$nin": list(without)}
    return await find_records(rows(), read_recipient, condition, limit=limit, sort=[("sent_at", 1)])


async def mark_recalled(broadcast_id: str, user_id: int, state: RecipientState, error: str | None = None) -> bool:
    """Record that sent copies were deleted, or that Telegram keeps them; atomic. False when the row is not sent."""
    sent = _one(broadcast_id, user_id, state=RecipientState.SENT)
    return await rows().update_one(sent, {"$set": {"state": state, "error": error}})


async def next_to_sweep(
    broadcast_id: str, sent_until: datetime | None, limit: int, *, without: Sequence[int] = ()
) -> list[Recipient]:
    """Return up to `limit` recipients whose answer was lost at a known place in the ids, oldest first.

    `sent_until` and `without` as in `next_to_recall`. The next call returns new recipients once these are passed to
    `mark_swept`.
    """
    condition = _of(broadcast_id, **_SWEEPABLE)
    if sent_until is not None:
        condition["sent_at"] = {"$lte": sent_until}
    if without:
        condition["user_id"] = {"$nin": list(without)}
    return await find_records(rows(), read_recipient, condition, limit=limit, sort=[("sent_at", 1)])


async def mark_swept(broadcast_id: str, user_id: int, error: str | None = None) -> bool:
    """Record that whatever had arrived was deleted; atomic. False when the row is not unknown any more.

    With `error`, that it could not be: the row stays unknown and is not swept again.
    """
    unknown = _one(broadcast_id, user_id, state=RecipientState.UNKNOWN)
    swept = {"state": RecipientState.SWEPT} if error is None else {"sweep_after": None, "error": error}
    return await rows().update_one(unknown, {"$set": swept})


async def oldest_to_sweep(broadcast_id: str, now: datetime) -> datetime | None:
    """Return when the oldest call was made of those that can be swept; None when there are none.

    Without rows that are set aside at `now`, and those whose time is no past one.
    """
    return await _oldest(_of(broadcast_id, **_SWEEPABLE), now)


async def oldest_sent_at(broadcast_id: str, now: datetime) -> datetime | None:
    """Return when the oldest existing copies were sent; None when there are none. Without rows as in the above."""
    return await _oldest(_of(broadcast_id, state=RecipientState.SENT), now)


async def _oldest(condition: Document, now: datetime) -> datetime | None:
    past = {**A_DATE, "$lt": now + _CLOCKS_APART_MAX}
    row = await rows().find_one(
        {**condition, "sent_at": past, **not_set_aside(now)}, sort=[("sent_at", 1)], projection=["sent_at"]
    )
    return None if row is None else row["sent_at"]


async def count_set_aside(broadcast_id: str, state: RecipientState, now: datetime) -> int:
    """Count recipients in `state` whose rows are set aside at `now`, because they cannot be read."""
    return await rows().count(_of(broadcast_id, state=state, **{FIELD: {"$gt": now}}))


async def count_of_unknown_state(broadcast_id: str) -> int:
    """Count rows in no state that is known here, and have those that cannot be read set aside."""
    condition = _of(broadcast_id, state={"$nin": list(RecipientState)})
    count = await rows().count(condition)
    if count:
        await find_records(rows(), read_recipient, condition, limit=1)
    return count


async def remove_rows(broadcast_id: str, bounds: Bounds) -> Deleted:
    """Delete the rows of a broadcast whose copies need no deletion any more; bounded, not atomic."""
    return await delete_in_batches(
        current_database().bulk("broadcast_recipients"), _of(broadcast_id), "user_id", **bounds
    )

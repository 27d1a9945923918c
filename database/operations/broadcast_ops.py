"""Broadcasts: what stands about each, and every change of its status one conditional update.

The rows of their recipients: `broadcast_rows`. Every change of status makes `is_shown` false, so that the admin's
progress message is brought up to date whatever happens in between.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from core.broadcasts import ENDED, UNFINISHED, Broadcast, BroadcastStatus, NewBroadcast, is_missed
from core.delivery import TELEGRAM_DELETE_LIMIT
from core.errors import AlreadyThere
from database.collection import Collection
from database.connection import current_database
from database.values import Document, to_key, to_stored, with_id

#: what a person can still ask back
_RECALLABLE: Document = {"$in": [*ENDED, BroadcastStatus.RECALLING]}
#: whose counts come from sending; a process that lost its lease must not write over those of an end
_COUNTED: Document = {"$in": [*UNFINISHED, BroadcastStatus.CANCELLED]}
#: I may have been away, or another broadcast took that long
_MISSED = "Nothing was sent: when its turn came, the time its copies were to stay had already passed."


def _broadcasts() -> Collection:
    return current_database().collection("broadcasts")


def _record(document: Document | None) -> Broadcast | None:
    return None if document is None else Broadcast.model_validate(with_id(document))


async def _change(
    broadcast_id: str, was: Sequence[BroadcastStatus], change: Document, **more: object
) -> Broadcast | None:
    """The broadcast as it is after the change; None when its status is none of `was`, or it is not there."""
    condition = {"_id": to_key(broadcast_id), "status": {"$in": list(was)}, **more}
    return _record(await _broadcasts().find_one_and_update(condition, {"$set": change}))


def _status(status: BroadcastStatus) -> Document:
    return {"status": status, "is_shown": False}


# making and finding


async def create(new: NewBroadcast) -> tuple[Broadcast, bool]:
    """Store a queued broadcast and return it, with True when it is new: of one `key` there is one."""
    fields: Document = {
        **new.model_dump(),
        **_status(BroadcastStatus.QUEUED),
        "started_at": None,
        "cursor": None,
        "is_filled": False,
        "finished_at": None,
        "delete_at": None,
        "is_recall_wanted": False,
        "counts": {},
        "error": None,
        "are_rows_removed": False,
    }
    try:
        made = await _broadcasts().insert_one(fields)
    except AlreadyThere:
        there = _record(await _broadcasts().find_one({"key": new.key}))
        if there is None:
            raise
        return there, False
    return Broadcast.model_validate({**to_stored(fields), "id": str(made)}), True


async def find(broadcast_id: str) -> Broadcast | None:
    """The broadcast, or None."""
    return _record(await _broadcasts().find_one({"_id": to_key(broadcast_id)}))


async def find_by_key(key: str) -> Broadcast | None:
    """The broadcast that was made of the draft `key`, or None."""
    return _record(await _broadcasts().find_one({"key": key}))


async def last(limit: int, skip: int = 0) -> list[Broadcast]:
    """Up to `limit` broadcasts, the latest made first."""
    found = await _broadcasts().find({}, limit=limit, skip=skip, sort=[("created_at", -1)])
    return [Broadcast.model_validate(with_id(document)) for document in found]


async def find_unfinished(limit: int) -> list[Broadcast]:
    """Up to `limit` broadcasts that still have something to send, the earliest planned first."""
    condition = {"status": {"$in": list(UNFINISHED)}}
    found = await _broadcasts().find(condition, limit=limit, sort=[("send_at", 1)])
    return [Broadcast.model_validate(with_id(document)) for document in found]


async def find_not_shown(limit: int) -> list[Broadcast]:
    """Up to `limit` broadcasts whose progress message has yet to show something."""
    found = await _broadcasts().find({"is_shown": False}, limit=limit, sort=[("created_at", 1)])
    return [Broadcast.model_validate(with_id(document)) for document in found]


async def mark_shown(broadcast_id: str, status: BroadcastStatus, counts: Mapping[str, int] | None = None) -> bool:
    """The progress message shows `status` for good; atomic. False when the status has changed meanwhile.

    With the `counts` that are shown there, as they were read, also when other ones have come.
    """
    condition: Document = {"_id": to_key(broadcast_id), "status": status}
    if counts is not None:
        condition["counts"] = dict(counts)
    return await _broadcasts().update_one(condition, {"$set": {"is_shown": True}})


async def set_progress_message(broadcast_id: str, chat_id: int, message_id: int) -> bool:
    """Watch it in another message from now on. False when there is no such broadcast."""
    place = {"progress_chat_id": chat_id, "progress_message_id": message_id, "is_shown": False}
    return await _broadcasts().update_one({"_id": to_key(broadcast_id)}, {"$set": place})


# sending


async def find_next(now: datetime) -> Broadcast | None:
    """What is to be sent now: what is half sent first, then what was planned for the earliest time; None: nothing."""
    sending = await _broadcasts().find({"status": BroadcastStatus.SENDING}, limit=1, sort=[("send_at", 1)])
    if sending:
        return _record(sending[0])
    queued = {"status": BroadcastStatus.QUEUED, "send_at": {"$lte": now}}
    return _record(await _broadcasts().find_one(queued, sort=[("send_at", 1)]))


async def start(broadcast: Broadcast, now: datetime) -> Broadcast | None:
    """Queued to sending, or, when its time was missed altogether, to failed; None: somebody else was first.

    What was begun before goes on with its old beginning, whatever the time. `broadcast` may be out of date: one that
    was begun since it was read is left alone.
    """
    return await _change(
        broadcast.id, [BroadcastStatus.QUEUED], _beginning(broadcast, now), started_at=broadcast.started_at
    )


def _beginning(broadcast: Broadcast, now: datetime) -> Document:
    sending = _status(BroadcastStatus.SENDING)
    if broadcast.started_at is not None:
        return sending
    if is_missed(broadcast.send_at, broadcast.lifetime_minutes, now):
        return {**_status(BroadcastStatus.FAILED), "finished_at": now, "error": _MISSED}
    if not broadcast.lifetime_minutes:
        return {**sending, "started_at": now}
    return {**sending, "started_at": now, "delete_at": now + timedelta(minutes=broadcast.lifetime_minutes)}


async def record_cursor(broadcast_id: str, cursor: int | None, *, is_filled: bool) -> bool:
    """Remember how far rows were made; False when there is no such broadcast, or when all of its rows are made.

    What a process says that fell behind does not undo the end of another.
    """
    change: Document = {"is_filled": is_filled}
    if cursor is not None:
        change["cursor"] = cursor
    return await _broadcasts().update_one({"_id": to_key(broadcast_id), "is_filled": False}, {"$set": change})


async def record_counts(broadcast_id: str, counts: Mapping[str, int]) -> Broadcast | None:
    """Write down how far it is, and look what admins want meanwhile; atomic. None: there is no such broadcast.

    One command while it is being sent. What was finished, or is being taken back, keeps the counts it has.
    """
    condition = {"_id": to_key(broadcast_id), "status": _COUNTED, "are_counts_final": {"$ne": True}}
    # a cancelled one may have been shown with the counts of a second ago
    change = {"counts": dict(counts), "is_shown": False}
    found = await _broadcasts().find_one_and_update(condition, {"$set": change})
    return await find(broadcast_id) if found is None else _record(found)


async def finish(
    broadcast_id: str, status: BroadcastStatus, now: datetime, counts: Mapping[str, int], error: str | None = None
) -> Broadcast | None:
    """Sending is over: sending to sent or failed; atomic. None when an admin was first."""
    ended = {**_status(status), "finished_at": now, "counts": dict(counts), "error": error}
    return await _change(broadcast_id, [BroadcastStatus.SENDING], ended)


# what admins want


async def pause(broadcast_id: str) -> Broadcast | None:
    """Sending to paused; None when it is not being sent."""
    return await _change(broadcast_id, [BroadcastStatus.SENDING], _status(BroadcastStatus.PAUSED))


async def resume(broadcast_id: str) -> Broadcast | None:
    """Paused to queued: it goes on when its turn comes; None when it is not paused."""
    return await _change(broadcast_id, [BroadcastStatus.PAUSED], _status(BroadcastStatus.QUEUED))


async def cancel(broadcast_id: str, now: datetime) -> Broadcast | None:
    """End it before everybody has it; None when it had ended."""
    ended = {**_status(BroadcastStatus.CANCELLED), "finished_at": now}
    return await _change(broadcast_id, UNFINISHED, ended)


async def request_recall(broadcast_id: str, now: datetime) -> Broadcast | None:
    """Take back at once all that was sent; None when it is still being sent, too old, or wanted before."""
    condition = {
        "_id": to_key(broadcast_id),
        "status": _RECALLABLE,
        "is_recall_wanted": False,
        "are_rows_removed": False,
        "finished_at": {"$gt": now - TELEGRAM_DELETE_LIMIT},
    }
    change = {**_status(BroadcastStatus.RECALLING), "is_recall_wanted": True, "delete_at": now}
    return _record(await _broadcasts().find_one_and_update(condition, {"$set": change}))


# taking back


async def find_expired(now: datetime, limit: int) -> list[Broadcast]:
    """Up to `limit` broadcasts of which something is due to be taken back (`delete_at <= now`), oldest first."""
    # a comparison with a time passes over what has none
    found = await _broadcasts().find({"delete_at": {"$lte": now}}, limit=limit, sort=[("delete_at", 1)])
    return [Broadcast.model_validate(with_id(document)) for document in found]


async def is_any_expired(now: datetime) -> bool:
    """Whether something is due to be taken back."""
    return await _broadcasts().find_one({"delete_at": {"$lte": now}}, projection=["_id"]) is not None


async def mark_recalling(broadcast_id: str) -> bool:
    """Begin (or go on with) the recall of one whose sending is over; atomic. False when it is not over, or recalled."""
    return (
        await _change(broadcast_id, [*ENDED, BroadcastStatus.RECALLING], _status(BroadcastStatus.RECALLING)) is not None
    )


async def postpone_recall(
    broadcast_id: str, delete_at: datetime, counts: Mapping[str, int], *, is_requested: bool = False
) -> bool:
    """Something of it is due again at `delete_at`; atomic. False when it is recalled, or was never there.

    `is_requested`: whether the caller knew that an admin asked for the recall of all copies. A caller that did not
    know of a request made meanwhile puts nothing off (False): the recall stays due at once.
    """
    condition: Document = {"_id": to_key(broadcast_id), "status": {"$ne": BroadcastStatus.RECALLED}}
    if not is_requested:
        condition["is_recall_wanted"] = False
    return await _broadcasts().update_one(condition, {"$set": {"delete_at": delete_at, "counts": dict(counts)}})


async def finish_recall(broadcast_id: str, counts: Mapping[str, int]) -> bool:
    """Nothing of it stands any more; atomic. False when it is not being recalled."""
    ended = {**_status(BroadcastStatus.RECALLED), "delete_at": None, "counts": dict(counts)}
    return await _change(broadcast_id, [BroadcastStatus.RECALLING], ended) is not None


async def find_with_removable_rows(before: datetime, limit: int) -> list[Broadcast]:
    """Up to `limit` broadcasts whose sending ended before `before` and whose rows still stand, oldest first.

    Those of which something is still to be taken back are not among them.
    """
    condition = {"are_rows_removed": False, "delete_at": None, "finished_at": {"$lt": before}}
    found = await _broadcasts().find(condition, limit=limit, sort=[("finished_at", 1)])
    return [Broadcast.model_validate(with_id(document)) for document in found]


async def finalize_counts(broadcast_id: str, counts: Mapping[str, int]) -> bool:
    """These are its counts for good, whatever becomes of its rows; atomic. False when they were fixed before."""
    condition = {"_id": to_key(broadcast_id), "are_counts_final": {"$ne": True}}
    change = {"counts": dict(counts), "are_counts_final": True}
    return await _broadcasts().update_one(condition, {"$set": change})


async def mark_rows_removed(broadcast_id: str, counts: Mapping[str, int]) -> bool:
    """Its counts are all that is left; atomic. False when that was known."""
    condition = {"_id": to_key(broadcast_id), "are_rows_removed": False}
    change = {"are_rows_removed": True, "delete_at": None, "counts": dict(counts)}
    return await _broadcasts().update_one(condition, {"$set": change})

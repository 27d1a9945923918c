"""Broadcasts (collection `broadcasts`): every change of status is one conditional update.

The rows of their recipients: `broadcast_rows`. Every change of status sets `is_shown` to False, so that the admin's
progress message is updated even after a crash.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from core.broadcasts import ENDED, UNFINISHED, Broadcast, BroadcastStatus, NewBroadcast, is_missed
from core.delivery import TELEGRAM_DELETE_LIMIT
from core.errors import AlreadyThere
from core.language import N_
from core.statistics.events import Event, Mark
from database.collection import Collection
from database.connection import current_database
from database.operations.walks import Place, from_place, place_after
from database.readable import find_records, not_set_aside, reader, record_of
from database.uncounted import FIELD as UNCOUNTED
from database.values import Document, to_key, to_stored

#: statuses from which a recall can be requested
_RECALLABLE: Document = {"$in": [*ENDED, BroadcastStatus.RECALLING]}
#: statuses whose counts come from sending; a process that lost its lease must not overwrite final counts
_COUNTED: Document = {"$in": [*UNFINISHED, BroadcastStatus.CANCELLED]}
#: after an outage, or when another broadcast took that long
_UNKNOWN_RECIPIENTS = N_("Another program sent it, and who got it is not known here: its copies were not deleted.")
_MISSED = N_("Nothing was sent: the time of its copies was over before its turn came.")


def _broadcasts() -> Collection:
    return current_database().collection("broadcasts")


#: makes a broadcast of a document
READ = reader(Broadcast)


async def _record(document: Document | None) -> Broadcast | None:
    return await record_of(_broadcasts(), document, READ)


async def _change(
    broadcast_id: str, was: Sequence[BroadcastStatus], change: Document, **more: object
) -> Broadcast | None:
    """Update a broadcast whose status is one of `was`; returns it after the change, None when nothing matched."""
    condition = {"_id": to_key(broadcast_id), "status": {"$in": list(was)}, **more}
    return await _record(await _broadcasts().find_one_and_update(condition, {"$set": change}))


def _status(status: BroadcastStatus) -> Document:
    return {"status": status, "is_shown": False}


# create and find


async def create(new: NewBroadcast) -> tuple[Broadcast, bool]:
    """Insert a queued broadcast; returns it and True, or the stored one with the same `key` and False."""
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
        broadcast_id = await _broadcasts().insert_one(fields)
    except AlreadyThere:
        stored = await _record(await _broadcasts().find_one({"key": new.key}))
        if stored is None:
            raise
        return stored, False
    return Broadcast.model_validate({**to_stored(fields), "id": str(broadcast_id)}), True


async def find(broadcast_id: str) -> Broadcast | None:
    """Return the broadcast, or None."""
    return await _record(await _broadcasts().find_one({"_id": to_key(broadcast_id)}))


async def find_by_key(key: str) -> Broadcast | None:
    """Return the broadcast that was created from the draft `key`, or None."""
    return await _record(await _broadcasts().find_one({"key": key}))


async def find_titles(keys: Iterable[str]) -> dict[str, tuple[str, datetime]]:
    """Return title and time of making by key, without unknown keys; one read, none without keys."""
    distinct = sorted(set(keys))
    if not distinct:
        return {}
    fields = ["key", "title", "created_at"]
    found = await _broadcasts().find({"key": {"$in": distinct}}, limit=len(distinct), projection=fields)
    return {row["key"]: (str(row.get("title", "")), row["created_at"]) for row in found}


async def last(limit: int, skip: int = 0) -> list[Broadcast]:
    """Return up to `limit` broadcasts, the latest created first."""
    return await find_records(_broadcasts(), READ, {}, limit=limit, skip=skip, sort=[("created_at", -1)])


async def find_unfinished(limit: int) -> list[Broadcast]:
    """Return up to `limit` broadcasts that have still to be sent, the earliest planned first."""
    condition = {"status": {"$in": list(UNFINISHED)}}
    return await find_records(_broadcasts(), READ, condition, limit=limit, sort=[("send_at", 1)])


async def find_begun(until: datetime, limit: int, after: Place | None = None) -> tuple[list[str], Place | None]:
    """Return up to `limit` ids of unfinished broadcasts planned for `until` or before, the earliest first.

    `after`: where the page before ended; also returns where this one does, None at the last one.
    """
    unfinished = {"status": {"$in": list(UNFINISHED)}, "send_at": {"$lte": until}}
    condition = from_place(unfinished, "send_at", after)
    found = await _broadcasts().find(condition, limit=limit, sort=[("send_at", 1)], projection=["send_at"])
    return [str(document["_id"]) for document in found], place_after(found, "send_at", limit, after)


async def find_not_shown(limit: int) -> list[Broadcast]:
    """Return up to `limit` broadcasts whose progress message is out of date, the oldest first."""
    return await find_records(_broadcasts(), READ, {"is_shown": False}, limit=limit, sort=[("created_at", 1)])


async def mark_shown(broadcast_id: str, status: BroadcastStatus, counts: Mapping[str, int] | None = None) -> bool:
    """Record that the progress message shows `status`; atomic. False when the status has changed meanwhile.

    With `counts`, the counts it shows, also False when those have changed.
    """
    condition: Document = {"_id": to_key(broadcast_id), "status": status}
    if counts is not None:
        condition["counts"] = dict(counts)
    return await _broadcasts().update_one(condition, {"$set": {"is_shown": True}})


async def set_progress_message(broadcast_id: str, chat_id: int, message_id: int, bot_id: int | None = None) -> bool:
    """Show the progress in another message, of `bot_id`, from now on; atomic. False when there is no such broadcast."""
    message = {
        "progress_chat_id": chat_id,
        "progress_message_id": message_id,
        "progress_bot_id": bot_id,
        "is_shown": False,
    }
    return await _broadcasts().update_one({"_id": to_key(broadcast_id)}, {"$set": message})


# sending


async def find_next(now: datetime) -> Broadcast | None:
    """Return the broadcast to send now, or None: one being sent first, then the due one that was planned earliest."""
    queued = {"status": BroadcastStatus.QUEUED, "send_at": {"$lte": now}}
    for condition in ({"status": BroadcastStatus.SENDING}, queued):
        found = await find_records(_broadcasts(), READ, condition, limit=1, sort=[("send_at", 1)])
        if found:
            return found[0]
    return None


async def start(broadcast: Broadcast, now: datetime) -> Broadcast | None:
    """Change a queued broadcast to sending, or to failed when its lifetime has passed; atomic.

    One that was started before continues with its old `started_at`. None when it is not queued, or was started since
    `broadcast` was read.
    """
    started = await _change(
        broadcast.id, [BroadcastStatus.QUEUED], _started(broadcast, now), started_at=broadcast.started_at
    )
    current_database().uncounted.note("broadcasts")
    return started


def _started(broadcast: Broadcast, now: datetime) -> Document:
    sending = _status(BroadcastStatus.SENDING)
    if broadcast.started_at is not None:
        return sending
    if is_missed(broadcast.send_at, broadcast.lifetime_minutes, now):
        return {**_status(BroadcastStatus.FAILED), "finished_at": now, "error": _MISSED}
    sending |= {"started_at": now, UNCOUNTED: [Mark(Event.STARTED, now).text]}
    if not broadcast.lifetime_minutes:
        return sending
    return {**sending, "delete_at": now + timedelta(minutes=broadcast.lifetime_minutes)}


async def record_cursor(broadcast_id: str, cursor: int | None, *, is_filled: bool) -> bool:
    """Record up to which user id recipients have rows; atomic.

    False when there is no such broadcast, or all rows were created: a slower process does not undo that.
    """
    change: Document = {"is_filled": is_filled}
    if cursor is not None:
        change["cursor"] = cursor
    return await _broadcasts().update_one({"_id": to_key(broadcast_id), "is_filled": False}, {"$set": change})


async def record_counts(broadcast_id: str, counts: Mapping[str, int]) -> Broadcast | None:
    """Record the counts and return the broadcast, with the status admins may have set; None when it is gone.

    Atomic, one command while it is being sent. A finished or recalled broadcast keeps its counts.
    """
    condition = {"_id": to_key(broadcast_id), "status": _COUNTED, "are_counts_final": {"$ne": True}}
    # a cancelled broadcast may have been shown with older counts
    change = {"counts": dict(counts), "is_shown": False}
    found = await _broadcasts().find_one_and_update(condition, {"$set": change})
    return await find(broadcast_id) if found is None else await _record(found)


async def finish(
    broadcast_id: str, status: BroadcastStatus, now: datetime, counts: Mapping[str, int], error: str | None = None
) -> Broadcast | None:
    """Change sending to sent or failed; atomic. None when it is not being sent: an admin was faster."""
    ended = {**_status(status), "finished_at": now, "counts": dict(counts), "error": error}
    return await _change(broadcast_id, [BroadcastStatus.SENDING], ended | _reached_mark(now))


def _reached_mark(now: datetime) -> Document:
    """Return the field by which the copies of a broadcast that ends are counted."""
    current_database().uncounted.note("broadcasts")
    return {UNCOUNTED: [Mark(Event.REACHED, now).text]}


# decisions of admins


async def pause(broadcast_id: str) -> Broadcast | None:
    """Change sending to paused; atomic. None when it is not being sent."""
    return await _change(broadcast_id, [BroadcastStatus.SENDING], _status(BroadcastStatus.PAUSED))


async def resume(broadcast_id: str) -> Broadcast | None:
    """Change paused to queued: it continues in its turn; atomic. None when it is not paused."""
    return await _change(broadcast_id, [BroadcastStatus.PAUSED], _status(BroadcastStatus.QUEUED))


async def cancel(broadcast_id: str, now: datetime) -> Broadcast | None:
    """Cancel a broadcast that has not ended; atomic. None when it has."""
    ended = {**_status(BroadcastStatus.CANCELLED), "finished_at": now}
    return await _change(broadcast_id, UNFINISHED, ended | _reached_mark(now))


async def request_recall(broadcast_id: str, now: datetime) -> Broadcast | None:
    """Start the recall of all copies; atomic. None when it is being sent, too old, or was requested before."""
    condition = {
        "_id": to_key(broadcast_id),
        "status": _RECALLABLE,
        "is_recall_wanted": False,
        "are_rows_removed": False,
        "finished_at": {"$gt": now - TELEGRAM_DELETE_LIMIT},
    }
    change = {**_status(BroadcastStatus.RECALLING), "is_recall_wanted": True, "delete_at": now}
    return await _record(await _broadcasts().find_one_and_update(condition, {"$set": change}))


# recall


async def find_expired(now: datetime, limit: int) -> list[Broadcast]:
    """Return up to `limit` broadcasts with copies due to be deleted (`delete_at <= now`), oldest first."""
    # the comparison does not match null
    due: Document = {"delete_at": {"$lte": now}}
    return await find_records(_broadcasts(), READ, due, limit=limit, sort=[("delete_at", 1)])


async def is_any_expired(now: datetime) -> bool:
    """Return whether any broadcast has copies due to be deleted."""
    due = {"delete_at": {"$lte": now}, **not_set_aside(now)}
    return await _broadcasts().find_one(due, projection=["_id"]) is not None


async def mark_recalling(broadcast_id: str) -> bool:
    """Change an ended broadcast to recalling; atomic, may be repeated. False when it is being sent, or recalled."""
    return (
        await _change(broadcast_id, [*ENDED, BroadcastStatus.RECALLING], _status(BroadcastStatus.RECALLING)) is not None
    )


async def postpone_recall(
    broadcast_id: str, delete_at: datetime, counts: Mapping[str, int], *, is_requested: bool = False
) -> bool:
    """Set when copies are due next; atomic. False when the broadcast is recalled, or there is none.

    `is_requested`: whether the caller knew that an admin requested the recall. A caller that missed a request
    postpones nothing (False): the recall stays due at once.
    """
    condition: Document = {"_id": to_key(broadcast_id), "status": {"$ne": BroadcastStatus.RECALLED}}
    if not is_requested:
        condition["is_recall_wanted"] = False
    return await _broadcasts().update_one(condition, {"$set": {"delete_at": delete_at, "counts": dict(counts)}})


async def finish_recall(broadcast_id: str, counts: Mapping[str, int]) -> bool:
    """Change recalling to recalled: no copy is left to delete; atomic. False when it is not being recalled."""
    ended = {**_status(BroadcastStatus.RECALLED), "delete_at": None, "counts": dict(counts)}
    return await _change(broadcast_id, [BroadcastStatus.RECALLING], ended) is not None


async def end_without_recipients(broadcast: Broadcast, now: datetime) -> bool:
    """End a broadcast of another program whose copies nobody can find; atomic. False when it has ended so before.

    It gets the fields of other rows, and says in its error that its copies stay.
    """
    ended = broadcast.model_dump(exclude={"id", "has_recipients", "delete_at"})
    ended |= {"status": BroadcastStatus.FAILED, "error": _UNKNOWN_RECIPIENTS, "delete_at": None}
    ended |= {"finished_at": now, "are_counts_final": True, "are_rows_removed": True}
    condition: Document = {"_id": to_key(broadcast.id), "status": None}
    return await _broadcasts().update_one(condition, {"$set": ended})


async def find_with_removable_rows(before: datetime, limit: int) -> list[Broadcast]:
    """Return up to `limit` broadcasts that ended before `before` and still have rows, oldest first.

    Without those whose copies are still to be deleted.
    """
    condition = {"are_rows_removed": False, "delete_at": None, "finished_at": {"$lt": before}}
    return await find_records(_broadcasts(), READ, condition, limit=limit, sort=[("finished_at", 1)])


async def finalize_counts(broadcast_id: str, counts: Mapping[str, int]) -> bool:
    """Record the final counts, before rows are removed; atomic. False when they were final before."""
    condition = {"_id": to_key(broadcast_id), "are_counts_final": {"$ne": True}}
    change = {"counts": dict(counts), "are_counts_final": True}
    return await _broadcasts().update_one(condition, {"$set": change})


async def mark_rows_removed(broadcast_id: str, counts: Mapping[str, int]) -> bool:
    """Record that the rows are removed; atomic. False when that was recorded before."""
    condition = {"_id": to_key(broadcast_id), "are_rows_removed": False}
    change = {"are_rows_removed": True, "delete_at": None, "counts": dict(counts)}
    return await _broadcasts().update_one(condition, {"$set": change})

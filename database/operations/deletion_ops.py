"""The promises to take deliveries back."""

import logging
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import itemgetter

from pydantic import ValidationError

from core.delivery import PendingDeletion
from database.collection import Collection
from database.connection import current_database
from database.values import Document, to_key, with_id

log = logging.getLogger("tollgate.database")

#: how long a promise nobody can read (an older version's, or mended by hand) is left alone
UNREADABLE_PAUSE = timedelta(days=1)

_UNCLAIMED: Document = {"claimed_by": None, "claimed_until": None, "claim": None}


def _promises() -> Collection:
    return current_database().collection("pending_deletions")


def _record(document: Document) -> PendingDeletion:
    return PendingDeletion.model_validate(with_id(document))


async def _readable(documents: Sequence[Document]) -> list[PendingDeletion]:
    """The promises among `documents` that can be read.

    One that cannot is put off by a day and logged: it must not stand in the way of all the others.
    """
    records, unreadable = [], []
    for document in documents:
        try:
            records.append(_record(document))
        except ValidationError as error:
            unreadable.append(document["_id"])
            log.error("promise.unreadable", extra={"promise": str(document["_id"]), "problems": error.error_count()})
    if unreadable:
        later = current_database().now() + UNREADABLE_PAUSE
        put_off = {**_UNCLAIMED, "not_before": later, "last_error": "this document cannot be read"}
        await _promises().update_many({"_id": {"$in": unreadable}}, {"$set": put_off})
    return records


async def promise(
    bot_id: int,
    user_id: int,
    chat_id: int,
    post_code: str,
    sent_at: datetime,
    delete_at: datetime,
    message_ids: Sequence[int] = (),
    *,
    request_key: str = "",
) -> str:
    """Write the intent to take a delivery back, before its messages leave; returns its id.

    `request_key` names the request it fulfils (the claim's `update_key`). It has no message ids yet:
    `record_messages` adds them, `withdraw` removes the row when nothing was sent.
    """
    key = await _promises().insert_one(
        {
            "bot_id": bot_id,
            "user_id": user_id,
            "chat_id": chat_id,
            "message_ids": list(message_ids),
            "notice_message_id": None,
            "post_code": post_code,
            "request_key": request_key,
            "sent_at": sent_at,
            "delete_at": delete_at,
            "attempts": 0,
            "not_before": None,
            "last_error": None,
            **_UNCLAIMED,
        }
    )
    return str(key)


async def record_messages(
    promise_id: str,
    message_ids: Sequence[int],
    delete_at: datetime | None = None,
    *,
    sent_at: datetime | None = None,
) -> bool:
    """Add the ids of the copies that were sent; atomic. False when the promise is gone.

    `sent_at`, `delete_at`: when they were sent and are taken back, if later than the intent said: the call may have
    waited, and Telegram counts its two days from when a message was there. Whoever had claimed the promise without them
    holds it no more, and it waits for nothing but its time: what they concluded from it is out of date.
    """
    known: Document = {"message_ids": list(message_ids), "not_before": None, **_UNCLAIMED}
    if delete_at is not None:
        known["delete_at"] = delete_at
    if sent_at is not None:
        known["sent_at"] = sent_at
    return await _promises().update_one({"_id": to_key(promise_id)}, {"$set": known})


async def record_notice(promise_id: str, notice_message_id: int) -> bool:
    """Add the id of the warning that tells when the delivery goes; atomic. False when the promise is gone."""
    return await _promises().update_one({"_id": to_key(promise_id)}, {"$set": {"notice_message_id": notice_message_id}})


async def was_promised(user_id: int, post_code: str, request_key: str) -> bool:
    """Whether the delivery of this post to this person that fulfils `request_key` has its promise."""
    condition = {"user_id": user_id, "post_code": post_code, "request_key": request_key}
    return await _promises().find_one(condition, projection=["_id"]) is not None


async def find_promise(user_id: int, post_code: str, request_key: str) -> PendingDeletion | None:
    """The promise `was_promised` tells of, or None; of several one without message ids, under which nothing was sent.

    None also for one that cannot be read: it is put off and logged.
    """
    condition = {"user_id": user_id, "post_code": post_code, "request_key": request_key}
    # nothing at the first place of the list comes before any id
    found = await _promises().find_one(condition, sort=[("message_ids.0", 1)])
    return None if found is None else next(iter(await _readable([found])), None)


async def withdraw(promise_id: str) -> bool:
    """Delete a promise under which nothing was sent; atomic. False when it has message ids (it stays) or is gone."""
    return await _promises().delete_one({"_id": to_key(promise_id), "message_ids": []})


def _due(now: datetime) -> Document:
    # {"$not": {"$gt": ...}} holds for absent, null and past alike
    return {
        "delete_at": {"$lte": now},
        "claimed_until": {"$not": {"$gt": now}},
        "not_before": {"$not": {"$gt": now}},
    }


async def claim_due(
    now: datetime, owner: str, hold_for: timedelta, limit: int, *, bot_id: int | None = None
) -> list[PendingDeletion]:
    """Take up to `limit` due promises, oldest first, for `owner` until `now + hold_for`; `[]` when none is due.

    With `bot_id` only that bot's: another bot can do nothing about them.

    Due: `delete_at <= now`, not held by anybody, `not_before` passed. Each promise is claimed by one conditional
    update, so two callers never get the same one while it is held; a crashed owner's come back after `hold_for`.
    With several callers at once one may get fewer than `limit` although more are due.
    """
    condition = _due(now) if bot_id is None else {**_due(now), "bot_id": bot_id}
    due = await _promises().find(condition, limit=limit, sort=[("delete_at", 1)], projection=["_id"])
    if not due:
        return []
    mine: Document = {"_id": {"$in": [document["_id"] for document in due]}}
    # the mark is this call's own: two runs of one owner do not see each other's claims as theirs
    update_key = secrets.token_hex(8)
    held = {"claimed_by": owner, "claimed_until": now + hold_for, "claim": update_key}
    if not await _promises().update_many({**mine, **_due(now)}, {"$set": held}):
        return []
    # sorted here: with an order on offer the server may prefer the index of `delete_at` to the few ids
    claimed = await _promises().find({**mine, "claim": update_key}, limit=limit)
    return await _readable(sorted(claimed, key=itemgetter("delete_at")))


async def finish(promise_ids: Sequence[str], owner: str) -> int:
    """Delete promises that reached their end, those `owner` still holds; returns how many. Each one atomically."""
    if not promise_ids:
        return 0
    keys = [to_key(promise_id) for promise_id in promise_ids]
    return await _promises().delete_many({"_id": {"$in": keys}, "claimed_by": owner})


async def release(
    promise_id: str, owner: str, *, not_before: datetime | None, error: str | None, attempts_inc: int = 1
) -> bool:
    """Release a claim for a later try, not before `not_before`; atomic. False when `owner` no longer holds it."""
    return await _promises().update_one(
        {"_id": to_key(promise_id), "claimed_by": owner},
        {"$set": {**_UNCLAIMED, "not_before": not_before, "last_error": error}, "$inc": {"attempts": attempts_inc}},
    )


async def release_all(owner: str, now: datetime) -> int:
    """Release every claim of `owner` without counting a try, when it stops; returns how many. Each one atomically.

    Only due promises (`delete_at <= now`) are looked at: no other is ever claimed.
    """
    return await _promises().update_many({"delete_at": {"$lte": now}, "claimed_by": owner}, {"$set": _UNCLAIMED})


async def find_interrupted(
    bot_id: int, sent_before: datetime, due_after: datetime, limit: int
) -> list[PendingDeletion]:
    """Up to `limit` promises of before `sent_before` that know neither messages nor notice, the soonest due first.

    After a crash these are the deliveries nobody can say of whether they arrived. `record_notice` takes one off.
    Those due at `due_after` or before are left out: that bounds what is looked at.
    """
    condition: Document = {
        "delete_at": {"$gt": due_after},
        "notice_message_id": None,
        "message_ids": [],
        "bot_id": bot_id,
        "sent_at": {"$lt": sent_before},
    }
    found = await _promises().find(condition, limit=limit, sort=[("delete_at", 1)])
    return await _readable(found)


async def count_overdue(now: datetime) -> int:
    """How many promises are due (`delete_at <= now`) and still stand, held or not."""
    return await _promises().count({"delete_at": {"$lte": now}})


async def next_due() -> datetime | None:
    """The earliest `delete_at` of all promises, held or not; None when there is none."""
    first = await _promises().find_one({}, sort=[("delete_at", 1)], projection=["delete_at"])
    return None if first is None else first["delete_at"]


async def open_deliveries(user_id: int, limit: int) -> list[PendingDeletion]:
    """Up to `limit` promises of this person, the one that goes first in front; `[]` when there are none."""
    found = await _promises().find({"user_id": user_id}, limit=limit, sort=[("delete_at", 1)])
    return await _readable(found)

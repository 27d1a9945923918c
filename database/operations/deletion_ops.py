"""Promises to delete deliveries (collection `pending_deletions`)."""

import logging
import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import itemgetter

from pydantic import ValidationError

from core.delivery import PendingDeletion
from database.collection import Collection
from database.connection import current_database
from database.values import Document, to_key, with_id

log = logging.getLogger("tollgate.database")

#: how long a promise that cannot be read (of an older version, or edited by hand) is postponed
UNREADABLE_PAUSE = timedelta(days=1)

_UNCLAIMED: Document = {"claimed_by": None, "claimed_until": None, "claim": None}


def _promises() -> Collection:
    return current_database().collection("pending_deletions")


def _record(document: Document) -> PendingDeletion:
    return PendingDeletion.model_validate(with_id(document))


async def _readable(documents: Sequence[Document]) -> list[PendingDeletion]:
    """Return the promises among `documents` that can be read.

    The others are logged and postponed by a day, so that they do not block the rest.
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
        postponed = {**_UNCLAIMED, "not_before": later, "last_error": "this document cannot be read"}
        await _promises().update_many({"_id": {"$in": unreadable}}, {"$set": postponed})
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
    """Insert the promise to delete a delivery, before its messages are sent; returns its id.

    `request_key` identifies the request it fulfils (the claim's `update_key`). Message ids are added later by
    `record_messages`; `withdraw` deletes the promise when nothing was sent.
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

    `sent_at`, `delete_at`: the actual times, if later than promised: the call may have waited, and Telegram's 48 hours
    start when a message exists. Also ends a claim and a postponement, which were decided without the ids.
    """
    known: Document = {"message_ids": list(message_ids), "not_before": None, **_UNCLAIMED}
    if delete_at is not None:
        known["delete_at"] = delete_at
    if sent_at is not None:
        known["sent_at"] = sent_at
    return await _promises().update_one({"_id": to_key(promise_id)}, {"$set": known})


async def record_notice(promise_id: str, notice_message_id: int) -> bool:
    """Add the id of the notice that says when the delivery is deleted; atomic. False when the promise is gone."""
    return await _promises().update_one({"_id": to_key(promise_id)}, {"$set": {"notice_message_id": notice_message_id}})


async def was_promised(user_id: int, post_code: str, request_key: str) -> bool:
    """Return whether there is a promise for the delivery of this post that fulfils `request_key`."""
    condition = {"user_id": user_id, "post_code": post_code, "request_key": request_key}
    return await _promises().find_one(condition, projection=["_id"]) is not None


async def find_promise(user_id: int, post_code: str, request_key: str) -> PendingDeletion | None:
    """Return the promise that fulfils `request_key`, or None; of several, one without message ids.

    None also for a promise that cannot be read, which is logged and postponed.
    """
    condition = {"user_id": user_id, "post_code": post_code, "request_key": request_key}
    # an empty list sorts before any id
    found = await _promises().find_one(condition, sort=[("message_ids.0", 1)])
    return None if found is None else next(iter(await _readable([found])), None)


async def withdraw(promise_id: str) -> bool:
    """Delete a promise without message ids; atomic. False when it has some, and is kept, or is gone."""
    return await _promises().delete_one({"_id": to_key(promise_id), "message_ids": []})


def _due(now: datetime) -> Document:
    # {"$not": {"$gt": ...}} matches absent, null and past values alike
    return {
        "delete_at": {"$lte": now},
        "claimed_until": {"$not": {"$gt": now}},
        "not_before": {"$not": {"$gt": now}},
    }


async def claim_due(
    now: datetime,
    owner: str,
    hold_for: timedelta,
    limit: int,
    *,
    bot_id: int | None = None,
    without_chats: Sequence[int] = (),
    per_chat: int | None = None,
    sent_before: datetime | None = None,
) -> list[PendingDeletion]:
    """Claim up to `limit` due promises, oldest first, for `owner` until `now + hold_for`; `[]` when none is due.

    With `bot_id` only those of that bot, which alone can delete the messages, and those without a bot. Without the
    chats in `without_chats`; at most `per_chat` of one chat; with `sent_before` only those sent before it, or at an
    unknown time. Due: `delete_at <= now`, not claimed, `not_before` passed. Each promise is claimed by one conditional
    update, so no two callers hold the same one; those of a killed owner are due again after `hold_for`. Fewer than
    `limit` does not mean that no more are due; none does.
    """
    condition = _due(now)
    if bot_id is not None:
        condition["bot_id"] = {"$in": [bot_id, None]}
    if without_chats:
        condition["chat_id"] = {"$nin": list(without_chats)}
    if sent_before is not None:
        condition["sent_at"] = {"$not": {"$gte": sent_before}}
    due = await _promises().find(condition, limit=limit, sort=[("delete_at", 1)], projection=["_id", "chat_id"])
    return await _claim(due if per_chat is None else _spread(due, per_chat), now, owner, hold_for, limit)


async def claim_due_of_other_bots(
    bot_id: int, now: datetime, owner: str, hold_for: timedelta, limit: int
) -> list[PendingDeletion]:
    """Claim up to `limit` due promises of other bots than `bot_id`, as `claim_due` does; `[]` when none is due."""
    # two ranges of the index that begins with the bot: the many of `bot_id` are not read
    for others in ({"$lt": bot_id}, {"$gt": bot_id}):
        condition = {**_due(now), "bot_id": others}
        due = await _promises().find(condition, limit=limit, sort=[("bot_id", 1), ("delete_at", 1)], projection=["_id"])
        if due:
            return await _claim(due, now, owner, hold_for, limit)
    return []


async def _claim(
    due: Sequence[Document], now: datetime, owner: str, hold_for: timedelta, limit: int
) -> list[PendingDeletion]:
    if not due:
        return []
    mine: Document = {"_id": {"$in": [document["_id"] for document in due]}}
    # unique per call: two runs of one owner do not take each other's claims for their own
    claim = secrets.token_hex(8)
    held = {"claimed_by": owner, "claimed_until": now + hold_for, "claim": claim}
    if not await _promises().update_many({**mine, **_due(now)}, {"$set": held}):
        return []
    # sorted here: given an order, the server may choose the index of `delete_at` instead of the few ids
    claimed = await _promises().find({**mine, "claim": claim}, limit=limit)
    return await _readable(sorted(claimed, key=itemgetter("delete_at")))


def _spread(documents: Sequence[Document], per_chat: int) -> list[Document]:
    """Return the first `per_chat` documents of each chat, in the same order."""
    counted: Counter[object] = Counter()
    kept = []
    for document in documents:
        chat_id = document.get("chat_id")
        counted[chat_id] += 1
        if counted[chat_id] <= per_chat:
            kept.append(document)
    return kept


async def finish(promise_ids: Sequence[str], owner: str) -> int:
    """Delete promises that `owner` still holds; returns how many. Each one atomically."""
    if not promise_ids:
        return 0
    keys = [to_key(promise_id) for promise_id in promise_ids]
    return await _promises().delete_many({"_id": {"$in": keys}, "claimed_by": owner})


async def release(
    promise_id: str, owner: str, *, not_before: datetime | None, error: str | None, attempts_inc: int = 1
) -> bool:
    """Release a claim for a retry, not before `not_before`; atomic. False when `owner` no longer holds it."""
    return await _promises().update_one(
        {"_id": to_key(promise_id), "claimed_by": owner},
        {"$set": {**_UNCLAIMED, "not_before": not_before, "last_error": error}, "$inc": {"attempts": attempts_inc}},
    )


async def release_all(owner: str, now: datetime) -> int:
    """Release every claim of `owner` at a stop, without counting an attempt; returns how many. Each one atomically.

    Reads only due promises (`delete_at <= now`): no other is ever claimed.
    """
    return await _promises().update_many({"delete_at": {"$lte": now}, "claimed_by": owner}, {"$set": _UNCLAIMED})


async def find_interrupted(
    bot_id: int, sent_before: datetime, due_after: datetime, limit: int
) -> list[PendingDeletion]:
    """Return up to `limit` promises from before `sent_before` without messages and notice, the soonest due first.

    After a crash it is unknown whether these deliveries arrived. `record_notice` removes one from the result. Those due
    at `due_after` or earlier are left out, which bounds the read.
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
    """Count the promises that are due (`delete_at <= now`), claimed or not."""
    return await _promises().count({"delete_at": {"$lte": now}})


async def next_due() -> datetime | None:
    """Return the earliest `delete_at` of all promises, claimed or not; None when there is none."""
    first = await _promises().find_one({}, sort=[("delete_at", 1)], projection=["delete_at"])
    return None if first is None else first["delete_at"]


async def open_deliveries(user_id: int, limit: int) -> list[PendingDeletion]:
    """Return up to `limit` promises of a subscriber, the soonest due first; `[]` when there are none."""
    found = await _promises().find({"user_id": user_id}, limit=limit, sort=[("delete_at", 1)])
    return await _readable(found)

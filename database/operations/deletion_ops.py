"""Promises to delete deliveries.

They stand in two collections with the same fields: in the rows of `deliveries`, for the last delivery of a post to a
subscriber, and in `pending_deletions`, for copies of earlier ones that still stand, and for rows of earlier versions.
"""

import secrets
from collections import Counter
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from core.delivery import PendingDeletion
from core.delivery_states import DeliveryState
from core.errors import AlreadyThere
from database.collection import Collection
from database.connection import current_database
from database.readable import SET_ASIDE_FOR, find_records, readable, reader
from database.values import A_DATE, Document, to_key

#: before every time stored: a range from here leaves out null
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_UNCLAIMED: Document = {"claimed_by": None, "claimed_until": None, "claim": None}
#: a delivery of which nothing is left to delete
_NOTHING_LEFT: Document = {
    "delete_at": None,
    "message_ids": [],
    "notice_message_id": None,
    "pointer_message_id": None,
    **_UNCLAIMED,
}
#: rows whose delivery is still being sent are recovered first
AT_REST: Document = {"state": {"$ne": DeliveryState.SENDING}}


def _deliveries() -> Collection:
    return current_database().collection("deliveries")


def _promises() -> Collection:
    return current_database().collection("pending_deletions")


def promise_homes() -> tuple[Collection, Collection]:
    """Return the collections that promises stand in."""
    return _deliveries(), _promises()


def _home_of(promise_id: str) -> Collection:
    """Return the collection of a promise: the id of a delivery is "bot:user:code"."""
    return _deliveries() if len(promise_id.split(":")) == 3 else _promises()


#: makes a promise of a document
READ = reader(PendingDeletion)


def readable_promises(home: Collection, documents: Sequence[Document]) -> Awaitable[list[PendingDeletion]]:
    """Return the promises among claimed `documents` that can be read; the claims of the others end.

    Those are due again after SET_ASIDE_FOR, and do not block the rest.
    """
    later = current_database().now() + SET_ASIDE_FOR
    released = {**_UNCLAIMED, "not_before": later, "last_error": "this document cannot be read"}
    return readable(home, documents, READ, released=released)


async def promise(
    bot_id: int,
    user_id: int,
    chat_id: int,
    post_code: str,
    sent_at: datetime,
    delete_at: datetime,
    message_ids: Sequence[int] = (),
    *,
    notice_message_id: int | None = None,
    title: str = "",
    language: str = "",
    key: str | None = None,
) -> str:
    """Insert the promise to delete copies that no row of `deliveries` knows; returns its id.

    With a `key` it may be repeated after a lost answer: of the same key there is one.
    """
    named: Document = {} if key is None else {"_id": key}
    try:
        added = await _promises().insert_one(
            named
            | {
                "bot_id": bot_id,
                "user_id": user_id,
                "chat_id": chat_id,
                "message_ids": list(message_ids),
                "notice_message_id": notice_message_id,
                "post_code": post_code,
                "title": title,
                "language": language,
                "sent_at": sent_at,
                "delete_at": delete_at,
                "attempts": 0,
                "not_before": None,
                "last_error": None,
                **_UNCLAIMED,
            }
        )
    except AlreadyThere:
        return str(key)
    return str(added)


def _due(now: datetime) -> Document:
    # {"$not": {"$gt": ...}} matches absent, null and past values alike
    return {
        "delete_at": {"$lte": now},
        "claimed_until": {"$not": {"$gt": now}},
        "not_before": {"$not": {"$gt": now}},
        **AT_REST,
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
    found = [(home, document) for home in promise_homes() for document in await _first(home, condition, limit)]
    found.sort(key=lambda one: one[1]["delete_at"])
    if per_chat is not None:
        found = _spread(found, per_chat)
    return await _claim_found(found[:limit], now, owner, hold_for)


async def claim_due_of_other_bots(
    bot_id: int, now: datetime, owner: str, hold_for: timedelta, limit: int
) -> list[PendingDeletion]:
    """Claim up to `limit` due promises of other bots than `bot_id`, as `claim_due` does; `[]` when none is due."""
    # two ranges of the index that begins with the bot: the many of `bot_id` are not read
    for others in ({"$lt": bot_id}, {"$gt": bot_id}):
        condition = {**_due(now), "bot_id": others}
        for home in promise_homes():
            found = await home.find(condition, limit=limit, sort=[("bot_id", 1), ("delete_at", 1)], projection=["_id"])
            if found:
                return await _claim_found([(home, document) for document in found], now, owner, hold_for)
    return []


async def _first(home: Collection, condition: Document, limit: int) -> list[Document]:
    return await home.find(condition, limit=limit, sort=[("delete_at", 1)], projection=["delete_at", "chat_id"])


def _spread(found: Sequence[tuple[Collection, Document]], per_chat: int) -> list[tuple[Collection, Document]]:
    """Return the first `per_chat` documents of each chat, in the same order."""
    counted: Counter[object] = Counter()
    kept = []
    for home, document in found:
        chat_id = document.get("chat_id")
        counted[chat_id] += 1
        if counted[chat_id] <= per_chat:
            kept.append((home, document))
    return kept


async def _claim_found(
    found: Sequence[tuple[Collection, Document]], now: datetime, owner: str, hold_for: timedelta
) -> list[PendingDeletion]:
    due: dict[str, list[object]] = {}
    for home, document in found:
        due.setdefault(home.name, []).append(document["_id"])
    # unique per call: two runs of one owner do not take each other's claims for their own
    held = {"claimed_by": owner, "claimed_until": now + hold_for, "claim": secrets.token_hex(8)}
    claimed = [
        promise
        for name, keys in due.items()
        for promise in await _claim(current_database().collection(name), keys, now, held)
    ]
    return sorted(claimed, key=attrgetter("delete_at"))


async def _claim(home: Collection, keys: Sequence[object], now: datetime, held: Document) -> list[PendingDeletion]:
    mine: Document = {"_id": {"$in": list(keys)}}
    if not await home.update_many({**mine, **_due(now)}, {"$set": held}):
        return []
    # not sorted: given an order, the server may choose the index of `delete_at` instead of the few ids
    return await readable_promises(home, await home.find({**mine, "claim": held["claim"]}, limit=len(keys)))


async def finish(promise_ids: Sequence[str], owner: str) -> int:
    """Fulfil promises that `owner` still holds; returns how many. Each one atomically.

    Rows of `pending_deletions` are deleted; a delivery keeps its row, which says that nothing is left to delete.
    """
    keys: dict[str, list[object]] = {}
    for promise_id in promise_ids:
        keys.setdefault(_home_of(promise_id).name, []).append(to_key(promise_id))
    finished = 0
    if of_deliveries := keys.get("deliveries"):
        held = {"_id": {"$in": of_deliveries}, "claimed_by": owner}
        finished += await _deliveries().update_many(held, {"$set": _NOTHING_LEFT})
    if others := keys.get("pending_deletions"):
        finished += await _promises().delete_many({"_id": {"$in": others}, "claimed_by": owner})
    return finished


async def release(
    promise_id: str, owner: str, *, not_before: datetime | None, error: str | None, attempts_inc: int = 1
) -> bool:
    """Release a claim for a retry, not before `not_before`; atomic. False when `owner` no longer holds it."""
    return await _home_of(promise_id).update_one(
        {"_id": to_key(promise_id), "claimed_by": owner},
        {"$set": {**_UNCLAIMED, "not_before": not_before, "last_error": error}, "$inc": {"attempts": attempts_inc}},
    )


async def release_all(owner: str, now: datetime) -> int:
    """Release every claim of `owner` at a stop, without counting an attempt; returns how many. Each one atomically.

    Reads only due promises (`delete_at <= now`): no other is ever claimed.
    """
    held = {"delete_at": {"$lte": now}, "claimed_by": owner}
    return sum([await home.update_many(held, {"$set": _UNCLAIMED}) for home in promise_homes()])


async def count_overdue(now: datetime) -> int:
    """Count the promises that are due (`delete_at <= now`), claimed or not."""
    return sum([await home.count({"delete_at": {"$lte": now}}) for home in promise_homes()])


async def next_due() -> datetime | None:
    """Return the earliest `delete_at` of all promises, claimed or not; None when there is none."""
    some: Document = {"delete_at": A_DATE}
    firsts = [await home.find_one(some, sort=[("delete_at", 1)], projection=["delete_at"]) for home in promise_homes()]
    return min((first["delete_at"] for first in firsts if first is not None), default=None)


async def open_deliveries(user_id: int, limit: int) -> list[PendingDeletion]:
    """Return up to `limit` promises of a subscriber, the soonest due first; `[]` when there are none."""
    found: list[PendingDeletion] = []
    for home in promise_homes():
        mine: Document = {"user_id": user_id, "delete_at": {"$gt": LONG_AGO}}
        found += await find_records(home, READ, mine, limit=limit, sort=[("delete_at", 1)])
    return sorted(found, key=attrgetter("delete_at"))[:limit]

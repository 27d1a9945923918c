"""Deliveries (collection `deliveries`): one row per bot, subscriber and post, which one process owns at a time.

Each function is one step of the table in docs/decisions/0015-deliveries.md, and one conditional update.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.clock import to_milliseconds
from core.delivery import DOUBLE_TAP
from core.delivery_states import LEASE_FOR, Delivery, DeliveryState
from core.errors import AlreadyThere
from core.statistics.events import Event, Mark
from database.collection import Collection
from database.connection import current_database
from database.readable import FIELD, find_records, reader, record_of, record_or_none
from database.uncounted import FIELD as UNCOUNTED
from database.values import Document

#: update keys a row remembers: after a kill several updates come again
KEYS_KEPT = 10
#: what the deleter notes on a row, at rest
_NOT_BEING_DELETED: Document = {
    "attempts": 0,
    "not_before": None,
    "last_error": None,
    "claimed_by": None,
    "claimed_until": None,
    "claim": None,
}


def _deliveries() -> Collection:
    return current_database().collection("deliveries")


def delivery_id(bot_id: int, user_id: int, post_code: str) -> str:
    """Return the id of the row."""
    return f"{bot_id}:{user_id}:{post_code}"


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery that `owner` starts for the update `update_key`. Times are aware UTC."""

    bot_id: int
    user_id: int
    post_code: str
    update_key: str
    owner: str
    now: datetime
    #: when its copies will be deleted; None: never
    delete_at: datetime | None
    #: the highest message id known to the bot; None: none is
    sweep_after: int | None = None
    #: the update that asked for a post before and was refused: it is met by this delivery
    refused_key: str = ""
    #: identifies the owner on its machine; "" where that is not possible
    process: str = ""
    #: what the notice says when the copies are deleted
    title: str = ""
    is_free: bool = False
    language: str = ""

    @property
    def id(self) -> str:
        return delivery_id(self.bot_id, self.user_id, self.post_code)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to write the outcome of a delivery, until another process starts it or takes it over."""

    id: str
    count: int
    #: the row as it was before; None for the first delivery, and when it could not be read
    before: Delivery | None = None
    #: the highest message id known before it was sent
    sweep_after: int | None = None


#: makes a delivery of a document
READ = reader(Delivery)


def _starting(new: NewDelivery) -> Document:
    now = to_milliseconds(new.now)
    update: Document = {
        "$set": {
            "state": DeliveryState.SENDING,
            "owner": new.owner,
            "process": new.process,
            "until": now + LEASE_FOR,
            "update_key": new.update_key,
            "opened_at": now,
            "sent_at": now,
            "delete_at": new.delete_at,
            "message_ids": [],
            "notice_message_id": None,
            "pointer_message_id": None,
            "here_until": None,
            "title": new.title,
            "is_free": new.is_free,
            "language": new.language,
            "sweep_after": new.sweep_after,
            "sweep_before": None,
            "known_ids": [],
            "tellings": 0,
            **_NOT_BEING_DELETED,
            # at each start: a row of an older version, without one of them, would be an unreadable promise
            "bot_id": new.bot_id,
            "user_id": new.user_id,
            "chat_id": new.user_id,
            "post_code": new.post_code,
            # and it is readable again
            FIELD: None,
        },
        "$inc": {"count": 1},
    }
    if keys := [key for key in (new.refused_key, new.update_key) if key]:
        update["$push"] = {"update_keys": {"$each": keys, "$slice": -KEYS_KEPT}}
    return update


async def start(new: NewDelivery) -> Claim | None:
    """From nothing, or an ended delivery without copies to delete or to point to, to sending; else None.

    One upsert: of concurrent calls exactly one gets a claim. None also for a second tap (opened less than DOUBLE_TAP
    ago) and for an update the row remembers. An opening in the future, by a clock put back since, is ignored.
    """
    free: Document = {
        "_id": new.id,
        "state": {"$ne": DeliveryState.SENDING},
        "delete_at": None,
        "opened_at": {"$not": {"$gt": new.now - DOUBLE_TAP, "$lte": new.now}},
        # copies that stay and are pointed to
        "here_until": {"$not": {"$gt": new.now}},
    }
    if new.update_key:
        free["update_keys"] = {"$ne": new.update_key}
    try:
        before = await _deliveries().find_one_and_update(free, _starting(new), upsert=True, before=True)
    except AlreadyThere:
        # in another state: nothing matched, and the insert met the same `_id`
        return None
    if before is None:
        return Claim(new.id, 1, None, new.sweep_after)
    return Claim(new.id, before.get("count", 0) + 1, await record_or_none(_deliveries(), before, READ), new.sweep_after)


async def put_aside(delivery: Delivery) -> None:
    """Copy the promise of an ended delivery into a row of its own, before `restart`; may be repeated.

    Nothing to do when nothing is.
    """
    if delivery.delete_at is None:
        return
    row: Document = {
        "_id": f"{delivery.id}:{delivery.count}",
        "bot_id": delivery.bot_id,
        "user_id": delivery.user_id,
        "chat_id": delivery.user_id,
        "message_ids": list(delivery.message_ids),
        "notice_message_id": delivery.notice_message_id,
        "pointer_message_id": delivery.pointer_message_id,
        "title": delivery.title,
        "is_free": delivery.is_free,
        "language": delivery.language,
        "post_code": delivery.post_code,
        "state": delivery.state,
        "sweep_after": delivery.sweep_after,
        "sweep_before": delivery.sweep_before,
        "known_ids": list(delivery.known_ids),
        "sent_at": delivery.sent_at,
        "delete_at": delivery.delete_at,
        **_NOT_BEING_DELETED,
    }
    try:
        await current_database().collection("pending_deletions").insert_one(row)
    except AlreadyThere:
        return


async def restart(delivery: Delivery, new: NewDelivery) -> Claim | None:
    """From an ended delivery, as it was read and put aside, to sending; None when it has changed since. Atomic."""
    unchanged: Document = {"_id": delivery.id, "count": delivery.count, "state": {"$ne": DeliveryState.SENDING}}
    if not await _deliveries().update_one(unchanged, _starting(new)):
        return None
    return Claim(delivery.id, delivery.count + 1, delivery, new.sweep_after)


async def take_over(delivery: Delivery, owner: str, now: datetime, process: str = "") -> Claim | None:
    """From sending by an owner whose lease ran out to sending by `owner`; None when another process was faster.

    None also when the former owner has renewed its lease since it was read. Atomic. The former owner can write no
    outcome any more.
    """
    lapsed: Document = {
        "_id": delivery.id,
        "count": delivery.count,
        "state": DeliveryState.SENDING,
        "until": {"$eq": delivery.until, "$not": {"$gte": now}},
    }
    taken = {
        "$set": {"owner": owner, "process": process, "until": now + LEASE_FOR},
        "$inc": {"count": 1, "tellings": 1},
    }
    if not await _deliveries().update_one(lapsed, taken):
        return None
    return Claim(delivery.id, delivery.count + 1, delivery, delivery.sweep_after)


def _ended(state: DeliveryState, **more: object) -> Document:
    return {"$set": {"state": state, "owner": None, "process": "", "until": None, **more}}


async def record_sent(
    claim: Claim,
    message_ids: Sequence[int],
    notice_message_id: int | None,
    *,
    sent_at: datetime,
    delete_at: datetime | None,
    paid_until: datetime | None,
    whole_on: datetime | None = None,
    source: str | None = None,
    here_until: datetime | None = None,
) -> bool:
    """From sending to sent; atomic, may be repeated. False when another process has taken it over.

    `sent_at`, `delete_at` replace those of the start: the call may have waited, and Telegram's 48 hours start when a
    message exists. `paid_until`: when the copy is deleted, if a credit was spent on it; None: none was. `whole_on`: the
    day, if every message arrived; the first delivery of the day is counted. `source`: of the link that was opened.
    `here_until`: until when copies that stay are pointed to.
    """
    known: Document = {
        "message_ids": list(message_ids),
        "notice_message_id": notice_message_id,
        "sent_at": sent_at,
        "delete_at": delete_at,
        "here_until": here_until,
    }
    if paid_until is not None:
        known["paid_until"] = paid_until
    if whole_on is None:
        return await _end(claim, _ended(DeliveryState.SENT, **known), Mark(Event.ADMITTED, sent_at, source))
    if _was_whole_on(claim, whole_on):
        return await _end(claim, _ended(DeliveryState.SENT, **known))
    known["whole_on"] = whole_on
    return await _end(claim, _ended(DeliveryState.SENT, **known), Mark(Event.WHOLE, sent_at, source))


async def _end(claim: Claim, update: Document, mark: Mark | None = None) -> bool:
    """Write the outcome; with the mark by which the try is counted. False when another process has taken it over."""
    if mark is None:
        return await _deliveries().update_one(_mine(claim), update)
    is_mine = await _deliveries().update_one(_mine(claim), update | {"$addToSet": {UNCOUNTED: mark.text}})
    current_database().uncounted.note("deliveries")
    return is_mine


def _was_whole_on(claim: Claim, day: datetime) -> bool:
    return claim.before is not None and claim.before.whole_on == day


async def record_pointer(delivery: Delivery, pointer_message_id: int, update_key: str) -> Delivery | None:
    """Store the reply that points to the copies of a delivery as it was read; return the row as it was before. Atomic.

    None when the copies are being deleted, or another delivery has begun since: the reply points to nothing. Of
    concurrent calls each gets the pointer of the other, so that all but one can be deleted.
    """
    unchanged: Document = {
        "_id": delivery.id,
        "count": delivery.count,
        "state": DeliveryState.SENT,
        "message_ids": list(delivery.message_ids),
        # the deleter claims what is due, and reads it after that
        "claimed_by": None,
        "delete_at": delivery.delete_at,
    }
    update: Document = {
        "$set": {"pointer_message_id": pointer_message_id},
        "$push": {"update_keys": {"$each": [update_key], "$slice": -KEYS_KEPT}},
    }
    document = await _deliveries().find_one_and_update(unchanged, update, before=True)
    return await record_of(_deliveries(), document, READ)


async def drop_put_aside(delivery: Delivery) -> bool:
    """Remove what `put_aside` stored of a delivery whose messages are deleted; atomic. False when there is none."""
    key = f"{delivery.id}:{delivery.count}"
    return await current_database().collection("pending_deletions").delete_one({"_id": key})


async def record_unknown(
    claim: Claim,
    notice_message_id: int | None,
    *,
    sweep_before: int | None = None,
    known_ids: Sequence[int] = (),
    admitted: Mark | None = None,
) -> bool:
    """From sending to unknown, after the subscriber was notified; atomic, may be repeated. False when taken over.

    What may have arrived has ids above `sweep_after` of the row and below `sweep_before`, and none of `known_ids`.
    `admitted`: counts the try.
    """
    known: Document = {
        "notice_message_id": notice_message_id,
        "sweep_before": sweep_before,
        "known_ids": list(known_ids),
    }
    return await _end(claim, _ended(DeliveryState.UNKNOWN, **known), admitted)


async def record_refused(claim: Claim, admitted: Mark | None = None) -> bool:
    """From sending to refused: nothing was sent, and nothing is to be deleted; atomic, may be repeated.

    False when taken over. The row counts as opened when it was before. `admitted`: counts the try.
    """
    opened_at = None if claim.before is None else claim.before.opened_at
    return await _end(claim, _ended(DeliveryState.REFUSED, opened_at=opened_at, delete_at=None), admitted)


def _mine(claim: Claim) -> Document:
    return {"_id": claim.id, "count": claim.count}


async def renew(owner: str, ids: Sequence[str], now: datetime) -> int:
    """Extend the leases of what `owner` is sending to `now + LEASE_FOR`; returns how many. Each one atomically."""
    if not ids:
        return 0
    # only a delivery in progress has an owner
    mine: Document = {"_id": {"$in": list(ids)}, "owner": owner}
    return await _deliveries().update_many(mine, {"$set": {"until": now + LEASE_FOR}})


async def find(bot_id: int, user_id: int, post_code: str) -> Delivery | None:
    """Return the last delivery of this post to this subscriber, in whatever state; None when there was none."""
    document = await _deliveries().find_one({"_id": delivery_id(bot_id, user_id, post_code)})
    return await record_of(_deliveries(), document, READ)


async def find_lapsed(bot_id: int, now: datetime, limit: int) -> list[Delivery]:
    """Return up to `limit` deliveries of this bot whose owner's lease ran out before `now`, the oldest first."""
    return await _lapsed(bot_id, now, limit)


async def find_lapsed_of_other_bots(bot_id: int, now: datetime, limit: int) -> list[Delivery]:
    """Do as `find_lapsed` for deliveries of all bots but `bot_id`: nothing of theirs can be sent or deleted now."""
    # two ranges of the index that begins with the bot: the many of `bot_id` are not read
    lower = await _lapsed({"$lt": bot_id}, now, limit)
    return lower or await _lapsed({"$gt": bot_id}, now, limit)


async def _lapsed(bots: int | Document, now: datetime, limit: int) -> list[Delivery]:
    # only a delivery in progress has an `until`
    lapsed: Document = {"bot_id": bots, "until": {"$lt": now}}
    return await find_records(_deliveries(), READ, lapsed, limit=limit, sort=[("until", 1)])

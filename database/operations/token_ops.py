"""Verification tokens (collection `tokens`)."""

from datetime import datetime, timedelta
from typing import Unpack

from core.errors import AlreadyThere
from core.ids import is_token
from core.records import Record
from core.statistics.events import Event, Mark
from core.verification import Token, TokenStatus
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.readable import find_records, reader, record_of
from database.uncounted import FIELD as UNCOUNTED
from database.values import Document

#: how long a redeemed token that was not paid out is kept at least: the clean-up uses `expires_at` alone
OWED_KEPT_FOR = timedelta(days=30)
#: how long a verified token is valid at least, to return to the bot
BACK_WITHIN = timedelta(hours=1)
#: how long a paid token is kept at most, so that its link can be answered with "used"
PAID_KEPT_FOR = timedelta(days=2)


def _tokens() -> Collection:
    return current_database().collection("tokens")


#: makes a token of a document
READ = reader(Token)
#: fields of the rows of another program, which are deleted like others and pay nothing
_PLAIN = frozenset({"_id", "token", "user_id", "status", "expires_at"})


def read(document: Document) -> object:
    """Return the token of a document, or the document of another program. Raises one of `readable.CANNOT_READ`."""
    if document.keys() <= _PLAIN and not isinstance(document.get("token"), str):
        return _Plain.model_validate(document)
    return READ(document)


class _Plain(Record):
    user_id: int
    status: TokenStatus
    expires_at: datetime


async def _record(document: Document | None) -> Token | None:
    return await record_of(_tokens(), document, READ)


async def add(token: Token) -> None:
    """Insert a new token; one insert, which may be repeated after a lost answer.

    Raises AlreadyThere when another user has the same token, ValueError for a text without the shape of a token.
    """
    if not is_token(token.token):
        raise ValueError("a token is 32 letters and digits")
    try:
        await _tokens().insert_one({**token.model_dump(), "is_owed": False})
    except AlreadyThere:
        own = {"token": token.token, "user_id": token.user_id}
        if await _tokens().find_one(own, projection=["_id"]) is None:
            raise


async def find(token: str) -> Token | None:
    """Return the token, or None. Here and below a text without the shape of a token costs no command."""
    return await _record(await _tokens().find_one({"token": token})) if is_token(token) else None


async def open_tokens(user_id: int, now: datetime, limit: int = 50) -> list[Token]:
    """Return up to `limit` tokens that can still pay the user (unused or verified, `expires_at >= now`), newest first.

    Includes redeemed tokens that were not paid out, which have `redeemed_at`. Of more than `limit`, those that expire
    last.
    """
    condition: Document = {
        "user_id": user_id,
        "status": {"$in": [TokenStatus.UNUSED, TokenStatus.VERIFIED]},
        "expires_at": {"$gte": now},
        "granted_at": None,
        # rows of another program have none
        "token": {"$gt": ""},
    }
    # by expiry, the order of the index; unpaid tokens last longer than all others, which last equally long
    tokens = await find_records(_tokens(), READ, condition, limit=limit, sort=[("expires_at", -1)])
    return sorted(tokens, key=lambda token: token.created_at, reverse=True)


async def mark_verified(token: str, now: datetime, elapsed_seconds: float) -> bool:
    """Change an unused token to verified, and let it be valid for another hour at least; atomic.

    False for a token that is unknown, expired (`expires_at < now`), verified before or bypassed.
    """
    if not is_token(token):
        return False
    condition: Document = {"token": token, "status": TokenStatus.UNUSED, "expires_at": {"$gte": now}}
    update: Document = {"$set": _verified(now, elapsed_seconds), "$max": {"expires_at": now + BACK_WITHIN}}
    return await _tokens().update_one(condition, update)


def _verified(now: datetime, elapsed_seconds: float) -> Document:
    return {"status": TokenStatus.VERIFIED, "verified_at": now, "elapsed_seconds": elapsed_seconds}


async def mark_bypassed(token: str, now: datetime) -> bool:
    """Change an unused token to bypassed: it never pays; atomic. False when unknown or not unused."""
    if not is_token(token):
        return False
    bypassed: Document = {"status": TokenStatus.BYPASSED, "bypassed_at": now}
    unused: Document = {"token": token, "status": TokenStatus.UNUSED}
    return await _end(unused, {"$set": bypassed}, Mark(Event.TOO_FAST, now))


async def note_bypass(token: str, now: datetime) -> bool:
    """Record the first try of an unused token that did not count; it stays unused. Atomic.

    False when it was recorded before, or the token is unknown or not unused.
    """
    if not is_token(token):
        return False
    first: Document = {"token": token, "status": TokenStatus.UNUSED, "bypassed_at": None}
    return await _end(first, {"$set": {"bypassed_at": now}}, Mark(Event.TOO_FAST, now))


async def _end(condition: Document, update: Document, mark: Mark) -> bool:
    """Make an update of an unlock, with the mark by which it is counted. False when nothing matched."""
    is_ended = await _tokens().update_one(condition, update | {"$addToSet": {UNCOUNTED: mark.text}})
    current_database().uncounted.note("tokens")
    return is_ended


async def redeem(token: str, user_id: int, now: datetime, *, elapsed_seconds: float | None = None) -> Token | None:
    """Redeem a verified token, once and for its owner only; returns it as it is now.

    One conditional update: of concurrent calls exactly one gets the token, which is owed until `mark_granted`. With
    `elapsed_seconds` it is a token without a page, verified by the return to the bot. None when it was redeemed before,
    or is unknown, of another user, expired (`expires_at < now`) or not verified.
    """
    if not is_token(token):
        return None
    condition: Document = {"token": token, "user_id": user_id, "redeemed_at": None, "expires_at": {"$gte": now}}
    change: Document = {"redeemed_at": now, "is_owed": True}
    if elapsed_seconds is None:
        condition |= {"status": TokenStatus.VERIFIED}
    else:
        condition |= {"status": {"$in": [TokenStatus.UNUSED, TokenStatus.VERIFIED]}, "has_page": False}
        change |= _verified(now, elapsed_seconds)
    # an owed token must not be deleted: if a crash comes before it is paid out, the next start finds it
    update: Document = {"$set": change, "$max": {"expires_at": now + OWED_KEPT_FOR}}
    return await _record(await _tokens().find_one_and_update(condition, update))


async def mark_granted(token: str, now: datetime) -> bool:
    """Record that the token was paid out; atomic. False when it is not owed."""
    if not is_token(token):
        return False
    update: Document = {
        "$set": {"is_owed": False, "granted_at": now},
        "$min": {"expires_at": now + PAID_KEPT_FOR},
    }
    return await _end({"token": token, "is_owed": True}, update, Mark(Event.PAID, now))


async def find_owed(redeemed_before: datetime, limit: int) -> list[Token]:
    """Return up to `limit` tokens redeemed before `redeemed_before` and not paid out (after a crash), oldest first."""
    condition: Document = {"is_owed": True, "redeemed_at": {"$lt": redeemed_before}}
    return await find_records(_tokens(), READ, condition, limit=limit, sort=[("redeemed_at", 1)])


async def take_replacement(user_id: int, now: datetime, update_key: str = "") -> Token | None:
    """Use the right to a new token in place of a bypassed one; returns the bypassed one, None when there is none.

    One conditional update: each bypassed token is replaced once, a replacement never. `update_key` identifies the
    update: the same key gets the same token again, because the first answer may have been lost; `""` matches none.
    """
    condition: Document = {
        "user_id": user_id,
        "status": TokenStatus.BYPASSED,
        "expires_at": {"$gte": now},
        "is_replacement": False,
        "replaced_for": {"$in": [None, update_key]} if update_key else None,
    }
    # the token this update has used first: texts sort after null
    order = [("replaced_for", -1)]
    taken = await _tokens().find_one_and_update(condition, {"$set": {"replaced_for": update_key}}, sort=order)
    return await _record(taken)


async def return_replacement(token: str) -> bool:
    """Return the right to a replacement, because the new link could not be created; atomic. False when unused."""
    if not is_token(token):
        return False
    used_up: Document = {"token": token, "replaced_for": {"$ne": None}}
    return await _tokens().update_one(used_up, {"$set": {"replaced_for": None}})


async def delete_expired_and_used_tokens(now: datetime | None = None, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete tokens that are used (verified or bypassed) and expired (`expires_at < now`, strictly), oldest first.

    Unused tokens are kept. Bounded by `bounds` (`database.batches`), not atomic; `now` defaults to the database's time.
    """
    db = current_database()
    condition = {
        "expires_at": {"$lt": now or db.now()},
        "status": {"$in": [TokenStatus.VERIFIED, TokenStatus.BYPASSED]},
    }
    return await delete_in_batches(db.bulk("tokens"), condition, "expires_at", **bounds)


async def delete_unused_older_than(cutoff: datetime, now: datetime | None = None, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete unused tokens that are expired and were created before `cutoff` (both strictly), oldest first.

    For the setting keep_unused_tokens_days. Bounded as `delete_expired_and_used_tokens`, not atomic.
    """
    db = current_database()
    condition = {
        "status": TokenStatus.UNUSED,
        "expires_at": {"$lt": now or db.now()},
        "created_at": {"$lt": cutoff},
    }
    # by age: nearly all expired tokens are kept, and an order by expiry would read them each time
    return await delete_in_batches(db.bulk("tokens"), condition, "created_at", **bounds)

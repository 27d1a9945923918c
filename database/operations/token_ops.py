"""Verification tokens (collection `tokens`)."""

from datetime import datetime, timedelta
from typing import Unpack

from core.errors import AlreadyThere
from core.ids import is_token
from core.verification import Token, TokenStatus
from database.batches import Bounds, Deleted, delete_in_batches
from database.collection import Collection
from database.connection import current_database
from database.values import Document

#: how long a token that was redeemed and not paid out stays at least: the clean-up goes by `expires_at` alone
OWED_KEPT_FOR = timedelta(days=30)
#: how long whoever went the way in time has at least to come back to the bot
BACK_WITHIN = timedelta(hours=1)
#: how long one that was paid out stays at most, to tell who opens its link once more that it is used
PAID_KEPT_FOR = timedelta(days=2)


def _tokens() -> Collection:
    return current_database().collection("tokens")


def _record(document: Document | None) -> Token | None:
    return None if document is None else Token.model_validate(document)


async def add(token: Token) -> None:
    """Store a new token; one insert. May be repeated: its own token standing already is fine (an answer was lost).

    Raises AlreadyThere when the same text is somebody else's, ValueError when it has not the shape of a token.
    """
    if not is_token(token.token):
        raise ValueError("a token is 32 letters and digits")
    try:
        await _tokens().insert_one({**token.model_dump(), "is_owed": False, "replaced_for": None})
    except AlreadyThere:
        own = {"token": token.token, "user_id": token.user_id}
        if await _tokens().find_one(own, projection=["_id"]) is None:
            raise


async def find(token: str) -> Token | None:
    """The token, or None; nobody is asked about a text that has not the shape of one (here and below)."""
    return _record(await _tokens().find_one({"token": token})) if is_token(token) else None


async def open_tokens(user_id: int, now: datetime, limit: int = 50) -> list[Token]:
    """Up to `limit` tokens that can still pay this person (unused or verified, `expires_at >= now`), newest first.

    Also those that were redeemed and not paid out yet: they have `redeemed_at`. Of more than `limit` those that last
    longest.
    """
    condition: Document = {
        "user_id": user_id,
        "status": {"$in": [TokenStatus.UNUSED, TokenStatus.VERIFIED]},
        "expires_at": {"$gte": now},
        "granted_at": None,
    }
    # by expiry, which is the order of the index; all of one setting's tokens last equally long, what is owed longer
    found = await _tokens().find(condition, limit=limit, sort=[("expires_at", -1)])
    tokens = [Token.model_validate(document) for document in found]
    return sorted(tokens, key=lambda token: token.created_at, reverse=True)


async def mark_verified(token: str, now: datetime, elapsed_seconds: float) -> bool:
    """The way was gone in `elapsed_seconds`; an hour at least is left to come back. Atomic. True when this call did it.

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
    """The way was cut short: the token pays nothing, for good; atomic. False when unknown or not unused."""
    if not is_token(token):
        return False
    spoilt: Document = {"status": TokenStatus.BYPASSED, "bypassed_at": now}
    return await _tokens().update_one({"token": token, "status": TokenStatus.UNUSED}, {"$set": spoilt})


async def redeem(token: str, user_id: int, now: datetime, *, elapsed_seconds: float | None = None) -> Token | None:
    """Take what a verified token pays, once and for its owner only; the token as it is now.

    One conditional update: of any number of calls at once exactly one gets the token, which is owed until
    `mark_granted`. With `elapsed_seconds` it is a token without a page, verified by the way back itself. None when
    somebody was first, or for a token that is unknown, another's, expired (`expires_at < now`) or not verified.
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
    # what is owed must not be cleaned away: should a crash come before it is paid out, a start finds it
    update: Document = {"$set": change, "$max": {"expires_at": now + OWED_KEPT_FOR}}
    return _record(await _tokens().find_one_and_update(condition, update))


async def mark_granted(token: str, now: datetime) -> bool:
    """What the token pays was paid out; atomic. False when it is not owed (any more)."""
    if not is_token(token):
        return False
    update: Document = {
        "$set": {"is_owed": False, "granted_at": now},
        "$min": {"expires_at": now + PAID_KEPT_FOR},
    }
    return await _tokens().update_one({"token": token, "is_owed": True}, update)


async def find_owed(redeemed_before: datetime, limit: int) -> list[Token]:
    """Up to `limit` tokens redeemed before that instant and never paid out (a crash came between), oldest first."""
    condition: Document = {"is_owed": True, "redeemed_at": {"$lt": redeemed_before}}
    found = await _tokens().find(condition, limit=limit, sort=[("redeemed_at", 1)])
    return [Token.model_validate(document) for document in found]


async def take_replacement(user_id: int, now: datetime, update_key: str = "") -> Token | None:
    """Use up the right to a token in place of a bypassed one; the bypassed one, or None when there is none.

    One conditional update: each bypassed token is replaced once, a replacement never. `update_key` names the update
    that asks: the same key gets the same token again, because the answer to the first try may have been lost. `""`
    matches no update.
    """
    condition: Document = {
        "user_id": user_id,
        "status": TokenStatus.BYPASSED,
        "expires_at": {"$gte": now},
        "is_replacement": False,
        "replaced_for": {"$in": [None, update_key]} if update_key else None,
    }
    # its own first: a text comes after null
    order = [("replaced_for", -1)]
    return _record(await _tokens().find_one_and_update(condition, {"$set": {"replaced_for": update_key}}, sort=order))


async def return_replacement(token: str) -> bool:
    """Give the right back, because the new link could not be made; atomic. False when it was not used up."""
    if not is_token(token):
        return False
    used_up: Document = {"token": token, "replaced_for": {"$ne": None}}
    return await _tokens().update_one(used_up, {"$set": {"replaced_for": None}})


async def delete_expired_and_used_tokens(now: datetime | None = None, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete tokens that are used (verified or bypassed) and expired (`expires_at < now`, strictly), oldest first.

    Unused tokens stay. Bounded by `bounds` (`batch_size`, `timeout_s`, `pause_ms`), not atomic; `now` is the
    database's clock when left out.
    """
    db = current_database()
    condition = {
        "expires_at": {"$lt": now or db.now()},
        "status": {"$in": [TokenStatus.VERIFIED, TokenStatus.BYPASSED]},
    }
    return await delete_in_batches(db.bulk("tokens"), condition, "expires_at", **bounds)


async def delete_unused_older_than(cutoff: datetime, now: datetime | None = None, **bounds: Unpack[Bounds]) -> Deleted:
    """Delete unused tokens that are expired and were made before `cutoff` (both strictly), oldest first.

    For the setting keep_unused_tokens_days. Bounded as `delete_expired_and_used_tokens`, not atomic.
    """
    db = current_database()
    condition = {
        "status": TokenStatus.UNUSED,
        "expires_at": {"$lt": now or db.now()},
        "created_at": {"$lt": cutoff},
    }
    # by age, not by expiry: of the expired nearly all are kept, and an order by expiry would go through them each time
    return await delete_in_batches(db.bulk("tokens"), condition, "created_at", **bounds)

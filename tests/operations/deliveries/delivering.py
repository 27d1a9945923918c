"""Deliveries in every state, as the operations leave them."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from core.delivery import DOUBLE_TAP
from core.delivery_states import LEASE_FOR, Delivery
from database.connection import Database
from database.operations import delivery_ops
from database.operations.delivery_ops import Claim, NewDelivery

MS, SECOND, MINUTE = timedelta(milliseconds=1), timedelta(seconds=1), timedelta(minutes=1)
#: two processes
A, B = "host:1:aaaaaa", "host:2:bbbbbb"
BOT, READER, CODE = 1, 7, "abc"
ID = f"{BOT}:{READER}:{CODE}"
#: how long copies stand
LIFE = 30 * MINUTE


def new(now: datetime, *, is_kept: bool = False, **more: Any) -> NewDelivery:
    """A delivery that A starts for the update "message 1"; `is_kept`: its copies are never deleted."""
    usual: dict[str, Any] = {
        "bot_id": BOT,
        "user_id": READER,
        "post_code": CODE,
        "update_key": "message 1",
        "owner": A,
        "now": now,
        "delete_at": None if is_kept else now + LIFE,
        "sweep_after": 5,
    }
    return NewDelivery(**{**usual, **more})


async def started(now: datetime, **more: Any) -> Claim:
    claim = await delivery_ops.start(new(now, **more))
    assert claim is not None
    return claim


async def sent(claim: Claim, now: datetime, *, is_kept: bool = False, paid_until: datetime | None = None) -> bool:
    delete_at = None if is_kept else now + LIFE
    return await delivery_ops.record_sent(
        claim, [11, 12], None if is_kept else 13, sent_at=now, delete_at=delete_at, paid_until=paid_until
    )


async def stored(db: Database, delivery: str = ID) -> dict[str, Any]:
    row = await db.collection("deliveries").find_one({"_id": delivery})
    assert row is not None
    return row


async def _sending(now: datetime) -> Claim:
    return await started(now - LEASE_FOR)


async def _sending_kept(now: datetime) -> Claim:
    return await started(now - LEASE_FOR, is_kept=True)


async def _lapsed(now: datetime) -> Claim:
    return await started(now - LEASE_FOR - MS)


async def _taken_over(now: datetime) -> Claim:
    """The claim of the former owner."""
    claim = await started(now - 2 * LEASE_FOR)
    assert await delivery_ops.take_over(await standing(), "host:3:cccccc", now - LEASE_FOR + MS) is not None
    return claim


def _ended(way: Callable[[Claim, datetime], Awaitable[bool]], before: timedelta, *, is_kept: bool = False) -> "Scene":
    async def build(now: datetime) -> Claim:
        claim = await started(now - before, is_kept=is_kept)
        assert await way(claim, now - before)
        return claim

    return build


async def _kept(claim: Claim, now: datetime) -> bool:
    return await sent(claim, now, is_kept=True)


async def _unknown(claim: Claim, now: datetime) -> bool:
    return await delivery_ops.record_unknown(claim, 14, sweep_before=14, known_ids=[9])


async def _refused(claim: Claim, now: datetime) -> bool:
    return await delivery_ops.record_refused(claim)


Scene = Callable[[datetime], Awaitable[Claim]]
#: by name: brings the row into a state as of `now`; returns the claim of its first start
SCENES: dict[str, Scene] = {
    "sending": _sending,
    "sending, never to be deleted": _sending_kept,
    "sending, lease run out": _lapsed,
    "sending, taken over": _taken_over,
    "sent within the time of a second tap": _ended(_kept, DOUBLE_TAP - MS, is_kept=True),
    "sent, nothing left": _ended(_kept, DOUBLE_TAP, is_kept=True),
    "sent, copies stand": _ended(sent, DOUBLE_TAP),
    "unknown, nothing left": _ended(_unknown, DOUBLE_TAP, is_kept=True),
    "unknown, may stand": _ended(_unknown, DOUBLE_TAP),
    "refused": _ended(_refused, DOUBLE_TAP),
    "refused just now": _ended(_refused, MS),
}


async def standing() -> Delivery:
    found = await delivery_ops.find(BOT, READER, CODE)
    assert found is not None
    return found

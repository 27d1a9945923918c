"""From each state, what each operation does: the table of docs/decisions/0015-deliveries.md."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import pytest

from core.delivery_states import LEASE_FOR, DeliveryState
from database.connection import Database
from database.operations import delivery_ops
from database.operations.delivery_ops import Claim
from tests.operations.deliveries.delivering import BOT, ID, MINUTE, SCENES, A, B, new, sent, standing, stored

SENDING, SENT, UNKNOWN, REFUSED = DeliveryState


@dataclass(frozen=True)
class Allowed:
    """Which operations change a row in this state."""

    state: DeliveryState
    start: bool = False
    restart: bool = False
    take_over: bool = False
    #: with the claim of its start
    record: bool = True
    renew: bool = False
    is_lapsed: bool = False


TABLE = {
    "sending": Allowed(SENDING, renew=True),
    "sending, never to be deleted": Allowed(SENDING, renew=True),
    "sending, lease run out": Allowed(SENDING, take_over=True, renew=True, is_lapsed=True),
    "sending, taken over": Allowed(SENDING, record=False),
    "sent within the time of a second tap": Allowed(SENT, restart=True),
    "sent, nothing left": Allowed(SENT, start=True, restart=True),
    "sent, copies stand": Allowed(SENT, restart=True),
    "unknown, nothing left": Allowed(UNKNOWN, start=True, restart=True),
    "unknown, may stand": Allowed(UNKNOWN, restart=True),
    "refused": Allowed(REFUSED, start=True, restart=True),
    "refused just now": Allowed(REFUSED, start=True, restart=True),
}
every_state = pytest.mark.parametrize("name", TABLE)


def test_every_scene_is_in_the_table_and_every_state_has_a_scene() -> None:
    assert set(TABLE) == set(SCENES)
    assert {allowed.state for allowed in TABLE.values()} == set(DeliveryState)


@every_state
async def test_start(db: Database, now: datetime, name: str) -> None:
    await SCENES[name](now)
    before = await stored(db)
    assert before["state"] == TABLE[name].state
    claim = await delivery_ops.start(new(now, owner=B, update_key="message 2"))
    assert (claim is not None) == TABLE[name].start
    after = await stored(db)
    if claim is None:
        assert after == before
        return
    assert (claim.count, claim.before) == (before["count"] + 1, delivery_ops.READ(before))
    _assert_started_by_b(after, now, claim)


@every_state
async def test_restart(db: Database, now: datetime, name: str) -> None:
    await SCENES[name](now)
    before, row = await stored(db), await standing()
    claim = await delivery_ops.restart(row, new(now, owner=B, update_key="message 2"))
    assert (claim is not None) == TABLE[name].restart
    after = await stored(db)
    if claim is None:
        assert after == before
        return
    assert (claim.count, claim.before) == (before["count"] + 1, row)
    _assert_started_by_b(after, now, claim)


def _assert_started_by_b(row: dict[str, object], now: datetime, claim: Claim) -> None:
    assert row["count"] == claim.count
    assert (row["state"], row["owner"], row["until"]) == (SENDING, B, now + LEASE_FOR)
    assert (row["update_key"], row["update_keys"]) == ("message 2", ["message 1", "message 2"])
    assert (row["opened_at"], row["sent_at"], row["delete_at"]) == (now, now, now + 30 * MINUTE)
    # of the delivery before, nothing
    assert (row["message_ids"], row["notice_message_id"], row["known_ids"]) == ([], None, [])
    assert (row["sweep_after"], row["sweep_before"], row["tellings"]) == (5, None, 0)


@every_state
async def test_take_over(db: Database, now: datetime, name: str) -> None:
    await SCENES[name](now)
    before, row = await stored(db), await standing()
    claim = await delivery_ops.take_over(row, B, now, "its process")
    assert (claim is not None) == TABLE[name].take_over
    after = await stored(db)
    if claim is None:
        assert after == before
        return
    assert claim == Claim(ID, before["count"] + 1, row, 5)
    held = {"owner": B, "process": "its process", "until": now + LEASE_FOR}
    assert after == before | held | {"count": before["count"] + 1, "tellings": before["tellings"] + 1}


Record = Callable[[Claim, datetime], Awaitable[bool]]
RECORDS: dict[DeliveryState, Record] = {
    SENT: sent,
    UNKNOWN: lambda claim, now: delivery_ops.record_unknown(claim, 14, sweep_before=14, known_ids=[9]),
    REFUSED: lambda claim, now: delivery_ops.record_refused(claim),
}


@pytest.mark.parametrize("outcome", RECORDS)
@every_state
async def test_record_with_the_claim_of_the_start(
    db: Database, now: datetime, name: str, outcome: DeliveryState
) -> None:
    claim = await SCENES[name](now)
    before = await stored(db)
    assert await RECORDS[outcome](claim, now) is TABLE[name].record
    after = await stored(db)
    if not TABLE[name].record:
        assert after == before
        return
    assert (after["state"], after["owner"], after["until"], after["count"]) == (outcome, None, None, claim.count)
    # its answer was lost
    assert await RECORDS[outcome](claim, now)
    assert await stored(db) == after


@pytest.mark.parametrize("outcome", RECORDS)
async def test_the_new_owner_records_and_the_former_cannot(db: Database, now: datetime, outcome: DeliveryState) -> None:
    former = await SCENES["sending, lease run out"](now)
    mine = await delivery_ops.take_over(await standing(), B, now)
    assert mine is not None
    assert await RECORDS[outcome](mine, now)
    ended = await stored(db)
    for record in RECORDS.values():
        assert not await record(former, now)
    assert await stored(db) == ended


@every_state
async def test_renew(db: Database, now: datetime, name: str) -> None:
    await SCENES[name](now)
    before = await stored(db)
    assert await delivery_ops.renew(B, [ID], now) == 0
    assert await stored(db) == before
    assert await delivery_ops.renew(A, [ID], now) == int(TABLE[name].renew)
    assert await stored(db) == (before | {"until": now + LEASE_FOR} if TABLE[name].renew else before)


@every_state
async def test_find_lapsed(db: Database, now: datetime, name: str) -> None:
    await SCENES[name](now)
    found = await delivery_ops.find_lapsed(BOT, now, 10)
    assert found == ([await standing()] if TABLE[name].is_lapsed else [])
    assert await delivery_ops.find_lapsed(BOT + 1, now, 10) == []


@pytest.mark.parametrize("name", [name for name, allowed in TABLE.items() if allowed.state is not SENDING])
async def test_put_aside(db: Database, now: datetime, name: str) -> None:
    await SCENES[name](now)
    before, row = await stored(db), await standing()
    await delivery_ops.put_aside(row)
    await delivery_ops.put_aside(row)
    assert await stored(db) == before
    promises = await db.collection("pending_deletions").find({}, limit=10)
    assert len(promises) == (row.delete_at is not None)
    for promise in promises:
        assert promise["_id"] == f"{ID}:{row.count}"
        copied = promise.keys() - {"_id"}
        assert {name: promise[name] for name in copied} == {name: before[name] for name in copied}
        assert copied >= {"bot_id", "chat_id", "message_ids", "notice_message_id", "post_code", "sent_at", "delete_at"}
        assert copied >= {"state", "sweep_after", "sweep_before", "known_ids"}

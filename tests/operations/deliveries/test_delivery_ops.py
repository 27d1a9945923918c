"""Deliveries: one owner at a time, whoever asks at once, whatever answer is lost, wherever the clock jumps."""

import asyncio
import logging
from datetime import datetime, timedelta

import pytest

from core.delivery import DOUBLE_TAP
from core.delivery_states import FOREVER, LEASE_FOR, Delivery, DeliveryState, is_paid
from database.connection import Database
from database.operations import deletion_ops, delivery_ops
from database.operations.delivery_ops import KEYS_KEPT, Claim
from database.readable import FIELD, SET_ASIDE_FOR
from tests.operations.conftest import StepIn
from tests.operations.deliveries.delivering import (
    BOT,
    CODE,
    ID,
    LIFE,
    MS,
    READER,
    SECOND,
    A,
    B,
    new,
    sent,
    standing,
    started,
    stored,
)


async def test_the_first_delivery_is_stored_with_its_owner_and_its_promise(db: Database, now: datetime) -> None:
    assert await delivery_ops.start(new(now)) == Claim(ID, 1, None, 5)
    assert await stored(db) == {
        "_id": ID,
        "bot_id": BOT,
        "user_id": READER,
        "chat_id": READER,
        "post_code": CODE,
        "state": "sending",
        "owner": A,
        "process": "",
        "until": now + LEASE_FOR,
        "count": 1,
        "update_key": "message 1",
        "update_keys": ["message 1"],
        "opened_at": now,
        "sent_at": now,
        "delete_at": now + LIFE,
        "message_ids": [],
        "notice_message_id": None,
        "pointer_message_id": None,
        "title": "",
        "is_free": False,
        "language": "",
        "here_until": None,
        "sweep_after": 5,
        "sweep_before": None,
        "known_ids": [],
        "tellings": 0,
        "attempts": 0,
        "not_before": None,
        "last_error": None,
        "claimed_by": None,
        "claimed_until": None,
        "claim": None,
        "unreadable_until": None,
    }


async def test_what_was_sent_replaces_the_times_of_the_start(db: Database, now: datetime) -> None:
    claim, later = await started(now), now + 20 * SECOND
    assert await delivery_ops.record_sent(
        claim, [11, 12], 13, sent_at=later, delete_at=later + LIFE, paid_until=later + LIFE
    )
    row = await standing()
    assert (row.state, row.message_ids, row.notice_message_id) == (DeliveryState.SENT, (11, 12), 13)
    assert (row.opened_at, row.sent_at, row.delete_at) == (now, later, later + LIFE)
    assert is_paid(row, later + LIFE - MS) and not is_paid(row, later + LIFE)


async def test_what_is_unknown_keeps_the_promise_and_gets_the_bounds_of_its_ids(db: Database, now: datetime) -> None:
    claim = await started(now)
    assert await delivery_ops.record_unknown(claim, 20, sweep_before=20, known_ids=[7, 8])
    row = await standing()
    assert (row.state, row.delete_at, row.message_ids) == (DeliveryState.UNKNOWN, now + LIFE, ())
    assert (row.sweep_after, row.sweep_before, row.known_ids, row.notice_message_id) == (5, 20, (7, 8), 20)


async def test_a_refused_delivery_leaves_no_promise_and_counts_as_opened_only_when_it_was(
    db: Database, now: datetime
) -> None:
    assert await delivery_ops.record_refused(await started(now - 9 * SECOND))
    assert (await standing()).opened_at is None
    assert await sent(await started(now - 6 * SECOND, is_kept=True, update_key="message 2"), now, is_kept=True)
    assert await delivery_ops.record_refused(await started(now, update_key="message 3"))
    row = await standing()
    assert (row.state, row.opened_at, row.delete_at) == (DeliveryState.REFUSED, now - 6 * SECOND, None)


async def test_a_paid_copy_stays_paid_when_it_is_opened_again_for_nothing(db: Database, now: datetime) -> None:
    assert await sent(await started(now, is_kept=True), now, is_kept=True, paid_until=FOREVER)
    claim = await started(now + DOUBLE_TAP, is_kept=True, update_key="message 2")
    assert claim.before is not None and is_paid(claim.before, now + DOUBLE_TAP)
    assert await sent(claim, now + DOUBLE_TAP, is_kept=True)
    assert (await standing()).paid_until == FOREVER


# two owners


async def test_of_fifty_first_starts_one_gets_the_claim(db: Database, now: datetime) -> None:
    owners = [f"owner {number}" for number in range(50)]
    claims = await asyncio.gather(*(delivery_ops.start(new(now, owner=owner)) for owner in owners))
    (winner,) = [owner for owner, claim in zip(owners, claims, strict=True) if claim is not None]
    row = await stored(db)
    assert (row["owner"], row["count"], await db.collection("deliveries").count({})) == (winner, 1, 1)


async def test_of_fifty_later_starts_one_gets_the_claim(db: Database, now: datetime) -> None:
    await sent(await started(now, is_kept=True), now, is_kept=True)
    later = now + DOUBLE_TAP
    claims = await asyncio.gather(
        *(delivery_ops.start(new(later, owner=f"owner {n}", update_key=f"u {n}")) for n in range(50))
    )
    assert [claim.count for claim in claims if claim is not None] == [2]
    assert (await stored(db))["count"] == 2


async def test_of_fifty_restarts_one_gets_the_claim_and_the_copies_are_promised_once(
    db: Database, now: datetime
) -> None:
    await sent(await started(now), now)
    row = await standing()

    async def open_again(number: int) -> Claim | None:
        await delivery_ops.put_aside(row)
        return await delivery_ops.restart(row, new(now + SECOND, owner=f"owner {number}", update_key=f"u {number}"))

    claims = await asyncio.gather(*(open_again(number) for number in range(50)))
    assert [claim.count for claim in claims if claim is not None] == [2]
    (promise,) = await db.collection("pending_deletions").find({}, limit=60)
    assert (promise["message_ids"], promise["notice_message_id"]) == ([11, 12], 13)


async def test_of_fifty_takeovers_one_gets_the_claim(db: Database, now: datetime) -> None:
    await started(now)
    row, later = await standing(), now + LEASE_FOR + MS
    claims = await asyncio.gather(*(delivery_ops.take_over(row, f"owner {n}", later) for n in range(50)))
    assert [claim.count for claim in claims if claim is not None] == [2]
    assert (await standing()).tellings == 1


async def test_deliveries_of_other_posts_subscribers_and_bots_are_independent(db: Database, now: datetime) -> None:
    for more in ({}, {"post_code": "xyz"}, {"user_id": 8}, {"bot_id": 2}):
        assert await delivery_ops.start(new(now, **more)) is not None
    assert await db.collection("deliveries").count({}) == 4


async def test_a_start_that_loses_the_insert_gets_nothing(db: Database, now: datetime, step_in: StepIn) -> None:
    async def another() -> None:
        await started(now, owner=B)

    step_in("deliveries", "find_one_and_update", another)
    assert await delivery_ops.start(new(now)) is None
    assert (await stored(db))["owner"] == B


async def test_a_restart_after_another_has_started_gets_nothing(db: Database, now: datetime, step_in: StepIn) -> None:
    await sent(await started(now), now)
    row, later = await standing(), now + DOUBLE_TAP

    async def another() -> None:
        claim = await delivery_ops.restart(row, new(later, owner=B, update_key="message 2"))
        assert claim is not None
        # and has ended already: only the count shows it
        assert await sent(claim, later)

    step_in("deliveries", "update_one", another)
    assert await delivery_ops.restart(row, new(later, update_key="message 3")) is None
    assert (await standing()).update_key == "message 2"


async def test_a_takeover_after_a_renewal_gets_nothing(db: Database, now: datetime, step_in: StepIn) -> None:
    await started(now)
    row, later = await standing(), now + LEASE_FOR + MS

    async def renew() -> None:
        assert await delivery_ops.renew(A, [ID], later) == 1

    step_in("deliveries", "update_one", renew)
    assert await delivery_ops.take_over(row, B, later) is None
    assert (await stored(db))["owner"] == A


async def test_a_takeover_after_a_renewal_by_a_slow_clock_gets_nothing(
    db: Database, now: datetime, step_in: StepIn
) -> None:
    """The renewed lease, too, has run out by the clock of who would take it over."""
    await started(now)
    row, hours_ahead = await standing(), now + 100 * LEASE_FOR

    async def renew() -> None:
        assert await delivery_ops.renew(A, [ID], now + SECOND) == 1

    step_in("deliveries", "update_one", renew)
    assert await delivery_ops.take_over(row, B, hours_ahead) is None
    assert (await stored(db))["owner"] == A


async def test_a_takeover_after_the_outcome_gets_nothing(db: Database, now: datetime, step_in: StepIn) -> None:
    claim = await started(now)
    row, later = await standing(), now + LEASE_FOR + MS

    async def record() -> None:
        assert await sent(claim, later)

    step_in("deliveries", "update_one", record)
    assert await delivery_ops.take_over(row, B, later) is None
    assert (await standing()).state is DeliveryState.SENT


async def test_a_takeover_of_what_another_took_over_and_left_gets_nothing(db: Database, now: datetime) -> None:
    await started(now)
    row, later = await standing(), now + LEASE_FOR + MS
    assert await delivery_ops.take_over(row, B, later) is not None
    # lapsed again: who has read the row before does not know the present count
    assert await delivery_ops.take_over(row, A, later + LEASE_FOR + MS) is None
    assert await delivery_ops.take_over(await standing(), A, later + LEASE_FOR + MS) is not None


async def test_a_renewal_after_a_takeover_renews_nothing(db: Database, now: datetime) -> None:
    await started(now)
    assert await delivery_ops.take_over(await standing(), B, now + LEASE_FOR + MS) is not None
    before = await stored(db)
    assert await delivery_ops.renew(A, [ID], now + LEASE_FOR + MS) == 0
    assert await stored(db) == before


async def test_each_owner_renews_its_own_of_many_in_one_command(db: Database, now: datetime) -> None:
    for number in range(6):
        await started(now, user_id=number, owner=A if number % 2 else B)
    ids = [delivery_ops.delivery_id(BOT, number, CODE) for number in range(6)]
    db.calls.clear()
    assert await delivery_ops.renew(A, ids, now + SECOND) == 3
    assert db.calls == {"update_many deliveries": 1}
    assert await delivery_ops.renew(A, [], now) == 0
    assert db.calls.total() == 1


async def test_copies_deleted_while_the_post_is_opened_again_are_not_lost(
    db: Database, now: datetime, step_in: StepIn
) -> None:
    await sent(await started(now - LIFE), now - LIFE)
    row = await standing()
    await delivery_ops.put_aside(row)

    async def claim_for_deletion() -> None:
        assert len(await deletion_ops.claim_due(now, "deleter", LEASE_FOR, 10)) == 2

    step_in("deliveries", "update_one", claim_for_deletion)
    claim = await delivery_ops.restart(row, new(now, update_key="message 2"))
    assert claim is not None
    assert await sent(claim, now)
    # the deleter has lost its claim of the row: it must not clear the promise of the new copies
    assert await deletion_ops.finish([ID, f"{ID}:1"], "deleter") == 1
    assert (await standing()).delete_at == now + LIFE


# lost answers


async def test_a_start_whose_answer_was_lost_changes_nothing_when_repeated(db: Database, now: datetime) -> None:
    await started(now)
    before = await stored(db)
    assert await delivery_ops.start(new(now + MS)) is None
    assert await stored(db) == before
    row = await standing()
    assert (row.owner, row.update_key, row.count) == (A, "message 1", 1), "by these its owner knows it for its own"


async def test_a_restart_whose_answer_was_lost_changes_nothing_when_repeated(db: Database, now: datetime) -> None:
    await sent(await started(now), now)
    row, later = await standing(), now + DOUBLE_TAP
    again = new(later, update_key="message 2")
    assert await delivery_ops.restart(row, again) is not None
    before = await stored(db)
    assert await delivery_ops.restart(row, again) is None
    assert await stored(db) == before


async def test_a_takeover_whose_answer_was_lost_lapses_again(db: Database, now: datetime) -> None:
    await started(now)
    row, later = await standing(), now + LEASE_FOR + MS
    assert await delivery_ops.take_over(row, B, later) is not None
    assert await delivery_ops.take_over(row, B, later) is None
    assert await delivery_ops.find_lapsed(BOT, later + LEASE_FOR, 10) == []
    (lapsed,) = await delivery_ops.find_lapsed(BOT, later + LEASE_FOR + MS, 10)
    assert (lapsed.count, lapsed.tellings) == (2, 1)


# the same update again


async def test_an_update_that_is_remembered_starts_nothing(db: Database, now: datetime) -> None:
    at = now
    for number in range(3):
        await delivery_ops.record_unknown(await started(at, is_kept=True, update_key=f"message {number}"), None)
        at += DOUBLE_TAP
    for number in range(3):
        assert await delivery_ops.start(new(at, update_key=f"message {number}")) is None
        assert (await standing()).was_asked_by(f"message {number}")
    assert not (await standing()).was_asked_by("message 3")
    assert await delivery_ops.start(new(at, update_key="message 3")) is not None


async def test_so_many_updates_are_remembered_and_no_more(db: Database, now: datetime) -> None:
    at = now
    for number in range(KEYS_KEPT + 1):
        await delivery_ops.record_unknown(await started(at, is_kept=True, update_key=f"message {number}"), None)
        at += DOUBLE_TAP
    assert (await standing()).update_keys == tuple(f"message {number}" for number in range(1, KEYS_KEPT + 1))
    assert await delivery_ops.start(new(at, update_key="message 1")) is None
    assert await delivery_ops.start(new(at, update_key="message 0")) is not None


async def test_a_restart_remembers_the_updates_before(db: Database, now: datetime) -> None:
    await sent(await started(now), now)
    assert await delivery_ops.restart(await standing(), new(now, update_key="message 2")) is not None
    assert (await standing()).update_keys == ("message 1", "message 2")


async def test_requests_without_an_update_are_not_taken_for_one_another(db: Database, now: datetime) -> None:
    await sent(await started(now, is_kept=True, update_key=""), now, is_kept=True)
    assert await delivery_ops.start(new(now + DOUBLE_TAP, update_key="")) is not None
    row = await standing()
    assert (row.update_keys, row.was_asked_by("")) == ((), False)


# clocks


async def test_an_opening_by_a_clock_that_was_put_back_is_ignored(db: Database, now: datetime) -> None:
    ahead = now + timedelta(hours=2)
    await sent(await started(ahead, is_kept=True), ahead, is_kept=True)
    assert await delivery_ops.start(new(now, update_key="message 2")) is not None
    assert (await standing()).opened_at == now


async def test_a_second_tap_is_seen_to_the_millisecond(db: Database, now: datetime) -> None:
    await sent(await started(now, is_kept=True), now, is_kept=True)
    for later in (timedelta(), DOUBLE_TAP - MS):
        assert await delivery_ops.start(new(now + later, update_key="message 2")) is None
    assert await delivery_ops.start(new(now + DOUBLE_TAP, update_key="message 2")) is not None


async def test_a_lease_is_over_a_millisecond_after_its_end(db: Database, now: datetime) -> None:
    await started(now)
    row = await standing()
    assert await delivery_ops.find_lapsed(BOT, now + LEASE_FOR, 10) == []
    assert await delivery_ops.take_over(row, B, now + LEASE_FOR) is None
    assert await delivery_ops.find_lapsed(BOT, now + LEASE_FOR + MS, 10) == [row]
    assert await delivery_ops.take_over(row, B, now + LEASE_FOR + MS) is not None


async def test_times_are_cut_to_milliseconds_as_the_store_cuts_them(db: Database, now: datetime) -> None:
    await started(now + timedelta(microseconds=999))
    assert ((await stored(db))["opened_at"], (await standing()).until) == (now, now + LEASE_FOR)


# lists and what cannot be read


async def test_the_oldest_lapsed_are_found_first_and_no_more_than_the_limit(db: Database, now: datetime) -> None:
    for number in range(5):
        await started(now - number * SECOND, user_id=number)
    later = now + LEASE_FOR + SECOND
    found = await delivery_ops.find_lapsed(BOT, later, 3)
    assert [delivery.user_id for delivery in found] == [4, 3, 2]


async def test_an_unreadable_lapsed_row_is_set_aside_and_blocks_no_other(
    db: Database, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    await started(now - SECOND, user_id=8)
    await started(now)
    await db.collection("deliveries").update_one({"user_id": 8}, {"$set": {"tellings": "many"}})
    later = now + LEASE_FOR + SECOND
    with caplog.at_level(logging.ERROR, "tollgate.database"):
        assert [row.user_id for row in await delivery_ops.find_lapsed(BOT, later, 1)] == [READER]
    assert [record.message for record in caplog.records] == ["row.unreadable"]
    assert [row.user_id for row in await delivery_ops.find_lapsed(BOT, later, 1)] == [READER]
    assert (await stored(db, f"{BOT}:8:{CODE}"))[FIELD] == now + SET_ASIDE_FOR


async def test_a_row_that_could_not_be_read_is_made_whole_by_the_next_start(db: Database, now: datetime) -> None:
    # of an older version: nothing but an id, and a state nobody knows
    await db.collection("deliveries").insert_one({"_id": ID, "state": "asleep", "opened_at": now - LIFE})
    claim = await delivery_ops.start(new(now))
    assert claim == Claim(ID, 1, None, 5)
    assert await sent(claim, now)
    row = await standing()
    assert isinstance(row, Delivery) and row.state is DeliveryState.SENT
    (promise,) = await deletion_ops.open_deliveries(READER, 10)
    assert (promise.chat_id, promise.message_ids) == (READER, (11, 12))


async def test_a_delivery_that_never_was_is_not_found(db: Database) -> None:
    assert await delivery_ops.find(BOT, READER, CODE) is None

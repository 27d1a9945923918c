"""An erasure: every collection searched for the id, whatever was in progress, wherever it was killed."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.broadcasts import BroadcastStatus, RecipientState
from core.clock import ManualClock
from core.delivery_states import LEASE_FOR
from core.errors import StoreUnavailable
from core.ids import new_code
from core.privacy.table import KEPT, Erasure, as_lines, of_subscribers
from core.privacy.times import AGAIN_AFTER, PATIENCE, QUIET_FOR
from core.segments import Segment
from core.subscriptions import MembershipStatus
from core.users import Visitor
from database.connection import Database
from database.indexes import INDEXES
from database.operations import (
    audit_ops,
    broadcast_rows,
    deletion_ops,
    delivery_ops,
    impossible_deletions,
    membership_ops,
    user_credits,
    user_ops,
)
from database.operations.delivery_ops import NewDelivery
from database.operations.erasures import erased_copies, erasing, erasure_ops, own_data
from database.operations.erasures.erasure_ops import Erasure as Row
from database.operations.segments import find_reachable
from tests.operations.conftest import StepIn, away_after
from tests.operations.erasures.filled import (
    ALICE,
    BOB,
    BOT,
    DAY,
    HOUR,
    MINUTE,
    OLIVE,
    broadcast,
    delivery,
    fill,
    found_in,
    mentions,
    put,
    recipient,
)

HASH = "a" * 64


async def ask(clock: ManualClock, user_id: int = ALICE) -> Row:
    """Begin an erasure and take its first step, as the bot does."""
    row = await erasure_ops.begin(HASH, user_id, clock.now())
    await erasing.take_step(row, clock.now())
    return row


async def count_all(db: Database) -> None:
    """Take away the marks of what is not counted yet, as the counter does within a second."""
    await db.collection("deliveries").update_many({}, {"$unset": {"uncounted": ""}})


async def run_job(clock: ManualClock, within: timedelta = MINUTE) -> timedelta:
    """Take every step that becomes due, as the job does, until none is under way; return how long that took."""
    since = clock.now()
    while clock.now() - since <= within:
        for row in await erasure_ops.find_due(clock.now(), 10):
            await erasing.take_step(row, clock.now())
        if not await erasure_ops.find_due(clock.now() + DAY, 1):
            return clock.now() - since
        clock.move(timedelta(seconds=2))
    raise AssertionError(f"still under way after {within}")


# the table


def test_every_collection_is_in_the_table_that_says_what_of_it_is_a_subscribers() -> None:
    named = [one.collection for one in KEPT]
    assert set(INDEXES) - set(named) == set(), "say in core/privacy/table.py what it holds of a subscriber"
    assert len(named) == len(set(named))
    assert all((one.erasure is Erasure.NOTHING) == (not one.field) for one in KEPT)


async def test_filling_gives_a_subscriber_something_in_every_collection_of_the_table(
    db: Database, clock: ManualClock
) -> None:
    await fill(db, ALICE, clock.now())
    await erasure_ops.begin(HASH, ALICE, clock.now())
    assert set(await found_in(db, ALICE)) == {one.collection for one in of_subscribers()}


# everything, everywhere


async def test_within_a_minute_no_collection_has_the_id_but_what_is_to_be_deleted_from_the_chat(
    db: Database, clock: ManualClock
) -> None:
    await fill(db, ALICE, clock.now())
    await fill(db, BOB, clock.now())
    bobs = await found_in(db, BOB)
    await ask(clock)
    assert set(await found_in(db, ALICE)) == {"pending_deletions", "users", "erasures"}, "at once"
    assert await run_job(clock) <= MINUTE
    # two deliveries with a time, an earlier promise, a broadcast that is deleted by itself
    assert await found_in(db, ALICE) == {"pending_deletions": 4}
    assert await found_in(db, BOB) == bobs, "nothing of anybody else is touched"

    clock.move(2 * HOUR)
    claimed = await deletion_ops.claim_due(clock.now(), "deleter", MINUTE, 10, bot_id=BOT)
    assert sorted(one.message_ids for one in claimed if one.user_id == ALICE) == [(), (5,), (7, 8), (11,)]
    await deletion_ops.finish([one.id for one in claimed], "deleter")
    assert await found_in(db, ALICE) == {}


async def test_of_an_erasure_the_hash_stays_and_a_second_one_begins_again(db: Database, clock: ManualClock) -> None:
    await fill(db, ALICE, clock.now())
    await ask(clock)
    took = await run_job(clock)
    (left,) = await db.collection("erasures").find({}, limit=10)
    assert left["_id"] == HASH and left["user_id"] is None and left["done_at"] == clock.now()
    assert took <= QUIET_FOR + 2 * AGAIN_AFTER
    await fill(db, ALICE, clock.now())
    await ask(clock)
    await run_job(clock)
    assert set(await found_in(db, ALICE)) == {"pending_deletions"}


async def test_a_second_press_does_not_begin_the_time_again(db: Database, clock: ManualClock) -> None:
    await fill(db, ALICE, clock.now())
    first = await ask(clock)
    clock.move(timedelta(seconds=20))
    again = await erasure_ops.begin(HASH, ALICE, clock.now())
    assert again.asked_at == first.asked_at


async def test_an_erasure_that_finds_nothing_at_once_searches_again_after_the_lease_of_a_delivery(
    db: Database, clock: ManualClock
) -> None:
    row = await erasure_ops.begin(HASH, ALICE, clock.now())
    assert not (await erasing.take_step(row, clock.now())).is_done
    clock.move(LEASE_FOR)
    assert not (await erasing.take_step(row, clock.now())).is_done
    clock.move(QUIET_FOR - LEASE_FOR)
    assert (await erasing.take_step(row, clock.now())).is_done


async def test_an_unknown_subscriber_can_be_erased(db: Database, clock: ManualClock) -> None:
    await ask(clock)
    await run_job(clock)
    assert await found_in(db, ALICE) == {}


# what stays


@pytest.mark.parametrize("until", [None, DAY])
async def test_of_a_banned_subscriber_the_ban_stays_and_nothing_else(
    db: Database, clock: ManualClock, until: timedelta | None
) -> None:
    await fill(db, ALICE, clock.now())
    ends = None if until is None else clock.now() + until
    await user_ops.ban(ALICE, clock.now(), reason="spam", until=ends)
    await ask(clock)
    await run_job(clock)
    found = await user_ops.find(ALICE)
    assert found is not None and found.is_banned and found.ban_reason == "spam" and found.banned_until == ends
    (row,) = await db.collection("users").find({"user_id": ALICE}, limit=2)
    kept = {name: value for name, value in row.items() if value not in (None, "", 0)}
    assert set(kept) == {"_id", "user_id", "is_banned", "ban_reason", "joined_at", "last_seen_at", "blocked_at"} | (
        {"banned_until"} if until else set()
    )
    assert row["joined_at"].year == 1970


async def test_an_expired_ban_does_not_stay(db: Database, clock: ManualClock) -> None:
    await fill(db, ALICE, clock.now())
    await user_ops.ban(ALICE, clock.now(), reason=None, until=clock.now() + timedelta(seconds=1))
    clock.move(MINUTE)
    await ask(clock)
    await run_job(clock)
    assert await user_ops.find(ALICE) is None


async def test_a_ban_while_the_erasure_is_under_way_stays(db: Database, clock: ManualClock) -> None:
    await fill(db, ALICE, clock.now())
    await ask(clock)
    await user_ops.ban(ALICE, clock.now(), reason=None, until=None)
    await run_job(clock)
    found = await user_ops.find(ALICE)
    assert found is not None and found.is_banned and not found.first_name


async def test_the_activity_log_does_not_say_any_more_whom_an_action_was_about(
    db: Database, clock: ManualClock
) -> None:
    await audit_ops.record(clock.now(), OLIVE, "person.banned", str(ALICE), {"reason": "Alice Smith"}, None)
    await audit_ops.record(clock.now(), OLIVE, "owner.claimed", str(ALICE))
    await ask(clock)
    await run_job(clock)
    entries = {one.action: one for one in await audit_ops.last(10)}
    masked = entries["person.banned"]
    assert (masked.admin_id, masked.target, masked.before, masked.after) == (OLIVE, "erased", None, None)
    assert entries["owner.claimed"].target == str(ALICE), "a member of the team stays one"


async def test_a_promise_that_cannot_be_kept_is_counted_without_the_subscriber(
    db: Database, clock: ManualClock
) -> None:
    await put(db, "deliveries", delivery(ALICE, clock.now()))
    await ask(clock)
    clock.move(HOUR)
    (promise,) = await deletion_ops.claim_due(clock.now(), "deleter", MINUTE, 10, bot_id=BOT)
    await impossible_deletions.record_impossible([(promise, "too_old")], clock.now())
    await deletion_ops.finish([promise.id], "deleter")
    assert await db.collection("impossible_deletions").count({}) == 1
    assert "impossible_deletions" not in await found_in(db, ALICE)


# in progress


def being_sent(clock: ManualClock) -> NewDelivery:
    return NewDelivery(BOT, ALICE, new_code(), "m5", "process", clock.now(), clock.now() + HOUR, sweep_after=10)


async def test_a_delivery_in_progress_ends_first_and_its_copies_are_deleted_on_time(
    db: Database, clock: ManualClock
) -> None:
    await fill(db, ALICE, clock.now())
    new = being_sent(clock)
    claim = await delivery_ops.start(new)
    assert claim is not None
    await ask(clock)
    assert await delivery_ops.find(BOT, ALICE, new.post_code) is not None
    clock.move(timedelta(seconds=10))
    is_recorded = await delivery_ops.record_sent(
        claim, [31, 32], 33, sent_at=clock.now(), delete_at=clock.now() + HOUR, paid_until=None
    )
    assert is_recorded, "its process writes what it sent"
    await count_all(db)
    await run_job(clock)
    assert "deliveries" not in await found_in(db, ALICE)
    kept = await deletion_ops.open_deliveries(ALICE, 20)
    assert [one.message_ids for one in kept if one.notice_message_id == 33] == [(31, 32)]


async def test_a_delivery_whose_process_was_killed_is_taken_over_and_swept_on_time(
    db: Database, clock: ManualClock
) -> None:
    new = being_sent(clock)
    await delivery_ops.start(new)
    await ask(clock)
    clock.move(LEASE_FOR + timedelta(seconds=1))
    found = await delivery_ops.find(BOT, ALICE, new.post_code)
    assert found is not None
    claim = await delivery_ops.take_over(found, "recovery", clock.now())
    assert claim is not None
    await delivery_ops.record_unknown(claim, 40, sweep_before=40)
    await run_job(clock)
    (kept,) = await deletion_ops.open_deliveries(ALICE, 20)
    assert (kept.state, kept.sweep_after, kept.sweep_before) == ("unknown", 10, 40)
    assert set(await found_in(db, ALICE)) == {"pending_deletions"}


async def test_a_delivery_that_nobody_takes_over_holds_an_erasure_up_for_two_minutes_at_most(
    db: Database, clock: ManualClock
) -> None:
    await delivery_ops.start(being_sent(clock))
    await ask(clock)
    assert await run_job(clock, within=PATIENCE + MINUTE) <= PATIENCE + 2 * AGAIN_AFTER
    (kept,) = await deletion_ops.open_deliveries(ALICE, 20)
    assert (kept.state, kept.sweep_after) == ("unknown", 10)


async def test_what_a_handler_in_progress_writes_afterwards_is_gone_as_well(db: Database, clock: ManualClock) -> None:
    await fill(db, ALICE, clock.now())
    await ask(clock)
    clock.move(timedelta(seconds=3))
    # a handler that read the subscriber before
    await user_credits.grant(ALICE, "late", clock.now(), credits=5)
    await membership_ops.record(-100, ALICE, MembershipStatus.MEMBER, clock.now())
    await put(db, "tokens", {"token": new_code(), "user_id": ALICE, "status": "unused", "created_at": clock.now()})
    claim = await delivery_ops.start(being_sent(clock))
    assert claim is not None
    await delivery_ops.record_sent(claim, [50], None, sent_at=clock.now(), delete_at=None, paid_until=None)
    await user_ops.upsert_visitor(Visitor(user_id=ALICE, username="alice", first_name="Alice"), clock.now())
    await count_all(db)
    await run_job(clock)
    assert await user_ops.find(ALICE) is None
    assert set(await found_in(db, ALICE)) == {"pending_deletions"}


async def test_something_written_at_the_last_search_makes_another_one(
    db: Database, clock: ManualClock, step_in: StepIn
) -> None:
    await fill(db, ALICE, clock.now())
    row = await ask(clock)
    clock.move(QUIET_FOR)
    await put(db, "tokens", {"token": new_code(), "user_id": ALICE, "status": "unused", "created_at": clock.now()})
    step = await erasing.take_step(row, clock.now())
    assert not step.is_done, "what was found may not be all"
    await run_job(clock)
    assert await user_ops.find(ALICE) is None


async def test_who_is_being_erased_gets_no_broadcast_even_if_they_write(db: Database, clock: ManualClock) -> None:
    await fill(db, ALICE, clock.now())
    await ask(clock)
    known, is_new = await user_ops.upsert_visitor(Visitor(user_id=ALICE, first_name="Alice"), clock.now())
    assert known.erasing_at is not None and not is_new
    assert await find_reachable(Segment(), clock.now(), clock.now(), after=None, limit=10) == []


async def test_who_comes_back_after_the_end_is_new_and_stays(db: Database, clock: ManualClock) -> None:
    await fill(db, ALICE, clock.now())
    row = await ask(clock)
    await run_job(clock)
    # a killed process: the document is deleted, the end of the erasure not stored yet
    await db.collection("erasures").update_one({"_id": HASH}, {"$set": {**row.model_dump(exclude={"id"})}})
    clock.move(MINUTE)
    user, is_new = await user_ops.upsert_visitor(Visitor(user_id=ALICE, first_name="Alice"), clock.now())
    assert is_new and user.erasing_at is None
    await run_job(clock)
    found = await user_ops.find(ALICE)
    assert found is not None and found.first_name == "Alice"


# broadcasts


@pytest.mark.parametrize(
    ("state", "lifetime", "recalled", "more", "kept"),
    [
        (RecipientState.PENDING, 60, False, {}, None),
        (RecipientState.BLOCKED, 60, False, {}, None),
        (RecipientState.DELETED, 60, False, {}, None),
        (RecipientState.SENT, 0, False, {}, None),
        (RecipientState.SENT, 60, False, {}, (HOUR, (11,), "sent")),
        (RecipientState.SENT, 0, True, {}, (timedelta(), (11,), "sent")),
        (RecipientState.UNKNOWN, 60, False, {"sweep_after": 5, "sweep_before": 9}, (HOUR, (), "unknown")),
        (RecipientState.UNKNOWN, 60, False, {}, None),
    ],
)
async def test_a_copy_of_a_broadcast_is_still_deleted_on_time(
    db: Database,
    clock: ManualClock,
    state: RecipientState,
    lifetime: int,
    recalled: bool,
    more: dict[str, int],
    kept: tuple[timedelta, tuple[int, ...], str] | None,
) -> None:
    now = clock.now()
    broadcast_id = await broadcast(db, now, lifetime_minutes=lifetime, is_recall_wanted=recalled)
    await put(
        db,
        "broadcast_recipients",
        recipient(broadcast_id, ALICE, now, state, **more),
        recipient(broadcast_id, BOB, now, state),
    )
    await ask(clock)
    promises = [
        (one.delete_at - now, one.message_ids, one.state) for one in await deletion_ops.open_deliveries(ALICE, 9)
    ]
    assert promises == ([] if kept is None else [kept])
    await run_job(clock)
    assert sum((await broadcast_rows.count_states(str(broadcast_id))).values()) == 1, "Bob's row stays"
    assert set(await found_in(db, ALICE)) == (set() if kept is None else {"pending_deletions"})


async def test_a_copy_that_is_being_sent_is_recorded_first(db: Database, clock: ManualClock) -> None:
    now = clock.now()
    broadcast_id = await broadcast(db, now, lifetime_minutes=60, status=BroadcastStatus.SENDING)
    await broadcast_rows.add_recipients(str(broadcast_id), [ALICE])
    await broadcast_rows.claim(str(broadcast_id), [ALICE], "run", bot_id=BOT, sweep_after=5, at=now)
    await ask(clock)
    assert await broadcast_rows.mark_sent(str(broadcast_id), ALICE, "run", [66], now)
    await run_job(clock)
    (kept,) = await deletion_ops.open_deliveries(ALICE, 9)
    assert kept.message_ids == (66,)
    assert set(await found_in(db, ALICE)) == {"pending_deletions"}


async def test_a_copy_that_was_being_sent_when_its_process_died_is_swept_on_time(
    db: Database, clock: ManualClock
) -> None:
    now = clock.now()
    broadcast_id = await broadcast(db, now, lifetime_minutes=60, status=BroadcastStatus.PAUSED)
    await broadcast_rows.add_recipients(str(broadcast_id), [ALICE])
    await broadcast_rows.claim(str(broadcast_id), [ALICE], "dead", bot_id=BOT, sweep_after=5, at=now)
    await ask(clock)
    await run_job(clock, within=PATIENCE + MINUTE)
    (kept,) = await deletion_ops.open_deliveries(ALICE, 9)
    assert (kept.state, kept.sweep_after) == ("unknown", 5)
    assert set(await found_in(db, ALICE)) == {"pending_deletions"}


async def test_broadcasts_beyond_one_page_are_searched(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    for number in range(7):
        broadcast_id = await broadcast(db, now - (number // 3) * HOUR)
        await put(db, "broadcast_recipients", recipient(broadcast_id, ALICE, now, RecipientState.SENT))
    monkeypatch.setattr(erased_copies, "PAGE", 2)
    await ask(clock)
    assert await db.collection("broadcast_recipients").count({}) == 0


# killed


async def test_killed_before_any_command_an_erasure_ends_as_if_it_had_not_been(
    db: Database, clock: ManualClock
) -> None:
    killed_at, was_killed = 0, True
    while was_killed:
        await fill(db, ALICE, clock.now())
        db.before_call, was_killed = away_after(killed_at), False
        try:
            await ask(clock)
        except StoreUnavailable:
            killed_at, was_killed = killed_at + 1, True
        db.before_call = None
        if not await erasure_ops.is_any_due(clock.now() + DAY):
            # nothing was stored yet: the update comes again
            assert killed_at == 1
            await ask(clock)
        await run_job(clock)
        assert await found_in(db, ALICE) == {"pending_deletions": 4}, f"killed before command {killed_at}"
        await db.collection("pending_deletions").delete_many({})
    assert killed_at > 20


async def test_killed_before_any_command_of_the_last_search_it_ends_all_the_same(
    db: Database, clock: ManualClock
) -> None:
    await fill(db, ALICE, clock.now())
    row = await ask(clock)
    clock.move(QUIET_FOR)
    killed_at = 0
    while True:
        db.before_call = away_after(killed_at)
        try:
            await erasing.take_step(row, clock.now())
            break
        except StoreUnavailable:
            killed_at += 1
        finally:
            db.before_call = None
    assert killed_at > 10
    assert await found_in(db, ALICE) == {"pending_deletions": 4}
    assert not await erasure_ops.is_any_due(clock.now() + DAY)


# the copy


async def test_a_copy_has_everything_of_the_subscriber_and_nothing_of_anybody_else(
    db: Database, clock: ManualClock
) -> None:
    await fill(db, ALICE, clock.now())
    await fill(db, BOB, clock.now())
    kept = {one.collection: one.rows for one in await own_data.rows_of(ALICE)}
    there_is = await found_in(db, ALICE)
    assert {name: len(rows) for name, rows in kept.items()} == there_is
    assert not mentions(kept, BOB) and not mentions(kept, OLIVE)
    assert kept["users"][0]["credits"] == 9 and kept["users"][0]["source"] == "insta"
    work = {"owner", "until", "claimed_by", "claim", "_id"}
    assert not any(work & set(row) for rows in kept.values() for row in rows)


async def test_a_copy_of_very_many_rows_says_that_it_is_cut(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_data, "ROWS_MAX", 3)
    await put(db, "memberships", *({"chat_id": -n, "user_id": ALICE, "seen_at": clock.now()} for n in range(1, 5)))
    (rows,) = await own_data.rows_of(ALICE)
    assert rows.is_cut and len(rows.rows) == 3


def test_the_docs_show_the_table() -> None:
    text = (Path(__file__).parents[3] / "docs" / "privacy.md").read_text(encoding="utf-8")
    assert "\n".join(as_lines()) in text

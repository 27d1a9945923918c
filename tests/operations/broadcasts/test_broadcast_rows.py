"""Rows of recipients: none is sent to twice and none skipped, with repeated calls, lost answers and concurrency."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.errors import NetworkTimeout

from core.broadcasts import RecipientState
from core.errors import StoreRefused, StoreUnavailable
from database import unreadable_rows
from database.connection import Database
from database.operations import broadcast_rows
from database.values import to_key
from tests.operations.broadcasts.broadcasting import ANN, BOB, MS, in_state, row, sent_to, state

B, OTHER = "0" * 23 + "1", "0" * 23 + "2"
ME, ANOTHER = "process:me", "process:another"
PENDING, SENDING, SENT = RecipientState.PENDING, RecipientState.SENDING, RecipientState.SENT
UNKNOWN, BLOCKED, FAILED = RecipientState.UNKNOWN, RecipientState.BLOCKED, RecipientState.FAILED
LEFT_OUT, DELETED, KEPT = RecipientState.LEFT_OUT, RecipientState.DELETED, RecipientState.KEPT
StepIn = Callable[..., None]


@pytest.fixture
def lose_answers(db: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`lose_answers(method)`: the next call of that method is carried out, but raises StoreUnavailable."""

    def arrange(method: str) -> None:
        original = getattr(db.collection("broadcast_recipients"), method)

        async def lost(*args: Any, **options: Any) -> None:
            monkeypatch.setattr(db.collection("broadcast_recipients"), method, original)
            await original(*args, **options)
            raise StoreUnavailable("no answer")

        monkeypatch.setattr(db.collection("broadcast_recipients"), method, lost)

    return arrange


async def states(db: Database) -> dict[int, str]:
    found = await db.collection("broadcast_recipients").find({"broadcast_id": to_key(B)}, limit=99)
    return {row["user_id"]: row["state"] for row in found}


# --- created


async def test_each_recipient_gets_a_pending_row(db: Database) -> None:
    await broadcast_rows.add_recipients(B, [ANN, BOB])
    ann = await row(db, B, ANN)
    assert (ann["broadcast_id"], ann["state"], ann["owner"]) == (to_key(B), "pending", None)
    assert await states(db) == {ANN: "pending", BOB: "pending"}
    await broadcast_rows.add_recipients(B, [])
    assert await db.collection("broadcast_recipients").count({}) == 2


@pytest.mark.parametrize("there", [[1], [3], [6], [1, 2], [2, 5], [1, 2, 3, 4, 5, 6]])
async def test_a_half_inserted_page_is_completed_and_existing_rows_are_kept(db: Database, there: list[int]) -> None:
    await broadcast_rows.add_recipients(B, there)
    await broadcast_rows.claim(B, there[:1], ME)
    await broadcast_rows.add_recipients(B, range(1, 7))
    assert await states(db) == {number: "pending" for number in range(1, 7)} | {there[0]: "sending"}


async def test_a_user_twice_in_a_page_gets_one_row(db: Database) -> None:
    await broadcast_rows.add_recipients(B, [ANN, ANN, BOB])
    assert await states(db) == {ANN: "pending", BOB: "pending"}


async def test_a_page_whose_answer_was_lost_can_be_inserted_again(
    db: Database, lose_answers: Callable[[str], None]
) -> None:
    lose_answers("insert_many")
    with pytest.raises(StoreUnavailable):
        await broadcast_rows.add_recipients(B, [ANN, BOB])
    await broadcast_rows.add_recipients(B, [ANN, BOB])
    assert await states(db) == {ANN: "pending", BOB: "pending"}


async def test_two_processes_inserting_the_same_page_make_one_row_each(db: Database, step_in: StepIn) -> None:
    step_in("broadcast_recipients", "insert_many", lambda: broadcast_rows.add_recipients(B, [2, 4]))
    await broadcast_rows.add_recipients(B, [1, 2, 3, 4])
    assert sorted(await states(db)) == [1, 2, 3, 4]


async def test_a_row_refused_for_another_reason_raises(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*args: Any, **options: Any) -> None:
        raise StoreRefused("disk full")

    monkeypatch.setattr(db.collection("broadcast_recipients"), "insert_many", refuse)
    with pytest.raises(StoreRefused, match="disk full"):
        await broadcast_rows.add_recipients(B, [ANN])


async def test_a_user_has_a_row_of_each_broadcast(db: Database) -> None:
    await broadcast_rows.add_recipients(B, [ANN])
    await broadcast_rows.add_recipients(OTHER, [ANN])
    assert await broadcast_rows.claim(B, [ANN], ME) == [ANN]
    assert (await state(db, B, ANN), await state(db, OTHER, ANN)) == ("sending", "pending")


# --- claimed


async def test_pending_rows_are_found_by_id_page_by_page(db: Database) -> None:
    await broadcast_rows.add_recipients(B, [5, 1, 4, 2, 3])
    await broadcast_rows.add_recipients(OTHER, [6])
    await broadcast_rows.claim(B, [2], ME)
    assert await broadcast_rows.next_pending(B, 0, 2) == [1, 3]
    assert await broadcast_rows.next_pending(B, 3, 9) == [4, 5]
    assert await broadcast_rows.next_pending(B, 5, 9) == []
    assert await broadcast_rows.next_pending("nope", 0, 9) == []


async def test_each_row_is_claimed_by_one_owner(db: Database) -> None:
    await broadcast_rows.add_recipients(B, [1, 2, 3, 4])
    assert await broadcast_rows.claim(B, [1, 2], ME) == [1, 2]
    assert await broadcast_rows.claim(B, [2, 3], ANOTHER) == [3]
    assert await broadcast_rows.claim(B, [4, 99], ME) == [4]
    assert await broadcast_rows.claim(B, [], ME) == []
    owners = {number: (await row(db, B, number))["owner"] for number in range(1, 5)}
    assert owners == {1: ME, 2: ME, 3: ANOTHER, 4: ME}


async def test_a_claim_whose_answer_was_lost_can_be_repeated(db: Database, lose_answers: Callable[[str], None]) -> None:
    await broadcast_rows.add_recipients(B, [1, 2, 3])
    await broadcast_rows.claim(B, [3], ANOTHER)
    lose_answers("update_many")
    with pytest.raises(StoreUnavailable):
        await broadcast_rows.claim(B, [1, 2, 3], ME)
    assert await broadcast_rows.claim(B, [1, 2, 3], ME) == [1, 2]


async def test_an_outage_in_the_middle_of_a_claim_loses_no_row(db: Database) -> None:
    await broadcast_rows.add_recipients(B, [1, 2, 3])
    await broadcast_rows.claim(B, [3], ANOTHER)

    def away_at_the_look(operation: str, collection: str) -> None:
        if operation == "find":
            raise NetworkTimeout("no answer")

    db.before_call = away_at_the_look
    with pytest.raises(StoreUnavailable):
        await broadcast_rows.claim(B, [1, 2, 3], ME)
    db.before_call = None
    assert await broadcast_rows.claim(B, [1, 2, 3], ME) == [1, 2]


@pytest.mark.parametrize("before", [one for one in RecipientState if one not in (PENDING, SENDING)])
async def test_a_row_with_a_result_is_never_claimed_again(db: Database, before: RecipientState) -> None:
    await in_state(db, B, ANN, before, owner=ME)
    assert await broadcast_rows.next_pending(B, 0, 9) == []
    assert await broadcast_rows.claim(B, [ANN], ME) == []
    assert await state(db, B, ANN) == before


async def test_a_row_claimed_by_another_process_meanwhile_is_not_returned(db: Database, step_in: StepIn) -> None:
    await broadcast_rows.add_recipients(B, [1, 2])
    step_in("broadcast_recipients", "update_many", lambda: broadcast_rows.claim(B, [1], ANOTHER))
    assert await broadcast_rows.claim(B, [1, 2], ME) == [2]


async def test_claiming_four_rows_costs_one_command_and_each_result_another(db: Database, now: datetime) -> None:
    await broadcast_rows.add_recipients(B, [1, 2, 3, 4])
    db.calls.clear()
    await broadcast_rows.claim(B, [1, 2, 3, 4], ME)
    await broadcast_rows.mark_sent(B, 1, ME, [5], now)
    await broadcast_rows.mark_not_sent(B, 2, ME, BLOCKED, "blocked")
    await broadcast_rows.release(B, 3, ME)
    # none of them is a findAndModify, for which the tests' server reads all rows
    assert dict(db.calls) == {"update_many broadcast_recipients": 1, "update_one broadcast_recipients": 3}


# --- released


async def test_a_released_row_is_pending_again(db: Database) -> None:
    await broadcast_rows.add_recipients(B, [ANN])
    await broadcast_rows.claim(B, [ANN], ME)
    assert await broadcast_rows.release(B, ANN, ME, "no network")
    assert not await broadcast_rows.release(B, ANN, ME, "no network")

    ann = await row(db, B, ANN)
    assert (ann["state"], ann["owner"], ann["error"]) == ("pending", None, "no network")
    assert await broadcast_rows.claim(B, [ANN], ANOTHER) == [ANN]
    assert not await broadcast_rows.release(B, ANN, ME)
    assert await state(db, B, ANN) == "sending"


@pytest.mark.parametrize("before", [one for one in RecipientState if one is not SENDING])
async def test_only_a_row_being_sent_can_be_released(db: Database, before: RecipientState) -> None:
    await in_state(db, B, ANN, before, owner=ME)
    assert not await broadcast_rows.release(B, ANN, ME)
    assert await state(db, B, ANN) == before


# --- results


async def test_a_sent_copy_can_be_recorded_again(
    db: Database, now: datetime, lose_answers: Callable[[str], None]
) -> None:
    await broadcast_rows.add_recipients(B, [ANN])
    await broadcast_rows.claim(B, [ANN], ME)
    lose_answers("update_one")
    with pytest.raises(StoreUnavailable):
        await broadcast_rows.mark_sent(B, ANN, ME, (7, 8), now, "one part is gone")
    assert await broadcast_rows.mark_sent(B, ANN, ME, (7, 8), now, "one part is gone")

    ann = await row(db, B, ANN)
    assert (ann["state"], ann["message_ids"], ann["sent_at"]) == ("sent", [7, 8], now)
    assert ann["error"] == "one part is gone"


async def test_a_late_repetition_does_not_turn_a_deleted_copy_into_a_sent_one(db: Database, now: datetime) -> None:
    await sent_to(B, ANN, now, ME)
    assert await broadcast_rows.mark_recalled(B, ANN, DELETED)
    assert not await broadcast_rows.mark_sent(B, ANN, ME, [101], now)
    assert await state(db, B, ANN) == "deleted"


@pytest.mark.parametrize("owner", [ANOTHER, ""])
async def test_only_the_owner_of_a_row_records_its_result(db: Database, now: datetime, owner: str) -> None:
    await broadcast_rows.add_recipients(B, [ANN])
    await broadcast_rows.claim(B, [ANN], ME)
    assert not await broadcast_rows.mark_sent(B, ANN, owner, [1], now)
    assert not await broadcast_rows.mark_not_sent(B, ANN, owner, FAILED, "no")
    assert not await broadcast_rows.release(B, ANN, owner)
    assert await state(db, B, ANN) == "sending"


@pytest.mark.parametrize("ended", [BLOCKED, FAILED, UNKNOWN, LEFT_OUT])
async def test_a_failed_row_can_be_recorded_again(db: Database, ended: RecipientState) -> None:
    await broadcast_rows.add_recipients(B, [ANN])
    await broadcast_rows.claim(B, [ANN], ME)
    for _ in range(2):
        assert await broadcast_rows.mark_not_sent(B, ANN, ME, ended, "why")
    ann = await row(db, B, ANN)
    assert (ann["state"], ann["error"]) == (ended, "why")


async def test_a_sent_row_never_becomes_a_failed_one(db: Database, now: datetime) -> None:
    await sent_to(B, ANN, now, ME)
    assert not await broadcast_rows.mark_not_sent(B, ANN, ME, UNKNOWN, "no answer")
    assert await state(db, B, ANN) == "sent"


async def test_rows_of_killed_processes_become_unknown_and_ones_own_do_not(db: Database) -> None:
    await broadcast_rows.add_recipients(B, [1, 2, 3, 4])
    await broadcast_rows.add_recipients(OTHER, [1])
    await broadcast_rows.claim(B, [1, 2], ANOTHER)
    await broadcast_rows.claim(B, [3], ME)
    await broadcast_rows.claim(OTHER, [1], ANOTHER)

    assert await broadcast_rows.mark_lost_unknown(B, ME) == 2
    assert await broadcast_rows.mark_lost_unknown(B, ME) == 0
    assert await states(db) == {1: "unknown", 2: "unknown", 3: "sending", 4: "pending"}
    assert await state(db, OTHER, 1) == "sending"
    # they are not sent to again
    assert await broadcast_rows.next_pending(B, 0, 9) == [4]


async def test_a_slow_owner_can_still_record_results_of_unknown_rows(db: Database, now: datetime) -> None:
    await broadcast_rows.add_recipients(B, [1, 2, 3])
    await broadcast_rows.claim(B, [1, 2, 3], ANOTHER)
    await broadcast_rows.mark_lost_unknown(B, ME)

    assert await broadcast_rows.mark_sent(B, 1, ANOTHER, [7], now)
    assert await broadcast_rows.mark_not_sent(B, 2, ANOTHER, BLOCKED, "blocked")
    # but cannot release it to be sent again
    assert not await broadcast_rows.release(B, 3, ANOTHER)
    assert await states(db) == {1: "sent", 2: "blocked", 3: "unknown"}


@pytest.mark.parametrize("before", list(RecipientState))
async def test_only_a_pending_row_is_left_out(db: Database, before: RecipientState) -> None:
    await in_state(db, B, ANN, before)
    assert await broadcast_rows.leave_out(B, ANN) is (before is PENDING)
    assert await state(db, B, ANN) == (LEFT_OUT if before is PENDING else before)
    assert not await broadcast_rows.leave_out(B, BOB)


async def test_only_states_that_occur_are_counted(db: Database) -> None:
    assert await broadcast_rows.count_states(B) == {}
    for number, before in enumerate([*RecipientState, SENT]):
        await in_state(db, B, number, before)
    await in_state(db, OTHER, 1, SENT)
    assert await broadcast_rows.count_states(B) == dict.fromkeys(RecipientState, 1) | {"sent": 2}


# --- answers that were lost


async def lost(now: datetime, *user_ids: int, owner: str = ME, sweep_after: int | None = 50) -> None:
    await broadcast_rows.add_recipients(B, user_ids)
    await broadcast_rows.claim(B, user_ids, owner, bot_id=1, sweep_after=sweep_after, at=now)
    for user_id in user_ids:
        assert await broadcast_rows.mark_not_sent(B, user_id, owner, UNKNOWN, "lost")


async def test_a_claim_records_bot_newest_id_and_time(db: Database, now: datetime) -> None:
    await broadcast_rows.add_recipients(B, [ANN])
    await broadcast_rows.claim(B, [ANN], ME, bot_id=1, sweep_after=50, at=now)
    ann = await row(db, B, ANN)
    assert (ann["bot_id"], ann["sweep_after"], ann["sweep_before"], ann["sent_at"]) == (1, 50, None, now)
    await broadcast_rows.release(B, ANN, ME)
    await broadcast_rows.claim(B, [ANN], ME, bot_id=1, sweep_after=70, at=now + MS)
    ann = await row(db, B, ANN)
    assert (ann["sweep_after"], ann["sent_at"]) == (70, now + MS)


async def test_the_first_later_id_is_recorded_once(db: Database, now: datetime) -> None:
    await lost(now, 1, 2)
    await sent_to(B, 3, now, ME)
    assert await broadcast_rows.bound_sweeps(B, [1, 3], 60) == 1
    assert await broadcast_rows.bound_sweeps(B, [1, 2, 3], 70) == 1
    assert [(await row(db, B, user_id))["sweep_before"] for user_id in (1, 2, 3)] == [60, 70, None]


async def test_ids_after_the_answers_of_earlier_runs_are_recorded_and_not_of_ones_own(
    db: Database, now: datetime
) -> None:
    await lost(now, 1, owner=ANOTHER)
    await lost(now, 2)
    assert await broadcast_rows.bound_earlier_sweeps(B, ME, 60) == 1
    assert [(await row(db, B, user_id))["sweep_before"] for user_id in (1, 2)] == [60, None]


async def test_lost_answers_that_can_be_swept_are_found_oldest_first(db: Database, now: datetime) -> None:
    await lost(now, 1)
    await lost(now - MS, 2)
    await lost(now - 2 * MS, 3, sweep_after=None)
    await sent_to(B, 4, now)
    found = await broadcast_rows.next_to_sweep(B, now, 9)
    assert [(one.user_id, one.bot_id, one.sweep_after) for one in found] == [(2, 1, 50), (1, 1, 50)]
    assert [one.user_id for one in await broadcast_rows.next_to_sweep(B, now - MS, 9)] == [2]
    assert [one.user_id for one in await broadcast_rows.next_to_sweep(B, now, 9, without=[2])] == [1]
    assert await broadcast_rows.oldest_to_sweep(B, now) == now - MS


async def test_what_was_swept_or_given_up_is_not_found_again(db: Database, now: datetime) -> None:
    await lost(now, 1, 2)
    assert await broadcast_rows.mark_swept(B, 1)
    assert await broadcast_rows.mark_swept(B, 2, "too old")
    assert await broadcast_rows.next_to_sweep(B, now, 9) == []
    assert await broadcast_rows.oldest_to_sweep(B, now) is None
    assert await states(db) == {1: "swept", 2: "unknown"}
    assert (await row(db, B, 2))["error"] == "too old"
    assert not await broadcast_rows.mark_swept(B, 1)


@pytest.mark.parametrize("before", [one for one in RecipientState if one is not UNKNOWN])
async def test_only_an_unknown_row_is_swept(db: Database, now: datetime, before: RecipientState) -> None:
    await lost(now, ANN)
    await in_state(db, B, ANN, before)
    assert await broadcast_rows.next_to_sweep(B, now, 9) == []
    assert not await broadcast_rows.mark_swept(B, ANN)
    assert await state(db, B, ANN) == before


async def test_a_result_that_came_after_a_sweep_replaces_it(db: Database, now: datetime) -> None:
    await lost(now, ANN)
    await broadcast_rows.mark_swept(B, ANN)
    assert await broadcast_rows.mark_sent(B, ANN, ME, [60], now)
    assert await state(db, B, ANN) == "sent"


# --- recalled


async def test_due_copies_are_found_oldest_first_with_their_message_ids(db: Database, now: datetime) -> None:
    for user_id in (1, 2, 3):
        await sent_to(B, user_id, now - user_id * MS)
    await sent_to(OTHER, 4, now - timedelta(days=1))

    found = await broadcast_rows.next_to_recall(B, now - 2 * MS, 9)
    assert [(one.broadcast_id, one.user_id, one.message_ids) for one in found] == [(B, 3, (103,)), (B, 2, (102,))]
    assert [one.user_id for one in await broadcast_rows.next_to_recall(B, now, 2)] == [3, 2]
    assert [one.user_id for one in await broadcast_rows.next_to_recall(B, now, 9, without=[3, 1])] == [2]
    assert await broadcast_rows.next_to_recall(B, now - 4 * MS, 9) == []
    assert await broadcast_rows.oldest_sent_at(B, now) == now - 3 * MS


@pytest.mark.parametrize("at", [None, "yesterday", datetime(2900, 1, 1, tzinfo=UTC)], ids=["none", "text", "future"])
async def test_copies_of_no_past_time_are_due_at_no_time_and_found_when_all_are_wanted(
    db: Database, now: datetime, at: object
) -> None:
    await sent_to(B, 1, now)
    await sent_to(B, 2, now)
    second = {"broadcast_id": to_key(B), "user_id": 2}
    await db.collection("broadcast_recipients").update_one(second, {"$set": {"sent_at": at}})
    assert [one.user_id for one in await broadcast_rows.next_to_recall(B, now, 9)] == [1]
    found = await broadcast_rows.next_to_recall(B, None, 9)
    assert sorted(one.user_id for one in found) == ([1] if isinstance(at, str) else [1, 2])
    assert await broadcast_rows.mark_recalled(B, 1, DELETED)
    assert await broadcast_rows.oldest_sent_at(B, now) is None
    aside = await broadcast_rows.count_set_aside(B, SENT, now)
    assert aside == isinstance(at, str), "what cannot be read is set aside"
    assert await broadcast_rows.count_set_aside(B, SENT, now + timedelta(hours=1)) == 0


async def test_a_row_that_names_somebody_else_than_its_id_cannot_be_read(db: Database, now: datetime) -> None:
    await sent_to(B, 1, now)
    await db.collection("broadcast_recipients").update_one({"broadcast_id": to_key(B)}, {"$set": {"user_id": 2}})
    assert await broadcast_rows.next_to_recall(B, None, 9) == []
    assert await broadcast_rows.count_set_aside(B, SENT, now) == 1


async def test_rows_of_no_known_state_are_counted_and_set_aside(db: Database, now: datetime) -> None:
    for user_id in (1, 2, 3):
        await sent_to(B, user_id, now)
    for user_id, unknown in ((1, "melted"), (2, None)):
        condition = {"broadcast_id": to_key(B), "user_id": user_id}
        await db.collection("broadcast_recipients").update_one(condition, {"$set": {"state": unknown}})
    assert await broadcast_rows.count_of_unknown_state(B) == 2
    assert len(await unreadable_rows.find()) == 2


@pytest.mark.parametrize("before", [one for one in RecipientState if one is not SENT])
async def test_only_sent_rows_are_recalled(db: Database, now: datetime, before: RecipientState) -> None:
    await sent_to(B, ANN, now)
    await in_state(db, B, ANN, before)
    assert await broadcast_rows.next_to_recall(B, now, 9) == []
    assert await broadcast_rows.oldest_sent_at(B, now) is None
    assert not await broadcast_rows.mark_recalled(B, ANN, DELETED)
    assert await state(db, B, ANN) == before


async def test_a_copy_is_recalled_once(db: Database, now: datetime) -> None:
    await sent_to(B, ANN, now)
    await sent_to(B, BOB, now)
    assert await broadcast_rows.mark_recalled(B, ANN, KEPT, "too old")
    assert not await broadcast_rows.mark_recalled(B, ANN, DELETED)
    assert await broadcast_rows.mark_recalled(B, BOB, DELETED)
    ann = await row(db, B, ANN)
    assert (ann["state"], ann["error"], ann["message_ids"]) == ("kept", "too old", [101])
    assert await broadcast_rows.next_to_recall(B, now, 9) == []


async def test_rows_of_one_broadcast_are_removed_and_others_are_kept(db: Database) -> None:
    await broadcast_rows.add_recipients(B, range(1, 8))
    await broadcast_rows.add_recipients(OTHER, [1, 2])
    removed = await broadcast_rows.remove_rows(B, {"batch_size": 3, "timeout_s": 0})
    assert (removed.count, removed.more) == (3, True)
    assert sorted(await states(db)) == [4, 5, 6, 7]
    removed = await broadcast_rows.remove_rows(B, {"batch_size": 9})
    assert (removed.count, removed.more) == (4, False)
    assert (await broadcast_rows.remove_rows(B, {})).count == 0
    assert await broadcast_rows.count_states(OTHER) == {"pending": 2}

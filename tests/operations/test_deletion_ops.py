"""Promises to delete deliveries: due to the millisecond, claimed by one owner only, never lost."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.delivery import PendingDeletion
from database.connection import Database, current_database
from database.operations import deletion_ops
from database.values import to_key

HOLD = timedelta(minutes=2)
MS = timedelta(milliseconds=1)


async def promise_at(delete_at: datetime, user_id: int = 7) -> str:
    sent_at = delete_at - timedelta(minutes=30)
    return await deletion_ops.promise(1, user_id, user_id, "code", sent_at, delete_at)


async def stored(db: Database) -> list[dict[str, Any]]:
    return await db.collection("pending_deletions").find({}, limit=1000, sort=[("delete_at", 1)])


def ids(promises: list[PendingDeletion]) -> list[str]:
    return [promise.id for promise in promises]


async def test_a_promise_is_stored_before_any_message_id_is_known(db: Database, now: datetime) -> None:
    promise_id = await deletion_ops.promise(1, 7, 70, "abc", now, now + timedelta(minutes=30))

    (document,) = await stored(db)
    assert str(document["_id"]) == promise_id
    assert document["message_ids"] == []
    assert document["notice_message_id"] is None
    assert document["sent_at"] == now
    assert document["delete_at"] == now + timedelta(minutes=30)
    assert (document["bot_id"], document["user_id"], document["chat_id"]) == (1, 7, 70)


async def test_ids_and_notice_are_added_to_the_promise(db: Database, now: datetime) -> None:
    promise_id = await promise_at(now)

    assert await deletion_ops.record_messages(promise_id, [11, 12, 13])
    assert await deletion_ops.record_notice(promise_id, 14)

    (promise,) = await deletion_ops.open_deliveries(7, 10)
    assert promise.message_ids == (11, 12, 13)
    assert promise.notice_message_id == 14


async def test_ids_of_a_promise_that_is_gone_are_reported_not_recreated(db: Database, now: datetime) -> None:
    assert not await deletion_ops.record_messages("0" * 24, [1])
    assert not await deletion_ops.record_notice("not an id", 1)
    assert await stored(db) == []


async def test_recording_ids_ends_a_claim_made_without_them(db: Database, now: datetime) -> None:
    promise_id = await promise_at(now)
    assert ids(await deletion_ops.claim_due(now, "a", HOLD, 10)) == [promise_id]

    assert await deletion_ops.record_messages(promise_id, [11], now + HOLD, sent_at=now)
    assert not await deletion_ops.release(promise_id, "a", not_before=now + 9 * HOLD, error="no message is known yet")
    assert await deletion_ops.finish([promise_id], "a") == 0
    (document,) = await stored(db)
    assert (document["message_ids"], document["claimed_by"], document["not_before"]) == ([11], None, None)
    assert ids(await deletion_ops.claim_due(now + HOLD, "b", HOLD, 10)) == [promise_id]


async def test_recording_ids_ends_a_postponement(db: Database, now: datetime) -> None:
    promise_id = await promise_at(now)
    await deletion_ops.claim_due(now, "a", HOLD, 10)
    assert await deletion_ops.release(promise_id, "a", not_before=now + 9 * HOLD, error="no message is known yet")

    assert await deletion_ops.record_messages(promise_id, [11], now + HOLD)
    assert ids(await deletion_ops.claim_due(now + HOLD, "b", HOLD, 10)) == [promise_id]


async def test_the_promise_of_a_request_is_found(db: Database, now: datetime) -> None:
    promise_id = await deletion_ops.promise(1, 7, 7, "abc", now, now + HOLD, [11], request_key="m1")

    found = await deletion_ops.find_promise(7, "abc", "m1")
    assert found is not None
    assert (found.id, found.message_ids, found.request_key) == (promise_id, (11,), "m1")
    assert await deletion_ops.was_promised(7, "abc", "m1")
    for user_id, code, request_key in ((8, "abc", "m1"), (7, "xyz", "m1"), (7, "abc", "m2"), (7, "abc", "")):
        assert await deletion_ops.find_promise(user_id, code, request_key) is None
        assert not await deletion_ops.was_promised(user_id, code, request_key)


@pytest.mark.parametrize("empty_at", range(3))
async def test_of_several_promises_of_one_request_the_empty_one_is_found(
    db: Database, now: datetime, empty_at: int
) -> None:
    sent: tuple[list[int], ...] = ([11], [1, 2])
    messages = [*sent[:empty_at], [], *sent[empty_at:]]
    for number, ids_ in enumerate(messages):
        await deletion_ops.promise(1, 7, 7, "abc", now, now + HOLD - number * MS, ids_, request_key="m1")
    await deletion_ops.promise(1, 7, 7, "abc", now, now, [], request_key="m2")
    db.calls.clear()

    found = await deletion_ops.find_promise(7, "abc", "m1")
    assert found is not None
    assert (found.message_ids, found.request_key) == ((), "m1")
    assert dict(db.calls) == {"find_one pending_deletions": 1}


async def test_an_unreadable_promise_of_a_request_is_postponed(db: Database, now: datetime) -> None:
    await deletion_ops.promise(1, 7, 7, "abc", now, now, request_key="m1")
    await db.collection("pending_deletions").update_one({"user_id": 7}, {"$set": {"message_ids": "none"}})

    assert await deletion_ops.find_promise(7, "abc", "m1") is None
    assert await deletion_ops.was_promised(7, "abc", "m1")
    assert (await stored(db))[0]["not_before"] == now + deletion_ops.UNREADABLE_PAUSE


async def test_an_empty_promise_can_be_withdrawn(db: Database, now: datetime) -> None:
    promise_id = await promise_at(now)

    assert await deletion_ops.withdraw(promise_id)
    assert await stored(db) == []


async def test_a_promise_with_messages_cannot_be_withdrawn(db: Database, now: datetime) -> None:
    promise_id = await promise_at(now)
    await deletion_ops.record_messages(promise_id, [11])

    assert not await deletion_ops.withdraw(promise_id)
    assert len(await stored(db)) == 1


async def test_a_promise_is_due_at_its_instant_and_not_a_millisecond_before(db: Database, now: datetime) -> None:
    due = await promise_at(now)
    await promise_at(now + MS)

    assert ids(await deletion_ops.claim_due(now, "a", HOLD, 10)) == [due]


async def test_due_is_compared_in_milliseconds_on_every_store(db: Database, now: datetime) -> None:
    await promise_at(now + MS)

    almost = now + timedelta(microseconds=999)
    assert await deletion_ops.claim_due(almost, "a", HOLD, 10) == []


async def test_the_oldest_are_claimed_first_and_no_more_than_the_limit(db: Database, now: datetime) -> None:
    late, early, middle = [await promise_at(now - timedelta(minutes=minutes)) for minutes in (1, 3, 2)]

    assert ids(await deletion_ops.claim_due(now, "a", HOLD, 2)) == [early, middle]
    assert ids(await deletion_ops.claim_due(now, "a", HOLD, 2)) == [late]


async def test_a_claimed_promise_says_by_whom_and_until_when(db: Database, now: datetime) -> None:
    await promise_at(now)

    (claimed,) = await deletion_ops.claim_due(now, "a", HOLD, 10)
    (document,) = await stored(db)
    assert (claimed.claimed_by, claimed.claimed_until) == ("a", now + HOLD)
    assert (document["claimed_by"], document["claimed_until"]) == ("a", now + HOLD)


async def test_a_second_owner_gets_nothing_while_the_first_holds(db: Database, now: datetime) -> None:
    await promise_at(now)
    await deletion_ops.claim_due(now, "a", HOLD, 10)

    assert await deletion_ops.claim_due(now + HOLD - MS, "b", HOLD, 10) == []
    (document,) = await stored(db)
    assert document["claimed_by"] == "a"


async def test_promises_of_a_killed_owner_are_due_again_when_the_hold_ends(db: Database, now: datetime) -> None:
    promise_id = await promise_at(now)
    await deletion_ops.claim_due(now, "a", HOLD, 10)

    assert ids(await deletion_ops.claim_due(now + HOLD, "b", HOLD, 10)) == [promise_id]
    assert await deletion_ops.finish([promise_id], "a") == 0
    assert len(await stored(db)) == 1


async def test_a_promise_claimed_by_another_between_find_and_claim_is_not_taken(
    db: Database, now: datetime, step_in: Callable[..., None]
) -> None:
    first, second = await promise_at(now - MS), await promise_at(now)
    theirs: list[PendingDeletion] = []

    async def another_claims_one() -> None:
        theirs.extend(await deletion_ops.claim_due(now, "b", HOLD, 1))

    step_in("pending_deletions", "update_many", another_claims_one)
    mine = await deletion_ops.claim_due(now, "a", HOLD, 10)

    assert (ids(theirs), ids(mine)) == ([first], [second])
    assert [document["claimed_by"] for document in await stored(db)] == ["b", "a"]


async def test_a_second_run_of_the_same_owner_is_another_claimant(
    db: Database, now: datetime, step_in: Callable[..., None]
) -> None:
    first, second = await promise_at(now - MS), await promise_at(now)
    theirs: list[PendingDeletion] = []

    async def second_run_claims_one() -> None:
        theirs.extend(await deletion_ops.claim_due(now, "a", HOLD, 1))

    step_in("pending_deletions", "update_many", second_run_claims_one)
    mine = await deletion_ops.claim_due(now, "a", HOLD, 10)

    assert (ids(theirs), ids(mine)) == ([first], [second])


async def test_fifty_claimants_share_the_promises_without_overlap(db: Database, now: datetime) -> None:
    everything = {await promise_at(now - MS * number) for number in range(100)}

    batches = await asyncio.gather(
        *(deletion_ops.claim_due(now, f"owner{number}", HOLD, 10) for number in range(50)),
    )
    claimed = [(promise.id, promise.claimed_by) for batch in batches for promise in batch]
    owner_of = {str(document["_id"]): document["claimed_by"] for document in await stored(db)}

    assert len({promise_id for promise_id, _ in claimed}) == len(claimed), "somebody got what another has"
    assert dict(claimed) == {promise_id: owner for promise_id, owner in owner_of.items() if owner is not None}

    rest = await deletion_ops.claim_due(now, "last", HOLD, 100)
    assert {promise_id for promise_id, _ in claimed} | set(ids(rest)) == everything


async def test_one_owner_twice_at_once_never_has_a_promise_twice(db: Database, now: datetime) -> None:
    for number in range(20):
        await promise_at(now - MS * number)

    batches = await asyncio.gather(*(deletion_ops.claim_due(now, "same", HOLD, 20) for _ in range(50)))

    claimed = [promise.id for batch in batches for promise in batch]
    assert len(claimed) == len(set(claimed))


async def test_only_finished_promises_are_deleted(db: Database, now: datetime) -> None:
    first, second = await promise_at(now - MS), await promise_at(now)
    await deletion_ops.claim_due(now, "a", HOLD, 10)

    assert await deletion_ops.finish([first], "a") == 1
    assert [str(document["_id"]) for document in await stored(db)] == [second]
    assert await deletion_ops.finish([], "a") == 0


async def test_a_promise_of_another_owner_cannot_be_finished(db: Database, now: datetime) -> None:
    promise_id = await promise_at(now)
    await deletion_ops.claim_due(now, "a", HOLD, 10)

    assert await deletion_ops.finish([promise_id], "b") == 0
    assert len(await stored(db)) == 1


async def test_a_released_promise_is_postponed_and_counts_the_attempt(db: Database, now: datetime) -> None:
    promise_id = await promise_at(now)
    await deletion_ops.claim_due(now, "a", HOLD, 10)
    later = now + timedelta(seconds=30)

    assert await deletion_ops.release(promise_id, "a", not_before=later, error="Bad Gateway")

    (document,) = await stored(db)
    assert (document["attempts"], document["last_error"], document["claimed_by"]) == (1, "Bad Gateway", None)
    assert await deletion_ops.claim_due(later - MS, "b", HOLD, 10) == []
    (again,) = await deletion_ops.claim_due(later, "b", HOLD, 10)
    assert (again.id, again.attempts, again.last_error) == (promise_id, 1, "Bad Gateway")


async def test_a_flood_pause_need_not_count_as_an_attempt(db: Database, now: datetime) -> None:
    promise_id = await promise_at(now)
    await deletion_ops.claim_due(now, "a", HOLD, 10)

    assert await deletion_ops.release(promise_id, "a", not_before=None, error=None, attempts_inc=0)
    (again,) = await deletion_ops.claim_due(now, "b", HOLD, 10)
    assert again.attempts == 0


async def test_a_promise_of_another_owner_cannot_be_released(db: Database, now: datetime) -> None:
    promise_id = await promise_at(now)
    await deletion_ops.claim_due(now, "a", HOLD, 10)

    assert not await deletion_ops.release(promise_id, "b", not_before=None, error="x")
    (document,) = await stored(db)
    assert (document["claimed_by"], document["attempts"]) == ("a", 0)


async def test_a_stopping_owner_releases_its_own_claims_only(db: Database, now: datetime) -> None:
    mine = await promise_at(now - MS)
    await deletion_ops.claim_due(now, "a", HOLD, 1)
    other = await promise_at(now)
    await deletion_ops.claim_due(now, "b", HOLD, 1)

    assert await deletion_ops.release_all("a", now) == 1
    (again,) = await deletion_ops.claim_due(now, "c", HOLD, 10)
    assert (again.id, again.attempts) == (mine, 0)
    owner_of = {str(document["_id"]): document["claimed_by"] for document in await stored(db)}
    assert owner_of[other] == "b"


async def test_documents_of_an_older_version_without_claim_fields_are_due(db: Database, now: datetime) -> None:
    old = {"bot_id": 1, "user_id": 7, "chat_id": 7, "message_ids": [3], "post_code": "x", "sent_at": now}
    await db.collection("pending_deletions").insert_one({**old, "delete_at": now})

    (claimed,) = await deletion_ops.claim_due(now, "a", HOLD, 10)
    assert claimed.message_ids == (3,)


async def test_counts_and_next_time(db: Database, now: datetime) -> None:
    assert await deletion_ops.next_due() is None
    await promise_at(now + timedelta(minutes=5))
    await promise_at(now, user_id=8)

    assert await deletion_ops.next_due() == now
    assert await deletion_ops.count_overdue(now) == 1
    assert await deletion_ops.count_overdue(now - MS) == 0


async def test_open_deliveries_come_in_the_order_they_go_and_bounded(db: Database, now: datetime) -> None:
    later, sooner = await promise_at(now + timedelta(minutes=9)), await promise_at(now + timedelta(minutes=1))
    await promise_at(now, user_id=8)

    assert ids(await deletion_ops.open_deliveries(7, 10)) == [sooner, later]
    assert ids(await deletion_ops.open_deliveries(7, 1)) == [sooner]


async def test_a_batch_costs_three_commands_and_an_empty_poll_one(db: Database, now: datetime) -> None:
    await deletion_ops.claim_due(now, "a", HOLD, 100)
    assert db.calls.total() == 1

    for number in range(150):
        await promise_at(now - MS * number)
    db.calls.clear()
    assert len(await deletion_ops.claim_due(now, "a", HOLD, 150)) == 150
    assert db.calls.total() == 3


async def test_only_older_interrupted_deliveries_are_found(db: Database, now: datetime) -> None:
    later, soon = now + timedelta(minutes=30), now + timedelta(minutes=5)
    cut_off = await deletion_ops.promise(1, 7, 7, "cut", now - MS, later)
    sooner = await deletion_ops.promise(1, 8, 8, "sooner", now - MS, soon)
    sent = await deletion_ops.promise(1, 7, 7, "sent", now - MS, later)
    await deletion_ops.record_messages(sent, [5])
    told = await deletion_ops.promise(1, 7, 7, "told", now - MS, later)
    await deletion_ops.record_notice(told, 6)
    await deletion_ops.promise(1, 7, 7, "of this process", now, later)
    await deletion_ops.promise(2, 7, 7, "of another bot", now - MS, later)
    await deletion_ops.promise(1, 7, 7, "due at the edge", now - MS, now)

    found = await deletion_ops.find_interrupted(1, now, now, 10)
    assert ids(found) == [sooner, cut_off]
    assert ids(await deletion_ops.find_interrupted(1, now, now, 1)) == [sooner]


async def test_an_unreadable_promise_does_not_block_the_others(db: Database, now: datetime) -> None:
    broken = await promise_at(now - MS)
    await db.collection("pending_deletions").update_one({"delete_at": now - MS}, {"$unset": {"chat_id": 1}})
    sound = await promise_at(now)

    assert ids(await deletion_ops.claim_due(now, "a", HOLD, 10)) == [sound]
    await deletion_ops.finish([sound], "a")
    assert await deletion_ops.claim_due(now, "a", HOLD, 10) == []
    (document,) = await stored(db)
    assert str(document["_id"]) == broken, "it is kept for whoever mends it"
    assert document["last_error"] == "this document cannot be read"


async def test_recording_ids_may_set_a_later_time(db: Database, now: datetime) -> None:
    promise_id = await promise_at(now)
    assert await deletion_ops.record_messages(promise_id, [1], now + HOLD)
    (promise,) = await deletion_ops.open_deliveries(7, 10)
    assert (promise.message_ids, promise.delete_at) == ((1,), now + HOLD)


async def test_with_a_bot_id_only_promises_of_that_bot_are_claimed(db: Database, now: datetime) -> None:
    mine = await promise_at(now)
    await deletion_ops.promise(2, 7, 7, "code", now, now)
    assert ids(await deletion_ops.claim_due(now, "a", HOLD, 10, bot_id=1)) == [mine]


# --- claims by chat, age and bot


async def add(
    now: datetime, chat_id: int, *, bot_id: int | None = 1, age: timedelta = HOLD, due: timedelta = MS
) -> str:
    key = await deletion_ops.promise(bot_id or 1, chat_id, chat_id, "code", now - age, now - due, [1])
    if bot_id is None:
        await (
            current_database()
            .collection("pending_deletions")
            .update_one({"_id": to_key(key)}, {"$unset": {"bot_id": 1}})
        )
    return key


async def test_at_most_so_many_of_a_chat_are_claimed_and_none_of_the_chats_left_out(
    db: Database, now: datetime
) -> None:
    of_seven = [await add(now, 7, due=10 * MS - number * MS) for number in range(4)]
    await add(now, 8)
    other = await add(now, 9)
    claimed = await deletion_ops.claim_due(now, "a", HOLD, 10, without_chats=[8], per_chat=2)
    assert ids(claimed) == [*of_seven[:2], other]
    assert ids(await deletion_ops.claim_due(now, "b", HOLD, 10, without_chats=[8])) == of_seven[2:]


async def test_only_old_ones_and_those_of_unknown_age_are_claimed_with_a_limit_of_age(
    db: Database, now: datetime
) -> None:
    old = await add(now, 7, age=HOLD + MS, due=2 * MS)
    await add(now, 8)
    unknown = await add(now, 9)
    rows = db.collection("pending_deletions")
    assert await rows.update_one({"_id": to_key(unknown)}, {"$unset": {"sent_at": 1}})
    assert ids(await deletion_ops.claim_due(now, "a", HOLD, 10, sent_before=now - HOLD)) == [old, unknown]


async def test_a_bot_claims_its_own_promises_and_those_without_a_bot(db: Database, now: datetime) -> None:
    own, without = await add(now, 7, due=2 * MS), await add(now, 8, bot_id=None)
    await add(now, 9, bot_id=2)
    assert ids(await deletion_ops.claim_due(now, "a", HOLD, 10, bot_id=1)) == [own, without]


async def test_due_promises_of_all_other_bots_are_claimed_to_be_given_up(db: Database, now: datetime) -> None:
    await add(now, 7, bot_id=2)
    await add(now, 8, bot_id=None)
    others = {await add(now, 9, bot_id=1), await add(now, 9, bot_id=3)}
    await add(now, 9, bot_id=3, due=-MS)
    found = []
    while claimed := await deletion_ops.claim_due_of_other_bots(2, now, "a", HOLD, 10):
        found += ids(claimed)
    assert (set(found), len(found)) == (others, 2)

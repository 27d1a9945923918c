"""Promises to delete deliveries: due to the millisecond, claimed by one owner only, never lost, wherever they stand."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.delivery import PendingDeletion
from database.connection import Database, current_database
from database.operations import deletion_ops, delivery_ops
from database.operations.delivery_ops import NewDelivery
from database.readable import SET_ASIDE_FOR
from database.values import to_key

HOLD = timedelta(minutes=2)
MS = timedelta(milliseconds=1)


class PromiseAt:
    """Makes promises with different posts, in one of the two collections or in both by turns."""

    def __init__(self, homes: Sequence[str]) -> None:
        self.home_of_first = homes[0]
        self._homes = itertools.cycle(homes)
        self._numbers = itertools.count()

    async def __call__(self, delete_at: datetime, user_id: int = 7, bot_id: int = 1, *, home: str = "") -> str:
        sent_at, code = delete_at - timedelta(minutes=30), f"code{next(self._numbers)}"
        if (home or next(self._homes)) == "pending_deletions":
            return await deletion_ops.promise(bot_id, user_id, user_id, code, sent_at, delete_at)
        new = NewDelivery(bot_id, user_id, code, "", "a process", sent_at, delete_at)
        claim = await delivery_ops.start(new)
        assert claim is not None
        assert await delivery_ops.record_sent(claim, [], None, sent_at=sent_at, delete_at=delete_at, paid_until=None)
        return claim.id


@pytest.fixture(params=[("deliveries",), ("pending_deletions",), ("deliveries", "pending_deletions")], ids="+".join)
def promise_at(request: pytest.FixtureRequest) -> PromiseAt:
    return PromiseAt(request.param)


async def stored(db: Database) -> list[dict[str, Any]]:
    """Every promise that stands."""
    homes = [await db.collection(name).find({}, limit=1000) for name in ("deliveries", "pending_deletions")]
    rows = [row for home in homes for row in home if row["delete_at"] is not None]
    return sorted(rows, key=lambda row: row["delete_at"])


def ids(promises: list[PendingDeletion]) -> list[str]:
    return [promise.id for promise in promises]


async def test_a_promise_is_due_at_its_instant_and_not_a_millisecond_before(
    db: Database, now: datetime, promise_at: PromiseAt
) -> None:
    due = await promise_at(now)
    await promise_at(now + MS)

    assert ids(await deletion_ops.claim_due(now, "a", HOLD, 10)) == [due]


async def test_due_is_compared_in_milliseconds_on_every_store(
    db: Database, now: datetime, promise_at: PromiseAt
) -> None:
    await promise_at(now + MS)

    almost = now + timedelta(microseconds=999)
    assert await deletion_ops.claim_due(almost, "a", HOLD, 10) == []


async def test_the_oldest_are_claimed_first_and_no_more_than_the_limit(
    db: Database, now: datetime, promise_at: PromiseAt
) -> None:
    late, early, middle = [await promise_at(now - timedelta(minutes=minutes)) for minutes in (1, 3, 2)]

    assert ids(await deletion_ops.claim_due(now, "a", HOLD, 2)) == [early, middle]
    assert ids(await deletion_ops.claim_due(now, "a", HOLD, 2)) == [late]


async def test_a_claimed_promise_says_by_whom_and_until_when(
    db: Database, now: datetime, promise_at: PromiseAt
) -> None:
    await promise_at(now)

    (claimed,) = await deletion_ops.claim_due(now, "a", HOLD, 10)
    (document,) = await stored(db)
    assert (claimed.claimed_by, claimed.claimed_until) == ("a", now + HOLD)
    assert (document["claimed_by"], document["claimed_until"]) == ("a", now + HOLD)


async def test_a_second_owner_gets_nothing_while_the_first_holds(
    db: Database, now: datetime, promise_at: PromiseAt
) -> None:
    await promise_at(now)
    await deletion_ops.claim_due(now, "a", HOLD, 10)

    assert await deletion_ops.claim_due(now + HOLD - MS, "b", HOLD, 10) == []
    (document,) = await stored(db)
    assert document["claimed_by"] == "a"


async def test_promises_of_a_killed_owner_are_due_again_when_the_hold_ends(
    db: Database, now: datetime, promise_at: PromiseAt
) -> None:
    promise_id = await promise_at(now)
    await deletion_ops.claim_due(now, "a", HOLD, 10)

    assert ids(await deletion_ops.claim_due(now + HOLD, "b", HOLD, 10)) == [promise_id]
    assert await deletion_ops.finish([promise_id], "a") == 0
    assert len(await stored(db)) == 1


async def test_a_promise_claimed_by_another_between_find_and_claim_is_not_taken(
    db: Database, now: datetime, promise_at: PromiseAt, step_in: Callable[..., None]
) -> None:
    first, second = await promise_at(now - MS), await promise_at(now)
    theirs: list[PendingDeletion] = []

    async def another_claims_one() -> None:
        theirs.extend(await deletion_ops.claim_due(now, "b", HOLD, 1))

    step_in(promise_at.home_of_first, "update_many", another_claims_one)
    mine = await deletion_ops.claim_due(now, "a", HOLD, 10)

    assert (ids(theirs), ids(mine)) == ([first], [second])
    assert [document["claimed_by"] for document in await stored(db)] == ["b", "a"]


async def test_a_second_run_of_the_same_owner_is_another_claimant(
    db: Database, now: datetime, promise_at: PromiseAt, step_in: Callable[..., None]
) -> None:
    first, second = await promise_at(now - MS), await promise_at(now)
    theirs: list[PendingDeletion] = []

    async def second_run_claims_one() -> None:
        theirs.extend(await deletion_ops.claim_due(now, "a", HOLD, 1))

    step_in(promise_at.home_of_first, "update_many", second_run_claims_one)
    mine = await deletion_ops.claim_due(now, "a", HOLD, 10)

    assert (ids(theirs), ids(mine)) == ([first], [second])


async def test_fifty_claimants_share_the_promises_without_overlap(
    db: Database, now: datetime, promise_at: PromiseAt
) -> None:
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


async def test_one_owner_twice_at_once_never_has_a_promise_twice(
    db: Database, now: datetime, promise_at: PromiseAt
) -> None:
    for number in range(20):
        await promise_at(now - MS * number)

    batches = await asyncio.gather(*(deletion_ops.claim_due(now, "same", HOLD, 20) for _ in range(50)))

    claimed = [promise.id for batch in batches for promise in batch]
    assert len(claimed) == len(set(claimed))


async def test_only_finished_promises_are_deleted(db: Database, now: datetime, promise_at: PromiseAt) -> None:
    first, second = await promise_at(now - MS), await promise_at(now)
    await deletion_ops.claim_due(now, "a", HOLD, 10)

    assert await deletion_ops.finish([first], "a") == 1
    assert [str(document["_id"]) for document in await stored(db)] == [second]
    assert await deletion_ops.finish([], "a") == 0


async def test_a_promise_of_another_owner_cannot_be_finished(
    db: Database, now: datetime, promise_at: PromiseAt
) -> None:
    promise_id = await promise_at(now)
    await deletion_ops.claim_due(now, "a", HOLD, 10)

    assert await deletion_ops.finish([promise_id], "b") == 0
    assert len(await stored(db)) == 1


async def test_a_released_promise_is_postponed_and_counts_the_attempt(
    db: Database, now: datetime, promise_at: PromiseAt
) -> None:
    promise_id = await promise_at(now)
    await deletion_ops.claim_due(now, "a", HOLD, 10)
    later = now + timedelta(seconds=30)

    assert await deletion_ops.release(promise_id, "a", not_before=later, error="Bad Gateway")

    (document,) = await stored(db)
    assert (document["attempts"], document["last_error"], document["claimed_by"]) == (1, "Bad Gateway", None)
    assert await deletion_ops.claim_due(later - MS, "b", HOLD, 10) == []
    (again,) = await deletion_ops.claim_due(later, "b", HOLD, 10)
    assert (again.id, again.attempts, again.last_error) == (promise_id, 1, "Bad Gateway")


async def test_a_flood_pause_need_not_count_as_an_attempt(db: Database, now: datetime, promise_at: PromiseAt) -> None:
    promise_id = await promise_at(now)
    await deletion_ops.claim_due(now, "a", HOLD, 10)

    assert await deletion_ops.release(promise_id, "a", not_before=None, error=None, attempts_inc=0)
    (again,) = await deletion_ops.claim_due(now, "b", HOLD, 10)
    assert again.attempts == 0


async def test_a_promise_of_another_owner_cannot_be_released(
    db: Database, now: datetime, promise_at: PromiseAt
) -> None:
    promise_id = await promise_at(now)
    await deletion_ops.claim_due(now, "a", HOLD, 10)

    assert not await deletion_ops.release(promise_id, "b", not_before=None, error="x")
    (document,) = await stored(db)
    assert (document["claimed_by"], document["attempts"]) == ("a", 0)


async def test_a_stopping_owner_releases_its_own_claims_only(
    db: Database, now: datetime, promise_at: PromiseAt
) -> None:
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


async def test_open_deliveries_come_in_the_order_they_go_and_bounded(
    db: Database, now: datetime, promise_at: PromiseAt
) -> None:
    later, sooner = await promise_at(now + timedelta(minutes=9)), await promise_at(now + timedelta(minutes=1))
    await promise_at(now, user_id=8)

    assert ids(await deletion_ops.open_deliveries(7, 10)) == [sooner, later]
    assert ids(await deletion_ops.open_deliveries(7, 1)) == [sooner]


async def test_counts_and_next_time(db: Database, now: datetime, promise_at: PromiseAt) -> None:
    assert await deletion_ops.next_due() is None
    await promise_at(now + timedelta(minutes=5))
    await promise_at(now, user_id=8)

    assert await deletion_ops.next_due() == now
    assert await deletion_ops.count_overdue(now) == 1
    assert await deletion_ops.count_overdue(now - MS) == 0
    assert await deletion_ops.count_overdue(now + HOLD + HOLD + HOLD) == 2


async def test_an_unreadable_promise_does_not_block_the_others(
    db: Database, now: datetime, promise_at: PromiseAt
) -> None:
    broken = await promise_at(now - MS)
    await db.collection(promise_at.home_of_first).update_one({"delete_at": now - MS}, {"$unset": {"chat_id": 1}})
    sound = await promise_at(now)

    assert ids(await deletion_ops.claim_due(now, "a", HOLD, 10)) == [sound]
    await deletion_ops.finish([sound], "a")
    assert await deletion_ops.claim_due(now, "a", HOLD, 10) == []
    (document,) = await stored(db)
    assert str(document["_id"]) == broken, "it is kept for whoever mends it"
    assert document["last_error"] == "this document cannot be read"
    assert document["not_before"] == now + SET_ASIDE_FOR


async def test_with_a_bot_id_only_promises_of_that_bot_are_claimed(
    db: Database, now: datetime, promise_at: PromiseAt
) -> None:
    mine, also = await promise_at(now), await promise_at(now + MS)
    await promise_at(now, bot_id=2)
    await promise_at(now, bot_id=2)
    assert ids(await deletion_ops.claim_due(now + MS, "a", HOLD, 10, bot_id=1)) == [mine, also]


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


async def test_an_empty_poll_costs_a_command_a_collection_and_a_batch_two_more_for_each_that_has_some(
    db: Database, now: datetime, promise_at: PromiseAt
) -> None:
    await deletion_ops.claim_due(now, "a", HOLD, 100)
    assert db.calls == {"find deliveries": 1, "find pending_deletions": 1}

    for number in range(150):
        await promise_at(now - MS * number)
    homes = {str(row["_id"]).count(":") for row in await stored(db)}
    db.calls.clear()
    assert len(await deletion_ops.claim_due(now, "a", HOLD, 150)) == 150
    assert db.calls.total() == 2 + 2 * len(homes)


# both collections


async def test_the_oldest_of_both_collections_are_claimed_first(db: Database, now: datetime) -> None:
    promise_at = PromiseAt(["deliveries", "pending_deletions"])
    made = [await promise_at(now - MS * number) for number in range(6)]
    await promise_at(now + MS, home="deliveries")
    assert ids(await deletion_ops.claim_due(now, "a", HOLD, 4)) == made[:1:-1]
    assert ids(await deletion_ops.claim_due(now, "b", HOLD, 4)) == made[1::-1]


@pytest.mark.parametrize("crowded", ["deliveries", "pending_deletions"])
async def test_what_is_due_later_waits_however_many_are_due_in_the_other_collection(
    db: Database, now: datetime, crowded: str
) -> None:
    promise_at = PromiseAt([crowded])
    many = [await promise_at(now - MS * (100 - number)) for number in range(20)]
    other = "deliveries" if crowded == "pending_deletions" else "pending_deletions"
    late = await promise_at(now, home=other)
    assert ids(await deletion_ops.claim_due(now, "a", HOLD, 10)) == many[:10]
    assert ids(await deletion_ops.claim_due(now, "a", HOLD, 11)) == [*many[10:], late]


async def test_open_deliveries_of_both_collections_come_in_the_order_they_go(db: Database, now: datetime) -> None:
    promise_at = PromiseAt(["deliveries", "pending_deletions"])
    made = [await promise_at(now - MS * number) for number in range(6)]
    assert ids(await deletion_ops.open_deliveries(7, 10)) == made[::-1]
    assert ids(await deletion_ops.open_deliveries(7, 3)) == made[:2:-1]


async def test_ids_of_both_collections_are_finished_and_released_together(db: Database, now: datetime) -> None:
    promise_at = PromiseAt(["deliveries", "pending_deletions"])
    made = [await promise_at(now - MS * number) for number in range(4)]
    await deletion_ops.claim_due(now, "a", HOLD, 10)
    assert await deletion_ops.finish([*made[:2], "1:7:nothing", "0" * 24, "no id"], "a") == 2
    assert await deletion_ops.release_all("a", now) == 2
    assert await deletion_ops.release_all("a", now) == 0
    assert ids(await deletion_ops.claim_due(now, "b", HOLD, 10)) == made[:1:-1]


# in the row of a delivery


async def a_delivery(now: datetime, *, delete_at: datetime | None) -> delivery_ops.Claim:
    claim = await delivery_ops.start(NewDelivery(1, 7, "abc", "message 1", "a process", now, delete_at))
    assert claim is not None
    return claim


async def test_a_delivery_that_is_being_sent_is_not_due_and_counts_as_open(db: Database, now: datetime) -> None:
    claim = await a_delivery(now - HOLD, delete_at=now)
    assert await deletion_ops.claim_due(now, "a", HOLD, 10) == []
    assert await deletion_ops.claim_due(now, "a", HOLD, 10, bot_id=1) == []
    assert ids(await deletion_ops.open_deliveries(7, 10)) == [claim.id]
    assert await delivery_ops.record_unknown(claim, 9)
    assert ids(await deletion_ops.claim_due(now, "a", HOLD, 10, bot_id=1)) == [claim.id]


async def test_a_delivery_started_between_find_and_claim_is_not_claimed(
    db: Database, now: datetime, step_in: Callable[..., None]
) -> None:
    claim = await a_delivery(now - HOLD, delete_at=now)
    await delivery_ops.record_sent(claim, [1], 2, sent_at=now - HOLD, delete_at=now, paid_until=None)
    row = await delivery_ops.find(1, 7, "abc")
    assert row is not None

    async def open_again() -> None:
        assert await delivery_ops.restart(row, NewDelivery(1, 7, "abc", "message 2", "a process", now, now))

    step_in("deliveries", "update_many", open_again)
    assert await deletion_ops.claim_due(now, "a", HOLD, 10) == []


async def test_a_finished_delivery_keeps_its_row_with_nothing_left_to_delete(db: Database, now: datetime) -> None:
    claim = await a_delivery(now - HOLD, delete_at=now)
    await delivery_ops.record_sent(claim, [11, 12], 13, sent_at=now - HOLD, delete_at=now, paid_until=now)
    await deletion_ops.claim_due(now, "a", HOLD, 10)
    before = await db.collection("deliveries").find_one({"_id": claim.id})
    assert before is not None

    assert await deletion_ops.finish([claim.id], "b") == 0
    assert await db.collection("deliveries").find_one({"_id": claim.id}) == before
    assert await deletion_ops.finish([claim.id], "a") == 1
    after = await db.collection("deliveries").find_one({"_id": claim.id})
    nothing: dict[str, Any] = {"delete_at": None, "message_ids": [], "notice_message_id": None}
    assert after == before | nothing | {"claimed_by": None, "claimed_until": None, "claim": None}
    assert await deletion_ops.finish([claim.id], "a") == 0, "it may be repeated"
    # the row is at rest: the post can be opened again, and nothing is due
    assert await deletion_ops.open_deliveries(7, 10) == []
    assert await deletion_ops.next_due() is None
    new = NewDelivery(1, 7, "abc", "message 2", "a process", now + HOLD, None)
    assert await delivery_ops.start(new) is not None


async def test_what_was_noted_at_a_deletion_is_forgotten_when_the_post_is_opened_again(
    db: Database, now: datetime
) -> None:
    claim = await a_delivery(now - HOLD, delete_at=now)
    await delivery_ops.record_sent(claim, [11], 12, sent_at=now - HOLD, delete_at=now, paid_until=None)
    await deletion_ops.claim_due(now, "a", HOLD, 10)
    assert await deletion_ops.release(claim.id, "a", not_before=now + HOLD, error="Bad Gateway")
    row = await delivery_ops.find(1, 7, "abc")
    assert row is not None
    await delivery_ops.put_aside(row)
    again = await delivery_ops.restart(row, NewDelivery(1, 7, "abc", "message 2", "a process", now, now + MS))
    assert again is not None
    await delivery_ops.record_sent(again, [21], 22, sent_at=now, delete_at=now + MS, paid_until=None)

    old, new = await deletion_ops.claim_due(now + MS, "a", HOLD, 10)
    assert (old.id, old.message_ids, old.attempts) == (f"{claim.id}:1", (11,), 0)
    assert (new.id, new.message_ids, new.attempts, new.last_error) == (claim.id, (21,), 0, None)


async def test_rows_with_nothing_left_are_neither_counted_nor_next(db: Database, now: datetime) -> None:
    kept = await a_delivery(now - HOLD, delete_at=None)
    await delivery_ops.record_sent(kept, [1], None, sent_at=now, delete_at=None, paid_until=None)
    assert await deletion_ops.next_due() is None
    assert await deletion_ops.count_overdue(now + timedelta(days=9999)) == 0
    assert await deletion_ops.claim_due(now + timedelta(days=9999), "a", HOLD, 10) == []
    assert await deletion_ops.open_deliveries(7, 10) == []
    await PromiseAt(["deliveries"])(now)
    assert await deletion_ops.next_due() == now


async def test_a_promise_with_a_key_is_stored_once_however_often_it_is_made(db: Database, now: datetime) -> None:
    for _ in range(2):
        key = await deletion_ops.promise(1, 7, 7, "c" * 16, now, now + timedelta(minutes=30), (5,), key="7:c:2")
        assert key == "7:c:2"
    assert await db.collection("pending_deletions").count({"user_id": 7}) == 1

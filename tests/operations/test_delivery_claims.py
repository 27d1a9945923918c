"""Delivery claims: two taps on one post make one delivery."""

import asyncio
from datetime import datetime, timedelta

from database.connection import Database
from database.operations import delivery_claims

HOLD = timedelta(seconds=5)
MS = timedelta(milliseconds=1)


async def test_the_first_tap_gets_the_claim_and_is_stored(db: Database, now: datetime) -> None:
    claim = await delivery_claims.claim_delivery(1, 7, "abc", now, HOLD)

    assert claim == delivery_claims.Claim(id="1:7:abc", opened_at=now, previous_opened_at=None, count=1)
    document = await db.collection("deliveries").find_one({"_id": "1:7:abc"})
    assert document == {
        "_id": "1:7:abc",
        "bot_id": 1,
        "user_id": 7,
        "post_code": "abc",
        "opened_at": now,
        "claimed_until": now + HOLD,
        "is_unfinished": False,
        "update_key": "",
        "count": 1,
    }


async def test_the_second_tap_gets_nothing_until_the_hold_ends(db: Database, now: datetime) -> None:
    await delivery_claims.claim_delivery(1, 7, "abc", now, HOLD)

    assert await delivery_claims.claim_delivery(1, 7, "abc", now + HOLD - MS, HOLD) is None
    again = await delivery_claims.claim_delivery(1, 7, "abc", now + HOLD, HOLD)
    assert again is not None
    assert (again.previous_opened_at, again.opened_at, again.count) == (now, now + HOLD, 2)


async def test_a_refused_tap_changes_nothing(db: Database, now: datetime) -> None:
    await delivery_claims.claim_delivery(1, 7, "abc", now, HOLD)
    before = await db.collection("deliveries").find_one({"_id": "1:7:abc"})

    await delivery_claims.claim_delivery(1, 7, "abc", now + MS, HOLD)
    assert await db.collection("deliveries").find_one({"_id": "1:7:abc"}) == before


async def test_of_fifty_concurrent_first_taps_one_gets_the_claim(db: Database, now: datetime) -> None:
    claims = await asyncio.gather(*(delivery_claims.claim_delivery(1, 7, "abc", now, HOLD) for _ in range(50)))

    assert sum(claim is not None for claim in claims) == 1
    assert await db.collection("deliveries").count({}) == 1


async def test_of_fifty_concurrent_later_taps_one_gets_the_claim(db: Database, now: datetime) -> None:
    await delivery_claims.claim_delivery(1, 7, "abc", now, HOLD)
    later = now + HOLD

    claims = await asyncio.gather(*(delivery_claims.claim_delivery(1, 7, "abc", later, HOLD) for _ in range(50)))

    assert [claim.count for claim in claims if claim is not None] == [2]
    document = await db.collection("deliveries").find_one({"_id": "1:7:abc"})
    assert document is not None
    assert document["count"] == 2


async def test_claims_of_other_posts_users_and_bots_are_independent(db: Database, now: datetime) -> None:
    for bot_id, user_id, code in ((1, 7, "abc"), (1, 7, "xyz"), (1, 8, "abc"), (2, 7, "abc")):
        assert await delivery_claims.claim_delivery(bot_id, user_id, code, now, HOLD) is not None


async def test_after_a_released_claim_the_next_tap_counts_as_the_first(db: Database, now: datetime) -> None:
    claim = await delivery_claims.claim_delivery(1, 7, "abc", now, HOLD)
    assert claim is not None

    assert await delivery_claims.release_delivery(claim, now + MS)
    again = await delivery_claims.claim_delivery(1, 7, "abc", now + MS, HOLD)
    assert again is not None
    assert again.previous_opened_at is None


async def test_a_claim_can_be_released_by_its_id(db: Database, now: datetime) -> None:
    await delivery_claims.claim_delivery(1, 7, "abc", now, HOLD)

    assert await delivery_claims.release_delivery("1:7:abc", now)
    assert await delivery_claims.claim_delivery(1, 7, "abc", now, HOLD) is not None
    assert not await delivery_claims.release_delivery("1:7:unknown", now)


async def test_an_expired_claim_does_not_release_its_successor(db: Database, now: datetime) -> None:
    slow = await delivery_claims.claim_delivery(1, 7, "abc", now, HOLD)
    await delivery_claims.claim_delivery(1, 7, "abc", now + HOLD, HOLD)
    assert slow is not None

    assert not await delivery_claims.release_delivery(slow, now + HOLD)
    assert await delivery_claims.claim_delivery(1, 7, "abc", now + HOLD, HOLD) is None


async def test_an_unfinished_delivery_is_found_until_it_is_settled_or_released(db: Database, now: datetime) -> None:
    first = await delivery_claims.claim_delivery(1, 7, "abc", now, HOLD, update_key="m", settle_later=True)
    second = await delivery_claims.claim_delivery(1, 8, "abc", now + MS, HOLD, settle_later=True)
    await delivery_claims.claim_delivery(1, 9, "abc", now, HOLD)
    await delivery_claims.claim_delivery(2, 7, "abc", now, HOLD, settle_later=True)
    assert first is not None
    assert second is not None
    found = await delivery_claims.find_unfinished(1, now + HOLD, 10)
    assert found == [
        delivery_claims.UnfinishedDelivery("1:7:abc", 7, "abc", "m", now),
        delivery_claims.UnfinishedDelivery("1:8:abc", 8, "abc", "", now + MS),
    ]
    assert await delivery_claims.find_unfinished(1, now, 10) == []
    assert await delivery_claims.settle_delivery(first.id)
    await delivery_claims.release_delivery(second, now)
    assert await delivery_claims.find_unfinished(1, now + HOLD, 10) == []
    assert not await delivery_claims.settle_delivery("nobody's")


async def test_the_same_update_key_gets_its_claim_again_after_a_lost_answer(db: Database, now: datetime) -> None:
    assert await delivery_claims.claim_delivery(1, 7, "abc", now, HOLD, update_key="m1")
    assert await delivery_claims.claim_delivery(1, 7, "abc", now + MS, HOLD, update_key="m2") is None
    assert await delivery_claims.claim_delivery(1, 7, "abc", now + MS, HOLD, update_key="m1")


async def test_an_update_key_before_the_last_one_is_recognised(db: Database, now: datetime) -> None:
    for number, update_key in enumerate(("message 1", "message 2", "message 1", "message 3")):
        claim = await delivery_claims.claim_delivery(1, 7, "code", now + 2 * number * HOLD, HOLD, update_key=update_key)
        assert claim is not None
        assert claim.is_repeated == (number == 2), update_key


async def test_a_repeated_claim_says_when_its_key_claimed_first(db: Database, now: datetime) -> None:
    firsts = []
    for number, update_key in enumerate(("message 1", "message 2", "message 1", "message 1", "message 2", "message 3")):
        claim = await delivery_claims.claim_delivery(1, 7, "code", now + 2 * number * HOLD, HOLD, update_key=update_key)
        assert claim is not None
        firsts.append(claim.first_opened_at)
    assert firsts == [None, None, now, now, now + 2 * HOLD, None]


async def test_without_stored_times_a_repeated_claim_has_the_time_of_the_last_one(db: Database, now: datetime) -> None:
    row = {
        "_id": "1:7:code",
        "opened_at": now,
        "claimed_until": now,
        "update_key": "m2",
        "update_keys": ["m1", "m2"],
        "count": 2,
    }
    await db.collection("deliveries").insert_one(row)
    for number in (1, 2):
        claim = await delivery_claims.claim_delivery(1, 7, "code", now + number * HOLD, HOLD, update_key="m2")
        assert claim is not None
        assert claim.is_repeated
        assert claim.first_opened_at == now + (number - 1) * HOLD


async def test_a_claim_says_whether_the_last_one_was_unfinished(db: Database, now: datetime) -> None:
    first = await delivery_claims.claim_delivery(1, 7, "abc", now, HOLD, update_key="m1", settle_later=True)
    # the process is killed; its update comes again, within the hold and after it
    within = await delivery_claims.claim_delivery(1, 7, "abc", now + MS, HOLD, update_key="m1", settle_later=True)
    after = await delivery_claims.claim_delivery(1, 7, "abc", now + 2 * HOLD, HOLD, update_key="m2")
    assert first is not None
    assert within is not None
    assert after is not None
    assert (first.was_unfinished, within.was_unfinished, after.was_unfinished) == (False, True, True)

    settled = await delivery_claims.claim_delivery(1, 7, "abc", now + 4 * HOLD, HOLD, settle_later=True)
    assert settled is not None
    assert not settled.was_unfinished
    await delivery_claims.settle_delivery(settled.id)
    last = await delivery_claims.claim_delivery(1, 7, "abc", now + 6 * HOLD, HOLD)
    assert last is not None
    assert not last.was_unfinished


async def test_a_hold_from_a_clock_that_was_put_back_is_ignored(db: Database, now: datetime) -> None:
    await delivery_claims.claim_delivery(1, 7, "abc", now + timedelta(hours=2), HOLD)
    assert await delivery_claims.claim_delivery(1, 7, "abc", now, HOLD)
    assert await delivery_claims.claim_delivery(1, 7, "abc", now, HOLD) is None

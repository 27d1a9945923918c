"""Gifts: claimed as often as they say, owed until they are paid, and removed when they are over."""

import asyncio
from datetime import datetime, timedelta

import pytest

from core.gifts.records import Gift, GiftClaim, GiftState, GiftTerms, state_of
from database.connection import Database
from database.operations.people import gift_ops

MS, HOUR, DAY = timedelta(milliseconds=1), timedelta(hours=1), timedelta(days=1)
CODE, OTHER = "G" * 16, "H" * 16
THOUSAND = 1000


def gift(now: datetime, code: str = CODE, *, is_for_one: bool = True) -> Gift:
    return GiftTerms(credits=10, is_for_one=is_for_one).gift(code, 1, now)


@pytest.mark.parametrize("is_for_one", [True, False])
async def test_a_thousand_at_once_claim_as_often_as_the_gift_says(
    db: Database, now: datetime, is_for_one: bool
) -> None:
    made = gift(now, is_for_one=is_for_one)
    assert await gift_ops.create(made)
    # more at once than a process has under way
    at_once = asyncio.Semaphore(50)

    async def press(user_id: int) -> GiftClaim | None:
        async with at_once:
            return await gift_ops.claim(made, user_id, now)

    everybody_twice = [press(user_id) for _ in range(2) for user_id in range(1, THOUSAND + 1)]
    claims = [claim for claim in await asyncio.gather(*everybody_twice) if claim is not None]
    assert len({claim.user_id for claim in claims}) == (1 if is_for_one else THOUSAND)
    assert await gift_ops.count_claims(CODE) == (1 if is_for_one else THOUSAND)
    assert len(await gift_ops.find_owed(now + MS, 2000)) == (1 if is_for_one else THOUSAND)


async def test_a_claim_is_owed_until_it_is_paid(db: Database, now: datetime) -> None:
    made = gift(now)
    await gift_ops.create(made)
    claim = await gift_ops.claim(made, 7, now)
    assert claim is not None and claim.is_owed and (claim.credits, claim.user_id) == (10, 7)
    assert await gift_ops.find_owed(now, 9) == []
    assert [one.id for one in await gift_ops.find_owed(now + MS, 9)] == [claim.id]
    assert [await gift_ops.mark_paid(claim.id, now) for _ in range(2)] == [True, False]
    again = await gift_ops.claim(made, 7, now)
    assert again is not None and not again.is_owed
    assert await gift_ops.claim(made, 8, now) is None
    assert await gift_ops.find_claim(made, 8) is None


async def test_a_gift_is_made_once_and_cancelled_once(db: Database, now: datetime) -> None:
    assert [await gift_ops.create(gift(now)) for _ in range(2)] == [True, False]
    assert [await gift_ops.cancel(CODE, now) for _ in range(2)] == [True, False]
    found = await gift_ops.find(CODE)
    assert found is not None and state_of(found, now) is GiftState.CANCELLED


async def test_claims_of_another_gift_are_not_counted(db: Database, now: datetime) -> None:
    for code in (CODE, OTHER):
        await gift_ops.claim(gift(now, code, is_for_one=False), 7, now)
    assert await gift_ops.count_claims(CODE) == 1


@pytest.mark.parametrize(("after", "state"), [(24 * HOUR, GiftState.OPEN), (24 * HOUR + MS, GiftState.EXPIRED)])
def test_a_gift_ends_after_its_hours(now: datetime, after: timedelta, state: GiftState) -> None:
    assert state_of(gift(now), now + after) is state


async def test_what_is_over_is_removed_and_what_is_owed_stays(db: Database, now: datetime) -> None:
    made, young = gift(now - 40 * DAY, is_for_one=False), gift(now, OTHER)
    for one in (made, young):
        await gift_ops.create(one)
        for user_id in (7, 8):
            await gift_ops.claim(one, user_id, one.created_at)
    await gift_ops.mark_paid(f"{CODE}:7", now)
    await gift_ops.mark_paid(OTHER, now)
    assert (await gift_ops.delete_over(now - 30 * DAY)).count == 1
    assert (await gift_ops.delete_old_claims(now - 30 * DAY)).count == 1
    assert (await gift_ops.find(CODE), await gift_ops.find(OTHER)) == (None, young)
    assert [claim.user_id for claim in await gift_ops.find_owed(now + DAY, 9)] == [8]

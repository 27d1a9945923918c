"""Credits taken and passes replaced by the team: once, never below zero, and only what is still so."""

import asyncio
from datetime import datetime, timedelta

import pytest

from core.users import User, Visitor
from database.connection import Database
from database.operations import user_credits, user_ops
from tests.operations.conftest import StepIn

ANN, STRANGER = 7, 404
DAY = timedelta(days=1)


@pytest.fixture
async def ann(db: Database, now: datetime) -> Database:
    """A database with the user Ann, who has nine credits."""
    await user_ops.upsert_visitor(Visitor(user_id=ANN), now)
    await db.collection("users").update_one({"user_id": ANN}, {"$set": {"credits": 9}})
    return db


async def look() -> User:
    user = await user_ops.find(ANN)
    assert user is not None
    return user


@pytest.mark.parametrize(("credits", "left"), [(1, 8), (9, 0), (10, 0), (10**6, 0)])
async def test_credits_are_taken_never_below_zero(ann: Database, credits: int, left: int) -> None:
    taken = await user_credits.take_credits(ANN, "k", credits)
    assert taken is not None and taken.is_new
    assert taken.user.credits == (await look()).credits == left


async def test_one_key_takes_once(ann: Database) -> None:
    await user_credits.take_credits(ANN, "k", 4)
    again = await user_credits.take_credits(ANN, "k", 4)
    assert again is not None and not again.is_new
    assert (await look()).credits == 5


async def test_all_or_none_takes_nothing_of_too_few(ann: Database) -> None:
    assert await user_credits.take_credits(ANN, "k", 10, all_or_none=True) is None
    assert await user_credits.take_credits(ANN, "l", 9, all_or_none=True) is not None
    assert (await look()).credits == 0


async def test_two_who_take_at_once_both_take(ann: Database) -> None:
    await asyncio.gather(*(user_credits.take_credits(ANN, f"k{number}", 2) for number in range(4)))
    assert (await look()).credits == 1


async def test_a_credit_spent_between_reading_and_taking_stays_spent(
    ann: Database, now: datetime, step_in: StepIn
) -> None:
    step_in("users", "find_one_and_update", lambda: user_credits.spend_credit(ANN, "A" * 16, "u", now))
    taken = await user_credits.take_credits(ANN, "k", 9)
    assert taken is not None and taken.credits == -8
    assert (await look()).credits == 0


@pytest.mark.parametrize("credits", [0, -1])
async def test_a_taking_that_would_give_is_refused(ann: Database, credits: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        await user_credits.take_credits(ANN, "k", credits)


async def test_an_unknown_subscriber_has_nothing_to_take(ann: Database) -> None:
    assert await user_credits.take_credits(STRANGER, "k", 1) is None


async def test_a_pass_is_replaced_only_while_it_is_as_it_was_seen(ann: Database, now: datetime) -> None:
    granted = await user_credits.grant(ANN, "k", now, pass_for=DAY)
    assert granted is not None and (granted.pass_before, granted.user.pass_until) == (None, now + DAY)
    more = await user_credits.grant(ANN, "l", now, pass_for=DAY)
    assert more is not None and more.pass_before == now + DAY
    assert await user_credits.set_pass(ANN, now + DAY, None) is None
    ended = await user_credits.set_pass(ANN, now + 2 * DAY, None)
    assert ended is not None and ended.pass_until is None


async def test_an_unlock_is_counted_with_its_payment(ann: Database, now: datetime) -> None:
    for _ in range(2):
        await user_credits.grant(ANN, "token 1", now, credits=1, is_unlock=True)
    await user_credits.grant(ANN, "token 2", now, pass_for=DAY, is_unlock=True)
    await user_credits.grant(ANN, "admin", now, credits=1)
    assert (await look()).unlocks == 2

"""A link signs one admin in, once, before it expires; the stored form cannot."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from core.ids import is_token
from database.connection import Database
from database.operations import login_ops
from tests.operations.conftest import StepIn

ANN, BOB = 7, 8
MS = timedelta(milliseconds=1)
Act = Callable[[], Awaitable[object]]


async def test_a_code_is_redeemed_once(db: Database, now: datetime) -> None:
    code, other = await login_ops.create(ANN, now), await login_ops.create(BOB, now)
    assert is_token(code)
    assert code != other
    assert await login_ops.redeem(code, now) == ANN
    assert await login_ops.redeem(code, now) is None
    assert await login_ops.redeem(other, now) == BOB
    assert await db.collection("login_codes").count({}) == 0


@pytest.mark.parametrize(("late", "user_id"), [(timedelta(), ANN), (MS, None)])
async def test_a_code_expires_to_the_millisecond(
    db: Database, now: datetime, late: timedelta, user_id: int | None
) -> None:
    code = await login_ops.create(ANN, now)
    assert await login_ops.redeem(code, now + login_ops.CODE_HOLDS_FOR + late) == user_id


async def test_of_concurrent_calls_one_redeems_the_code(db: Database, now: datetime) -> None:
    code = await login_ops.create(ANN, now)
    found = await asyncio.gather(*(login_ops.redeem(code, now) for _ in range(50)))
    assert [user_id for user_id in found if user_id is not None] == [ANN]


async def test_of_two_concurrent_calls_only_the_first_succeeds(db: Database, now: datetime, step_in: StepIn) -> None:
    code = await login_ops.create(ANN, now)
    first: list[int | None] = []

    async def be_first() -> None:
        first.append(await login_ops.redeem(code, now))

    step_in("login_codes", "find_one_and_delete", be_first)
    assert await login_ops.redeem(code, now) is None
    assert first == [ANN]


async def test_the_stored_hash_cannot_be_redeemed(db: Database, now: datetime) -> None:
    code = await login_ops.create(ANN, now)
    row = await db.collection("login_codes").find_one({})
    assert row is not None
    assert code not in str(row)
    assert await login_ops.redeem(row["code_hash"][:32], now) is None


@pytest.mark.parametrize("text", ["", "x" * 31, "x" * 33, "x" * 10_000, "$" + "x" * 31, "x" * 31 + "\n", "\ud800" * 32])
async def test_a_text_without_the_shape_of_a_code_costs_no_command(db: Database, now: datetime, text: str) -> None:
    db.calls.clear()
    assert await login_ops.redeem(text, now) is None
    assert not db.calls

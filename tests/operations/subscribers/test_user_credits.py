"""A credit is spent once per request, never below zero, and given back once; a grant is paid out once."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.errors import StoreUnavailable
from core.users import FAR_END, Charge, User, Visitor
from database.connection import Database
from database.operations import user_credits, user_ops

MS, HOUR, DAY = timedelta(milliseconds=1), timedelta(hours=1), timedelta(days=1)
ANN, STRANGER = 7, 404
A, B, C = "A" * 16, "B" * 16, "C" * 16
NOT_CODES = ["", "A" * 15, "A" * 10_000, "A" * 15 + ".", "$" + "A" * 15, "A" * 15 + "\x00", "charges", "A.B" * 5 + "A"]


@pytest.fixture
async def ann(db: Database, now: datetime) -> Database:
    """A database with the user Ann, who has two credits."""
    await user_ops.upsert_visitor(Visitor(user_id=ANN), now)
    await db.collection("users").update_one({"user_id": ANN}, {"$set": {"credits": 2}})
    db.calls.clear()
    return db


async def look() -> User:
    user = await user_ops.find(ANN)
    assert user is not None
    return user


# --- spent


async def test_a_spent_credit_is_recorded_as_a_charge(ann: Database, now: datetime) -> None:
    assert await user_credits.spend_credit(ANN, A, "m1", now) is not None
    assert dict(ann.calls) == {"find_one_and_update users": 1}

    user = await look()
    assert (user.credits, user.charges) == (1, {A: Charge(at=now, update_key="m1")})


async def test_one_request_pays_once_and_succeeds_again(ann: Database, now: datetime) -> None:
    assert await user_credits.spend_credit(ANN, A, "m1", now) is not None
    assert await user_credits.spend_credit(ANN, A, "m1", now + MS) is not None

    user = await look()
    assert (user.credits, user.charges[A].at) == (1, now)


async def test_the_request_that_took_the_last_credit_succeeds_again(ann: Database, now: datetime) -> None:
    await user_credits.spend_credit(ANN, A, "m1", now)
    await user_credits.spend_credit(ANN, B, "m2", now)

    assert await user_credits.spend_credit(ANN, B, "m2", now) is not None
    assert await user_credits.spend_credit(ANN, B, "m3", now) is None
    assert await user_credits.spend_credit(ANN, C, "m2", now) is None
    assert (await look()).credits == 0


async def test_another_request_for_the_same_post_pays_again(ann: Database, now: datetime) -> None:
    await user_credits.spend_credit(ANN, A, "m1", now)
    assert await user_credits.spend_credit(ANN, A, "m2", now + HOUR) is not None

    user = await look()
    assert (user.credits, user.charges) == (0, {A: Charge(at=now + HOUR, update_key="m2")})


async def test_a_user_without_credits_or_unknown_spends_nothing(db: Database, now: datetime) -> None:
    await db.collection("users").insert_one({"user_id": ANN, "joined_at": now, "last_seen_at": now})

    assert await user_credits.spend_credit(ANN, A, "m1", now) is None
    assert await user_credits.spend_credit(STRANGER, A, "m1", now) is None
    assert await user_ops.count() == 1
    assert (await look()).charges == {}


async def test_expired_charges_are_deleted_with_the_next_one_but_never_its_own(ann: Database, now: datetime) -> None:
    await user_credits.spend_credit(ANN, A, "m1", now)
    assert await user_credits.spend_credit(ANN, B, "m2", now, forget=[A, B, C]) is not None

    assert (await look()).charges == {B: Charge(at=now, update_key="m2")}


async def test_no_charge_is_deleted_when_nothing_is_spent(ann: Database, now: datetime) -> None:
    await ann.collection("users").update_one({"user_id": ANN}, {"$set": {"credits": 1}})
    await user_credits.spend_credit(ANN, A, "m1", now)

    assert await user_credits.spend_credit(ANN, B, "m2", now, forget=[A]) is None
    assert set((await look()).charges) == {A}


@pytest.mark.parametrize("code", NOT_CODES, ids=ascii)
async def test_anything_but_a_code_is_refused_and_changes_nothing(ann: Database, now: datetime, code: str) -> None:
    before = await ann.collection("users").find_one({"user_id": ANN})
    with pytest.raises(ValueError, match="code"):
        await user_credits.spend_credit(ANN, code, "m1", now)
    with pytest.raises(ValueError, match="code"):
        await user_credits.spend_credit(ANN, A, "m1", now, forget=[code])
    with pytest.raises(ValueError, match="code"):
        await user_credits.give_back_credit(ANN, code, "m1")
    assert await ann.collection("users").find_one({"user_id": ANN}) == before


async def test_an_empty_update_key_is_refused(ann: Database, now: datetime) -> None:
    with pytest.raises(ValueError, match="key"):
        await user_credits.spend_credit(ANN, A, "", now)
    assert (await look()).credits == 2


@pytest.mark.parametrize("update_key", ["$credits", "a.b", "x" * 10_000, "'\""])
async def test_an_update_key_is_never_read_as_an_operator(ann: Database, now: datetime, update_key: str) -> None:
    assert await user_credits.spend_credit(ANN, A, update_key, now) is not None
    assert await user_credits.spend_credit(ANN, A, update_key, now) is not None
    assert await user_credits.give_back_credit(ANN, A, update_key)
    assert (await look()).credits == 2


# --- given back


async def test_a_credit_is_given_back_once(ann: Database, now: datetime) -> None:
    await user_credits.spend_credit(ANN, A, "m1", now)

    assert await user_credits.give_back_credit(ANN, A, "m1")
    assert not await user_credits.give_back_credit(ANN, A, "m1")
    user = await look()
    assert (user.credits, user.charges) == (2, {})


async def test_only_the_charge_of_that_request_and_post_is_given_back(ann: Database, now: datetime) -> None:
    await user_credits.spend_credit(ANN, A, "m1", now)

    assert not await user_credits.give_back_credit(ANN, A, "m2")
    assert not await user_credits.give_back_credit(ANN, B, "m1")
    assert not await user_credits.give_back_credit(STRANGER, A, "m1")
    assert (await look()).credits == 1


async def test_after_it_was_given_back_the_same_request_pays_again(ann: Database, now: datetime) -> None:
    await user_credits.spend_credit(ANN, A, "m1", now)
    await user_credits.give_back_credit(ANN, A, "m1")

    assert await user_credits.spend_credit(ANN, A, "m1", now) is not None
    assert (await look()).credits == 1


# --- granted


async def paid(key: str, now: datetime, **what: Any) -> bool:
    granted = await user_credits.grant(ANN, key, now, **what)
    assert granted is not None
    assert granted.user == await look()
    return granted.is_new


async def test_credits_are_granted_once_for_a_key(ann: Database, now: datetime) -> None:
    assert await paid("t1", now, credits=5)
    assert not await paid("t1", now + DAY, credits=5)
    assert await paid("t2", now, credits=1)
    assert (await look()).credits == 8


async def test_a_new_grant_of_credits_is_one_command(ann: Database, now: datetime) -> None:
    await user_credits.grant(ANN, "t1", now, credits=5)
    assert dict(ann.calls) == {"find_one_and_update users": 1}


async def test_a_grant_inserts_no_user(db: Database, now: datetime) -> None:
    assert await user_credits.grant(STRANGER, "t1", now, credits=5) is None
    assert await user_credits.grant(STRANGER, "t1", now, pass_for=DAY) is None
    assert await user_ops.count() == 0


async def test_a_pass_starts_now_or_when_the_previous_one_ends(ann: Database, now: datetime) -> None:
    assert await paid("t1", now, pass_for=DAY)
    assert (await look()).pass_until == now + DAY
    assert await paid("t2", now + HOUR, pass_for=DAY)
    assert (await look()).pass_until == now + 2 * DAY
    assert not await paid("t2", now + HOUR, pass_for=DAY)

    # an expired pass is not extended
    assert await paid("t3", now + 3 * DAY, pass_for=HOUR)
    assert (await look()).pass_until == now + 3 * DAY + HOUR


async def test_a_pass_and_credits_are_granted_together(ann: Database, now: datetime) -> None:
    assert await paid("t1", now, credits=3, pass_for=DAY)
    assert not await paid("t1", now, credits=3, pass_for=DAY)
    user = await look()
    assert (user.credits, user.pass_until) == (5, now + DAY)


async def test_a_pass_ends_at_a_whole_millisecond(ann: Database, now: datetime) -> None:
    assert await paid("t1", now + timedelta(microseconds=999), pass_for=DAY)
    assert (await look()).pass_until == now + DAY


async def test_a_pass_is_added_to_one_granted_meanwhile(
    ann: Database, now: datetime, step_in: Callable[..., None]
) -> None:
    step_in("users", "find_one_and_update", lambda: user_credits.grant(ANN, "t2", now, pass_for=DAY))

    assert await paid("t1", now, pass_for=DAY)
    assert (await look()).pass_until == now + 2 * DAY


async def test_the_same_grant_of_a_pass_is_not_paid_twice(
    ann: Database, now: datetime, step_in: Callable[..., None]
) -> None:
    step_in("users", "find_one_and_update", lambda: user_credits.grant(ANN, "t1", now, pass_for=DAY))

    assert not await paid("t1", now, pass_for=DAY)
    assert (await look()).pass_until == now + DAY


async def test_a_grant_that_loses_every_race_gets_store_unavailable(
    ann: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def overtaken(*args: Any, **options: Any) -> None:
        """Match nothing, as if another grant were always faster."""

    monkeypatch.setattr(ann.collection("users"), "find_one_and_update", overtaken)
    with pytest.raises(StoreUnavailable):
        await user_credits.grant(ANN, "t1", now, pass_for=DAY)
    assert ann.calls.total() == 2 * user_credits._TRIES


async def test_the_last_hundred_keys_are_remembered(ann: Database, now: datetime) -> None:
    for number in range(user_credits.GRANTS_KEPT + 1):
        assert await paid(f"t{number}", now, credits=1)

    document = await ann.collection("users").find_one({"user_id": ANN})
    assert document is not None
    assert document["grants"] == [f"t{number}" for number in range(1, user_credits.GRANTS_KEPT + 1)]
    assert not await paid("t1", now, credits=1)


async def test_a_negative_grant_is_refused(ann: Database, now: datetime) -> None:
    for less in ({"credits": -1}, {"pass_for": -MS}):
        with pytest.raises(ValueError, match="grant"):
            await user_credits.grant(ANN, "t1", now, **less)
    assert await paid("t1", now)
    assert (await look()).credits == 2


async def test_an_upsert_keeps_credits_and_charges_and_reads_no_grants(ann: Database, now: datetime) -> None:
    await user_credits.grant(ANN, "t1", now, credits=1, pass_for=DAY)
    await user_credits.spend_credit(ANN, A, "m1", now)
    await user_ops.set_pending_post(ANN, B, now)

    user, is_new = await user_ops.upsert_visitor(Visitor(user_id=ANN, first_name="Ann"), now)
    assert not is_new
    assert (user.credits, user.pass_until, user.charges) == (2, now + DAY, {A: Charge(at=now, update_key="m1")})
    assert (user.pending_code, user.pending_at) == (B, now)
    assert user == await look()
    before = await ann.collection("users").find_one_and_update(
        {"user_id": ANN}, {"$set": {"credits": 2}}, projection=tuple(User.model_fields)
    )
    assert before is not None
    assert "grants" not in before


async def test_fifty_concurrent_requests_spend_ten_credits_and_one_request_one(ann: Database, now: datetime) -> None:
    await ann.collection("users").update_one({"user_id": ANN}, {"$set": {"credits": 10}})
    spent = await asyncio.gather(*(user_credits.spend_credit(ANN, A, f"m{number}", now) for number in range(50)))
    assert sorted(left for left in spent if left is not None) == list(range(10))
    assert (await look()).credits == 0


async def test_a_pass_at_the_end_of_the_calendar_is_not_prolonged_beyond_it(ann: Database, now: datetime) -> None:
    for number, (ends, becomes) in enumerate(((FAR_END - timedelta(days=1), FAR_END), (FAR_END, FAR_END))):
        await ann.collection("users").update_one({"user_id": 7}, {"$set": {"pass_until": ends}})
        granted = await user_credits.grant(7, f"gift {number}", now, pass_for=timedelta(days=3650))
        assert granted is not None
        assert (granted.is_new, granted.user.pass_until) == (True, becomes)

"""A token pays once, for its owner, before it expires; an unpaid one survives a crash."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.errors import AlreadyThere
from core.verification import Token, TokenStatus
from database.connection import Database
from database.operations import token_ops
from database.operations.token_ops import BACK_WITHIN, OWED_KEPT_FOR, PAID_KEPT_FOR

MS, DAY = timedelta(milliseconds=1), timedelta(days=1)
ANN, BOB = 7, 8
T = "T" * 32
NOT_TOKENS = [
    "",
    "T" * 31,
    "T" * 10_000,
    "T" * 31 + "'",
    "T" * 31 + '"',
    "$" + "T" * 31,
    "T" * 16 + "." + "T" * 15,
    "T" * 31 + "\n",
    "T" * 31 + "\x00",
    "T" * 31 + "\ud800",
    "Т" * 32,  # Cyrillic
]


def a_token(now: datetime, text: str = T, **more: Any) -> Token:
    fields = {"token": text, "user_id": ANN, "created_at": now, "expires_at": now + 2 * DAY, "has_page": True}
    return Token.model_validate(fields | more)


async def added(now: datetime, text: str = T, **more: Any) -> Token:
    token = a_token(now, text, **more)
    await token_ops.add(token)
    return token


async def stored(db: Database, text: str = T) -> dict[str, Any]:
    document = await db.collection("tokens").find_one({"token": text})
    assert document is not None
    return document


# --- created and found


async def test_a_token_comes_back_as_it_was_stored(db: Database, now: datetime) -> None:
    token = await added(now, post_code="A" * 16, shortener="s", link="https://x.example/?a=1&b='\"", shown_at=now)

    assert await token_ops.find(T) == token
    document = await stored(db)
    assert (document["is_owed"], document["replaced_for"], document["status"]) == (False, None, "unused")


async def test_adding_a_token_again_after_a_lost_answer_changes_nothing(db: Database, now: datetime) -> None:
    await added(now)
    await token_ops.mark_verified(T, now, 40.0)
    await added(now)

    assert await db.collection("tokens").count({}) == 1
    assert (await stored(db))["status"] == "verified"


async def test_a_token_of_another_user_is_not_overwritten(db: Database, now: datetime) -> None:
    await added(now)
    with pytest.raises(AlreadyThere):
        await added(now, user_id=BOB)
    assert (await stored(db))["user_id"] == ANN


@pytest.mark.parametrize("text", NOT_TOKENS, ids=ascii)
async def test_a_text_without_the_shape_of_a_token_costs_no_command(db: Database, now: datetime, text: str) -> None:
    await added(now)
    before = await stored(db)
    with pytest.raises(ValueError, match="32"):
        await added(now, text)

    db.calls.clear()
    assert await token_ops.find(text) is None
    assert await token_ops.redeem(text, ANN, now) is None
    assert await token_ops.redeem(text, ANN, now, elapsed_seconds=40.0) is None
    assert not await token_ops.mark_verified(text, now, 40.0)
    assert not await token_ops.mark_bypassed(text, now)
    assert not await token_ops.mark_granted(text, now)
    assert not await token_ops.return_replacement(text)
    assert db.calls.total() == 0
    assert await stored(db) == before


async def test_an_unknown_token_is_not_found(db: Database, now: datetime) -> None:
    assert await token_ops.find(T) is None
    assert await token_ops.redeem(T, ANN, now) is None
    assert not await token_ops.mark_verified(T, now, 40.0)
    assert await db.collection("tokens").count({}) == 0


async def test_open_tokens_are_unexpired_and_unpaid_newest_first(db: Database, now: datetime) -> None:
    await added(now - DAY, "1" * 32)
    await added(now - DAY + MS, "2" * 32)
    await added(now, "3" * 32, expires_at=now)
    await added(now, "4" * 32, expires_at=now - MS)
    await added(now, "5" * 32, user_id=BOB)
    await added(now - DAY + 2 * MS, "6" * 32)
    await added(now - DAY + 3 * MS, "7" * 32)
    await token_ops.mark_verified("2" * 32, now, 40.0)
    await token_ops.mark_bypassed("6" * 32, now)
    await token_ops.mark_verified("7" * 32, now, 40.0)
    await token_ops.redeem("7" * 32, ANN, now)

    # redeemed and not paid out yet: it can still pay
    assert [token.token[0] for token in await token_ops.open_tokens(ANN, now)] == ["3", "7", "2", "1"]
    assert len(await token_ops.open_tokens(ANN, now, limit=2)) == 2
    await token_ops.mark_granted("7" * 32, now)
    assert [token.token[0] for token in await token_ops.open_tokens(ANN, now)] == ["3", "2", "1"]
    assert await token_ops.open_tokens(404, now) == []


# --- verified or bypassed


async def test_a_token_is_verified_once_before_it_expires(db: Database, now: datetime) -> None:
    await added(now, expires_at=now + DAY)

    assert await token_ops.mark_verified(T, now + DAY, 40.5)
    assert not await token_ops.mark_verified(T, now + DAY, 99.0)
    document = await stored(db)
    assert (document["status"], document["verified_at"], document["elapsed_seconds"]) == ("verified", now + DAY, 40.5)


async def test_a_token_verified_in_its_last_millisecond_is_valid_for_another_hour(db: Database, now: datetime) -> None:
    await added(now, "1" * 32, expires_at=now)
    await added(now, "2" * 32, expires_at=now + BACK_WITHIN + MS)
    for text in ("1" * 32, "2" * 32):
        assert await token_ops.mark_verified(text, now, 40.0)

    assert (await stored(db, "2" * 32))["expires_at"] == now + BACK_WITHIN + MS
    assert await token_ops.redeem("1" * 32, ANN, now + BACK_WITHIN + MS) is None
    assert await token_ops.redeem("1" * 32, ANN, now + BACK_WITHIN) is not None


async def test_a_token_cannot_be_verified_a_millisecond_after_its_expiry(db: Database, now: datetime) -> None:
    await added(now, expires_at=now + DAY)

    assert not await token_ops.mark_verified(T, now + DAY + MS, 40.0)
    assert (await stored(db))["status"] == "unused"


async def test_bypassed_is_final(db: Database, now: datetime) -> None:
    await added(now, has_page=False)
    assert await token_ops.mark_bypassed(T, now)

    assert not await token_ops.mark_bypassed(T, now)
    assert not await token_ops.mark_verified(T, now, 40.0)
    assert await token_ops.redeem(T, ANN, now) is None
    assert await token_ops.redeem(T, ANN, now, elapsed_seconds=40.0) is None
    document = await stored(db)
    assert (document["status"], document["redeemed_at"], document["is_owed"]) == ("bypassed", None, False)


async def test_a_verified_or_redeemed_token_cannot_be_bypassed(db: Database, now: datetime) -> None:
    await added(now)
    await token_ops.mark_verified(T, now, 40.0)
    assert not await token_ops.mark_bypassed(T, now)

    await token_ops.redeem(T, ANN, now)
    assert not await token_ops.mark_bypassed(T, now)
    assert (await stored(db))["status"] == "verified"


# --- redeemed


async def test_a_token_is_redeemed_once_by_its_owner(db: Database, now: datetime) -> None:
    await added(now, post_code="A" * 16)
    await token_ops.mark_verified(T, now, 40.0)
    before = await stored(db)

    assert await token_ops.redeem(T, BOB, now) is None
    assert await stored(db) == before
    token = await token_ops.redeem(T, ANN, now + MS)
    assert token is not None
    assert (token.redeemed_at, token.granted_at, token.post_code) == (now + MS, None, "A" * 16)
    assert await token_ops.redeem(T, ANN, now + MS) is None
    assert (await stored(db))["redeemed_at"] == now + MS


async def test_a_token_is_valid_in_its_last_millisecond_and_not_in_the_next(db: Database, now: datetime) -> None:
    for text in ("1" * 32, "2" * 32):
        await added(now, text, expires_at=now + DAY)
        await token_ops.mark_verified(text, now, 40.0)
        # the whole of the last millisecond, the precision of the store
    assert await token_ops.redeem("1" * 32, ANN, now + DAY + timedelta(microseconds=999))
    assert await token_ops.redeem("2" * 32, ANN, now + DAY + MS) is None
    assert (await stored(db, "2" * 32))["redeemed_at"] is None


async def test_a_token_with_a_page_pays_nothing_until_the_page_verifies_it(db: Database, now: datetime) -> None:
    await added(now)
    before = await stored(db)

    assert await token_ops.redeem(T, ANN, now) is None
    assert await token_ops.redeem(T, ANN, now, elapsed_seconds=40.0) is None
    assert await stored(db) == before


async def test_a_token_without_a_page_is_verified_by_the_return_to_the_bot(db: Database, now: datetime) -> None:
    await added(now, has_page=False)

    assert await token_ops.redeem(T, ANN, now) is None
    token = await token_ops.redeem(T, ANN, now, elapsed_seconds=40.5)
    assert token is not None
    assert (token.status, token.verified_at, token.elapsed_seconds) == (TokenStatus.VERIFIED, now, 40.5)
    assert await token_ops.redeem(T, ANN, now, elapsed_seconds=40.5) is None


async def test_a_concurrent_redemption_leaves_nothing_for_the_second(
    db: Database, now: datetime, step_in: Callable[..., None]
) -> None:
    await added(now)
    await token_ops.mark_verified(T, now, 40.0)

    step_in("tokens", "find_one_and_update", lambda: token_ops.redeem(T, ANN, now))
    assert await token_ops.redeem(T, ANN, now + MS) is None
    assert (await stored(db))["redeemed_at"] == now


async def test_of_fifty_concurrent_calls_one_redeems(db: Database, now: datetime) -> None:
    await added(now)
    await token_ops.mark_verified(T, now, 40.0)

    redeemed = await asyncio.gather(*(token_ops.redeem(T, ANN, now) for _ in range(50)))
    assert sum(token is not None for token in redeemed) == 1


# --- owed until it is paid out


async def owed(now: datetime, text: str = T, **more: Any) -> None:
    await added(now, text, **more)
    await token_ops.mark_verified(text, now, 40.0)
    assert await token_ops.redeem(text, ANN, now) is not None


async def test_unpaid_tokens_are_found_oldest_first(db: Database, now: datetime) -> None:
    for text, at in (("2" * 32, now + MS), ("1" * 32, now), ("3" * 32, now + 2 * MS), ("4" * 32, now)):
        await owed(at, text)
    await added(now, "5" * 32)
    assert await token_ops.mark_granted("4" * 32, now)

    found = await token_ops.find_owed(now + 2 * MS, 10)
    assert [token.token[0] for token in found] == ["1", "2"]
    assert [token.token[0] for token in await token_ops.find_owed(now + DAY, 1)] == ["1"]
    assert await token_ops.find_owed(now, 10) == []


async def test_a_token_is_paid_out_once(db: Database, now: datetime) -> None:
    await added(now)
    assert not await token_ops.mark_granted(T, now)
    await token_ops.mark_verified(T, now, 40.0)
    assert not await token_ops.mark_granted(T, now)
    await token_ops.redeem(T, ANN, now)

    assert await token_ops.mark_granted(T, now + MS)
    assert not await token_ops.mark_granted(T, now + DAY)
    token = await token_ops.find(T)
    assert token is not None
    assert token.granted_at == now + MS
    assert await token_ops.find_owed(now + DAY, 10) == []


async def test_an_owed_token_is_not_cleaned_up_until_it_is_paid_out(db: Database, now: datetime) -> None:
    # redeemed in its last millisecond, then the process is killed
    await owed(now, expires_at=now)

    assert (await token_ops.delete_expired_and_used_tokens(now + OWED_KEPT_FOR)).count == 0
    (token,) = await token_ops.find_owed(now + DAY, 10)
    assert await token_ops.mark_granted(token.token, now + DAY)

    kept_until = now + DAY + PAID_KEPT_FOR
    assert (await token_ops.delete_expired_and_used_tokens(kept_until)).count == 0
    assert (await token_ops.delete_expired_and_used_tokens(kept_until + MS)).count == 1


async def test_paying_out_does_not_extend_a_long_expiry(db: Database, now: datetime) -> None:
    await owed(now, expires_at=now + 400 * DAY)
    assert (await stored(db))["expires_at"] == now + 400 * DAY

    await token_ops.mark_granted(T, now)
    assert (await stored(db))["expires_at"] == now + PAID_KEPT_FOR


async def test_a_verified_token_that_was_not_redeemed_in_time_is_cleaned_up(db: Database, now: datetime) -> None:
    await added(now, expires_at=now)
    await token_ops.mark_verified(T, now, 40.0)

    assert (await token_ops.delete_expired_and_used_tokens(now + BACK_WITHIN)).count == 0
    assert (await token_ops.delete_expired_and_used_tokens(now + BACK_WITHIN + MS)).count == 1


# --- replaced


async def test_a_bypassed_token_is_replaced_once(db: Database, now: datetime) -> None:
    await added(now)
    assert await token_ops.take_replacement(ANN, now) is None
    await token_ops.mark_bypassed(T, now)

    assert await token_ops.take_replacement(BOB, now) is None
    bypassed = await token_ops.take_replacement(ANN, now)
    assert bypassed is not None
    assert bypassed.token == T
    assert await token_ops.take_replacement(ANN, now) is None


async def test_two_bypassed_tokens_are_replaced_twice(db: Database, now: datetime) -> None:
    for text in ("1" * 32, "2" * 32):
        await added(now, text)
        await token_ops.mark_bypassed(text, now)

    taken = [await token_ops.take_replacement(ANN, now) for _ in range(3)]
    assert sorted(token.token[0] for token in taken if token) == ["1", "2"]
    assert taken[2] is None


async def test_neither_a_replacement_nor_an_expired_token_is_replaced(db: Database, now: datetime) -> None:
    await added(now, "1" * 32, is_replacement=True)
    await added(now, "2" * 32, expires_at=now)
    for text in ("1" * 32, "2" * 32):
        await token_ops.mark_bypassed(text, now)

    assert await token_ops.take_replacement(ANN, now + MS) is None
    taken = await token_ops.take_replacement(ANN, now)
    assert taken is not None
    assert taken.token == "2" * 32


async def test_the_right_to_a_replacement_can_be_returned(db: Database, now: datetime) -> None:
    await added(now)
    await token_ops.mark_bypassed(T, now)
    assert not await token_ops.return_replacement(T)
    await token_ops.take_replacement(ANN, now)

    assert await token_ops.return_replacement(T)
    assert not await token_ops.return_replacement(T)
    assert await token_ops.take_replacement(ANN, now) is not None


async def test_each_step_is_one_command(db: Database, now: datetime) -> None:
    await added(now)
    await token_ops.find(T)
    await token_ops.open_tokens(ANN, now)
    await token_ops.mark_verified(T, now, 40.0)
    await token_ops.redeem(T, ANN, now)
    await token_ops.mark_granted(T, now)
    assert dict(db.calls) == {
        "insert_one tokens": 1,
        "find_one tokens": 1,
        "find tokens": 1,
        "update_one tokens": 2,
        "find_one_and_update tokens": 1,
    }

"""Every decision that must be made once, requested by many concurrent calls.

On a server the calls really race, over as many connections as motor has threads; in memory one follows the other.
`python -m tests.operations.probe` lets several processes race.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from core.subscriptions import Channel, MembershipStatus
from core.users import User, Visitor
from core.verification import Token
from database.connection import Database
from database.operations import channel_ops, membership_ops, token_counts, token_ops, user_credits, user_ops

T = TypeVar("T")
#: concurrent calls: more would only wait for a thread of the driver
AT_ONCE = 100
ANN = 7
CODE, TOKEN = "A" * 16, "T" * 32
TODAY = datetime(2026, 3, 1, tzinfo=UTC)
MS, DAY = timedelta(milliseconds=1), timedelta(days=1)


async def many(calls: int, call: Callable[[int], Awaitable[T]]) -> Sequence[T]:
    """Return the results of `call(0)`, `call(1)` and so on, `AT_ONCE` of them at a time."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> T:
        async with places:
            return await call(number)

    return await asyncio.gather(*(one(number) for number in range(calls)))


@pytest.fixture
async def warm(db: Database) -> Database:
    """The database with open connections: without them the first call would end before the last one starts."""
    for _ in range(2):
        await asyncio.gather(*(db.ping() for _ in range(AT_ONCE)))
    return db


async def ann(db: Database, now: datetime, **more: Any) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=ANN), now)
    if more:
        await db.collection("users").update_one({"user_id": ANN}, {"$set": more})


async def look() -> User:
    user = await user_ops.find(ANN)
    assert user is not None
    return user


async def a_token(now: datetime, text: str = TOKEN, **more: Any) -> None:
    await token_ops.add(
        Token.model_validate({"token": text, "user_id": ANN, "created_at": now, "expires_at": now + DAY, **more})
    )


async def test_of_a_hundred_links_on_a_new_day_fifteen_are_counted(warm: Database) -> None:
    counts = await many(100, lambda _: token_counts.count_link(ANN, TODAY, 15))

    assert sorted(count for count in counts if count is not None) == list(range(1, 16))
    assert await token_counts.links_on(ANN, TODAY) == 15
    assert await warm.collection("token_generator_count").count({}) == 1


async def test_of_a_hundred_links_only_the_rest_of_the_day_is_counted(warm: Database) -> None:
    for _ in range(5):
        await token_counts.count_link(ANN, TODAY, 15)
    counts = await many(100, lambda _: token_counts.count_link(ANN, TODAY, 15))
    assert sorted(count for count in counts if count is not None) == list(range(6, 16))


async def test_one_update_that_asks_often_counts_one_link(warm: Database) -> None:
    assert set(await many(50, lambda _: token_counts.count_link(ANN, TODAY, 15, "u1"))) == {1}
    assert await token_counts.links_on(ANN, TODAY) == 1


async def test_ten_updates_that_ask_five_times_count_ten_links(warm: Database) -> None:
    counts = await many(50, lambda number: token_counts.count_link(ANN, TODAY, 15, f"u{number % 10}"))
    assert set(counts) == set(range(1, 11))
    assert await token_counts.links_on(ANN, TODAY) == 10


async def test_a_link_with_a_key_is_uncounted_by_one_call(warm: Database) -> None:
    for update_key in ("u1", "u2"):
        await token_counts.count_link(ANN, TODAY, 15, update_key)
    assert sum(await many(50, lambda _: token_counts.uncount_link(ANN, TODAY, "u1"))) == 1
    assert await token_counts.links_on(ANN, TODAY) == 1


@pytest.mark.parametrize("round_", range(10))
async def test_of_two_first_links_for_one_place_one_is_counted(warm: Database, round_: int) -> None:
    counts = await many(2, lambda _: token_counts.count_link(ANN, TODAY, 1))
    assert Counter(counts) == {1: 1, None: 1}


async def test_counting_and_uncounting_at_once_leave_the_right_count(warm: Database) -> None:
    for _ in range(10):
        await token_counts.count_link(ANN, TODAY, 10)

    async def one(number: int) -> int:
        if number % 2:
            return -1 if await token_counts.uncount_link(ANN, TODAY) else 0
        return 1 if await token_counts.count_link(ANN, TODAY, 10) else 0

    changes = await many(100, one)
    assert await token_counts.links_on(ANN, TODAY) == 10 + sum(changes)


async def test_a_thousand_clicks_on_one_link_pay_once(warm: Database, now: datetime) -> None:
    await a_token(now, has_page=True)
    await token_ops.mark_verified(TOKEN, now, 40.0)

    redeemed = await many(1000, lambda _: token_ops.redeem(TOKEN, ANN, now))
    assert sum(token is not None for token in redeemed) == 1


async def test_a_thousand_clicks_on_a_link_without_a_page_pay_once(warm: Database, now: datetime) -> None:
    await a_token(now, has_page=False)
    redeemed = await many(1000, lambda _: token_ops.redeem(TOKEN, ANN, now, elapsed_seconds=40.0))
    assert sum(token is not None for token in redeemed) == 1


async def test_a_page_posted_often_verifies_once(warm: Database, now: datetime) -> None:
    await a_token(now)
    assert sum(await many(50, lambda _: token_ops.mark_verified(TOKEN, now, 40.0))) == 1


async def test_verified_or_bypassed_and_never_both(warm: Database, now: datetime) -> None:
    await a_token(now)

    async def one(number: int) -> str | None:
        if number % 2:
            return "bypassed" if await token_ops.mark_bypassed(TOKEN, now) else None
        return "verified" if await token_ops.mark_verified(TOKEN, now, 40.0) else None

    (won,) = [answer for answer in await many(50, one) if answer is not None]
    token = await token_ops.find(TOKEN)
    assert token is not None
    assert token.status == won


async def test_a_payout_is_recorded_by_one_call(warm: Database, now: datetime) -> None:
    await a_token(now)
    await token_ops.redeem(TOKEN, ANN, now, elapsed_seconds=40.0)
    assert sum(await many(50, lambda _: token_ops.mark_granted(TOKEN, now))) == 1


async def test_three_bypassed_tokens_are_replaced_three_times(warm: Database, now: datetime) -> None:
    for text in ("1" * 32, "2" * 32, "3" * 32):
        await a_token(now, text)
        await token_ops.mark_bypassed(text, now)
    taken = [token for token in await many(50, lambda _: token_ops.take_replacement(ANN, now)) if token is not None]
    assert sorted(token.token[0] for token in taken) == ["1", "2", "3"]


async def test_one_update_that_asks_often_replaces_one_bypassed_token(warm: Database, now: datetime) -> None:
    for text in ("1" * 32, "2" * 32, "3" * 32):
        await a_token(now, text)
        await token_ops.mark_bypassed(text, now)
    taken = await many(50, lambda _: token_ops.take_replacement(ANN, now, "u1"))
    assert len({token.token if token else None for token in taken}) == 1
    left = [await token_ops.take_replacement(ANN, now) for _ in range(3)]
    assert [token is None for token in left] == [False, False, True]


async def test_a_right_returned_by_many_calls_is_one_right(warm: Database, now: datetime) -> None:
    await a_token(now)
    await token_ops.mark_bypassed(TOKEN, now)
    await token_ops.take_replacement(ANN, now)
    assert sum(await many(50, lambda _: token_ops.return_replacement(TOKEN))) == 1


async def test_ten_credits_are_spent_ten_times(warm: Database, now: datetime) -> None:
    await ann(warm, now, credits=10)
    codes = [f"{number:016}" for number in range(50)]

    spent = await many(50, lambda number: user_credits.spend_credit(ANN, codes[number], f"m{number}", now))
    user = await look()
    assert (sorted(one for one in spent if one is not None), user.credits, len(user.charges)) == (
        list(range(10)),
        0,
        10,
    )
    assert {code for code, left in zip(codes, spent, strict=True) if left is not None} == set(user.charges)


async def test_one_request_that_comes_often_costs_one_credit(warm: Database, now: datetime) -> None:
    await ann(warm, now, credits=10)
    assert set(await many(50, lambda _: user_credits.spend_credit(ANN, CODE, "m1", now))) == {9}
    assert (await look()).credits == 9


async def test_the_request_that_took_the_last_credit_succeeds_every_time(warm: Database, now: datetime) -> None:
    await ann(warm, now, credits=1)
    assert set(await many(50, lambda _: user_credits.spend_credit(ANN, CODE, "m1", now))) == {0}
    assert (await look()).credits == 0


async def test_a_credit_given_back_by_many_calls_comes_back_once(warm: Database, now: datetime) -> None:
    await ann(warm, now, credits=1)
    await user_credits.spend_credit(ANN, CODE, "m1", now)
    assert sum(await many(50, lambda _: user_credits.give_back_credit(ANN, CODE, "m1"))) == 1
    assert (await look()).credits == 1


async def test_spending_and_giving_back_at_once_loses_and_creates_no_credit(warm: Database, now: datetime) -> None:
    await ann(warm, now, credits=3)

    async def one(number: int) -> None:
        code, update_key = f"{number % 5:016}", f"m{number}"
        if await user_credits.spend_credit(ANN, code, update_key, now) is not None:
            # a later request for the same post may have replaced the charge; then giving back finds nothing
            await user_credits.give_back_credit(ANN, code, update_key)

    await many(20, one)
    user = await look()
    assert 0 <= user.credits <= 3
    assert not user.charges or user.credits < 3


async def test_one_grant_of_credits_is_paid_out_once(warm: Database, now: datetime) -> None:
    await ann(warm, now)
    granted = await many(50, lambda _: user_credits.grant(ANN, TOKEN, now, credits=10))
    assert sum(grant is not None and grant.is_new for grant in granted) == 1
    assert None not in granted
    assert (await look()).credits == 10


async def test_one_grant_of_a_pass_is_paid_out_once(warm: Database, now: datetime) -> None:
    await ann(warm, now)
    granted = await many(50, lambda _: user_credits.grant(ANN, TOKEN, now, pass_for=DAY))
    assert sum(grant is not None and grant.is_new for grant in granted) == 1
    assert (await look()).pass_until == now + DAY


async def test_different_grants_of_a_pass_add_up(warm: Database, now: datetime) -> None:
    await ann(warm, now)
    granted = await many(10, lambda number: user_credits.grant(ANN, f"t{number}", now, credits=1, pass_for=DAY))
    assert all(grant is not None and grant.is_new for grant in granted)
    user = await look()
    assert (user.pass_until, user.credits) == (now + 10 * DAY, 10)


async def test_a_pending_post_is_popped_by_one_call(warm: Database, now: datetime) -> None:
    await ann(warm, now)
    await user_ops.set_pending_post(ANN, CODE, now)
    taken = await many(50, lambda number: user_ops.pop_pending_post(ANN, CODE, now, f"join {number}"))
    assert Counter(taken) == {True: 1, False: 49}


async def test_a_new_user_banned_at_the_same_instant_is_one_banned_record(warm: Database, now: datetime) -> None:
    async def one(number: int) -> None:
        if number % 2:
            await user_ops.upsert_visitor(Visitor(user_id=ANN), now)
        else:
            await user_ops.ban(ANN, now, reason="spam", until=None)

    await many(50, one)
    assert (await look()).is_banned
    assert await user_ops.count() == 1


async def test_a_broken_and_a_working_channel_are_each_recorded_by_one_call(warm: Database, now: datetime) -> None:
    await channel_ops.add(Channel(chat_id=-1, invite_link="https://t.me/+x"))
    assert sum(await many(50, lambda _: channel_ops.mark_broken(-1, now))) == 1
    assert sum(await many(50, lambda _: channel_ops.mark_working(-1))) == 1


async def test_a_channel_added_by_many_is_stored_once_and_others_have_their_own_positions(warm: Database) -> None:
    added = await many(20, lambda n: channel_ops.add(Channel(chat_id=-1 - n % 10, invite_link="https://t.me/+x")))
    assert sum(added) == 10
    assert [channel.position for channel in await channel_ops.load()] == list(range(10))


async def test_a_group_moves_once(warm: Database) -> None:
    await channel_ops.add(Channel(chat_id=-1, invite_link="https://t.me/+x"))
    assert sum(await many(50, lambda _: channel_ops.move_to(-1, -1001))) == 1


async def test_of_many_calls_that_replace_one_link_one_succeeds(warm: Database) -> None:
    old = "https://t.me/+x"
    await channel_ops.add(Channel(chat_id=-1, invite_link=old))
    changed = await many(50, lambda n: channel_ops.change_link(-1, old, invite_link=f"https://t.me/+{n}"))
    (won,) = [channel for channel in changed if channel is not None]
    assert await channel_ops.find(-1) == won


async def test_of_statuses_in_any_order_the_newest_is_stored(warm: Database, now: datetime) -> None:
    def report(number: int) -> Awaitable[bool]:
        # 37 and 100 share no divisor: each instant once, in a mixed order
        age = number * 37 % 100
        status = MembershipStatus.MEMBER if age == 0 else MembershipStatus.LEFT
        return membership_ops.record(-1, ANN, status, now - age * MS)

    await many(100, report)
    membership = (await membership_ops.find_memberships(ANN, [-1]))[-1]
    assert (membership.status, membership.seen_at) == (MembershipStatus.MEMBER, now)
    assert await warm.collection("memberships").count({}) == 1

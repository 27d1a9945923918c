"""The newest status of a subscriber in a channel is stored, in whatever order statuses arrive."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from core.subscriptions import Membership, MembershipStatus
from database.connection import Database
from database.operations import membership_ops

MS, DAY = timedelta(milliseconds=1), timedelta(days=1)
ANN, BOB = 7, 8
NEWS, CLUB = -1, -2
MEMBER, REQUESTED, LEFT = MembershipStatus.MEMBER, MembershipStatus.REQUESTED, MembershipStatus.LEFT


async def known(chat_id: int = NEWS, user_id: int = ANN) -> tuple[MembershipStatus, datetime] | None:
    found = (await membership_ops.find_memberships(user_id, [chat_id])).get(chat_id)
    return None if found is None else (found.status, found.seen_at)


async def test_one_subscriber_in_several_channels_costs_one_command(db: Database, now: datetime) -> None:
    for chat_id, user_id, status in ((NEWS, ANN, MEMBER), (CLUB, ANN, LEFT), (-3, ANN, MEMBER), (NEWS, BOB, LEFT)):
        assert await membership_ops.record(chat_id, user_id, status, now)
    db.calls.clear()

    assert await membership_ops.find_memberships(ANN, [NEWS, CLUB, NEWS, -4]) == {
        NEWS: Membership(chat_id=NEWS, user_id=ANN, status=MEMBER, seen_at=now),
        CLUB: Membership(chat_id=CLUB, user_id=ANN, status=LEFT, seen_at=now),
    }
    assert dict(db.calls) == {"find memberships": 1}


async def test_no_channels_cost_no_command(db: Database) -> None:
    assert await membership_ops.find_memberships(ANN, []) == {}
    assert db.calls.total() == 0


async def test_fifty_channels_come_in_one_answer(db: Database, now: datetime) -> None:
    for number in range(50):
        await membership_ops.record(-1 - number, ANN, MEMBER, now)
    db.calls.clear()
    assert len(await membership_ops.find_memberships(ANN, [-1 - number for number in range(50)])) == 50
    assert db.calls.total() == 1


async def test_a_newer_status_replaces_an_older_one(db: Database, now: datetime) -> None:
    assert await membership_ops.record(NEWS, ANN, MEMBER, now)
    assert await membership_ops.record(NEWS, ANN, LEFT, now + MS)
    assert await known() == (LEFT, now + MS)
    assert await db.collection("memberships").count({}) == 1


async def test_an_older_status_is_ignored(db: Database, now: datetime) -> None:
    await membership_ops.record(NEWS, ANN, LEFT, now)

    assert not await membership_ops.record(NEWS, ANN, MEMBER, now - MS)
    assert await known() == (LEFT, now)


async def test_of_the_same_millisecond_the_later_call_counts(db: Database, now: datetime) -> None:
    await membership_ops.record(NEWS, ANN, LEFT, now + timedelta(microseconds=900))
    assert await membership_ops.record(NEWS, ANN, MEMBER, now + timedelta(microseconds=100))
    assert await known() == (MEMBER, now)


@pytest.mark.parametrize(("status", "is_kept"), [(REQUESTED, True), (MEMBER, False), (LEFT, False)])
async def test_a_join_request_is_kept_with_keep_request(
    db: Database, now: datetime, status: MembershipStatus, is_kept: bool
) -> None:
    await membership_ops.record(NEWS, ANN, status, now - DAY)

    assert await membership_ops.record(NEWS, ANN, LEFT, now, keep_request=True) is not is_kept
    assert await known() == ((REQUESTED, now - DAY) if is_kept else (LEFT, now))


async def test_without_keep_request_a_join_request_is_replaced(db: Database, now: datetime) -> None:
    await membership_ops.record(NEWS, ANN, REQUESTED, now)
    assert await membership_ops.record(NEWS, ANN, MEMBER, now + MS)
    assert await known() == (MEMBER, now + MS)


async def test_keep_request_stores_a_first_status(db: Database, now: datetime) -> None:
    assert await membership_ops.record(NEWS, ANN, LEFT, now, keep_request=True)
    assert await known() == (LEFT, now)


async def test_the_second_of_two_concurrent_first_statuses_is_stored_if_newer(
    db: Database, now: datetime, step_in: Callable[..., None]
) -> None:
    step_in("memberships", "update_one", lambda: membership_ops.record(NEWS, ANN, LEFT, now))
    assert await membership_ops.record(NEWS, ANN, MEMBER, now + MS)
    step_in("memberships", "update_one", lambda: membership_ops.record(CLUB, ANN, LEFT, now))
    assert not await membership_ops.record(CLUB, ANN, MEMBER, now - MS)

    assert (await known(NEWS), await known(CLUB)) == ((MEMBER, now + MS), (LEFT, now))


async def test_a_status_whose_insert_loses_the_race_is_stored(
    db: Database, now: datetime, lose_insert: Callable[[str, str], None]
) -> None:
    lose_insert("memberships", "update_one")
    assert await membership_ops.record(NEWS, ANN, MEMBER, now)
    assert await known() == (MEMBER, now)


async def test_in_any_order_the_newest_status_is_stored(db: Database, now: datetime) -> None:
    reports = [(MEMBER if number % 2 else LEFT, now + number * MS) for number in range(50)]
    mixed = reports[::2] + reports[::-1][::2]
    await asyncio.gather(*(membership_ops.record(NEWS, ANN, status, at) for status, at in mixed))
    assert await known() == reports[-1]
    assert await db.collection("memberships").count({}) == 1


async def test_deleting_one_channels_memberships_keeps_the_others(db: Database, now: datetime) -> None:
    for user_id in range(25):
        await membership_ops.record(NEWS, user_id, MEMBER, now)
    await membership_ops.record(CLUB, ANN, MEMBER, now)

    first = await membership_ops.delete_channel(NEWS, batch_size=10, timeout_s=0)
    assert (first.count, first.more) == (10, True)
    rest = await membership_ops.delete_channel(NEWS, batch_size=10, pause_ms=0)
    assert (rest.count, rest.more) == (15, False)
    assert await known(CLUB) == (MEMBER, now)
    assert await db.collection("memberships").count({}) == 1

"""What was heard last of one person in one channel stands, in whatever order it arrives."""

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


async def test_one_person_in_several_channels_is_one_command(db: Database, now: datetime) -> None:
    for chat_id, user_id, status in ((NEWS, ANN, MEMBER), (CLUB, ANN, LEFT), (-3, ANN, MEMBER), (NEWS, BOB, LEFT)):
        assert await membership_ops.record(chat_id, user_id, status, now)
    db.calls.clear()

    assert await membership_ops.find_memberships(ANN, [NEWS, CLUB, NEWS, -4]) == {
        NEWS: Membership(chat_id=NEWS, user_id=ANN, status=MEMBER, seen_at=now),
        CLUB: Membership(chat_id=CLUB, user_id=ANN, status=LEFT, seen_at=now),
    }
    assert dict(db.calls) == {"find memberships": 1}


async def test_no_channels_are_not_asked_for(db: Database) -> None:
    assert await membership_ops.find_memberships(ANN, []) == {}
    assert db.calls.total() == 0


async def test_fifty_channels_come_in_one_answer(db: Database, now: datetime) -> None:
    for number in range(50):
        await membership_ops.record(-1 - number, ANN, MEMBER, now)
    db.calls.clear()
    assert len(await membership_ops.find_memberships(ANN, [-1 - number for number in range(50)])) == 50
    assert db.calls.total() == 1


async def test_the_newer_takes_the_place_of_the_older(db: Database, now: datetime) -> None:
    assert await membership_ops.record(NEWS, ANN, MEMBER, now)
    assert await membership_ops.record(NEWS, ANN, LEFT, now + MS)
    assert await known() == (LEFT, now + MS)
    assert await db.collection("memberships").count({}) == 1


async def test_what_is_older_is_not_believed(db: Database, now: datetime) -> None:
    await membership_ops.record(NEWS, ANN, LEFT, now)

    assert not await membership_ops.record(NEWS, ANN, MEMBER, now - MS)
    assert await known() == (LEFT, now)


async def test_of_the_same_millisecond_the_later_call_counts(db: Database, now: datetime) -> None:
    await membership_ops.record(NEWS, ANN, LEFT, now + timedelta(microseconds=900))
    assert await membership_ops.record(NEWS, ANN, MEMBER, now + timedelta(microseconds=100))
    assert await known() == (MEMBER, now)


@pytest.mark.parametrize(("status", "is_kept"), [(REQUESTED, True), (MEMBER, False), (LEFT, False)])
async def test_a_request_is_kept_when_it_is_to_be(
    db: Database, now: datetime, status: MembershipStatus, is_kept: bool
) -> None:
    await membership_ops.record(NEWS, ANN, status, now - DAY)

    assert await membership_ops.record(NEWS, ANN, LEFT, now, keep_request=True) is not is_kept
    assert await known() == ((REQUESTED, now - DAY) if is_kept else (LEFT, now))


async def test_without_that_a_request_ends_like_anything(db: Database, now: datetime) -> None:
    await membership_ops.record(NEWS, ANN, REQUESTED, now)
    assert await membership_ops.record(NEWS, ANN, MEMBER, now + MS)
    assert await known() == (MEMBER, now + MS)


async def test_of_whom_nothing_is_known_there_is_no_request_to_keep(db: Database, now: datetime) -> None:
    assert await membership_ops.record(NEWS, ANN, LEFT, now, keep_request=True)
    assert await known() == (LEFT, now)


async def test_the_slower_of_two_first_reports_counts_when_it_is_newer(
    db: Database, now: datetime, step_in: Callable[..., None]
) -> None:
    step_in("memberships", "update_one", lambda: membership_ops.record(NEWS, ANN, LEFT, now))
    assert await membership_ops.record(NEWS, ANN, MEMBER, now + MS)
    step_in("memberships", "update_one", lambda: membership_ops.record(CLUB, ANN, LEFT, now))
    assert not await membership_ops.record(CLUB, ANN, MEMBER, now - MS)

    assert (await known(NEWS), await known(CLUB)) == ((MEMBER, now + MS), (LEFT, now))


async def test_losing_the_first_insert_is_no_reason_to_be_forgotten(
    db: Database, now: datetime, lose_insert: Callable[[str, str], None]
) -> None:
    lose_insert("memberships", "update_one")
    assert await membership_ops.record(NEWS, ANN, MEMBER, now)
    assert await known() == (MEMBER, now)


async def test_whatever_the_order_the_newest_stands(db: Database, now: datetime) -> None:
    reports = [(MEMBER if number % 2 else LEFT, now + number * MS) for number in range(50)]
    mixed = reports[::2] + reports[::-1][::2]
    await asyncio.gather(*(membership_ops.record(NEWS, ANN, status, at) for status, at in mixed))
    assert await known() == reports[-1]
    assert await db.collection("memberships").count({}) == 1


async def test_forgetting_a_channel_leaves_the_others(db: Database, now: datetime) -> None:
    for user_id in range(25):
        await membership_ops.record(NEWS, user_id, MEMBER, now)
    await membership_ops.record(CLUB, ANN, MEMBER, now)

    first = await membership_ops.delete_channel(NEWS, batch_size=10, timeout_s=0)
    assert (first.count, first.more) == (10, True)
    rest = await membership_ops.delete_channel(NEWS, batch_size=10, pause_ms=0)
    assert (rest.count, rest.more) == (15, False)
    assert await known(CLUB) == (MEMBER, now)
    assert await db.collection("memberships").count({}) == 1

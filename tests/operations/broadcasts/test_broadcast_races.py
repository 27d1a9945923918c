"""Broadcasts at the hands of several at the same instant: each row, lease and change of status is one's.

On a server the calls really race; in memory one comes after the other.
"""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import pytest

from core.broadcasts import BroadcastStatus, RecipientState
from database.connection import Database
from database.operations import broadcast_ops, broadcast_rows, lease_ops
from tests.operations.broadcasts.broadcasting import begun, brought_to, look, news, planned
from tests.operations.test_gate_races import AT_ONCE, many

TTL = timedelta(seconds=30)


@pytest.fixture
async def warm(db: Database) -> Database:
    """With connections that stand already: without them the first call is over before the last one leaves."""
    for _ in range(2):
        await asyncio.gather(*(db.ping() for _ in range(AT_ONCE)))
    return db


async def test_each_row_is_taken_by_exactly_one_of_several_owners(warm: Database, now: datetime) -> None:
    broadcast, ids = await begun(now), list(range(1, 41))
    await broadcast_rows.add_recipients(broadcast.id, ids)

    async def one(number: int) -> list[int]:
        # every row is asked for by five owners, four rows at a time
        first = number % 10 * 4
        return await broadcast_rows.claim(broadcast.id, ids[first : first + 4], f"owner {number // 10}")

    taken = Counter(user_id for some in await many(50, one) for user_id in some)
    assert taken == Counter(ids)
    assert await broadcast_rows.count_states(broadcast.id) == {"sending": 40}


async def test_overlapping_pages_of_two_owners_are_taken_once(warm: Database, now: datetime) -> None:
    broadcast = await begun(now)
    await broadcast_rows.add_recipients(broadcast.id, range(1, 31))

    async def one(number: int) -> list[int]:
        return await broadcast_rows.claim(broadcast.id, range(number + 1, number + 5), f"owner {number % 2} {number}")

    taken = Counter(user_id for some in await many(27, one) for user_id in some)
    assert taken == Counter(range(1, 31))


async def test_a_row_given_back_by_many_is_given_back_once(warm: Database, now: datetime) -> None:
    broadcast = await begun(now)
    await broadcast_rows.add_recipients(broadcast.id, [1])
    await broadcast_rows.claim(broadcast.id, [1], "me")
    assert sum(await many(50, lambda _: broadcast_rows.release(broadcast.id, 1, "me"))) == 1


@pytest.mark.parametrize("round_", range(5))
async def test_arrived_and_given_up_at_once_ends_as_arrived(warm: Database, now: datetime, round_: int) -> None:
    broadcast, ids = await begun(now), list(range(1, 21))
    await broadcast_rows.add_recipients(broadcast.id, ids)
    await broadcast_rows.claim(broadcast.id, ids, "slow")

    async def one(number: int) -> bool:
        if number % 4 == 3:
            return await broadcast_rows.mark_lost_unknown(broadcast.id, "new") >= 0
        return await broadcast_rows.mark_sent(broadcast.id, ids[number // 4], "slow", [1], now)

    assert all(await many(80, one))
    assert await broadcast_rows.count_states(broadcast.id) == {"sent": 20}


async def test_the_same_page_made_by_many_is_one_row_each(warm: Database, now: datetime) -> None:
    broadcast = await begun(now)
    await many(20, lambda number: broadcast_rows.add_recipients(broadcast.id, range(1 + number % 5, 21)))
    assert await broadcast_rows.count_states(broadcast.id) == {"pending": 20}


async def test_a_draft_confirmed_by_many_taps_is_one_broadcast(warm: Database, now: datetime) -> None:
    made = await many(50, lambda _: broadcast_ops.create(news(now)))
    assert sum(is_new for _, is_new in made) == 1
    assert len({broadcast.id for broadcast, _ in made}) == 1
    assert await warm.collection("broadcasts").count({}) == 1


async def test_a_broadcast_is_begun_by_one(warm: Database, now: datetime) -> None:
    broadcast = await planned(now)
    begun_by = await many(50, lambda _: broadcast_ops.start(broadcast, now))
    assert sum(one is not None for one in begun_by) == 1


async def test_begun_or_cancelled_and_the_last_word_is_the_admins(warm: Database, now: datetime) -> None:
    broadcast = await planned(now)

    async def one(number: int) -> str | None:
        done = await (broadcast_ops.start(broadcast, now) if number % 2 else broadcast_ops.cancel(broadcast.id, now))
        return None if done is None else done.status.value

    said = Counter(await many(50, one))
    assert said["cancelled"] == 1
    assert said["sending"] <= 1
    assert (await look(broadcast.id)).status is BroadcastStatus.CANCELLED


async def test_ended_paused_or_cancelled_by_one(warm: Database, now: datetime) -> None:
    broadcast = await begun(now)
    changes = (
        lambda: broadcast_ops.finish(broadcast.id, BroadcastStatus.SENT, now, {"sent": 1}),
        lambda: broadcast_ops.cancel(broadcast.id, now),
    )
    ended = [one for one in await many(50, lambda number: changes[number % 2]()) if one is not None]
    assert len(ended) == 1
    assert (await look(broadcast.id)).status is ended[0].status


async def test_a_wish_to_take_back_survives_every_putting_off(warm: Database, now: datetime) -> None:
    broadcast = await brought_to(BroadcastStatus.RECALLING, now, lifetime_minutes=60)

    async def one(number: int) -> bool:
        if number == 10:
            return await broadcast_ops.request_recall(broadcast.id, now) is not None
        return await broadcast_ops.postpone_recall(broadcast.id, now + TTL, {})

    assert (await many(50, one))[10]
    assert (await look(broadcast.id)).delete_at == now


async def test_a_copy_is_taken_back_by_one(warm: Database, now: datetime) -> None:
    broadcast = await begun(now)
    await broadcast_rows.add_recipients(broadcast.id, [1])
    await broadcast_rows.claim(broadcast.id, [1], "me")
    await broadcast_rows.mark_sent(broadcast.id, 1, "me", [1], now)
    marked = await many(50, lambda _: broadcast_rows.mark_recalled(broadcast.id, 1, RecipientState.DELETED))
    assert sum(marked) == 1


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("round_", range(5))
async def test_a_lease_is_taken_by_one_of_many_owners(
    warm: Database, now: datetime, round_: int, is_first: bool
) -> None:
    if not is_first:
        await lease_ops.take("job", "who vanished", now - TTL, TTL)
    got = await many(20, lambda number: lease_ops.take("job", f"owner {number}", now, TTL))
    (fence,) = [one for one in got if one is not None]
    assert fence == (1 if is_first else 2)
    assert await lease_ops.renew("job", f"owner {got.index(fence)}", now, TTL)

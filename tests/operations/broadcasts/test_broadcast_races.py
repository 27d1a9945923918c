"""Concurrent calls for one broadcast: each row, lease and change of status goes to one of them.

On a server the calls really race; in memory they run one after the other.
"""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import pytest

from core.broadcasts import BroadcastStatus, RecipientState
from database.connection import Database
from database.operations import broadcast_ops, broadcast_rows, lease_ops
from tests.operations.broadcasts.broadcasting import brought_to, news, planned, reload, started
from tests.operations.test_gate_races import AT_ONCE, many

TTL = timedelta(seconds=30)


@pytest.fixture
async def warm(db: Database) -> Database:
    """The database with open connections: without them the first call would end before the last one starts."""
    for _ in range(2):
        await asyncio.gather(*(db.ping() for _ in range(AT_ONCE)))
    return db


async def test_each_row_is_claimed_by_exactly_one_of_several_owners(warm: Database, now: datetime) -> None:
    broadcast, ids = await started(now), list(range(1, 41))
    await broadcast_rows.add_recipients(broadcast.id, ids)

    async def one(number: int) -> list[int]:
        # every row is claimed by five owners, four rows at a time
        first = number % 10 * 4
        return await broadcast_rows.claim(broadcast.id, ids[first : first + 4], f"owner {number // 10}")

    taken = Counter(user_id for some in await many(50, one) for user_id in some)
    assert taken == Counter(ids)
    assert await broadcast_rows.count_states(broadcast.id) == {"sending": 40}


async def test_overlapping_pages_of_two_owners_are_claimed_once(warm: Database, now: datetime) -> None:
    broadcast = await started(now)
    await broadcast_rows.add_recipients(broadcast.id, range(1, 31))

    async def one(number: int) -> list[int]:
        return await broadcast_rows.claim(broadcast.id, range(number + 1, number + 5), f"owner {number % 2} {number}")

    taken = Counter(user_id for some in await many(27, one) for user_id in some)
    assert taken == Counter(range(1, 31))


async def test_a_row_is_released_by_one_of_many_calls(warm: Database, now: datetime) -> None:
    broadcast = await started(now)
    await broadcast_rows.add_recipients(broadcast.id, [1])
    await broadcast_rows.claim(broadcast.id, [1], "me")
    assert sum(await many(50, lambda _: broadcast_rows.release(broadcast.id, 1, "me"))) == 1


@pytest.mark.parametrize("round_", range(5))
async def test_a_copy_recorded_as_sent_and_as_lost_at_once_ends_as_sent(
    warm: Database, now: datetime, round_: int
) -> None:
    broadcast, ids = await started(now), list(range(1, 21))
    await broadcast_rows.add_recipients(broadcast.id, ids)
    await broadcast_rows.claim(broadcast.id, ids, "slow")

    async def one(number: int) -> bool:
        if number % 4 == 3:
            return await broadcast_rows.mark_lost_unknown(broadcast.id, "new") >= 0
        return await broadcast_rows.mark_sent(broadcast.id, ids[number // 4], "slow", [1], now)

    assert all(await many(80, one))
    assert await broadcast_rows.count_states(broadcast.id) == {"sent": 20}


async def test_the_same_page_inserted_by_many_makes_one_row_each(warm: Database, now: datetime) -> None:
    broadcast = await started(now)
    await many(20, lambda number: broadcast_rows.add_recipients(broadcast.id, range(1 + number % 5, 21)))
    assert await broadcast_rows.count_states(broadcast.id) == {"pending": 20}


async def test_a_draft_confirmed_by_many_taps_makes_one_broadcast(warm: Database, now: datetime) -> None:
    made = await many(50, lambda _: broadcast_ops.create(news(now)))
    assert sum(is_new for _, is_new in made) == 1
    assert len({broadcast.id for broadcast, _ in made}) == 1
    assert await warm.collection("broadcasts").count({}) == 1


async def test_a_broadcast_is_started_by_one_of_many(warm: Database, now: datetime) -> None:
    broadcast = await planned(now)
    begun_by = await many(50, lambda _: broadcast_ops.start(broadcast, now))
    assert sum(one is not None for one in begun_by) == 1


async def test_a_broadcast_started_and_cancelled_at_once_ends_as_cancelled(warm: Database, now: datetime) -> None:
    broadcast = await planned(now)

    async def one(number: int) -> str | None:
        done = await (broadcast_ops.start(broadcast, now) if number % 2 else broadcast_ops.cancel(broadcast.id, now))
        return None if done is None else done.status.value

    said = Counter(await many(50, one))
    assert said["cancelled"] == 1
    assert said["sending"] <= 1
    assert (await reload(broadcast.id)).status is BroadcastStatus.CANCELLED


async def test_a_broadcast_is_ended_paused_or_cancelled_by_one_of_many(warm: Database, now: datetime) -> None:
    broadcast = await started(now)
    changes = (
        lambda: broadcast_ops.finish(broadcast.id, BroadcastStatus.SENT, now, {"sent": 1}),
        lambda: broadcast_ops.cancel(broadcast.id, now),
    )
    ended = [one for one in await many(50, lambda number: changes[number % 2]()) if one is not None]
    assert len(ended) == 1
    assert (await reload(broadcast.id)).status is ended[0].status


async def test_a_request_to_recall_survives_concurrent_postponing(warm: Database, now: datetime) -> None:
    broadcast = await brought_to(BroadcastStatus.RECALLING, now, lifetime_minutes=60)

    async def one(number: int) -> bool:
        if number == 10:
            return await broadcast_ops.request_recall(broadcast.id, now) is not None
        return await broadcast_ops.postpone_recall(broadcast.id, now + TTL, {})

    assert (await many(50, one))[10]
    assert (await reload(broadcast.id)).delete_at == now


async def test_a_copy_is_recorded_as_deleted_by_one_of_many(warm: Database, now: datetime) -> None:
    broadcast = await started(now)
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

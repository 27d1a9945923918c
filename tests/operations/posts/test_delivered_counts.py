"""Deliveries are counted beside the deliveries: each once a day, also when the counting dies at any command."""

import contextlib
from datetime import datetime, timedelta

import pytest

from core.errors import StoreUnavailable
from core.posts import Post
from database.connection import Database
from database.operations import delivered_counts, delivery_ops
from database.operations.delivered_counts import LEFT_AFTER, count_delivered
from database.operations.delivery_ops import NewDelivery
from tests.operations.conftest import away_after
from tests.operations.posts.making import found, make

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


async def arrive(post: Post, user_id: int, at: datetime, *, day: datetime | None) -> None:
    """Deliver the post at `at`; `day`: None when not all of it came."""
    claim = await delivery_ops.start(NewDelivery(1, user_id, post.code, f"u{user_id} {at}", "a", at, None, 5))
    assert claim is not None
    assert await delivery_ops.record_sent(
        claim, [user_id], None, sent_at=at, delete_at=None, paid_until=None, whole_on=day
    )


async def delivered(post: Post) -> int:
    return (await found(post)).delivered


async def test_what_arrived_whole_is_counted_once_for_each_subscriber_and_day(db: Database, now: datetime) -> None:
    post, other = await make(), await make()
    for user_id in (1, 2):
        for repeat in range(3):
            await arrive(post, user_id, now + repeat * MINUTE, day=now)
    await arrive(post, 3, now, day=None)
    await arrive(other, 1, now, day=now)
    assert await count_delivered(now, 100) == 3
    assert await count_delivered(now, 100) == 0
    assert (await delivered(post), await delivered(other)) == (2, 1)
    # again on that day, after it was counted
    await arrive(post, 1, now + 5 * MINUTE, day=now)
    assert await count_delivered(now, 100) == 0
    await arrive(post, 1, now + DAY, day=now + DAY)
    assert await count_delivered(now + DAY, 100) == 1
    assert await delivered(post) == 3


async def test_deliveries_are_counted_in_batches(db: Database, now: datetime) -> None:
    post = await make()
    for user_id in range(1, 8):
        await arrive(post, user_id, now, day=now)
    assert [await count_delivered(now, 3) for _ in range(4)] == [3, 3, 1, 0]
    assert await delivered(post) == 7


async def test_a_batch_costs_six_commands_and_nothing_to_count_two(db: Database, now: datetime) -> None:
    post = await make()
    for user_id in range(1, 50):
        await arrive(post, user_id, now, day=now)
    db.calls.clear()
    await count_delivered(now, 100)
    assert db.calls.total() == 6
    db.calls.clear()
    assert await count_delivered(now, 100) == 0
    assert db.calls == {"find_one deliveries": 1, "find deliveries": 1}


@pytest.mark.parametrize("commands", range(8))
async def test_a_kill_at_any_command_counts_once_in_the_end(db: Database, now: datetime, commands: int) -> None:
    post, other = await make(), await make()
    for user_id in (1, 2):
        await arrive(post, user_id, now, day=now)
    await arrive(other, 1, now, day=now)
    db.before_call = away_after(commands)
    with contextlib.suppress(StoreUnavailable):
        await count_delivered(now, 100)
    db.before_call = None
    # another process: it leaves a batch alone that may still be counted
    later = now + LEFT_AFTER + MINUTE
    while await count_delivered(later, 100):
        pass
    assert (await delivered(post), await delivered(other)) == (2, 1)


async def test_a_batch_is_left_to_its_process_for_a_minute(db: Database, now: datetime) -> None:
    post = await make()
    await arrive(post, 1, now, day=now)
    db.before_call = away_after(3)
    with pytest.raises(StoreUnavailable):
        await count_delivered(now, 100)
    db.before_call = None
    assert await count_delivered(now + LEFT_AFTER, 100) == 0
    assert await count_delivered(now + LEFT_AFTER + MINUTE, 100) == 1
    assert await delivered(post) == 1


async def test_deliveries_of_a_post_that_is_gone_are_passed_over(db: Database, now: datetime) -> None:
    post = await make()
    await arrive(post, 1, now, day=now)
    await db.collection("posts").delete_one({"code": post.code})
    assert await count_delivered(now, 100) == 1
    assert await count_delivered(now, 100) == 0
    assert await db.collection("posts").count({}) == 0


async def test_a_post_remembers_a_bounded_number_of_batches(db: Database, now: datetime) -> None:
    post = await make()
    for user_id in range(1, delivered_counts._KEYS_KEPT + 5):
        await arrive(post, user_id, now, day=now)
        await count_delivered(now, 1)
    document = await db.collection("posts").find_one({"code": post.code})
    assert document is not None
    assert len(document["tallies"]) == delivered_counts._KEYS_KEPT

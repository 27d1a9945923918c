"""Taking a post down everywhere: which copies become due, which stay, and what a race leaves for the next call."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from core.delivery import TELEGRAM_DELETE_LIMIT
from core.posts import Post, PostStatus
from database.connection import Database
from database.operations import deletion_ops, delivery_ops
from database.operations.delivery_ops import NewDelivery
from database.operations.posts import post_ops, post_takedown
from database.operations.posts.post_takedown import PostCopies
from tests.operations.posts.making import OLIVE, found, make

MS, MINUTE, HOUR = timedelta(milliseconds=1), timedelta(minutes=1), timedelta(hours=1)
BOT = 1


async def deliver(
    post: Post, user_id: int, at: datetime, *, is_kept: bool = False, is_sent: bool = True, is_known: bool = True
) -> None:
    """Deliver the post; `is_kept`: it is never deleted."""
    delete_at = None if is_kept else at + 47 * HOUR
    claim = await delivery_ops.start(NewDelivery(BOT, user_id, post.code, f"u{user_id}", "a", at, delete_at, 5))
    assert claim is not None
    if is_sent and is_known:
        await delivery_ops.record_sent(claim, [10 * user_id], 9, sent_at=at, delete_at=delete_at, paid_until=None)
    elif is_sent:
        await delivery_ops.record_unknown(claim, 9, sweep_before=20)


async def due(now: datetime) -> list[int]:
    """Whose copies are due."""
    claimed = await deletion_ops.claim_due(now, "deleter", MINUTE, 100)
    return sorted(promise.user_id for promise in claimed)


async def test_the_link_is_closed_and_the_post_marked_in_one_command(db: Database, now: datetime) -> None:
    post = await make()
    db.calls.clear()
    taken = await post_takedown.take_down(post.code, by=OLIVE, at=now)
    assert taken is not None and taken.status is PostStatus.REMOVED
    assert db.calls == {"find_one_and_update posts": 1}
    assert await post_ops.open_post(post.code) is None
    assert await post_takedown.find_taking_down(10) == [(post.code, now)]
    assert await post_takedown.take_down("nope", by=OLIVE, at=now) is None


async def test_every_copy_that_can_be_deleted_is_due_and_no_other_posts(db: Database, now: datetime) -> None:
    post, other = await make(), await make()
    await deliver(post, 1, now - HOUR)
    await deliver(post, 2, now - HOUR, is_kept=True)
    await deliver(post, 3, now - HOUR, is_kept=True, is_known=False)
    await deliver(other, 4, now - HOUR)
    # copies of an earlier delivery stand beside
    promise = await deletion_ops.promise(BOT, 5, 5, post.code, now - HOUR, now + HOUR, [50])
    assert promise and await post_takedown.count_copies(post.code, now) == PostCopies(deletable=4, too_old=0)
    assert await post_takedown.bring_forward(post.code, now, 100) == 4
    assert await post_takedown.bring_forward(post.code, now, 100) == 0
    assert await due(now) == [1, 2, 3, 5]


@pytest.mark.parametrize(("age", "is_due"), [(TELEGRAM_DELETE_LIMIT - MS, True), (TELEGRAM_DELETE_LIMIT, False)])
async def test_copies_of_48_hours_stay_and_are_counted_as_staying(
    db: Database, now: datetime, age: timedelta, is_due: bool
) -> None:
    post = await make()
    await deliver(post, 1, now - age, is_kept=True)
    counted = await post_takedown.count_copies(post.code, now)
    assert (counted.deletable, counted.too_old, counted.standing) == (int(is_due), int(not is_due), 1)
    assert await post_takedown.bring_forward(post.code, now, 100) == int(is_due)


async def test_copies_that_are_gone_are_neither_counted_nor_due(db: Database, now: datetime) -> None:
    post = await make()
    await deliver(post, 1, now - HOUR)
    await deliver(post, 2, now - HOUR, is_kept=True)
    await post_takedown.bring_forward(post.code, now, 100)
    claimed = await deletion_ops.claim_due(now, "deleter", MINUTE, 100)
    await deletion_ops.finish([promise.id for promise in claimed], "deleter")
    assert await post_takedown.count_copies(post.code, now) == PostCopies(0, 0)
    assert await post_takedown.bring_forward(post.code, now, 100) == 0


async def test_copies_are_brought_forward_in_batches_that_resume(db: Database, now: datetime) -> None:
    post = await make()
    for user_id in range(1, 8):
        await deliver(post, user_id, now - HOUR, is_kept=user_id % 2 == 0)
    moved = [await post_takedown.bring_forward(post.code, now, 3) for _ in range(4)]
    assert moved == [3, 3, 1, 0]
    assert await due(now) == list(range(1, 8))


@pytest.mark.parametrize("is_kept", [False, True])
async def test_a_copy_on_its_way_is_left_until_it_has_arrived(db: Database, now: datetime, is_kept: bool) -> None:
    post = await make()
    delete_at = None if is_kept else now + HOUR
    claim = await delivery_ops.start(NewDelivery(BOT, 1, post.code, "u", "a", now, delete_at, 5))
    assert claim is not None
    assert await post_takedown.bring_forward(post.code, now, 100) == 0
    assert await post_takedown.is_being_sent(post.code, now)
    await delivery_ops.record_sent(claim, [10], 11, sent_at=now, delete_at=delete_at, paid_until=None)
    assert not await post_takedown.is_being_sent(post.code, now)
    assert await post_takedown.bring_forward(post.code, now, 100) == 1
    assert await due(now) == [1]


async def test_a_postponed_deletion_is_tried_at_once(db: Database, now: datetime) -> None:
    post = await make()
    await deliver(post, 1, now - HOUR)
    await db.collection("deliveries").update_many({}, {"$set": {"not_before": now + HOUR}})
    await post_takedown.bring_forward(post.code, now, 100)
    assert await due(now) == [1]


async def test_a_delivery_deleted_meanwhile_is_not_brought_back(db: Database, now: datetime, step_in: Any) -> None:
    post = await make()
    await deliver(post, 1, now - HOUR, is_kept=True)

    async def deleted() -> None:
        await db.collection("deliveries").update_one({}, {"$set": {"message_ids": []}})

    step_in("deliveries", "update_many", deleted)
    assert await post_takedown.bring_forward(post.code, now, 100) == 0
    assert await due(now) == []


async def test_a_post_put_back_is_taken_down_no_further(db: Database, now: datetime) -> None:
    post = await make()
    await post_takedown.take_down(post.code, by=OLIVE, at=now)
    await post_ops.restore(post.code)
    assert await post_takedown.find_taking_down(10) == []
    assert (await found(post)).status is PostStatus.LIVE


async def test_the_end_of_an_earlier_taking_down_does_not_end_a_later_one(db: Database, now: datetime) -> None:
    post = await make()
    await post_takedown.take_down(post.code, by=OLIVE, at=now)
    await post_takedown.take_down(post.code, by=OLIVE, at=now + MINUTE)
    assert not await post_takedown.end_take_down(post.code, now)
    assert await post_takedown.end_take_down(post.code, now + MINUTE)
    assert await post_takedown.find_taking_down(10) == []

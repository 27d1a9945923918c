"""After a kill Telegram repeats the request, and the database fails while the next process checks its earlier outcome.

By then that process had replaced the delivery claim with its own. When the database was back, it took this claim for
the first one, and the subscriber got the post twice. Now no request changes a row that another one has ended.
"""

from collections.abc import Callable
from typing import Any

import pytest

from core.errors import StoreUnavailable
from core.posts import Post
from database.collection import Collection
from database.operations import deletion_ops
from tests.bots.user_bot.killed import (
    CUT_OFF,
    LAPSE,
    count_copies,
    count_interruptions,
    kill_while_sending,
    reader,
    row,
)
from tests.house import ALICE, House
from user_bot.delivery.request import Outcome

pytestmark = pytest.mark.sweep


def failing(
    monkeypatch: pytest.MonkeyPatch, method: str, collection: str, times: int, *, is_done: bool = False
) -> Callable[[], int]:
    """Make the next `times` calls of `method` on `collection` fail; `is_done`: after the command was carried out.

    Returns a function that gives the number of failures left.
    """
    real, left = getattr(Collection, method), times

    async def faltering(self: Collection, *arguments: Any, **options: Any) -> Any:
        nonlocal left
        if self.name != collection or not left:
            return await real(self, *arguments, **options)
        if is_done:
            await real(self, *arguments, **options)  # an error that the database itself raises passes through
        left -= 1
        raise StoreUnavailable("gone")

    monkeypatch.setattr(Collection, method, faltering)
    return lambda: left


async def delivered(house: House, post: Post) -> str:
    """Deliver the post to Alice; return the key of her update."""
    await house.alice.link(house.link(post))
    await house.settle()
    assert await count_copies(house) == 1
    return (await row(post)).update_key


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("minutes", [30, 0])
@pytest.mark.parametrize(
    ("method", "is_done"), [("find_one", False), ("find_one", True), ("find_one_and_update", False)]
)
async def test_a_post_delivered_before_the_kill_is_not_delivered_again(
    house: House, monkeypatch: pytest.MonkeyPatch, minutes: int, method: str, is_done: bool, times: int
) -> None:
    post = await house.store(delete_after_minutes=minutes)
    update_key = await delivered(house, post)
    await house.advance(seconds=10)
    restarted, user = house.another_deliverer(), await reader()
    left = failing(monkeypatch, method, "deliveries", times, is_done=is_done)
    for _ in range(times):
        with pytest.raises(StoreUnavailable):
            await restarted.deliver(user, post.code, update_key)
    assert left() == 0
    assert await restarted.deliver(user, post.code, update_key) is Outcome.DOUBLE_TAP
    assert await count_copies(house) == 1


@pytest.mark.parametrize(("times", "is_done"), [(1, False), (3, False), (1, True)])
async def test_an_update_repeated_after_a_kill_explains_once_when_the_database_answers(
    house: House, monkeypatch: pytest.MonkeyPatch, times: int, is_done: bool
) -> None:
    """With `is_done` the takeover is stored and its answer lost: the row lapses again, and is explained then."""
    post, restarted = await house.store(), house.another_process()
    await kill_while_sending(house, post)
    user = await reader()
    left = failing(monkeypatch, "update_one", "deliveries", times, is_done=is_done)
    while left():
        with pytest.raises(StoreUnavailable):
            await restarted["deliverer"].deliver(user, post.code, CUT_OFF)
    await house.advance(seconds=LAPSE.total_seconds())
    assert await restarted["deliverer"].deliver(user, post.code, CUT_OFF) is Outcome.DOUBLE_TAP
    await house.advance(seconds=LAPSE.total_seconds())
    assert await restarted["recovery"].recover() == 0
    assert (await count_interruptions(house), await count_copies(house)) == (1, 0)


async def test_a_takeover_whose_answer_was_lost_is_not_continued_as_a_delivery(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row then bears this process and this update, as one that it started itself."""
    post, restarted = await house.store(), house.another_process()
    await kill_while_sending(house, post)
    user = await reader()
    failing(monkeypatch, "update_one", "deliveries", 1, is_done=True)
    with pytest.raises(StoreUnavailable):
        await restarted["deliverer"].deliver(user, post.code, CUT_OFF)
    assert await restarted["deliverer"].deliver(user, post.code, CUT_OFF) is Outcome.DOUBLE_TAP
    assert await count_copies(house) == 0


@pytest.mark.parametrize(("method", "collection"), [("insert_one", "pending_deletions"), ("update_one", "deliveries")])
async def test_a_copy_is_replaced_once_though_the_answer_to_its_start_was_lost(
    house: House, monkeypatch: pytest.MonkeyPatch, method: str, collection: str
) -> None:
    """The copy before stands: its promise is put aside, and the row starts again."""
    post = await house.store()
    await delivered(house, post)
    await house.advance(seconds=10)
    restarted, user = house.another_deliverer(), await reader()
    failing(monkeypatch, method, collection, 1, is_done=True)
    with pytest.raises(StoreUnavailable):
        await restarted.deliver(user, post.code, "button 99", replaces=True)
    assert await restarted.deliver(user, post.code, "button 99", replaces=True) is Outcome.DELIVERED
    assert await count_copies(house) == 2
    # the copy that was replaced is deleted at once, or at its time where the answer that named it was lost
    promises = await deletion_ops.open_deliveries(ALICE, 10)
    assert {len(promise.message_ids) for promise in promises} == {1}
    assert len({promise.message_ids for promise in promises}) == len(promises) <= 2

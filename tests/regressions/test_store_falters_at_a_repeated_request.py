"""After a kill Telegram repeats the request, and the database fails while the next process checks its earlier outcome.

By then that process had replaced the delivery claim with its own. When the database was back, it took this claim for
the first one, and the subscriber got the post twice.
"""

from collections.abc import Callable
from typing import Any

import pytest

from core.errors import StoreUnavailable
from core.users import User
from database.collection import Collection
from database.operations import deletion_ops, delivery_claims, user_ops
from tests.house import ALICE, USER_BOT, House
from user_bot.delivery.request import Outcome

pytestmark = pytest.mark.sweep


async def reader(house: House) -> tuple[User, str]:
    """Alice, and the update key of her last request."""
    user = await user_ops.find(ALICE)
    said = (await house.alice.transcript(USER_BOT))["messages"]
    assert user is not None
    return user, f"message {max(m['message_id'] for m in said if not m['outgoing'])}"


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


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize(
    ("minutes", "method", "collection", "is_done"),
    [
        (30, "find_one", "pending_deletions", False),
        (30, "find_one_and_update", "deliveries", True),
        (0, "find_one_and_update", "deliveries", True),
    ],
)
async def test_a_post_delivered_before_the_kill_is_not_delivered_again(
    house: House, monkeypatch: pytest.MonkeyPatch, minutes: int, method: str, collection: str, is_done: bool, times: int
) -> None:
    post = await house.store(delete_after_minutes=minutes)
    await house.alice.link(house.link(post))
    await house.settle()
    assert len(await house.calls("copyMessages")) == 1
    user, update_key = await reader(house)
    await house.advance(seconds=10)
    restarted = house.another_deliverer()
    await house.advance(seconds=1)
    left = failing(monkeypatch, method, collection, times, is_done=is_done)
    for _ in range(times):
        with pytest.raises(StoreUnavailable):
            await restarted.deliver(user, post.code, update_key)
    assert left() == 0
    assert await restarted.deliver(user, post.code, update_key) is Outcome.DOUBLE_TAP
    assert len(await house.calls("copyMessages")) == 1


async def test_the_repeated_request_settles_its_delivery_once_the_database_answers(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = await house.store(delete_after_minutes=0)
    await house.alice.link(house.link(post))
    await house.settle()
    user, update_key = await reader(house)
    await house.advance(seconds=10)
    restarted = house.another_deliverer()
    await house.advance(seconds=1)
    failing(monkeypatch, "update_one", "deliveries", 3)
    assert await restarted.deliver(user, post.code, update_key) is Outcome.DOUBLE_TAP
    assert await delivery_claims.find_unfinished(1002, house.base.clock.now(), 10) == []
    assert len(await house.calls("copyMessages")) == 1


async def test_a_pending_deletion_whose_answer_was_lost_does_not_block_its_own_delivery(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the claim and the pending deletion: nothing was sent, so the repeat must deliver the post."""
    post = await house.store()
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    user, update_key = await reader(house)
    now = house.base.clock.now()
    await delivery_claims.claim_delivery(1002, ALICE, post.code, now, now - now, update_key=update_key)
    await house.advance(seconds=10)
    restarted = house.another_deliverer()
    await house.advance(seconds=1)
    failing(monkeypatch, "insert_one", "pending_deletions", 1, is_done=True)
    with pytest.raises(StoreUnavailable):
        await restarted.deliver(user, post.code, update_key)
    assert await restarted.deliver(user, post.code, update_key) is Outcome.DELIVERED
    (promise,) = await deletion_ops.open_deliveries(ALICE, 10)
    assert len(promise.message_ids) == 1

"""After a kill Telegram repeats the request, and the database left while the next process looked what became of it.

By then that process had taken the right to hand over itself. When the database was back it took its own claim for the
first one, and the reader got the post once more.
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
    """Alice, and what names the request she made last."""
    user = await user_ops.find(ALICE)
    said = (await house.alice.transcript(USER_BOT))["messages"]
    assert user is not None
    return user, f"message {max(m['message_id'] for m in said if not m['outgoing'])}"


def failing(
    monkeypatch: pytest.MonkeyPatch, method: str, collection: str, times: int, *, is_done: bool = False
) -> Callable[[], int]:
    """The next `times` such commands fail, carried out or not; returns how many are still to fail."""
    real, left = getattr(Collection, method), times

    async def faltering(self: Collection, *arguments: Any, **options: Any) -> Any:
        nonlocal left
        if self.name != collection or not left:
            return await real(self, *arguments, **options)
        if is_done:
            await real(self, *arguments, **options)  # a refusal of the database is an answer of its own
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
async def test_what_was_handed_over_before_the_kill_is_not_handed_over_again(
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


async def test_settling_waits_for_the_database(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
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


async def test_a_promise_whose_answer_was_lost_is_one_of_this_process(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between claim and promise: nothing was sent, and the repeat brings the post though the database left."""
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

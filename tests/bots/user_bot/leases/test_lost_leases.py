"""A process that was slow or cut off from the database knows when a delivery is not its own any more."""

from datetime import timedelta

import pytest

from core.delivery_states import LEASE_FOR, DeliveryState
from core.errors import StoreRefused
from database.operations import delivery_ops, settings_ops, user_credits, user_ops
from database.operations.delivery_ops import NewDelivery
from schedulers import create_message_deleter_scheduler
from tests.house import ALICE, USER_BOT, House
from user_bot.delivery.request import Outcome

BOT = 1002


async def test_a_renewal_after_a_takeover_does_not_make_the_lease_fresh(house: House) -> None:
    first, second = house.user_bot.ownership, house.another_process()["ownership"]
    now = house.base.clock.now()
    claim = await delivery_ops.start(NewDelivery(BOT, ALICE, "code", "message 1", first.owner, now, None))
    assert claim is not None
    with first.hold(claim.id, house.base.clock.monotonic()):
        await house.advance(seconds=LEASE_FOR.total_seconds() + 1)
        row = await delivery_ops.find(BOT, ALICE, "code")
        assert row is not None
        assert await delivery_ops.take_over(row, second.owner, house.base.clock.now())
        await first.renew()
        assert not await first.is_still_ours(claim.id)


async def test_the_lease_begins_when_the_delivery_is_claimed_however_long_the_gate_took(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    post = await house.store()
    deliverer = house.user_bot.dispatcher["deliverer"]
    verdict, copy = deliverer._access_prompt.verdict, deliverer._sending._copy
    lapsed: list[int] = []

    async def slowly(*arguments: object) -> object:
        found = await verdict(*arguments)
        await house.advance(seconds=LEASE_FOR.total_seconds() + 5)
        return found

    async def look_and_copy(*arguments: object) -> object:
        lapsed.append(len(await delivery_ops.find_lapsed(BOT, house.base.clock.now(), 9)))
        return await copy(*arguments)

    monkeypatch.setattr(deliverer._access_prompt, "verdict", slowly)
    monkeypatch.setattr(deliverer._sending, "_copy", look_and_copy)
    user = await user_ops.find(ALICE)
    assert user is not None
    assert await deliverer.deliver(user, post.code, "message 77") is Outcome.DELIVERED
    assert lapsed == [0]


async def test_recovery_goes_on_after_the_database_refused_a_command(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    recovery, rounds = house.user_bot.recovery, 0

    class Enough(Exception):
        pass

    async def refuse() -> int:
        nonlocal rounds
        rounds += 1
        if rounds == 3:
            raise Enough
        raise StoreRefused("quota")

    monkeypatch.setattr(recovery, "recover", refuse)
    house.clock.in_tasks = {}
    with pytest.raises(Enough):
        await recovery.run()


async def test_a_delivery_that_died_with_its_bot_gives_its_credit_back(house: House) -> None:
    await settings_ops.change("access_mode", "credits")
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    now, code = house.base.clock.now(), "x" * 16
    await user_credits.grant(ALICE, "test", now, credits=1)
    new = NewDelivery(777, ALICE, code, "message 9", "a dead process", now, now + timedelta(minutes=30))
    assert await delivery_ops.start(new)
    assert await user_credits.spend_credit(ALICE, code, "message 9", now) is not None
    await house.advance(minutes=31)
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    for _ in range(2):
        await deleter.delete_due_messages()
    found, user = await delivery_ops.find(777, ALICE, code), await user_ops.find(ALICE)
    assert found is not None
    assert user is not None
    assert (found.state, found.delete_at, user.credits) == (DeliveryState.UNKNOWN, None, 1)

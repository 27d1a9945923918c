"""Two processes of one bot and one delivery: its owner sends it, and the other one leaves it alone."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from core.delivery_states import LEASE_FOR, DeliveryState
from database.operations import deletion_ops
from database.owners import has_ended, identify_this_process
from schedulers import create_message_deleter_scheduler
from tests.bots.user_bot.killed import count_copies, count_interruptions, reader, row
from tests.bots.user_bot.telegram_calls import HeldCopies, on_the_way
from tests.house import ALICE, USER_BOT, House, house_with_credits
from user_bot.delivery.ownership import RENEW_AFTER_S
from user_bot.delivery.request import Outcome

LEASE_S = LEASE_FOR.total_seconds()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Alice has one credit."""
    async with house_with_credits(1) as house:
        yield house


async def copies(house: House) -> list[dict[str, Any]]:
    return [m for m in (await house.alice.transcript(USER_BOT))["messages"] if m["outgoing"] and m.get("photo")]


async def delete_due(house: House) -> None:
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    await deleter.delete_due_messages()


@pytest.mark.parametrize("minutes", [30, 0])
async def test_a_second_process_leaves_a_delivery_that_is_being_sent_alone(house: House, minutes: int) -> None:
    post, held = await house.store(delete_after_minutes=minutes), HeldCopies()
    with on_the_way(house, held):
        await house.alice.link(house.link(post))
        await held.called.wait()
        assert (await reader()).credits == 0
        second = house.another_process()
        assert await second["recovery"].recover() == 0
        # the same update, as Telegram sends it to who polls next, and another tap
        for update_key in ((await row(post)).update_key, "message 99"):
            assert await second["deliverer"].deliver(await reader(), post.code, update_key) is Outcome.DOUBLE_TAP
        assert ((await reader()).credits, await count_interruptions(house)) == (0, 0)
        held.go_on.set()
        await house.settle()
    assert (await row(post)).state is DeliveryState.SENT
    assert ((await reader()).credits, await count_copies(house), await count_interruptions(house)) == (0, 1, 0)


async def test_a_call_that_waits_for_longer_than_a_lease_keeps_its_delivery(house: House) -> None:
    post, held, second = await house.store(), HeldCopies(), house.another_process()
    with on_the_way(house, held):
        await house.alice.link(house.link(post))
        await held.called.wait()
        for _ in range(6):
            await house.advance(seconds=RENEW_AFTER_S + 1)
            await house.user_bot.ownership.renew()
            assert await second["recovery"].recover() == 0
        held.go_on.set()
        await house.settle()
    assert (await row(post)).state is DeliveryState.SENT
    assert ((await reader()).credits, await count_interruptions(house)) == (0, 0)


async def test_a_delivery_whose_lease_was_not_renewed_is_explained_once(house: House) -> None:
    post, held = await house.store(), HeldCopies()
    with on_the_way(house, held):
        await house.alice.link(house.link(post))
        await held.called.wait()
        await house.advance(seconds=LEASE_S + 1)
        second, third = house.another_process(), house.another_process()
        assert sum(await asyncio.gather(second["recovery"].recover(), third["recovery"].recover())) >= 1
        assert ((await reader()).credits, await count_interruptions(house)) == (1, 1)
        held.go_on.set()
        await house.settle()


@pytest.mark.parametrize("is_answer", [False, True])
async def test_copies_of_an_owner_that_was_taken_over_are_deleted_in_time(house: House, is_answer: bool) -> None:
    """It slept, as a suspended machine does, and wakes up after another process has explained the delivery."""
    post, held = await house.store(items=2), HeldCopies(is_answer=is_answer)
    with on_the_way(house, held):
        await house.alice.link(house.link(post))
        await held.called.wait()
        await house.advance(seconds=LEASE_S + 1)
        assert await house.another_process()["recovery"].recover() == 1
        explained = await row(post)
        held.go_on.set()
        await house.settle()
    assert (await row(post)).model_dump() == explained.model_dump(), "the former owner writes nothing into the row"
    assert len(await copies(house)) == 2
    await house.advance(minutes=31)
    await delete_due(house)
    assert all(m["deleted_at"] for m in await copies(house))
    assert (await reader()).credits == 1, "it was said to cost nothing"


async def test_a_former_owner_of_a_kept_post_promises_nothing(house: House) -> None:
    post, held = await house.store(delete_after_minutes=0), HeldCopies()
    with on_the_way(house, held):
        await house.alice.link(house.link(post))
        await held.called.wait()
        await house.advance(seconds=LEASE_S + 1)
        assert await house.another_process()["recovery"].recover() == 1
        held.go_on.set()
        await house.settle()
    assert await deletion_ops.open_deliveries(ALICE, 10) == []
    assert (await row(post)).state is DeliveryState.UNKNOWN


async def test_after_a_jump_of_the_clock_recovery_leaves_what_its_own_process_sends_alone(house: House) -> None:
    post, held = await house.store(), HeldCopies()
    with on_the_way(house, held):
        await house.alice.link(house.link(post))
        await held.called.wait()
        await house.advance(hours=1)
        assert await house.user_bot.recovery.recover() == 0
        held.go_on.set()
        await house.settle()
    assert (await row(post)).state is DeliveryState.SENT
    assert ((await reader()).credits, await count_interruptions(house)) == (0, 0)


@pytest.mark.parametrize("by", [timedelta(seconds=31), timedelta(minutes=9)])
async def test_after_a_jump_of_the_clock_another_process_leaves_what_is_being_sent_alone(
    house: House, by: timedelta
) -> None:
    """It has to see for half a minute that nobody renews the lease, whatever its clock says."""
    post, held = await house.store(), HeldCopies()
    with on_the_way(house, held):
        await house.alice.link(house.link(post))
        await held.called.wait()
        assert (await row(post)).process == identify_this_process(), "so that a successor knows when it has ended"
        second = house.another_process(has_ended)
        assert await second["recovery"].recover() == 0
        await house.advance(seconds=by.total_seconds())
        for update_key in ((await row(post)).update_key, "message 99"):
            assert await second["deliverer"].deliver(await reader(), post.code, update_key) is Outcome.DOUBLE_TAP
        assert await second["recovery"].recover() == 0
        held.go_on.set()
        await house.settle()
    assert (await row(post)).state is DeliveryState.SENT
    assert ((await reader()).credits, await count_interruptions(house)) == (0, 0)


async def test_the_next_request_after_a_takeover_is_delivered_and_paid(house: House) -> None:
    post, held = await house.store(), HeldCopies()
    with on_the_way(house, held):
        await house.alice.link(house.link(post))
        await held.called.wait()
        await house.advance(seconds=LEASE_S + 1)
        second = house.another_process()
        await second["recovery"].recover()
        held.go_on.set()
        await house.settle()
    assert await second["deliverer"].deliver(await reader(), post.code, "button 5") is Outcome.DELIVERED
    assert (await reader()).credits == 0
    await house.advance(minutes=31)
    await delete_due(house)
    assert len(await copies(house)) == 2
    assert all(m["deleted_at"] for m in await copies(house))

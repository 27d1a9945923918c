"""The clock jumps by an hour during a delivery: the machine was suspended, or its clock was set.

Its promise was due at once. The deleter treated it as one whose message ids would never be known and removed it while
the delivery still ran, so the copies were never deleted. After a kill, the promise had ended before Telegram repeated
the request, and the repeated request delivered the post a second time.
"""

import asyncio
from typing import Any

import pytest

from core.delivery import PendingDeletion
from core.delivery_states import DeliveryState
from core.jobs import RunReport
from core.posts import Post
from database.operations import deletion_ops
from schedulers import create_message_deleter_scheduler
from tests.bots.user_bot.killed import CUT_OFF, count_interruptions, kill_while_sending, reader, row
from tests.bots.user_bot.telegram_calls import HeldCopies, on_the_way
from tests.house import ALICE, USER_BOT, House
from user_bot.delivery.request import Outcome

pytestmark = pytest.mark.sweep


async def take_back(house: House) -> RunReport:
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    return await deleter.delete_due_messages()


async def copies(house: House) -> list[dict[str, Any]]:
    return [m for m in (await house.alice.transcript(USER_BOT))["messages"] if m["outgoing"] and m.get("photo")]


async def the_promise() -> PendingDeletion:
    (promise,) = await deletion_ops.open_deliveries(ALICE, 10)
    return promise


async def ask(house: House, post: Post) -> None:
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()


@pytest.mark.parametrize("looks", [1, 2])
@pytest.mark.parametrize("is_copied", [False, True])
async def test_copies_are_deleted_in_time_although_the_deleter_ran_before_their_ids_were_recorded(
    house: House, looks: int, is_copied: bool
) -> None:
    post, held = await house.store(), HeldCopies(is_answer=is_copied)
    with on_the_way(house, held):
        await house.alice.link(house.link(post))
        await held.called.wait()
        for _ in range(looks):
            await house.advance(hours=1)
            assert (await take_back(house)).counts == {}, "what is being sent is not due, however late it is"
        held.go_on.set()
        await house.alice.wait(USER_BOT, contains="30 min")
        await house.settle()
    promise = await the_promise()
    assert [m["message_id"] for m in await copies(house)] == list(promise.message_ids)
    assert (await take_back(house)).counts == {}, "the subscriber's time runs from when it was there"
    await house.advance(minutes=31)
    assert (await take_back(house)).counts == {"deleted": 1}, "and not a quarter of an hour later"
    assert all(m["deleted_at"] for m in await copies(house))


async def test_a_post_opened_again_while_the_deleter_holds_its_row_loses_neither_copy(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deleter's claim and its end concern the copy before, not the row's new one."""
    claim_due, claimed, goes_on = deletion_ops.claim_due, asyncio.Event(), asyncio.Event()

    async def claim_and_wait(*arguments: Any, **more: Any) -> list[PendingDeletion]:
        due = await claim_due(*arguments, **more)
        if due and not goes_on.is_set():
            claimed.set()
            await goes_on.wait()
        return due

    post = await house.store()
    await ask(house, post)
    await house.advance(minutes=31)
    monkeypatch.setattr(deletion_ops, "claim_due", claim_and_wait)
    deleting = asyncio.create_task(take_back(house))
    await claimed.wait()
    await ask(house, post)
    goes_on.set()
    await deleting
    await take_back(house)
    first, second = await copies(house)
    assert (first["deleted_at"] is None, second["deleted_at"] is None) == (False, True)
    promise = await the_promise()
    assert (promise.message_ids, promise.claimed_by) == ((second["message_id"],), None)
    await house.advance(minutes=31)
    assert (await take_back(house)).counts == {"deleted": 1}
    assert all(m["deleted_at"] for m in await copies(house))


async def test_a_request_repeated_after_its_copies_were_deleted_delivers_no_second_copy(house: House) -> None:
    """After a kill, the messages are deleted before Telegram repeats the request, hours later."""
    post = await house.store()
    await ask(house, post)
    update_key = (await row(post)).update_key
    for _ in range(2):
        await house.advance(hours=1)
        await take_back(house)
    assert await deletion_ops.open_deliveries(ALICE, 10) == []
    restarted = house.another_deliverer()
    assert await restarted.deliver(await reader(), post.code, update_key) is Outcome.DOUBLE_TAP
    assert (len(await copies(house)), await count_interruptions(house)) == (1, 0)
    assert await restarted.deliver(await reader(), post.code, "button 5") is Outcome.DELIVERED
    assert await restarted.deliver(await reader(), post.code, update_key) is Outcome.DOUBLE_TAP


@pytest.mark.parametrize("is_explained_first", [False, True])
async def test_a_request_cut_off_and_repeated_hours_later_is_explained_once(
    house: House, is_explained_first: bool
) -> None:
    """The deleter leaves it alone until it is explained, though its time is up."""
    post, restarted = await house.store(), house.another_process()
    await kill_while_sending(house, post)
    for _ in range(2):
        await house.advance(hours=1)
        assert (await take_back(house)).counts == {}
    assert (await row(post)).state is DeliveryState.SENDING
    if is_explained_first:
        assert await restarted["recovery"].recover() == 1
    assert await restarted["deliverer"].deliver(await reader(), post.code, CUT_OFF) is Outcome.DOUBLE_TAP
    assert (len(await copies(house)), await count_interruptions(house)) == (0, 1)
    outcome = await restarted["deliverer"].deliver(await reader(), post.code, "button 5")
    assert outcome is Outcome.DELIVERED, "at once, as the sentence says"
    assert await restarted["deliverer"].deliver(await reader(), post.code, CUT_OFF) is Outcome.DOUBLE_TAP

"""Subscribers who pressed the button of the interruption notice at once got nothing.

Telegram repeats the request that the bot was handling when it was killed. The repeat delivers nothing, but it took the
delivery claim and kept it for three seconds, so a press in that time was rejected as a second tap.
"""

import asyncio

import pytest

from core.delivery_states import Delivery
from core.posts import Post
from database.operations import delivery_ops
from tests.bots.user_bot.killed import CUT_OFF, count_copies, count_interruptions, kill_while_sending, reader
from tests.house import USER_BOT, House
from user_bot.delivery.request import Outcome


async def told(house: House, post: Post) -> None:
    """Arrange a delivery cut off by kill -9 and the notice of the next process."""
    await kill_while_sending(house, post)
    assert await house.another_process()["recovery"].recover() == 1
    assert await count_interruptions(house) == 1


async def test_a_press_right_after_the_repeated_request_delivers_the_post(house: House) -> None:
    post, restarted = await house.store(), house.another_deliverer()
    await told(house, post)
    user = await reader()
    assert await restarted.deliver(user, post.code, CUT_OFF) is Outcome.DOUBLE_TAP
    assert await restarted.deliver(user, post.code, "button 5") is Outcome.DELIVERED
    assert await restarted.deliver(user, post.code, "button 6") is Outcome.DOUBLE_TAP
    assert await count_copies(house) == 1


@pytest.mark.parametrize("by_the_same_process", [True, False])
async def test_a_press_while_the_repeated_request_is_handled_delivers_the_post_once(
    house: House, monkeypatch: pytest.MonkeyPatch, by_the_same_process: bool
) -> None:
    post, restarted = await house.store(), house.another_deliverer()
    await told(house, post)
    user = await reader()
    find, looking, go_on = delivery_ops.find, asyncio.Event(), asyncio.Event()

    async def slowly(bot_id: int, user_id: int, code: str) -> Delivery | None:
        if looking.is_set():
            return await find(bot_id, user_id, code)
        looking.set()
        await go_on.wait()
        return await find(bot_id, user_id, code)

    monkeypatch.setattr(delivery_ops, "find", slowly)
    repeated = asyncio.create_task(restarted.deliver(user, post.code, CUT_OFF))
    await looking.wait()
    other = restarted if by_the_same_process else house.another_deliverer()
    pressed = asyncio.create_task(other.deliver(user, post.code, "button 5"))
    if not by_the_same_process:
        assert await pressed is Outcome.DELIVERED
    go_on.set()
    assert await repeated is Outcome.DOUBLE_TAP
    assert await pressed is Outcome.DELIVERED
    assert await count_copies(house) == 1


async def test_the_second_of_two_taps_before_the_kill_delivers_nothing_before_the_first_is_explained(
    house: House,
) -> None:
    """Which of the two the killed process was handling is not known to Telegram: it repeats both."""
    post, restarted = await house.store(), house.another_deliverer()
    await kill_while_sending(house, post)
    assert await restarted.deliver(await reader(), post.code, "message 10") is Outcome.DOUBLE_TAP
    assert await restarted.deliver(await reader(), post.code, CUT_OFF) is Outcome.DOUBLE_TAP
    assert (await count_copies(house), await count_interruptions(house)) == (0, 1)


async def test_a_press_within_three_seconds_after_a_delivery_that_arrived_delivers_nothing(house: House) -> None:
    post, restarted = await house.store(), house.another_deliverer()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    assert await restarted.deliver(await reader(), post.code, "button 5") is Outcome.DOUBLE_TAP
    await house.advance(seconds=4)
    assert await restarted.deliver(await reader(), post.code, "button 5") is Outcome.POINTED


@pytest.mark.parametrize("by_button", [True, False])
async def test_the_button_and_the_link_both_deliver_after_the_repeated_request(house: House, by_button: bool) -> None:
    post = await house.store()
    await told(house, post)
    assert await house.another_deliverer().deliver(await reader(), post.code, CUT_OFF) is Outcome.DOUBLE_TAP
    if by_button:
        await house.alice.press(USER_BOT, "Get it again")
    else:
        await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    assert await count_copies(house) == 1

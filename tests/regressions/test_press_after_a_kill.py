"""Subscribers who pressed the button of the interruption notice at once got nothing.

Telegram repeats the request that the bot was handling when it was killed. The repeat delivers nothing, but it took the
delivery claim and kept it for three seconds, so a press in that time was rejected as a second tap.
"""

import asyncio
from datetime import timedelta

import pytest

from core.delivery import DOUBLE_TAP
from core.posts import Post
from core.users import User
from database.operations import deletion_ops, delivery_claims, user_ops
from tests.house import ALICE, USER_BOT, House
from user_bot.delivery.recovery import Recovery
from user_bot.delivery.request import Outcome

BOT = 1002
#: update key of the request that the bot was handling when it was killed
CUT_OFF = "message 1"


async def told(house: House, post: Post) -> tuple[User, int]:
    """Arrange a delivery cut off by kill -9 and the notice of the next start.

    Returns the subscriber and the message id of the notice.
    """
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    sent_at = house.base.clock.now() - timedelta(seconds=10)
    await delivery_claims.claim_delivery(BOT, ALICE, post.code, sent_at, DOUBLE_TAP, update_key=CUT_OFF)
    delete_at = sent_at + timedelta(minutes=30)
    await deletion_ops.promise(BOT, ALICE, ALICE, post.code, sent_at, delete_at, request_key=CUT_OFF)
    base = house.base
    assert await Recovery(base.user_bot, base.clock, base.settings.zone).notify_interrupted() == 1
    promise = await deletion_ops.find_promise(ALICE, post.code, CUT_OFF)
    user = await user_ops.find(ALICE)
    assert promise is not None
    assert promise.notice_message_id is not None
    assert user is not None
    return user, promise.notice_message_id


async def copies(house: House) -> int:
    return len(await house.calls("copyMessages"))


async def test_a_press_right_after_the_repeated_request_delivers_the_post(house: House) -> None:
    post = await house.store()
    user, notice = await told(house, post)
    restarted = house.another_deliverer()
    assert await restarted.deliver(user, post.code, CUT_OFF, message_id=1) is Outcome.DOUBLE_TAP
    assert await restarted.deliver(user, post.code, "button 5", message_id=notice) is Outcome.DELIVERED
    assert await restarted.deliver(user, post.code, "button 6", message_id=notice) is Outcome.DOUBLE_TAP
    assert await copies(house) == 1


async def test_a_press_while_the_repeated_request_is_handled_delivers_the_post_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = await house.store()
    user, notice = await told(house, post)
    restarted = house.another_deliverer()
    was_promised, looking, go_on = deletion_ops.was_promised, asyncio.Event(), asyncio.Event()

    async def slowly(user_id: int, code: str, request_key: str) -> bool:
        looking.set()
        await go_on.wait()
        return await was_promised(user_id, code, request_key)

    monkeypatch.setattr(deletion_ops, "was_promised", slowly)
    repeated = asyncio.create_task(restarted.deliver(user, post.code, CUT_OFF, message_id=1))
    await looking.wait()
    pressed = f"message {notice + 1}"
    assert await restarted.deliver(user, post.code, pressed, message_id=notice + 1) is Outcome.DELIVERED
    assert await restarted.deliver(user, post.code, "button 5", message_id=notice) is Outcome.DOUBLE_TAP
    go_on.set()
    assert await repeated is Outcome.DOUBLE_TAP
    assert await copies(house) == 1


async def test_the_second_of_two_taps_before_the_kill_delivers_nothing(house: House) -> None:
    post = await house.store()
    user, _ = await told(house, post)
    restarted = house.another_deliverer()
    assert await restarted.deliver(user, post.code, CUT_OFF, message_id=1) is Outcome.DOUBLE_TAP
    assert await restarted.deliver(user, post.code, "message 2", message_id=2) is Outcome.DOUBLE_TAP
    assert await copies(house) == 0


async def test_a_press_after_a_delivery_that_arrived_delivers_nothing(house: House) -> None:
    post = await house.store()
    user, notice = await told(house, post)
    restarted = house.another_deliverer()
    promise = await deletion_ops.find_promise(ALICE, post.code, CUT_OFF)
    assert promise is not None
    await deletion_ops.record_messages(promise.id, (77,))
    assert await restarted.deliver(user, post.code, CUT_OFF, message_id=1) is Outcome.DOUBLE_TAP
    assert await restarted.deliver(user, post.code, "button 5", message_id=notice) is Outcome.DOUBLE_TAP


@pytest.mark.parametrize("by_button", [True, False])
async def test_the_button_and_the_link_both_deliver_after_the_repeated_request(house: House, by_button: bool) -> None:
    post = await house.store()
    await told(house, post)
    # the claim as the repeated request leaves it
    await delivery_claims.claim_delivery(BOT, ALICE, post.code, house.base.clock.now(), DOUBLE_TAP, update_key=CUT_OFF)
    if by_button:
        await house.alice.press(USER_BOT, "Get it again")
    else:
        await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 minutes")
    assert await copies(house) == 1

"""A subscriber who gets credits while the same post is still being refused to them gets the post, and only once."""

import asyncio

import pytest

from database.operations import settings_ops, user_credits, user_ops
from tests.house import ALICE, USER_BOT, House
from user_bot.delivery.request import Outcome
from user_bot.gate.access_prompt import AccessPrompt


async def test_credits_granted_during_a_refusal_deliver_the_post_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await settings_ops.change("access_mode", "credits")
    post, deliverer, now = await house.store(), house.another_deliverer(), house.base.clock.now()
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    poor = await user_ops.find(ALICE)
    assert poor is not None
    is_asked, goes_on = asyncio.Event(), asyncio.Event()

    async def show_next_step(self: AccessPrompt, *_: object) -> None:
        is_asked.set()
        await goes_on.wait()

    monkeypatch.setattr(AccessPrompt, "show_next_step", show_next_step)
    opening = asyncio.create_task(deliverer.deliver(poor, post.code, "opening"))
    await is_asked.wait()
    granted = await user_credits.grant(ALICE, "token x", now, credits=3)
    assert granted is not None
    paid = asyncio.create_task(deliverer.deliver(granted.user, post.code, "paid", after_refusal=True))
    second_tap = asyncio.create_task(deliverer.deliver(granted.user, post.code, "tap"))
    goes_on.set()
    assert (await opening, await paid, await second_tap) == (Outcome.REFUSED, Outcome.DELIVERED, Outcome.DOUBLE_TAP)
    assert len(await house.calls("copyMessages")) == 1

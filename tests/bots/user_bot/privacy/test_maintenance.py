"""Maintenance in the user bot: one answer, nothing charged, nothing lost, promises kept."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core.subscriptions import ChannelMode
from database.operations import settings_ops, token_ops, user_credits, user_ops
from schedulers.jobs.broadcast_sender import BroadcastSender
from schedulers.jobs.message_deleter import MessageDeleter
from schedulers.runner import Run
from tests.bots.user_bot.test_news import start_broadcast
from tests.bots.user_bot.test_verification import back_link, complete_page, open_post_without_access
from tests.house import ALICE, USER_BOT, House, running_house

PAGE = "https://posts.example.org"


@pytest.fixture
async def paying_house() -> AsyncIterator[House]:
    """Posts cost credits; links lead through the shortener to the page."""
    async with running_house(timers=False, shortener=True, PUBLIC_BASE_URL=PAGE) as house:
        yield house


async def close(house: House, minutes: int = 60) -> None:
    await settings_ops.change("maintenance_until", house.base.clock.now() + timedelta(minutes=minutes))


async def answers(house: House) -> list[str]:
    seen = await house.alice.transcript(USER_BOT)
    return [m["text"] for m in seen["messages"] if m["outgoing"] and "Back at" in m.get("text", "")]


async def photos(house: House) -> int:
    seen = await house.alice.transcript(USER_BOT)
    return len([m for m in seen["messages"] if m.get("photo") and not m["deleted_at"]])


async def test_everything_is_answered_once_and_a_post_that_was_asked_for_comes_afterwards(house: House) -> None:
    await settings_ops.change("access_mode", "credits")
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    await user_credits.grant(ALICE, "gift", house.base.clock.now(), credits=3)
    await close(house)
    for text in ("/start", "/me", "hello", "/help"):
        await house.alice.text(USER_BOT, text)
    await house.settle()
    assert len(await answers(house)) == 1
    post = await house.store()
    for _ in range(2):
        await house.alice.link(house.link(post))
    await house.settle()
    assert len(await answers(house)) == 2 and await photos(house) == 0
    user = await user_ops.find(ALICE)
    assert user is not None and user.credits == 3, "nothing is charged"

    await house.alice.press(USER_BOT, "Get it then")
    await house.settle()
    assert (await house.alice.transcript(USER_BOT))["toasts"][-1]["text"].startswith("Back at ")
    await house.advance(minutes=61)
    await house.alice.press(USER_BOT, "Get it then")
    await house.settle()
    assert await photos(house) == 1
    user = await user_ops.find(ALICE)
    assert user is not None and user.credits == 2


async def test_the_next_maintenance_is_answered_again(house: House) -> None:
    for _ in range(2):
        await close(house, minutes=30)
        await house.alice.text(USER_BOT, "hello")
        await house.settle()
        await house.advance(minutes=31)
    assert len(await answers(house)) == 2


async def test_promises_to_delete_go_on(house: House) -> None:
    await house.alice.link(house.link(await house.store()))
    await house.settle()
    await close(house)
    await house.advance(minutes=31)
    await MessageDeleter(house.base.user_bot, house.base.alerts)(Run(house.base.clock, "deleter"))
    assert await photos(house) == 0


async def test_an_unlock_that_was_finished_is_paid_at_once_and_its_post_comes_afterwards(paying_house: House) -> None:
    house = paying_house
    token = await open_post_without_access(house)
    await close(house)
    await complete_page(house, token)
    for _ in range(2):
        await house.alice.link(back_link(token))
        await house.settle()
    user = await user_ops.find(ALICE)
    assert user is not None and user.credits == 10, "paid once"
    stored = await token_ops.find(token.token)
    assert stored is not None and stored.granted_at is not None
    assert await photos(house) == 0 and len(await answers(house)) == 1
    await house.advance(minutes=61)
    await house.alice.press(USER_BOT, "Get it then")
    await house.settle()
    assert await photos(house) == 1


async def test_an_unlock_that_is_not_finished_is_left_as_it_is(paying_house: House) -> None:
    house = paying_house
    token = await open_post_without_access(house)
    await close(house)
    await house.alice.link(back_link(token))
    await house.settle()
    stored = await token_ops.find(token.token)
    assert stored == token


async def test_a_join_is_recorded_and_its_post_waits(house: House) -> None:
    channel = await house.channel(mode=ChannelMode.REQUEST)
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.settle()
    await close(house)
    await house.alice.request_join(channel.chat_id)
    await house.settle()
    assert await photos(house) == 0
    user = await user_ops.find(ALICE)
    assert user is not None and user.pending_code == post.code


async def test_broadcasts_wait(house: House) -> None:
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    await start_broadcast(house, ALICE)
    await close(house)
    sender = BroadcastSender(house.base.user_bot, house.base.user_limiter)
    now = house.base.clock.now()
    assert not await sender.has_work(now)
    assert (await sender(Run(house.base.clock, "run"))).done == {}
    assert await sender.has_work(now + timedelta(minutes=61))

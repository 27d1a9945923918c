"""UPDATES=webhook: the user bot takes what Telegram posts, with the same rules as polls have."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pymongo.errors import AutoReconnect

from core.subscriptions import ChannelMode
from database.connection import current_database
from database.operations import membership_ops
from sender.updates.places import PLACES
from tests.house import ADMIN_BOT, ALICE, USER_BOT, House, stop
from tests.outages import lose_database
from tests.webhooks import USER_BOT_ID, webhook_house
from views.common_texts import held

CROWD = range(2000, 2000 + PLACES + 40)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with webhook_house() as house:
        yield house


async def photos(house: House, user_id: int = ALICE) -> int:
    seen = await house.world.person(user_id).transcript(USER_BOT)
    return sum(bool(m.get("photo")) for m in seen["messages"] if m["outgoing"])


def waiting(house: House) -> int:
    return len(house.sandbox.world.bots[USER_BOT_ID].queue)


async def until_taken(house: House) -> None:
    """Wait until Telegram has no update left; the clock is moved over the times after which it posts again."""
    async with asyncio.timeout(30):
        while waiting(house):
            await house.advance(seconds=2)
            await house.world.request("GET", "clock", after=0, timeout_s=0.02)
    await house.settle()


async def test_posted_updates_are_handled_and_the_admin_bot_polls(house: House) -> None:
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.olive.text(ADMIN_BOT, "/help")
    await house.settle()
    assert await photos(house) == 1
    called = {bot: {call["method"] for call in await house.world.calls(bot=bot)} for bot in (USER_BOT, ADMIN_BOT)}
    assert "getUpdates" not in called[USER_BOT]
    assert "getUpdates" in called[ADMIN_BOT]
    webhook = house.sandbox.world.bots[USER_BOT_ID].webhook
    assert webhook is not None
    assert webhook.last_error == ""
    assert webhook.url.split("?")[0].endswith(f"/telegram/{USER_BOT_ID}")


async def test_an_update_whose_200_was_lost_is_delivered_once(house: House) -> None:
    post = await house.store()
    await house.world.fault("duplicate_update", bot=USER_BOT, times=3)
    await house.alice.link(house.link(post))
    await until_taken(house)
    assert await photos(house) == 1


async def test_of_more_people_than_places_the_others_stay_with_telegram_until_there_is_room(house: House) -> None:
    post = await house.store()
    await house.world.fault("hang", method="copyMessages", bot=USER_BOT, times=PLACES)
    for user_id in CROWD:
        await house.world.add_user(f"R{user_id}", id=user_id)
        await house.world.person(user_id).link(house.link(post))
    world = house.sandbox.world
    assert await world.changed.until(lambda: world.calls.in_flight >= PLACES, 20)
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(house._handling()) == PLACES
    assert waiting(house) == len(CROWD) - PLACES
    await house.world.clear_faults()
    await until_taken(house)
    _, talks = await house.world.transcripts(USER_BOT)
    assert {user_id for user_id in CROWD if any(not m["outgoing"] for m in talks[user_id])} == set(CROWD)


async def test_in_an_outage_the_first_are_told_the_others_stay_with_telegram_and_all_are_answered(house: House) -> None:
    post, is_over, sleep = await house.store(), asyncio.Event(), house.clock.on_sleep
    has_failed, waits = asyncio.Event(), iter([False])

    async def until_over(seconds: float) -> None:
        if next(waits, True):  # the first probe has failed
            has_failed.set()
            await is_over.wait()
        await sleep(seconds)

    def away(operation: str, collection: str) -> None:
        if not is_over.is_set():
            raise AutoReconnect("away")

    house.clock.on_sleep = until_over
    current_database().before_call = away
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains=held())
    await asyncio.wait_for(has_failed.wait(), 10)
    await house.bob.link(house.link(post))
    world, bot = house.sandbox.world, house.sandbox.world.bots[USER_BOT_ID]
    assert await world.changed.until(lambda: "503" in (bot.webhook.last_error if bot.webhook else ""), 10)
    assert waiting(house) == 1
    is_over.set()
    await until_taken(house)
    assert (await photos(house), await photos(house, house.bob.id)) == (1, 1)


async def test_a_join_request_that_met_an_outage_is_still_with_telegram_after_a_stop() -> None:
    async with webhook_house() as house:
        channel = await house.channel("Private", mode=ChannelMode.REQUEST)
        await house.settle()
        in_outage = lose_database(house)
        await house.alice.request_join(channel.chat_id, url=channel.invite_link)
        await asyncio.wait_for(in_outage.wait(), 10)
        stopping = asyncio.ensure_future(stop(house))
        (task,) = house._handling()
        task.cancel()  # as the stop does after 20 s
        await stopping
        current_database().before_call = None
        assert waiting(house) == 1
        assert await membership_ops.find_memberships(ALICE, [channel.chat_id]) == {}


async def test_a_stop_finishes_the_delivery_that_is_under_way() -> None:
    async with webhook_house() as house:
        post = await house.store()
        await house.world.fault("delay", method="copyMessages", bot=USER_BOT, ms=50)
        await house.alice.link(house.link(post))
        world = house.sandbox.world
        assert await world.changed.until(lambda: world.calls.in_flight > 0, 10)
        await stop(house)
        assert await photos(house) == 1
        assert waiting(house) == 0
        await house.bob.text(USER_BOT, "/start")
        bot = world.bots[USER_BOT_ID]
        assert await world.changed.until(lambda: "503" in (bot.webhook.last_error if bot.webhook else ""), 10)
        assert waiting(house) == 1

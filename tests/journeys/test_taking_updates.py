"""Rushes, stops and unreadable messages: what the bots take from Telegram, and what they leave there."""

import asyncio
from functools import partial
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

import sender.updates.intake
from core.subscriptions import ChannelMode
from database.connection import current_database
from database.operations import membership_ops
from sandbox.state.records import Bot
from sender.updates.places import PLACES
from tests.house import ADMIN_BOT, ALICE, USER_BOT, House, running_house, stop
from tests.outages import lose_database
from views.common_texts import held, unreadable

CROWD = range(2000, 2300)
USER_BOT_ID = 1002
#: forwards that aiogram cannot read: a hidden user's without a name, and one of a kind it does not know
UNREADABLE_ORIGINS = ({"type": "hidden_user", "date": 1}, {"type": "a new kind", "date": 1})


def queue_of(house: House, bot_id: int = USER_BOT_ID) -> list[dict[str, Any]]:
    """The updates that Telegram still has for the bot."""
    bot: Bot = house.sandbox.world.bots[bot_id]
    return [item.body for item in bot.queue._items]


async def interrupted(house: House) -> int:
    """Deliveries that were begun and not sent: what a kill -9 now would cost."""
    return await current_database().collection("deliveries").count({"state": "sending"})


async def until_hanging(house: House, count: int) -> None:
    """Wait until so many calls of the bots have not been answered."""
    world = house.sandbox.world
    assert await world.changed.until(lambda: world.calls.in_flight >= count, 20)


async def test_of_300_people_at_once_64_are_taken_and_the_others_stay_with_telegram(house: House) -> None:
    post = await house.store()
    await house.world.fault("hang", method="copyMessages", bot=USER_BOT, times=PLACES)
    for user_id in CROWD:
        await house.world.add_user(f"R{user_id}", id=user_id)
        await house.world.person(user_id).link(house.link(post))
    await until_hanging(house, PLACES)
    for _ in range(100):
        await asyncio.sleep(0)
    assert await interrupted(house) == PLACES
    seen_up_to = house.sandbox.world.bots[USER_BOT_ID].queue.sent_up_to
    unseen = [update for update in queue_of(house) if update["update_id"] > seen_up_to]
    assert (len(unseen), len(house._handling())) == (len(CROWD) - PLACES, PLACES)

    await house.world.clear_faults()
    async with asyncio.timeout(60):
        while queue_of(house):
            await house.settle()
    _, talks = await house.world.transcripts(USER_BOT)
    answered = {user_id for user_id in CROWD if any(m["outgoing"] is False for m in talks[user_id])}
    assert answered == set(CROWD)


async def test_a_join_request_that_met_an_outage_is_still_with_telegram_after_a_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sender.updates.intake, "drain", partial(sender.updates.intake.drain, wait_s=0.0))
    async with running_house(timers=False) as house:
        channel = await house.channel("Private", mode=ChannelMode.REQUEST)
        await house.alice.text(USER_BOT, "/start")
        await house.settle()
        in_outage = lose_database(house)
        await house.alice.request_join(channel.chat_id, url=channel.invite_link)
        await asyncio.wait_for(in_outage.wait(), 10)
        await stop(house)
        current_database().before_call = None
        assert [set(update) - {"update_id"} for update in queue_of(house)] == [{"chat_join_request"}]
        assert await membership_ops.find_memberships(ALICE, [channel.chat_id]) == {}


async def test_in_an_outage_more_people_than_there_are_places_are_notified_and_answered_afterwards(
    house: House,
) -> None:
    post, crowd = await house.store(), CROWD[: PLACES + 40]
    is_over, sleep = asyncio.Event(), house.clock.on_sleep

    async def until_over(seconds: float) -> None:
        await is_over.wait()
        await sleep(seconds)

    def away(operation: str, collection: str) -> None:
        if not is_over.is_set():
            raise AutoReconnect("away")

    house.clock.on_sleep = until_over
    current_database().before_call = away
    for user_id in crowd:
        await house.world.add_user(f"R{user_id}", id=user_id)
        await house.world.person(user_id).link(house.link(post))
    await house.settle()
    assert house.base.outage_retry.held == len(crowd)
    notified = [int(call["params"]["chat_id"]) for call in await house.calls("sendMessage")]
    assert sorted(notified) == list(crowd)
    assert all(call["params"]["text"] == held() for call in await house.calls("sendMessage"))
    is_over.set()
    for user_id in crowd:
        await house.world.person(user_id).wait(USER_BOT, contains="30 min")


@pytest.mark.parametrize("origin", UNREADABLE_ORIGINS, ids=["no name", "unknown kind"])
@pytest.mark.parametrize(("bot", "person"), [(USER_BOT, "alice"), (ADMIN_BOT, "olive")])
async def test_the_sender_of_a_message_that_cannot_be_read_is_told(
    house: House, bot: str, person: str, origin: dict[str, Any]
) -> None:
    who = getattr(house, person)
    await who.text(bot, "/batch" if bot == ADMIN_BOT else "/start")
    await house.settle()
    message = {
        "message_id": 900,
        "date": 1,
        "from": {"id": who.id, "is_bot": False, "first_name": "X"},
        "chat": {"id": who.id, "type": "private"},
        "text": "x",
        "forward_origin": origin,
    }
    await house.world.fault("poison_update", bot=bot, update={"message": message})
    await who.wait(bot, contains=unreadable())
    await who.text(bot, "/help")
    await house.settle()
    seen = await who.transcript(bot)
    assert [m.get("text") for m in seen["messages"]].count(unreadable()) == 1
    assert seen["messages"][-1]["text"] != unreadable()

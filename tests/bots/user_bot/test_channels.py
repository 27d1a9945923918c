"""Channels subscribers must join, through the product and the sandbox."""

import asyncio
from datetime import timedelta

import pytest

from core.subscriptions import ChannelMode, MembershipStatus, OnError
from core.users import User
from database.connection import current_database
from database.operations import channel_ops, membership_ops, user_ops
from sandbox.client import Json
from tests.bots.user_bot.killed import reader
from tests.house import ALICE, BOB, OLIVE, STORAGE, USER_BOT, House
from user_bot.delivery.request import Outcome

UserId = int


async def count_member_questions(house: House) -> int:
    """Count the membership questions to Telegram about channels subscribers must join."""
    return sum(int(call["params"]["chat_id"]) != STORAGE for call in await house.calls("getChatMember"))


async def open_post(house: House, contains: str, who: UserId = ALICE) -> Json:
    post = await house.store()
    user = house.world.person(who)
    await user.link(house.link(post))
    seen = await user.wait(USER_BOT, contains=contains)
    await house.settle()
    return seen


def buttons(seen: Json) -> list[str]:
    rows = seen["messages"][-1]["reply_markup"]["inline_keyboard"]
    return [button["text"] for row in rows for button in row]


async def test_one_message_names_the_channels_and_the_post_comes_when_they_are_joined(house: House) -> None:
    news, garden = await house.channel("News <3"), await house.channel("Garden")
    seen = await open_post(house, "1. ")
    assert "News <3" in seen["messages"][-1]["text"]
    assert buttons(seen) == ["Join News <3", "Join Garden", "I have joined"]
    assert await house.calls("copyMessages") == []
    for channel in (news, garden):
        await house.alice.link(channel.invite_link)
    # without tapping the button
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    assert len(await house.calls("copyMessages")) == 1
    assert [one.joined_count for one in await channel_ops.load()] == [1, 1]


async def test_joining_leaving_and_joining_within_a_second_brings_the_post_once(house: House) -> None:
    channel = await house.channel()
    await house.alice.link(house.link(await house.store()))
    await house.settle()
    await house.alice.join(channel.chat_id)
    await house.settle()
    await house.alice.leave(channel.chat_id)
    await house.alice.join(channel.chat_id)
    await house.settle()
    assert len(await house.calls("copyMessages")) == 1


async def test_a_request_that_was_refused_and_comes_again_elsewhere_brings_no_second_post(house: House) -> None:
    """Its 200 was lost; the post has come meanwhile, when the channel was joined."""
    post, channel = await house.store(), await house.channel()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="1. ")
    refused = await reader()
    await house.alice.link(channel.invite_link)
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    await house.advance(seconds=5)
    again = house.another_process()["deliverer"]
    assert await again.deliver(await reader(), post.code, refused.pending_key) is Outcome.DOUBLE_TAP
    assert await again.deliver(await reader(), post.code, "message 99") is Outcome.POINTED
    assert len(await house.calls("copyMessages")) == 1


async def test_i_have_joined_names_the_missing_channels_and_asks_telegram_again(house: House) -> None:
    await house.channel("News")
    garden = await house.channel("Garden")
    await open_post(house, "1. ")
    await house.alice.press(USER_BOT, "I have joined")
    await house.alice.wait(USER_BOT, contains="Not yet: News, Garden.")
    before = await count_member_questions(house)
    for _ in range(20):  # however often one taps
        await house.alice.press(USER_BOT, "I have joined")
    await house.settle()
    assert await count_member_questions(house) == before
    await house.advance(seconds=4)
    await house.alice.press(USER_BOT, "I have joined")
    await house.settle()
    assert await count_member_questions(house) == before + 2
    await house.alice.link(garden.invite_link)
    await house.alice.press(USER_BOT, "I have joined")
    await house.alice.wait(USER_BOT, contains="Not yet: News.")


async def test_a_stored_membership_costs_no_call_and_one_command_for_ten_minutes(house: House) -> None:
    for number in range(3):
        channel = await house.channel(f"Channel {number}")
        await house.world.set_member(channel.chat_id, ALICE, "member")
    await house.settle()
    await open_post(house, "30 min")
    before, database = await count_member_questions(house), current_database()
    assert before == 0  # memberships are known from updates
    await house.advance(minutes=11)
    await open_post(house, "30 min")
    assert await count_member_questions(house) == 3
    post = await house.store()
    database.calls.clear()
    calls = len(await house.calls())
    await house.alice.link(house.link(post))
    await house.settle()
    assert [call["method"] for call in (await house.calls())[calls:]] == ["copyMessages", "sendMessage"]
    # six for any delivery, one for three channels; settings and channels are read every five seconds
    assert database.calls.total() - database.calls["find admin_config"] - database.calls["find channels"] <= 7


async def test_leaving_a_channel_counts_at_once(house: House) -> None:
    channel = await house.channel()
    await house.world.set_member(channel.chat_id, ALICE, "member")
    await open_post(house, "30 min")
    await house.world.set_member(channel.chat_id, ALICE, "left")
    await house.settle()
    await open_post(house, "1. ")


async def test_a_request_counts_as_joined_and_the_post_comes_within_the_five_minutes(house: House) -> None:
    channel = await house.channel("Club", mode=ChannelMode.REQUEST)
    seen = await open_post(house, "Ask to join")
    assert buttons(seen)[0] == "Ask to join Club"
    await house.alice.link(channel.invite_link)
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    assert [one.joined_count for one in await channel_ops.load()] == [1]
    # a request stays pending, and is not counted again when an admin admits the subscriber
    await house.advance(hours=30)
    await open_post(house, "30 min")
    await house.olive.approve(channel.chat_id, ALICE)
    await house.settle()
    assert [one.joined_count for one in await channel_ops.load()] == [1]
    await open_post(house, "30 min")


async def test_asking_to_join_stores_a_user_who_never_started_the_bot(house: House) -> None:
    channel = await house.channel("Club", mode=ChannelMode.REQUEST)
    await house.bob.link(channel.invite_link)
    await house.settle()
    user = await user_ops.find(BOB)
    assert user is not None
    assert user.first_name == "Bob"
    assert await house.calls("copyMessages") == []


async def test_lost_rights_in_a_channel_follow_on_error_alert_the_owner_once_and_heal(house: House) -> None:
    lenient = await house.channel("Lenient", on_error=OnError.OPEN)
    strict = await house.channel("Strict", on_error=OnError.CLOSED)
    for channel in (lenient, strict):
        await house.world.set_member(channel.chat_id, 1002, "member")
    await house.settle()
    seen = await open_post(house, "I cannot check")
    assert "Strict" in seen["messages"][-1]["text"]
    assert "Lenient" not in seen["messages"][-1]["text"]
    await open_post(house, "I cannot check", BOB)
    alerts = [message["text"] for message in (await house.olive.transcript("house_admin_bot"))["messages"]]
    assert sum("Strict" in text for text in alerts) == 1
    assert sum("Lenient" in text for text in alerts) == 1
    await house.world.set_member(strict.chat_id, 1002, "administrator", can_invite_users=True)
    await house.settle()
    assert [one.broken_since is None for one in await channel_ops.load()] == [False, True]
    await open_post(house, "1. ")


async def test_restored_rights_are_noticed_by_a_probe_when_the_update_was_lost(house: House) -> None:
    channel = await house.channel("Strict", on_error=OnError.CLOSED)
    await house.settle()
    await channel_ops.mark_broken(channel.chat_id, house.base.clock.now())
    await open_post(house, "I cannot check")
    assert await count_member_questions(house) == 0
    await house.advance(minutes=2)
    await open_post(house, "1. ")
    assert [one.broken_since for one in await channel_ops.load()] == [None]


async def test_a_group_that_became_a_supergroup_is_stored_under_its_new_id(house: House) -> None:
    old = await house.channel("Group")
    new = await house.world.add_chat("supergroup", "Group", OLIVE)
    await house.world.set_member(new, 1002, "administrator", can_invite_users=True)
    await house.world.set_member(new, ALICE, "member")
    await house.world.fault(
        "error",
        method="getChatMember",
        chat_id=old.chat_id,
        times=None,
        status=400,
        description="Bad Request: group chat was upgraded to a supergroup chat",
        parameters={"migrate_to_chat_id": new},
    )
    await open_post(house, "30 min")
    assert [one.chat_id for one in await channel_ops.load()] == [new]


@pytest.mark.parametrize("on_error", list(OnError))
async def test_an_outage_of_telegram_does_not_count_as_having_left(house: House, on_error: OnError) -> None:
    await house.channel(on_error=on_error)
    await house.world.fault("error", method="getChatMember", times=None, status=500, description="Internal")
    await open_post(house, "30 min" if on_error is OnError.OPEN else "I cannot check")
    assert [one.broken_since for one in await channel_ops.load()] == [None]


async def test_thirty_channels_are_one_message_with_the_buttons_of_the_next_fourteen(house: House) -> None:
    for number in range(30):
        await house.channel(f"Channel {number:02} with rather a long name & <b>")
    seen = await open_post(house, "1. ")
    assert len(buttons(seen)) == 15
    assert len([m for m in seen["messages"] if "1. " in m.get("text", "")]) == 1
    assert "and 25 more channels" in seen["messages"][-1]["text"]
    assert await count_member_questions(house) == 30
    await open_post(house, "1. ")
    assert await count_member_questions(house) == 30


async def test_thirty_subscribers_admitted_at_once_are_all_recorded(house: House) -> None:
    channel = await house.channel("Club", mode=ChannelMode.REQUEST)
    users = [await house.world.add_user(f"Person {number}") for number in range(30)]
    for user in users:
        await user.link(channel.invite_link)
    await house.settle()
    await asyncio.gather(*(house.olive.approve(channel.chat_id, user.id) for user in users))
    await house.settle()
    known = [await membership_ops.find_memberships(user.id, [channel.chat_id]) for user in users]
    assert {found[channel.chat_id].status for found in known} == {MembershipStatus.MEMBER}


async def test_a_paused_channel_is_not_asked_for(house: House) -> None:
    channel = await house.channel()
    await channel_ops.change(channel.chat_id, is_paused=True)
    await open_post(house, "30 min")
    assert await count_member_questions(house) == 0


async def test_owners_pass_without_joining(house: House) -> None:
    await house.channel()
    await open_post(house, "30 min", OLIVE)
    assert await count_member_questions(house) == 0


async def test_a_button_with_a_malformed_code_delivers_nothing(house: House) -> None:
    await house.channel()
    await open_post(house, "1. ")
    await house.bob.text(USER_BOT, "/start")
    for data in ("joined:502", "joined:" + "x" * 40, "newlink:502", "joined:", "again:502"):
        await house.bob.forge_callback(USER_BOT, data)
    await house.settle()
    assert await house.calls("copyMessages") == []
    assert not (await house.world.counters())["unanswered_callbacks"]


async def test_a_pending_request_expires_after_a_day(house: House) -> None:
    channel = await house.channel()
    await open_post(house, "1. ")
    await house.advance(hours=25)
    await house.alice.link(channel.invite_link)
    await house.settle()
    assert await house.calls("copyMessages") == []


async def test_taps_in_quick_succession_show_the_next_step_once(house: House) -> None:
    await house.channel()
    post = await house.store()
    for _ in range(3):
        await house.alice.link(house.link(post))
    await house.settle()
    assert len(await house.calls("sendMessage")) == 1
    await house.base.clock.sleep(timedelta(seconds=4).total_seconds())
    outcome = await house.another_deliverer().deliver(await subscriber(ALICE), post.code, "m")
    assert outcome is Outcome.REFUSED


async def subscriber(user_id: int) -> User:
    user = await user_ops.find(user_id)
    assert user is not None
    return user


async def test_a_channel_to_announce_in_is_not_asked_for(house: House) -> None:
    post = await house.store()
    chat_id = await house.world.add_chat("channel", "Garden", OLIVE)
    now = house.base.clock.now()
    await channel_ops.connect(chat_id, title="Garden", username=None, added_by=OLIVE, added_at=now)
    await house.alice.link(house.link(post))
    await house.settle()

    seen = await house.alice.transcript(USER_BOT)
    assert any("photo" in message for message in seen["messages"])

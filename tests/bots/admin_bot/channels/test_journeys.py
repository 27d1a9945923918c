"""Channels to join, by an owner against the sandbox: real polling, real HTTP, both bots, real rights."""

from typing import Any

import pytest

from core.subscriptions import Channel, ChannelMode
from database.operations import channel_ops, user_ops
from sandbox.client import SandboxError
from tests.house import ADMIN_BOT, ALICE, OLIVE, USER_BOT, House
from views.channels import texts

Json = dict[str, Any]
NEWS, CLUB, FRIENDS = -1001000000301, -1001000000302, -4001
INVITING = {"can_invite_users": True}


async def make_chat(house: House, chat_id: int, kind: str = "channel", title: str = "News <3", **more: object) -> None:
    await house.world.add_chat(kind, title, OLIVE, id=chat_id, **more)


async def let_in(house: House, chat_id: int, **rights: bool) -> None:
    await house.world.set_member(chat_id, 1002, "administrator", **rights)
    await house.settle()


async def asked(house: House, button: str = "Connect a channel") -> None:
    await house.olive.text(ADMIN_BOT, "/channels")
    await house.olive.wait(ADMIN_BOT, contains="Channels")
    await house.olive.press(ADMIN_BOT, button)
    await house.olive.wait(ADMIN_BOT, contains="below the text field.")


async def channel_of(chat_id: int) -> Channel:
    channel = await channel_ops.find(chat_id)
    assert channel is not None
    return channel


async def made_links(house: House) -> list[Json]:
    return await house.calls("createChatInviteLink")


async def test_a_picked_channel_gets_a_link_subscribers_join_by(house: House) -> None:
    await make_chat(house, NEWS)
    await asked(house)
    await house.olive.press(ADMIN_BOT, "Choose a channel", chat_id=NEWS)
    seen = await house.olive.wait(ADMIN_BOT, contains=f"@{USER_BOT} is not an administrator there")
    assert "News <3" in str(seen)
    # the button opens Telegram's dialog, which gives the bot the right it needs
    await house.olive.link(f"https://t.me/{USER_BOT}?startchannel&admin=invite_users", chat_id=NEWS)
    await house.olive.press(ADMIN_BOT, "Check again")
    await house.olive.wait(ADMIN_BOT, contains="is connected")
    channel = await channel_of(NEWS)
    await house.alice.link(channel.invite_link)
    members = (await house.world.request("GET", "state"))["chats"]
    assert ALICE in [member["id"] for chat in members if chat["id"] == NEWS for member in chat["members"]]
    assert len(await made_links(house)) == 1


async def test_a_forwarded_post_adds_the_channel_and_the_mode_changes_the_link(house: House) -> None:
    await make_chat(house, NEWS)
    await let_in(house, NEWS, **INVITING)
    posted = await house.olive.text(NEWS, "hello")
    await asked(house)
    await house.olive.forward(ADMIN_BOT, NEWS, [posted["message"]["message_id"]])
    await house.olive.wait(ADMIN_BOT, contains="Subscribers must join it")
    old = (await channel_of(NEWS)).invite_link
    await house.olive.press(ADMIN_BOT, "Counts: members")
    await house.settle()
    channel = await channel_of(NEWS)
    assert (channel.mode, channel.invite_link != old) == (ChannelMode.REQUEST, True)
    with pytest.raises(SandboxError):
        await house.alice.link(old)
    await house.alice.link(channel.invite_link)
    assert [call["params"]["creates_join_request"] for call in await made_links(house)] == ["false", "true"]


async def test_a_forwarded_message_of_a_person_is_not_taken_for_a_channel(house: House) -> None:
    await make_chat(house, CLUB, "supergroup", "Club")
    await house.alice.join(CLUB)
    said = await house.alice.text(CLUB, "hi there")
    await asked(house)
    await house.olive.forward(ADMIN_BOT, CLUB, [said["message"]["message_id"]])
    await house.olive.wait(ADMIN_BOT, contains="written by a person")
    assert await channel_ops.load() == ()


async def test_a_supergroup_is_added_and_a_basic_group_is_refused_with_what_to_do(house: House) -> None:
    await make_chat(house, CLUB, "supergroup", "Club")
    await make_chat(house, FRIENDS, "group", "Friends")
    for chat_id in (CLUB, FRIENDS):
        await let_in(house, chat_id, **INVITING)
    await asked(house, "Connect a group")
    await house.olive.press(ADMIN_BOT, "Choose a group", chat_id=FRIENDS)
    await house.olive.wait(ADMIN_BOT, contains="That is a basic group")
    # the answer shows the pickers again
    await house.olive.press(ADMIN_BOT, "Choose a group", chat_id=CLUB)
    await house.olive.wait(ADMIN_BOT, contains="is connected")
    assert [channel.chat_id for channel in await channel_ops.load()] == [CLUB]


async def test_check_finds_lost_rights_and_their_return(house: House) -> None:
    await make_chat(house, NEWS)
    await let_in(house, NEWS, **INVITING)
    await asked(house)
    await house.olive.press(ADMIN_BOT, "Choose a channel", chat_id=NEWS)
    await house.olive.wait(ADMIN_BOT, contains="is connected")
    await house.world.set_member(NEWS, 1002, "left")
    await house.settle()
    await house.olive.press(ADMIN_BOT, "Check")
    await house.olive.wait(ADMIN_BOT, contains="is not an administrator there")
    assert (await channel_of(NEWS)).broken_since is not None
    await let_in(house, NEWS, **INVITING)
    await house.olive.press(ADMIN_BOT, "Check again")
    await house.settle()
    assert (await channel_of(NEWS)).broken_since is None


async def test_a_grant_reaches_the_subscriber_and_a_ban_keeps_out(house: House) -> None:
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.olive.text(ADMIN_BOT, f"/grant {ALICE} credits 3")
    await house.olive.wait(ADMIN_BOT, contains="got 3 credits")
    alice = await user_ops.find(ALICE)
    assert alice is not None and alice.credits == 3
    await house.olive.text(ADMIN_BOT, f"/ban {ALICE} 7d sold <my> posts")
    await house.olive.wait(ADMIN_BOT, contains="is banned until")
    since = (await house.alice.transcript(USER_BOT))["seq"]
    await house.settle()
    assert (await house.alice.transcript(USER_BOT, since=since))["messages"] == [], (
        "a banned subscriber is not notified"
    )
    # opened again within seconds it would count as a double tap
    await house.advance(minutes=1)
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="sold <my> posts")
    await house.olive.text(ADMIN_BOT, f"/unban {ALICE}")
    await house.olive.wait(ADMIN_BOT, contains="is let in again")
    await house.alice.link(house.link(post))
    # the copy of before is still there
    await house.alice.wait(USER_BOT, contains="Here it is")


async def test_a_button_of_a_removed_channel_opens_the_list(house: House) -> None:
    await house.olive.text(ADMIN_BOT, "/channels")
    await house.olive.wait(ADMIN_BOT, contains="No channel yet")
    await house.olive.forge_callback(ADMIN_BOT, f"ac:rmyes:{NEWS}:0")
    await house.settle()
    toasts = (await house.olive.transcript(ADMIN_BOT))["toasts"]
    assert texts.channel_gone() in [toast.get("text") for toast in toasts]

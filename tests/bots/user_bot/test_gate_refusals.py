"""What Telegram answers when asked who has joined, what the subscriber reads then, and whether the owner was told."""

import pytest

from core.subscriptions import OnError
from database.operations import channel_ops, incident_ops, membership_ops
from tests.bots.user_bot.test_channels import open_post
from tests.house import ALICE, BOB, USER_BOT, House
from user_bot.gate import channel_state

#: texts about the user: Telegram does not say that they have not joined
ABOUT_USER = (
    "Bad Request: invalid user_id specified",
    "Bad Request: PARTICIPANT_ID_INVALID",
    "Bad Request: member not found",
    "Bad Request: user not found",
    "Bad Request: USER_ID_INVALID",
    "Bad Request: PEER_ID_INVALID",
)
#: texts about the channel: an owner has to act
ABOUT_CHANNEL = (
    (400, "Bad Request: member list is inaccessible"),
    (400, "Bad Request: chat not found"),
    (400, "Bad Request: CHAT_ADMIN_REQUIRED"),
    (403, "Forbidden: bot was kicked from the channel chat"),
)
PASSING = ((500, "Internal Server Error: restart"), (429, "Too Many Requests: retry after 9"))
TOLD = "The owner knows"


async def refuse(house: House, status: int, text: str) -> None:
    await house.world.fault("error", method="getChatMember", times=None, status=status, description=text)


async def alerts(house: House) -> list[str]:
    """What the owner has read in the admin bot."""
    seen = await house.olive.transcript("house_admin_bot")
    return [message["text"] for message in seen["messages"] if "Strict" in message.get("text", "")]


@pytest.mark.parametrize("text", ABOUT_USER)
async def test_a_refusal_about_the_user_is_neither_not_joined_nor_a_broken_channel(house: House, text: str) -> None:
    channel = await house.channel("Strict", on_error=OnError.CLOSED)
    await refuse(house, 400, text)
    seen = (await open_post(house, "does not tell me whether you have joined"))["messages"][-1]["text"]
    assert TOLD not in seen
    assert await membership_ops.find_memberships(ALICE, [channel.chat_id]) == {}
    assert [one.broken_since for one in await channel_ops.load()] == [None]
    await house.alice.press(USER_BOT, "I have joined")
    await house.alice.wait(USER_BOT, contains="Strict. Leave")
    assert await alerts(house) == []
    assert await house.calls("copyMessages") == []


async def test_joining_again_shows_the_member_of_whom_telegram_tells_nothing(house: House) -> None:
    channel = await house.channel("Strict", on_error=OnError.CLOSED)
    await refuse(house, 400, "Bad Request: PARTICIPANT_ID_INVALID")
    await open_post(house, "does not tell me")
    await house.alice.link(channel.invite_link)
    await house.alice.wait(USER_BOT, contains="30 min")


@pytest.mark.parametrize("text", ABOUT_USER)
async def test_a_refusal_about_the_user_lets_them_pass_when_the_channel_is_open_on_errors(
    house: House, text: str
) -> None:
    await house.channel("Strict", on_error=OnError.OPEN)
    await refuse(house, 400, text)
    await open_post(house, "30 min")


@pytest.mark.parametrize(("status", "text"), ABOUT_CHANNEL)
async def test_a_channel_whose_members_cannot_be_seen_is_told_to_the_owner_once(
    house: House, status: int, text: str
) -> None:
    await house.channel("Strict", on_error=OnError.CLOSED)
    await refuse(house, status, text)
    assert TOLD in (await open_post(house, "I cannot check"))["messages"][-1]["text"]
    assert len(await alerts(house)) == 1
    assert TOLD in (await open_post(house, "I cannot check", BOB))["messages"][-1]["text"]
    assert len(await alerts(house)) == 1
    assert [one.broken_since is None for one in await channel_ops.load()] == [False]


@pytest.mark.parametrize(("status", "text"), ABOUT_CHANNEL)
async def test_on_errors_open_lets_subscribers_pass_and_the_owner_is_told_once(
    house: House, status: int, text: str
) -> None:
    await house.channel("Strict", on_error=OnError.OPEN)
    await refuse(house, status, text)
    for who in (ALICE, BOB):
        await open_post(house, "30 min", who)
    assert len(await alerts(house)) == 1


@pytest.mark.parametrize(("status", "text"), PASSING)
async def test_nobody_is_told_of_an_answer_that_is_only_late(house: House, status: int, text: str) -> None:
    await house.channel("Strict", on_error=OnError.CLOSED)
    await refuse(house, status, text)
    assert TOLD not in (await open_post(house, "I cannot check"))["messages"][-1]["text"]
    assert await alerts(house) == []


async def test_a_text_nobody_knows_is_told_to_the_owner_once_and_quoted(house: House) -> None:
    await house.channel("Strict", on_error=OnError.CLOSED)
    await refuse(house, 400, "Bad Request: SOMETHING <new>")
    assert TOLD in (await open_post(house, "I cannot check"))["messages"][-1]["text"]
    await open_post(house, "I cannot check", BOB)
    (alert,) = await alerts(house)
    assert "SOMETHING <new>" in alert
    assert [one.broken_since for one in await channel_ops.load()] == [None]


async def test_an_alert_that_reached_nobody_promises_nothing_and_is_sent_with_the_next_post(house: House) -> None:
    await house.channel("Strict", on_error=OnError.CLOSED)
    await refuse(house, 400, "Bad Request: member list is inaccessible")
    await house.olive.block("house_admin_bot")
    assert TOLD not in (await open_post(house, "I cannot check"))["messages"][-1]["text"]
    await house.olive.unblock("house_admin_bot")
    assert TOLD in (await open_post(house, "I cannot check", BOB))["messages"][-1]["text"]
    assert len(await alerts(house)) == 1


async def test_a_channel_that_works_again_ends_its_incident(house: House) -> None:
    channel = await house.channel("Strict", on_error=OnError.CLOSED)
    await house.world.set_member(channel.chat_id, 1002, "member")
    await house.settle()
    assert await incident_ops.find_open() == [f"channel:{channel.chat_id}"]
    await house.world.set_member(channel.chat_id, 1002, "administrator", can_invite_users=True)
    await house.settle()
    assert await incident_ops.find_open() == []
    assert [("out of" in text, "works again" in text) for text in await alerts(house)] == [(True, False), (False, True)]


def test_a_text_is_known_by_its_beginning_and_not_by_what_it_quotes() -> None:
    class Quoting(Exception):
        message = "Bad Request: can't parse “member not found”"

    assert not channel_state._is_about_user(Quoting())

"""One gate message a post: edited at each step, found again by another process, deleted when the post comes."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core.subscriptions import ChannelMode
from core.users import GateMessage
from core.verification import Token
from database.operations import channel_ops, token_ops
from database.operations.gate import gate_message_ops
from sandbox.client import Json
from tests.bots.user_bot.killed import reader
from tests.bots.user_bot.test_verification import PAGE, back_link, complete_page, offered_token
from tests.house import ALICE, USER_BOT, House, running_house
from user_bot.delivery.pending_requests import OTHERS_MAX

BOT = 1002


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Posts cost credits; links lead through the shortener to the page."""
    async with running_house(timers=False, shortener=True, PUBLIC_BASE_URL=PAGE) as house:
        yield house


async def standing(house: House) -> list[Json]:
    """Return the bot's messages to Alice that are there, without copies."""
    seen = (await house.alice.transcript(USER_BOT))["messages"]
    return [one for one in seen if one["outgoing"] and not one["deleted_at"] and not one.get("photo")]


def labels(message: Json) -> list[str]:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button["text"] for row in rows for button in row]


async def test_one_message_leads_through_every_step_and_goes_when_the_post_comes(house: House) -> None:
    garden = await house.channel("Garden")
    await house.channel("House", mode=ChannelMode.REQUEST)
    post = await house.store(title="Spring album")
    await house.alice.link(house.link(post))
    await house.settle()
    (first,) = await standing(house)
    unlock = "3. Unlock: one page, then 10 credits"
    assert first["text"] == f"⁨Spring album⁩\n1. Join ⁨Garden⁩\n2. Ask to join ⁨House⁩\n{unlock}"
    assert labels(first) == ["Join Garden", "Ask to join House", "I have joined"]
    assert await house.calls("copyMessages") == []

    await house.alice.link(garden.invite_link)
    await house.settle()
    (second,) = await standing(house)
    assert second["text"] == f"⁨Spring album⁩\n✓ Join ⁨Garden⁩\n2. Ask to join ⁨House⁩\n{unlock}"
    assert labels(second) == ["Ask to join House", "I have joined"]

    await house.alice.press(USER_BOT, "I have joined")
    await house.alice.wait(USER_BOT, contains="Not yet: House.")
    await house.world.set_member((await channel_ops.load())[1].chat_id, ALICE, "member")
    await house.settle()
    (third,) = await standing(house)
    assert third["text"] == f"⁨Spring album⁩\n✓ Join ⁨Garden⁩\n✓ Ask to join ⁨House⁩\n{unlock}\n\nUnlock 1 of 15 today."
    assert labels(third) == ["Unlock"]
    assert {first["message_id"], second["message_id"]} == {third["message_id"]}

    (token,) = [await offered_token(house, contains="Unlock 1 of 15 today.")]
    await complete_page(house, token)
    await house.alice.link(back_link(token))
    await house.settle()
    assert len(await house.calls("copyMessages")) == 1
    assert third["message_id"] not in {one["message_id"] for one in await standing(house)}
    assert (await reader()).gates == {}


async def test_a_link_opened_again_moves_the_message_down_and_another_process_finds_it(house: House) -> None:
    await house.channel("Garden")
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.settle()
    (first,) = await standing(house)
    await house.advance(seconds=5)
    again = house.another_process()["deliverer"]
    await again.deliver(await reader(), post.code, "message 77", moves_down=True)
    (second,) = await standing(house)
    assert second["message_id"] > first["message_id"]
    # by a button elsewhere, or by joining: where it is
    await house.advance(seconds=5)
    await again.deliver(await reader(), post.code, "button 78")
    assert [one["message_id"] for one in await standing(house)] == [second["message_id"]]


async def test_a_join_is_shown_in_every_waiting_message_and_delivers_the_post_asked_for_last(house: House) -> None:
    garden, pond = await house.channel("Garden"), await house.channel("Pond")
    posts = [await house.store(title=f"Post {number}") for number in range(OTHERS_MAX + 2)]
    for post in posts:
        await house.alice.link(house.link(post))
        await house.settle()
        await house.advance(seconds=5)
    sent = len(await house.calls("sendMessage"))
    await house.alice.link(garden.invite_link)
    await house.settle()
    shown = [one["text"].splitlines()[1] for one in await standing(house)]
    assert shown == ["1. Join ⁨Garden⁩", *["✓ Join ⁨Garden⁩"] * (OTHERS_MAX + 1)], "the oldest stays as it was"

    # a message that came to its unlock keeps it, one that Telegram lost is not sent again
    last, lost = posts[-2], posts[-3]
    await house.base.user_bot.delete_message(ALICE, (await reader()).gates[lost.code].message_id)
    token = Token(
        token="t" * 32,
        user_id=ALICE,
        post_code=last.code,
        link="https://s.example",
        created_at=house.clock.now(),
        expires_at=house.clock.now() + timedelta(days=1),
    )
    await token_ops.add(token)
    await house.alice.link(pond.invite_link)
    await house.settle()
    by_id = {one["message_id"]: one for one in await standing(house)}
    gates = (await reader()).gates
    assert "✓ Join ⁨Pond⁩" in by_id[gates[posts[-4].code].message_id]["text"]
    assert "✓ Join ⁨Pond⁩" not in by_id[gates[last.code].message_id]["text"]
    assert len(await house.calls("sendMessage")) == sent, "a join edits"


async def test_a_message_that_a_kill_left_unknown_leads_on_and_goes_when_it_is_pressed(house: House) -> None:
    await house.channel("Garden")
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.settle()
    (left,) = await standing(house)
    # as a kill between Telegram's answer and the command leaves it; the update comes again
    await gate_message_ops.forget(ALICE, post.code)
    again = house.another_process()["deliverer"]
    await again.deliver(await reader(), post.code, f"message {left['message_id'] - 1}", moves_down=True)
    assert len(await standing(house)) == 2
    await house.alice.press(USER_BOT, "I have joined", left["message_id"])
    await house.settle()
    (known,) = await standing(house)
    assert known["message_id"] == (await reader()).gates[post.code].message_id != left["message_id"]


@pytest.mark.parametrize("bot_id", [BOT, BOT + 1])
async def test_a_message_that_is_lost_or_of_another_bot_is_replaced_by_a_new_one(house: House, bot_id: int) -> None:
    await house.channel("Garden")
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.settle()
    (first,) = await standing(house)
    if bot_id == BOT:
        await house.base.user_bot.delete_message(ALICE, first["message_id"])
    lost = GateMessage(bot_id=bot_id, message_id=first["message_id"], sent_at=house.clock.now())
    await gate_message_ops.remember(ALICE, post.code, lost)
    edits = len(await house.calls("editMessageText"))
    await house.another_deliverer().deliver(await reader(), post.code, "button 78")
    known = (await reader()).gates[post.code]
    assert known.message_id > first["message_id"]
    assert len(await house.calls("editMessageText")) - edits == (bot_id == BOT)


async def test_too_fast_is_said_in_the_gate_message_and_the_new_page_is_free(house: House) -> None:
    post = await house.store()
    await house.alice.link(house.link(post))
    token = await offered_token(house)
    await token_ops.mark_bypassed(token.token, house.clock.now())
    await house.alice.link(back_link(token))
    await house.settle()
    (said,) = await standing(house)
    free = "Take a new page and go to its end; this one is free."
    assert said["text"].endswith(f"\n\nThat was too fast to count. It takes at least 30 seconds. {free}")
    await house.alice.press(USER_BOT, "New page")
    await house.settle()
    (again,) = await standing(house)
    assert (again["message_id"], labels(again)) == (said["message_id"], ["Unlock"])
    assert again["text"].endswith("Unlock 1 of 15 today.")


async def test_the_oldest_messages_are_forgotten_and_a_subscriber_has_at_most_twenty(house: House) -> None:
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    now = house.clock.now()
    codes = [f"{number:016}" for number in range(gate_message_ops.KEPT)]
    for number, code in enumerate(codes):
        message = GateMessage(bot_id=BOT, message_id=number + 1, sent_at=now + timedelta(seconds=number))
        await gate_message_ops.remember(ALICE, code, message)
    await house.channel("Garden")
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.settle()
    assert (await reader()).gates.keys() == {*codes[1:], post.code}

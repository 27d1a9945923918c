"""Refusals of a delivery, by what they are about: what the subscriber reads, and what the owners are told, once."""

import pytest

from core.users import User
from database.operations import delivery_ops, settings_ops, user_credits, user_ops
from tests.house import ADMIN_BOT, ALICE, BOB, STORAGE, USER_BOT, House


async def alerts(house: House, contains: str) -> list[str]:
    said = (await house.olive.transcript(ADMIN_BOT))["messages"]
    return [message["text"] for message in said if contains in message.get("text", "")]


async def last_message(house: House) -> dict[str, object]:
    messages: list[dict[str, object]] = (await house.alice.transcript(USER_BOT))["messages"]
    return messages[-1]


async def refuse(house: House, description: str) -> None:
    await house.world.fault(
        "error", method="copyMessages", bot=USER_BOT, times=None, status=400, description=description
    )


async def alice() -> User:
    user = await user_ops.find(ALICE)
    assert user is not None
    return user


async def open_each(house: House, posts: int) -> None:
    for _ in range(posts):
        await house.alice.link(house.link(await house.store()))
        await house.settle()


@pytest.mark.parametrize("by_wrapping", [False, True])
async def test_a_storage_channel_that_restricts_saving_is_one_alert_however_many_posts(
    house: House, by_wrapping: bool
) -> None:
    await house.world.change_chat(STORAGE, protected=True)
    await house.world.configure(copy_protected=False, copy_protected_code=400 if by_wrapping else 406)
    await open_each(house, 3)
    assert len(await alerts(house, "restricts saving content")) == 1
    assert await alerts(house, "is incomplete") == []
    said = str((await last_message(house))["text"])
    assert "cannot reach this post" in said
    assert "messages are gone" not in said
    assert "reply_markup" in await last_message(house)


@pytest.mark.parametrize("code", ["MEDIA_EMPTY", "MEDIA_CAPTION_TOO_LONG", "DOCUMENT_INVALID"])
async def test_refused_content_is_told_to_the_owner_once_and_sends_nobody_in_circles(house: House, code: str) -> None:
    await refuse(house, f"Bad Request: {code}")
    post = await house.store()
    for person in (house.alice, house.bob):
        await person.link(house.link(post))
        await person.wait(USER_BOT, contains="does not let me send this post")
    await house.settle()
    (told,) = await alerts(house, code)
    assert "let me send post" in told
    message = await last_message(house)
    assert "reply_markup" not in message
    assert "The owner knows." in str(message["text"])


async def test_a_person_who_refuses_voice_messages_reads_what_to_change_and_keeps_the_credit(house: House) -> None:
    await settings_ops.change("access_mode", "credits")
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    await user_credits.grant(ALICE, "test", house.base.clock.now(), credits=1)
    await house.world.change_user(ALICE, forbids_voice=True)
    post = await house.store(kind="voice")
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="Privacy and Security")
    await house.settle()
    assert (await alice()).credits == 1
    await house.world.change_user(ALICE, forbids_voice=False)
    await house.alice.press(USER_BOT, "Try again")
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    assert (await alice()).credits == 0


async def test_a_refused_delivery_can_be_asked_for_again_at_once(house: House) -> None:
    fault = await house.world.fault(
        "error", method="copyMessages", bot=USER_BOT, times=None, status=400, description="Bad Request: no such words"
    )
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="That did not work.")
    await house.world.clear_faults(fault)
    await house.alice.press(USER_BOT, "Try again")
    await house.alice.wait(USER_BOT, contains="30 min")
    found = await delivery_ops.find(1002, ALICE, post.code)
    assert found is not None
    assert await delivery_ops.find(1002, BOB, post.code) is None

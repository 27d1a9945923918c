"""A refusal in words nobody knows reaches the owner, once, from whichever bot's call."""

import pytest
from aiogram.exceptions import TelegramBadRequest

from tests.house import ADMIN_BOT, OLIVE, House


async def alerts(house: House) -> list[str]:
    transcript = await house.olive.transcript(ADMIN_BOT)
    texts = [message.get("text", "") for message in transcript["messages"]]
    return [text for text in texts if "in words I do not know" in text]


async def test_the_owner_is_told_once_with_the_words_and_the_call(house: House) -> None:
    await house.world.fault("error", method="copyMessages", status=400, description="Bad Request: <NEW> 7", times=1)
    await house.world.fault("error", method="copyMessages", status=400, description="Bad Request: <NEW> 8", times=9)
    post = await house.store()
    for person in (house.alice, house.bob):
        await person.link(house.link(post))
    await house.settle()
    await house.olive.wait(ADMIN_BOT, contains="in words I do not know")
    await house.settle()
    (alert,) = await alerts(house)
    assert "Bad Request: <NEW> 7" in alert
    assert "copyMessages (private chat)" in alert


async def test_an_alert_that_is_refused_in_unknown_words_itself_ends_there(house: House) -> None:
    words = {"status": 400, "description": "Bad Request: NEWER"}
    await house.world.fault("error", method="sendMessage", chat_id=OLIVE, times=1, **words)
    of_alert = await house.world.fault("error", method="sendMessage", chat_id=OLIVE, times=50, **words)
    before = len(await sent_to_olive(house))
    with pytest.raises(TelegramBadRequest):
        await house.base.admin_bot.send_message(OLIVE, "x")
    assert await house.world.fault_hit(of_alert)
    await house.settle()
    # the message itself, its alert, and one more alert: the user bot tries where the admin bot is refused, in vain
    assert len(await sent_to_olive(house)) == before + 3


async def sent_to_olive(house: House) -> list[object]:
    calls = await house.world.calls(method="sendMessage", bot=ADMIN_BOT)
    return [call for call in calls if call["params"].get("chat_id") == str(OLIVE)]

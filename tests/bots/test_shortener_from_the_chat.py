"""From the owner's two answers to a subscriber's link, through both bots: the key is in nobody's chat and in no log."""

from dataclasses import replace

from structlog.testing import capture_logs

from database.connection import current_database
from database.operations import settings_ops, token_ops
from tests.house import ADMIN_BOT, ALICE, USER_BOT, House

KEY = "3f9a1c0b7d2e48569a0b1c2d3e4f5a6b7c8d9e0f"


def as_in_a_sandbox(house: House) -> None:
    """Let addresses of the chat lead to this machine, where the shortener is."""
    for part in house.parts:
        if (service := part.updates.served.dispatcher.workflow_data.get("shorteners")) is not None:
            service._providers._access = replace(service._providers._access, is_public_only=False)
    house.user_bot.shorteners._is_public_only = False


async def open_the_section(house: House) -> None:
    """By the button below the answer to a key that was sent in the wrong place."""
    await house.olive.text(ADMIN_BOT, KEY)
    await house.olive.wait(ADMIN_BOT, contains="looks like a key")
    await house.settle()
    await house.olive.press(ADMIN_BOT, "Shorteners")
    await house.olive.wait(ADMIN_BOT, contains="you earn nothing")


async def test_a_shortener_of_the_chat_makes_the_next_subscriber_s_link(house: House) -> None:
    as_in_a_sandbox(house)
    post = await house.store()
    with capture_logs() as logs:
        await open_the_section(house)
        await house.olive.press(ADMIN_BOT, "Add")
        await house.olive.wait(ADMIN_BOT, contains="Send the API address")
        await house.olive.text(ADMIN_BOT, f"{house.world.url}/shortener/api")
        await house.olive.wait(ADMIN_BOT, contains="Send the API key")
        await house.settle()
        await house.olive.text(ADMIN_BOT, KEY)
        await house.olive.wait(ADMIN_BOT, contains="It answered in")
        await house.settle()
        await house.olive.press(ADMIN_BOT, "Save")
        await house.olive.wait(ADMIN_BOT, contains="a post costs a credit")
        await house.settle()

        await house.alice.link(house.link(post))
        await house.alice.wait(USER_BOT, contains="Unlock: one page")
        await house.settle()

    (token,) = await token_ops.open_tokens(ALICE, house.base.clock.now())
    assert token.shortener == "127.0.0.1"
    assert token.link.startswith(f"{house.world.url}/s/")
    assert (await settings_ops.load()).access_mode == "credits"
    messages = (await house.olive.transcript(ADMIN_BOT))["messages"]
    shown = repr([message for message in messages if message["deleted_at"] is None])
    db = current_database()
    rows = [await db.collection(name).find({}, limit=1000) for name in await db.collection_names()]
    assert [place for place in (shown, repr(logs), repr(rows)) if KEY in place] == []

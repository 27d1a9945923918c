"""/me through the product: what will be deleted, by title, and when; and messages that are no command."""

from typing import Any

import pytest
from aiogram.types import Update

from database.operations import settings_ops
from database.operations.posts import post_ops
from tests.house import ALICE, USER_BOT, House
from views.subscribers import texts


async def test_me_names_each_post_and_its_time_soonest_first(house: House) -> None:
    rome = await house.store(title="\u202eRome <b>", delete_after_minutes=60)
    nameless = await house.store(title="", delete_after_minutes=30)
    kept = await house.store(title="Kept", delete_after_minutes=0)
    for post in (rome, nameless, kept):
        await house.alice.link(house.link(post))
        await house.settle()
    await post_ops.remove(rome.code)

    await house.alice.text(USER_BOT, "/me")
    seen = await house.alice.wait(USER_BOT, contains="To be deleted")
    name, head, *lines = str(seen["messages"][-1]["text"]).splitlines()
    assert (name, head) == ("\u2068Alice\u2069", "To be deleted:")
    assert [line.partition(": at ")[0] for line in lines] == ["• A post", "• \u2068Rome <b>\u2069"]
    assert [line.rpartition(", in ")[2] for line in lines] == ["30 minutes", "1 hour"]


async def test_me_without_open_deliveries_says_so(house: House) -> None:
    await house.alice.text(USER_BOT, "/me")
    seen = await house.alice.wait(USER_BOT, contains="No delivery is waiting")
    assert seen["messages"][-1]["text"].count("\n") == 1


async def send(house: House, **content: Any) -> None:
    """Let the user bot handle a message of Alice's."""
    chat = {"id": ALICE, "type": "private", "first_name": "Alice"}
    alice = {"id": ALICE, "is_bot": False, "first_name": "Alice"}
    message = {"message_id": 77, "date": 1_763_800_000, "chat": chat, "from": alice, **content}
    update = Update.model_validate({"update_id": 9, "message": message}, context={"bot": house.base.user_bot})
    await house.user_bot.dispatcher.feed_update(house.base.user_bot, update)


@pytest.mark.parametrize(
    "content",
    [
        {"pinned_message": {"message_id": 1, "date": 0, "chat": {"id": ALICE, "type": "private"}}},
        {"message_auto_delete_timer_changed": {"message_auto_delete_time": 86400}},
        {"new_chat_title": "T"},
        {"video_chat_started": {}},
        {"chat_background_set": {"type": {"type": "chat_theme", "theme_name": "x"}}},
    ],
    ids=lambda content: next(iter(content)),
)
async def test_a_service_message_gets_no_answer(house: House, content: dict[str, Any]) -> None:
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    before = await house.calls()
    await send(house, **content)
    assert await house.calls() == before


async def test_any_other_message_is_answered_that_it_is_no_command(house: House) -> None:
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    await send(house, text="hello")
    await house.alice.wait(USER_BOT, contains=texts.NOT_A_COMMAND)


async def test_the_owners_texts_reach_the_subscriber_formatted_and_filled(house: House) -> None:
    await settings_ops.change("welcome_text", "<b>Hi</b> {name}, I am {bot}. &lt;3 &#123;name&#125;")
    await settings_ops.change("contact", '<a href="https://example.org/">Olive</a>')
    await house.alice.text(USER_BOT, "/start")
    seen = (await house.alice.wait(USER_BOT, contains="I am"))["messages"][-1]
    assert seen["text"] == f"Hi \u2068Alice\u2069, I am @{USER_BOT}. <3 {{name}}"
    assert {"type": "bold", "offset": 0, "length": 2} in seen["entities"]

    await house.alice.text(USER_BOT, "/help")
    seen = (await house.alice.wait(USER_BOT, contains="Questions: Olive"))["messages"][-1]
    assert "https://example.org/" in str(seen["entities"])

"""/start and /me through the product: what will be deleted, by title, and when; and messages that are no command."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from aiogram.types import Update

from database.operations import channel_ops, settings_ops, user_ops
from database.operations.posts import post_ops
from tests.house import ALICE, OLIVE, USER_BOT, House
from views.subscribers import texts

_NOW = datetime(2026, 3, 1, tzinfo=UTC)
_STICKER = {
    "file_id": "s",
    "file_unique_id": "s",
    "type": "regular",
    "width": 1,
    "height": 1,
    "is_animated": False,
    "is_video": False,
}


async def test_me_names_each_post_and_its_time_soonest_first(house: House) -> None:
    rome = await house.store(title="\u202eRome <b>", delete_after_minutes=60)
    nameless = await house.store(title="", delete_after_minutes=30)
    kept = await house.store(title="Kept", delete_after_minutes=0)
    for post in (rome, nameless, kept):
        await house.alice.link(house.link(post))
        await house.settle()
    await post_ops.remove(rome.code)

    await house.alice.text(USER_BOT, "/me")
    seen = await house.alice.wait(USER_BOT, contains="Here until")
    head, *lines = str(seen["messages"][-1]["text"]).splitlines()
    assert head == "Every post is open to you."
    assert [line.rpartition(": ")[2] for line in lines] == ["This post", "\u2068Rome <b>\u2069"]


async def test_start_leads_to_the_channel_and_to_me_where_news_are_switched(house: House) -> None:
    chat_id = await house.world.add_chat("channel", "Olive's Garden", OLIVE)
    await channel_ops.connect(chat_id, title="Olive's Garden", username="garden", added_by=OLIVE, added_at=_NOW)
    await house.alice.text(USER_BOT, "/start")
    seen = (await house.alice.wait(USER_BOT, contains="Hi "))["messages"][-1]
    start = "Hi \u2068Alice\u2069. Open a post's link in \u2068Olive's Garden\u2069 and the post arrives here."
    assert (seen["text"], labels(seen)) == (start, ["Olive's Garden", "What I have"])
    await house.alice.press(USER_BOT, "What I have")
    seen = (await house.alice.wait(USER_BOT, contains="Every post is open"))["messages"][-1]
    assert labels(seen) == ["News: on", "Language", "Privacy"]
    for pressed, then in (("News: on", "News: off"), ("News: off", "News: on")):
        await house.alice.press(USER_BOT, pressed)
        await house.settle()
        user = await user_ops.find(ALICE)
        assert user is not None
        assert (user.news_stopped_at is None) is (then == "News: on")
        assert labels((await house.alice.transcript(USER_BOT))["messages"][-1])[0] == then


def labels(message: dict[str, Any]) -> list[str]:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button["text"] for row in rows for button in row]


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


async def test_what_is_no_command_is_answered_once_in_24_hours_and_stickers_never(house: House) -> None:
    said = texts.not_a_command()
    for hours, sent, answers in ((0, "hello", 1), (23, "again", 1), (1, "a day later", 2)):
        await house.advance(hours=hours)
        await house.alice.text(USER_BOT, sent)
        await house.settle()
        seen = (await house.alice.transcript(USER_BOT))["messages"]
        assert sum(one.get("text") == said for one in seen) == answers
    await house.advance(hours=25)
    before = await house.calls()
    await send(house, sticker=_STICKER)
    assert await house.calls() == before


@pytest.mark.parametrize(
    "content",
    [
        {"text": "look: https://t.me/{bot}?start=p_{code}-s_ad"},
        {
            "caption": "this",
            "photo": [],
            "caption_entities": [{"type": "text_link", "offset": 0, "length": 4, "url": "{link}"}],
        },
        {"text": "A post", "reply_markup": {"inline_keyboard": [[{"text": "Get", "url": "{link}"}]]}},
    ],
    ids=["a text", "behind a word", "a forwarded announcement"],
)
async def test_a_message_with_a_link_to_a_post_opens_it(house: House, content: dict[str, Any]) -> None:
    post = await house.store()
    link = house.link(post, "ad")
    filled = json.loads(
        json.dumps(content).replace("{link}", link).replace("{bot}", USER_BOT).replace("{code}", post.code)
    )
    await send(house, **filled)
    await house.settle()
    assert len(await house.calls("copyMessages")) == 1


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

"""Rows 17 and 20: callbacks, keyboards, pressing."""

from typing import Any

import pytest

from sandbox.client import SandboxError
from tests.sandbox.conftest import Json, Town

TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


def inline(**button: object) -> Json:
    return {"inline_keyboard": [[{"text": "Go", **button}]]}


async def _pressed(town: Town) -> str:
    await town.send("menu", reply_markup=inline(callback_data="go"))
    return str((await town.alice.press("shop_bot", "Go"))["callback_query_id"])


async def _answer(town: Town, query_id: str, **more: object) -> object:
    reply = await town.shop("answerCallbackQuery", callback_query_id=query_id, **more)
    return reply.body.get("description", True)


async def test_press_sends_the_data_of_the_button(town: Town) -> None:
    query_id = await _pressed(town)
    query = (await town.shop.updates())[0]["callback_query"]
    assert (query["id"], query["data"], query["from"]["id"]) == (query_id, "go", town.alice.id)
    assert query["message"]["text"] == "menu"
    assert isinstance(query["chat_instance"], str)


async def test_answer_becomes_a_toast_once(town: Town) -> None:
    query_id = await _pressed(town)
    assert await _answer(town, query_id, text="done", show_alert=True) is True
    assert await _answer(town, query_id) == TOO_OLD
    toast = (await town.alice.wait("shop_bot", contains="done"))["toasts"][0]
    assert (toast["text"], toast["show_alert"]) == ("done", True)
    counters = await town.client.counters()
    assert (counters["double_callback_answers"], counters["unanswered_callbacks"]) == (1, 0)


async def test_unanswered_presses_are_counted(town: Town) -> None:
    await _pressed(town)
    assert (await town.client.counters())["unanswered_callbacks"] == 1


async def test_answer_is_accepted_in_time_and_refused_later(town: Town) -> None:
    first, second = await _pressed(town), await _pressed(town)
    await town.client.advance(14)
    assert await _answer(town, first) is True
    await town.client.advance(2)
    assert await _answer(town, second) == TOO_OLD


async def test_window_is_configurable(town: Town) -> None:
    await town.client.configure(callback_window_s=60)
    query_id = await _pressed(town)
    await town.client.advance(59)
    assert await _answer(town, query_id) is True


async def test_other_bots_cannot_answer(town: Town) -> None:
    query_id = await _pressed(town)
    assert (await town.other("answerCallbackQuery", callback_query_id=query_id)).error == TOO_OLD


async def test_forged_data_arrives_without_a_keyboard(town: Town) -> None:
    message_id = await town.send("menu", reply_markup=inline(callback_data="go"))
    await town.alice.forge_callback("shop_bot", "post:1:delete", message_id)
    query = (await town.shop.updates())[0]["callback_query"]
    assert (query["data"], query["message"]["message_id"]) == ("post:1:delete", message_id)


async def test_deleted_message_is_inaccessible(town: Town) -> None:
    message_id = await town.send("menu", reply_markup=inline(callback_data="go"))
    await town.shop("deleteMessage", chat_id=7002, message_id=message_id)
    await town.alice.forge_callback("shop_bot", "go", message_id)
    message = (await town.shop.updates())[0]["callback_query"]["message"]
    assert (message["date"], message["message_id"], "text" in message) == (0, message_id, False)


@pytest.mark.parametrize(
    ("markup", "error"),
    [
        ("{", "can't parse reply keyboard markup JSON object"),
        ("[]", "object expected as reply markup"),
        (
            {"inline_keyboard": [[{"text": "A"}]]},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (inline(callback_data="x" * 65), "BUTTON_DATA_INVALID"),
        (inline(callback_data="ü" * 33), "BUTTON_DATA_INVALID"),
        (inline(callback_data=""), "BUTTON_DATA_INVALID"),
        (inline(callback_data="a", url="https://example.com"), "BUTTON_TYPE_INVALID"),
        (inline(url="localhost"), "inline keyboard button URL 'localhost' is invalid: Wrong HTTP URL"),
        (
            inline(url="http://localhost:80/x"),
            "inline keyboard button URL 'http://localhost:80/x' is invalid: Wrong HTTP URL",
        ),
        (
            inline(web_app={"url": "http://example.com"}),
            "inline keyboard button Web App URL 'http://example.com' is invalid: Only HTTPS links are allowed",
        ),
        (inline(copy_text={"text": "x" * 257}), "BUTTON_COPY_TEXT_INVALID"),
    ],
)
async def test_bad_buttons_are_refused(town: Town, markup: Any, error: str) -> None:
    reply = await town.shop("sendMessage", chat_id=7002, text="x", reply_markup=markup)
    assert reply.error == f"Bad Request: {error}"


@pytest.mark.parametrize(
    "button",
    [
        {"callback_data": "x" * 64},
        {"url": "https://example.com"},
        {"url": "example.com/path"},
        {"url": "tg://user?id=7"},
        {"web_app": {"url": "https://example.com"}},
        {"copy_text": {"text": "SALE"}},
        {"switch_inline_query": ""},
    ],
)
async def test_good_buttons_pass(town: Town, button: Json) -> None:
    assert await town.send(reply_markup=inline(**button))


async def test_web_app_buttons_are_private(town: Town) -> None:
    markup = inline(web_app={"url": "https://example.com"})
    reply = await town.shop("sendMessage", chat_id=town.storage, text="x", reply_markup=markup)
    assert reply.error == "Bad Request: BUTTON_TYPE_INVALID"


async def test_keyboards_are_truncated_silently(town: Town) -> None:
    rows = [[{"text": "b", "callback_data": "b"}] * 14] * 30
    sent = await town.shop("sendMessage", chat_id=7002, text="x", reply_markup={"inline_keyboard": rows})
    kept = sent.result["reply_markup"]["inline_keyboard"]
    assert (len(kept[0]), sum(len(row) for row in kept)) == (12, 300)


async def test_reply_keyboards_show_in_the_transcript_only(town: Town) -> None:
    sent = await town.shop("sendMessage", chat_id=7002, text="x", reply_markup={"keyboard": [["Menu", "Help"]]})
    assert "reply_markup" not in sent.result
    shown = await town.alice.transcript("shop_bot")
    assert shown["reply_keyboard"] == [[{"text": "Menu"}, {"text": "Help"}]]
    await town.send(reply_markup={"remove_keyboard": True})
    assert (await town.alice.transcript("shop_bot"))["reply_keyboard"] is None


async def test_pressing_a_reply_button_writes_its_text(town: Town) -> None:
    await town.send(reply_markup={"keyboard": [["Menu"]], "one_time_keyboard": True})
    await town.alice.press("shop_bot", "Men")
    assert (await town.shop.updates())[0]["message"]["text"] == "Menu"
    assert (await town.alice.transcript("shop_bot"))["reply_keyboard"] is None


async def test_pressing_an_invisible_button_is_refused(town: Town) -> None:
    message_id = await town.send("menu", reply_markup=inline(callback_data="go"))
    await town.shop("deleteMessage", chat_id=7002, message_id=message_id)
    with pytest.raises(SandboxError, match="nobody can see"):
        await town.alice.press("shop_bot", "Go")


async def test_ambiguous_prefix_is_refused(town: Town) -> None:
    row = [{"text": "Post 1", "callback_data": "1"}, {"text": "Post 2", "callback_data": "2"}]
    await town.send(reply_markup={"inline_keyboard": [row]})
    with pytest.raises(SandboxError, match="nobody can see one button"):
        await town.alice.press("shop_bot", "Post")


async def test_newest_button_is_pressed_unless_a_message_is_given(town: Town) -> None:
    old = await town.send(reply_markup=inline(callback_data="old"))
    await town.send(reply_markup=inline(callback_data="new"))
    await town.alice.press("shop_bot", "Go")
    await town.alice.press("shop_bot", "Go", message_id=old)
    assert [update["callback_query"]["data"] for update in await town.shop.updates()] == ["new", "old"]


@pytest.mark.parametrize(
    ("button", "expected"),
    [
        ({"url": "https://example.com"}, {"url": "https://example.com/"}),
        ({"copy_text": {"text": "SALE"}}, {"copied": "SALE"}),
        ({"web_app": {"url": "https://example.com"}}, {"url": "https://example.com/"}),
        ({"switch_inline_query": "cats"}, {"switch_inline_query": "cats"}),
    ],
)
async def test_other_buttons_return_their_action(town: Town, button: Json, expected: Json) -> None:
    await town.send(reply_markup=inline(**button))
    done = await town.alice.press("shop_bot", "Go")
    assert {name: done[name] for name in expected} == expected


async def test_address_of_a_bot_opens_it(town: Town) -> None:
    await town.send(reply_markup=inline(url="https://t.me/other_bot?start=p_1"))
    await town.alice.press("shop_bot", "Go")
    assert (await town.other.updates())[0]["message"]["text"] == "/start p_1"


@pytest.mark.parametrize(
    ("button", "words"),
    [
        ({"request_users": {"request_id": 1}}, "users can be requested"),
        ({"request_chat": {"request_id": 1}}, "chats can be requested"),
        ({"request_contact": True}, "phone number can be requested"),
        ({"web_app": {"url": "https://example.com"}}, "web App buttons can be used"),
    ],
)
async def test_request_buttons_are_private(town: Town, button: Json, words: str) -> None:
    group = await town.client.add_chat("supergroup", "Group", town.olga.id)
    await town.client.set_member(group, 1001, "administrator")
    markup = {"keyboard": [[{"text": "Choose", **button}]]}
    reply = await town.shop("sendMessage", chat_id=group, text="x", reply_markup=markup)
    assert reply.error == f"Bad Request: {words} in private chats only"


@pytest.mark.parametrize(
    ("markup", "error"),
    [
        (inline(callback_data="a", style="huge"), "inline keyboard button: invalid button style specified"),
        (inline(callback_data="a", style=1), "inline keyboard button: invalid button style specified"),
        (
            inline(callback_data="a", style=True),
            'inline keyboard button: Field "style" must be of type String',
        ),
        (
            inline(callback_data="a", icon_custom_emoji_id="smile"),
            'inline keyboard button: Field "icon_custom_emoji_id" must be a valid Number',
        ),
        ({"inline_keyboard": [[{"callback_data": "a"}]]}, 'inline keyboard button: Can\'t find field "text"'),
        (inline(copy_text="SALE"), 'inline keyboard button: Field "copy_text" must be of type Object'),
        (inline(url=None), 'inline keyboard button: Field "url" must be of type String'),
        (inline(url={"to": "x"}), 'inline keyboard button: Field "url" must be of type String'),
        ({"keyboard": [[{"text": "A", "style": "huge"}]]}, "keyboard button: invalid button style specified"),
        ({"keyboard": [[7]]}, "keyboard button: KeyboardButton must be a String or an Object"),
    ],
)
async def test_wrong_fields_of_buttons_are_named(town: Town, markup: Json, error: str) -> None:
    reply = await town.shop("sendMessage", chat_id=7002, text="x", reply_markup=markup)
    assert reply.error == f"Bad Request: can't parse {error}"


@pytest.mark.parametrize(
    ("markup", "error"),
    [
        ({"keyboard": "A"}, 'field "keyboard" must be of type Array'),
        ({"keyboard": ["A"]}, 'field "keyboard" must be an Array of Arrays'),
        (
            {"inline_keyboard": ["A"]},
            'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
        ),
        ({"keyboard": [["A"]], "one_time_keyboard": "yes"}, 'field "one_time_keyboard" must be of type Boolean'),
        ({"remove_keyboard": 1}, 'field "remove_keyboard" must be of type Boolean'),
    ],
)
async def test_wrong_fields_of_keyboards_are_named(town: Town, markup: Json, error: str) -> None:
    reply = await town.shop("sendMessage", chat_id=7002, text="x", reply_markup=markup)
    assert reply.error == f"Bad Request: {error}"


@pytest.mark.parametrize(("given", "kept"), [("primary", "primary"), ("DANGER", "danger"), ("success", "success")])
async def test_style_is_kept_on_inline_and_reply_buttons(town: Town, given: str, kept: str) -> None:
    sent = await town.shop("sendMessage", chat_id=7002, text="x", reply_markup=inline(callback_data="a", style=given))
    assert sent.result["reply_markup"]["inline_keyboard"] == [[{"text": "Go", "callback_data": "a", "style": kept}]]
    await town.send(reply_markup={"keyboard": [[{"text": "Menu", "style": given}]]})
    shown = (await town.alice.transcript("shop_bot"))["reply_keyboard"]
    assert shown == [[{"text": "Menu", "style": kept}]]


async def test_default_style_is_none(town: Town) -> None:
    sent = await town.shop("sendMessage", chat_id=7002, text="x", reply_markup=inline(callback_data="a", style=""))
    assert "style" not in sent.result["reply_markup"]["inline_keyboard"][0][0]


async def test_another_style_is_an_edit(town: Town) -> None:
    message_id = await town.send("x", reply_markup=inline(callback_data="a"))
    edit = {"chat_id": 7002, "message_id": message_id}
    coloured = inline(callback_data="a", style="danger")
    assert (await town.shop("editMessageReplyMarkup", **edit, reply_markup=coloured)).status == 200
    again = await town.shop("editMessageReplyMarkup", **edit, reply_markup=coloured)
    assert again.error.startswith("Bad Request: message is not modified")


async def test_buttons_without_text_are_left_out(town: Town) -> None:
    row = [{"text": "", "callback_data": "a"}, {"text": "", "callback_data": "b", "icon_custom_emoji_id": "5"}]
    sent = await town.shop("sendMessage", chat_id=7002, text="x", reply_markup={"inline_keyboard": [row]})
    kept = {"text": "", "icon_custom_emoji_id": "5", "callback_data": "b"}
    assert sent.result["reply_markup"]["inline_keyboard"] == [[kept]]


@pytest.mark.parametrize("markup", [{"keyboard": [["A"]]}, {"remove_keyboard": True}, {"force_reply": True}])
async def test_channels_take_inline_keyboards_only(town: Town, markup: Json) -> None:
    reply = await town.shop("sendMessage", chat_id=town.storage, text="x", reply_markup=markup)
    assert reply.error == "Bad Request: inline keyboard expected"


async def test_channels_take_no_inline_query_buttons(town: Town) -> None:
    markup = inline(switch_inline_query_chosen_chat={"query": "cats"})
    reply = await town.shop("sendMessage", chat_id=town.storage, text="x", reply_markup=markup)
    assert reply.error.startswith("Bad Request: can't use switch_inline_query button in a channel chat, because")


async def test_a_button_of_a_public_channel_starts_the_bot_as_the_person_who_presses(town: Town) -> None:
    news = await town.client.add_chat("channel", "News", town.olga.id, username="news")
    await town.client.set_member(news, 1001, "administrator", can_post_messages=True)
    markup = inline(url="https://t.me/other_bot?start=p_1-s_ch1", style="primary")
    await town.shop("sendMessage", chat_id=news, text="Spring album", reply_markup=markup)
    await town.bob.press(news, "Go")
    started = (await town.other.updates())[-1]["message"]
    assert (started["text"], started["from"]["id"]) == ("/start p_1-s_ch1", town.bob.id)


async def test_a_button_of_a_private_channel_is_out_of_sight_for_strangers(town: Town) -> None:
    await town.shop("sendMessage", chat_id=town.storage, text="x", reply_markup=inline(callback_data="a"))
    with pytest.raises(SandboxError, match="does not see that chat"):
        await town.bob.press(town.storage, "Go")

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


def request_chat(**more: object) -> Json:
    button = {"text": "Choose", "request_chat": {"request_id": 5, "chat_is_channel": True, **more}}
    return {"keyboard": [[button]]}


async def test_sharing_a_channel_makes_the_bot_an_administrator_with_the_requested_rights(town: Town) -> None:
    channel = await town.client.add_chat("channel", "News", town.olga.id, username="news")
    await town.olga.link("https://t.me/shop_bot")
    rights = {"is_anonymous": False, "can_manage_chat": True, "can_post_messages": True, "can_edit_stories": False}
    markup = request_chat(bot_administrator_rights=rights, request_title=True, request_username=True)
    await town.shop("sendMessage", chat_id=town.olga.id, text="which?", reply_markup=markup)
    await town.shop.updates()
    await town.olga.press("shop_bot", "Choose", chat_id=channel)
    added, shared = await town.shop.updates()
    assert added["my_chat_member"]["new_chat_member"]["can_post_messages"] is True
    expected = {"request_id": 5, "chat_id": channel, "title": "News", "username": "news"}
    assert shared["message"]["chat_shared"] == expected
    assert (await town.shop("sendMessage", chat_id=channel, text="hi")).status == 200


@pytest.mark.parametrize("request_id", [1, 2**31 - 1, -(2**31)])
async def test_every_request_shares_a_private_and_a_second_channel(town: Town, request_id: int) -> None:
    await town.olga.link("https://t.me/shop_bot")
    rights = {"can_invite_users": True}
    more = {
        "request_id": request_id,
        "request_title": True,
        "request_username": True,
        "bot_administrator_rights": rights,
    }
    for title, name in (("First", None), ("Second", "second")):
        chat = await town.client.add_chat("channel", title, town.olga.id, username=name)
        markup = request_chat(**more)
        await town.shop("sendMessage", chat_id=town.olga.id, text="which?", reply_markup=markup)
        await town.shop.updates()
        await town.olga.press("shop_bot", "Choose", chat_id=chat)
        added, shared = await town.shop.updates()
        assert added["my_chat_member"]["new_chat_member"]["can_invite_users"] is True
        expected = {"request_id": request_id, "chat_id": chat, "title": title} | ({"username": name} if name else {})
        assert shared["message"]["chat_shared"] == expected
        assert (await town.shop("createChatInviteLink", chat_id=chat)).status == 200


async def test_sharing_keeps_rights_the_bot_has(town: Town) -> None:
    await town.olga.link("https://t.me/shop_bot")
    markup = request_chat(bot_administrator_rights={"can_post_messages": True})
    await town.shop("sendMessage", chat_id=town.olga.id, text="which?", reply_markup=markup)
    await town.shop.updates()
    await town.olga.press("shop_bot", "Choose", chat_id=town.storage)
    assert await town.shop.kinds() == ["message"]
    own = (await town.shop("getChatMember", chat_id=town.storage, user_id=1001)).result
    assert own["can_delete_messages"] is True


@pytest.mark.parametrize(
    ("kind", "wanted", "why"),
    [
        ("supergroup", {}, "kind of chat"),
        ("channel", {"chat_has_username": True}, "username"),
        ("channel", {"bot_is_member": True}, "bot is not in"),
    ],
)
async def test_chats_that_do_not_match_the_request_cannot_be_shared(
    town: Town, kind: str, wanted: Json, why: str
) -> None:
    chat = await town.client.add_chat(kind, "Chat", town.olga.id)
    await town.olga.link("https://t.me/shop_bot")
    await town.shop("sendMessage", chat_id=town.olga.id, text="which?", reply_markup=request_chat(**wanted))
    with pytest.raises(SandboxError, match=why):
        await town.olga.press("shop_bot", "Choose", chat_id=chat)


async def test_subscribers_cannot_add_bots(town: Town) -> None:
    channel = await town.client.add_chat("channel", "News", town.olga.id)
    await town.alice.join(channel)
    markup = request_chat(bot_administrator_rights={"can_post_messages": True})
    await town.send(reply_markup=markup)
    with pytest.raises(SandboxError, match="may not add the bot"):
        await town.alice.press("shop_bot", "Choose", chat_id=channel)


async def test_request_buttons_are_private(town: Town) -> None:
    reply = await town.shop("sendMessage", chat_id=town.storage, text="x", reply_markup=request_chat())
    assert reply.error == "Bad Request: web App buttons can be used in private chats only"

"""Rows 1 to 3: requests, envelopes, unknown bots and methods."""

import io

import aiohttp
import pytest

from tests.sandbox.conftest import Town


async def test_method_names_ignore_case(town: Town) -> None:
    assert (await town.shop("GETME")).result["username"] == "shop_bot"


async def test_parameters_are_read_from_the_query_of_a_get(town: Town) -> None:
    url = f"{town.sandbox.url}/bot1001:shop/sendMessage?chat_id={town.alice.id}&text=hi"
    async with town.session.get(url) as response:
        assert (await response.json())["result"]["text"] == "hi"


async def test_query_wins_over_body(town: Town) -> None:
    url = f"{town.sandbox.url}/bot1001:shop/sendMessage?text=first"
    async with town.session.post(url, data={"chat_id": str(town.alice.id), "text": "second"}) as response:
        assert (await response.json())["result"]["text"] == "first"


async def test_method_may_be_a_parameter(town: Town) -> None:
    async with town.session.get(f"{town.sandbox.url}/bot1001:shop?method=getMe") as response:
        assert (await response.json())["ok"] is True


async def test_json_objects_and_json_texts_are_equivalent(town: Town) -> None:
    keyboard = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
    body = {"chat_id": town.alice.id, "text": "hi", "reply_markup": keyboard}
    async with town.session.post(f"{town.sandbox.url}/bot1001:shop/sendMessage", json=body) as response:
        assert (await response.json())["result"]["reply_markup"] == keyboard


async def test_invalid_json_means_missing_parameters(town: Town) -> None:
    headers = {"Content-Type": "application/json"}
    url = f"{town.sandbox.url}/bot1001:shop/sendMessage"
    async with town.session.post(url, data=b'{"chat_id": 1', headers=headers) as response:
        assert (await response.json())["description"] == "Bad Request: message text is empty"


async def test_lone_surrogates_are_no_text(town: Town) -> None:
    body = {"chat_id": town.alice.id, "text": "\ud800"}
    async with town.session.post(f"{town.sandbox.url}/bot1001:shop/sendMessage", json=body) as response:
        assert (await response.json())["description"] == "Bad Request: strings must be encoded in UTF-8"


async def test_multipart_parts_are_attached_by_name(town: Town) -> None:
    form = aiohttp.FormData()
    form.add_field("chat_id", str(town.alice.id))
    form.add_field("document", "attach://part1")
    form.add_field("part1", b"bytes", filename="list.txt")
    async with town.session.post(f"{town.sandbox.url}/bot1001:shop/sendDocument", data=form) as response:
        document = (await response.json())["result"]["document"]
    assert (document["file_name"], document["file_size"]) == ("list.txt", 5)


@pytest.mark.parametrize(
    ("path", "status", "description"),
    [
        ("/bot1001:wrong/getMe", 401, "Unauthorized"),
        ("/bot0001:shop/getMe", 401, "Unauthorized: invalid token specified"),
        ("/botshop/getMe", 401, "Unauthorized: invalid token specified"),
        ("/bot1001:shop/sendDream", 404, "Not Found: method not found"),
        ("/bot1001:shop/getMe/", 404, "Not Found: method not found"),
        ("/elsewhere", 404, "Not Found"),
    ],
)
async def test_unknown_bots_and_methods_are_refused(town: Town, path: str, status: int, description: str) -> None:
    async with town.session.post(town.sandbox.url + path) as response:
        assert await response.json() == {"ok": False, "error_code": status, "description": description}
        assert response.status == status


async def test_only_get_and_post_are_methods(town: Town) -> None:
    async with town.session.put(f"{town.sandbox.url}/bot1001:shop/getMe") as response:
        assert response.status == 501


async def test_unknown_methods_are_counted(town: Town) -> None:
    await town.shop("sendDream")
    assert (await town.client.counters())["unknown_methods"] == {"sendDream": 1}


async def test_too_large_request_is_413_with_empty_body(town: Town) -> None:
    form = aiohttp.FormData()
    form.add_field("document", io.BytesIO(bytes(61 * 1024 * 1024)), filename="big.bin")
    async with town.session.post(f"{town.sandbox.url}/bot1001:shop/sendDocument", data=form) as response:
        assert (response.status, await response.read()) == (413, b"")


@pytest.mark.parametrize(
    ("method", "params", "description"),
    [
        ("sendMessage", {"text": "x"}, "chat_id is empty"),
        ("sendMessage", {"chat_id": "junk", "text": "x"}, "chat not found"),
        ("sendMessage", {"chat_id": 7002}, "message text is empty"),
        ("sendMessage", {"chat_id": 7002, "text": " \n "}, "text must be non-empty"),
        ("sendMessage", {"chat_id": 7002, "text": "x" * 4097}, "message is too long"),
        ("sendMessage", {"chat_id": 7002, "text": "x" * 33000}, "text is too long"),
        ("sendMessage", {"chat_id": 7002, "text": "x", "parse_mode": "BBCode"}, "unsupported parse_mode"),
        ("sendPhoto", {"chat_id": 7002}, "there is no photo in the request"),
        ("sendDocument", {"chat_id": 7002}, "there is no document in the request"),
        ("sendChatAction", {"chat_id": 7002, "action": "dancing"}, "wrong parameter action in request"),
        ("copyMessage", {"chat_id": 7002, "message_id": 1}, 'parameter "from_chat_id" is required'),
        ("deleteMessage", {"message_id": 1}, "chat identifier is not specified"),
        ("deleteMessage", {"chat_id": 7002}, "message identifier is not specified"),
        ("deleteMessage", {"chat_id": 7002, "message_id": 999}, "message to delete not found"),
        ("editMessageText", {"text": "x"}, "message identifier is not specified"),
        ("editMessageText", {"chat_id": 7002, "message_id": 999, "text": "x"}, "message to edit not found"),
        ("pinChatMessage", {"chat_id": 7002, "message_id": 999}, "message to pin not found"),
        ("getChatMember", {"chat_id": 7002}, "invalid user_id specified"),
        ("getFile", {}, "file_id not specified"),
        ("getFile", {"file_id": "nonsense"}, "invalid file_id"),
        ("leaveChat", {"chat_id": 7002}, "can't leave private chats"),
    ],
)
async def test_wrong_arguments_get_telegrams_error_texts(
    town: Town, method: str, params: dict[str, object], description: str
) -> None:
    reply = await town.shop(method, **params)
    assert (reply.status, reply.error) == (400, f"Bad Request: {description}")


async def test_text_of_4096_characters_passes(town: Town) -> None:
    assert len((await town.shop("sendMessage", chat_id=7002, text="x" * 4096)).result["text"]) == 4096


async def test_limits_count_utf16_units_after_parsing(town: Town) -> None:
    text = "<b>" + "😀" * 2048 + "</b>"
    assert (await town.shop("sendMessage", chat_id=7002, text=text, parse_mode="HTML")).status == 200
    too_long = "<b>" + "😀" * 2048 + "x</b>"
    reply = await town.shop("sendMessage", chat_id=7002, text=too_long, parse_mode="HTML")
    assert reply.error == "Bad Request: message is too long"


async def test_after_log_out_every_call_is_refused(town: Town) -> None:
    assert (await town.shop("logOut")).result is True
    assert (await town.shop("getMe")).error == "Logged out"


async def test_close_is_refused_in_the_first_ten_minutes(town: Town) -> None:
    refused = await town.shop("close")
    assert (refused.status, refused.headers["Retry-After"]) == (429, str(refused.body["parameters"]["retry_after"]))
    await town.client.advance(601)
    assert (await town.shop("close")).result is True

"""What a bot sets about itself: commands by scope and language, name, descriptions, picture, menu button."""

from typing import Any

import aiohttp
import pytest

from tests.sandbox.conftest import Json, Reply, Town
from tests.sandbox.test_files import PNG

DEFAULT, PRIVATE, GROUPS, ADMINS = (
    {"type": kind} for kind in ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
)


async def _set(town: Town, command: str, scope: Json | None = None, language: str = "") -> None:
    more: Json = {"scope": scope} if scope else {}
    commands = [{"command": command, "description": "Does it"}]
    reply = await town.shop("setMyCommands", commands=commands, language_code=language, **more)
    assert reply.result is True


async def _seen(person: Any, chat: int | None = None) -> str:
    found = await person.commands("shop_bot", chat)
    return " ".join(command["command"] for command in found)


async def test_commands_are_kept_per_scope_and_language(town: Town) -> None:
    await _set(town, "/start")
    assert (await town.shop("getMyCommands")).result == [{"command": "start", "description": "Does it"}]
    for other in ({"scope": PRIVATE}, {"language_code": "de"}):
        assert (await town.shop("getMyCommands", **other)).result == []
    await town.shop("deleteMyCommands")
    assert (await town.shop("getMyCommands")).result == []


async def test_the_narrowest_scope_of_a_private_chat_wins(town: Town) -> None:
    chat = {"type": "chat", "chat_id": town.alice.id}
    await _set(town, "default")
    assert await _seen(town.alice) == "default"
    await _set(town, "private", PRIVATE)
    await _set(town, "group", GROUPS)
    assert await _seen(town.alice) == "private"
    await _set(town, "alices", chat)
    assert (await _seen(town.alice), await _seen(town.bob)) == ("alices", "private")
    await town.shop("deleteMyCommands", scope=chat)
    assert await _seen(town.alice) == "private"
    await town.shop("setMyCommands", scope=PRIVATE, commands=[])
    assert await _seen(town.alice) == "default"


async def test_a_narrow_scope_comes_before_the_language(town: Town) -> None:
    greta = await town.client.add_user("Greta", language_code="de-AT")
    await greta.link("https://t.me/shop_bot")
    await _set(town, "default")
    await _set(town, "vorgabe", DEFAULT, "de")
    assert (await _seen(greta), await _seen(town.alice)) == ("vorgabe", "default")
    await _set(town, "private", PRIVATE)
    assert await _seen(greta) == "private"
    await _set(town, "privat", PRIVATE, "de")
    assert await _seen(greta) == "privat"


async def test_scopes_of_groups_go_by_member_administrators_chat_and_kind(town: Town) -> None:
    group = await town.client.add_chat("supergroup", "Talk", town.olga.id)
    await town.client.set_member(group, 1001, "member")
    await town.alice.join(group)
    expected: list[tuple[Json, str, str]] = [
        ({"type": "default"}, "a", "a"),
        (GROUPS, "b", "b"),
        (ADMINS, "c", "b"),
        ({"type": "chat", "chat_id": group}, "d", "d"),
        ({"type": "chat_administrators", "chat_id": group}, "e", "d"),
        ({"type": "chat_member", "chat_id": group, "user_id": town.olga.id}, "f", "d"),
    ]
    for scope, owner, member in expected:
        await _set(town, owner, scope)
        assert (await _seen(town.olga, group), await _seen(town.alice, group)) == (owner, member)
    assert await _seen(town.alice) == "a"


async def test_the_transcript_has_the_commands_of_its_person(town: Town) -> None:
    await _set(town, "menu", {"type": "chat", "chat_id": town.alice.id})
    assert [one["command"] for one in (await town.alice.transcript("shop_bot"))["commands"]] == ["menu"]
    assert (await town.bob.transcript("shop_bot"))["commands"] == []


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ({"command": "x" * 33, "description": "d"}, "command length must not exceed 32"),
        ({"command": "/", "description": "d"}, "command must be non-empty"),
        ({"command": "x", "description": ""}, "command description must be non-empty"),
        ({"command": "x", "description": "d" * 257}, "command description length must not exceed 256"),
        ({"command": "Start", "description": "d"}, "BOT_COMMAND_INVALID"),
        ({"command": "x"}, "can't parse BotCommand: Can't find field \"description\""),
        ({"command": [], "description": "d"}, 'can\'t parse BotCommand: Field "command" must be of type String'),
        ("start", "can't parse BotCommand: expected an Object"),
    ],
)
async def test_bad_commands_are_refused(town: Town, command: object, error: str) -> None:
    assert (await town.shop("setMyCommands", commands=[command])).error == f"Bad Request: {error}"


async def test_there_are_at_most_a_hundred_commands(town: Town) -> None:
    commands = [{"command": f"c{number}", "description": "d"} for number in range(101)]
    assert (await town.shop("setMyCommands", commands=commands)).error == "Bad Request: BOT_COMMANDS_TOO_MUCH"
    assert (await town.shop("setMyCommands", commands=commands[:100])).result is True
    assert (await town.shop("setMyCommands", commands="{")).error == "Bad Request: can't parse commands JSON object"
    assert (await town.shop("setMyCommands", commands={})).error == "Bad Request: expected an Array of BotCommand"


@pytest.mark.parametrize(
    ("scope", "error"),
    [
        ({"type": "chat", "chat_id": 7003}, "chat not found"),
        ({"type": "chat"}, "can't parse BotCommandScope: Can't find field \"chat_id\""),
        ({"type": "chat", "chat_id": ""}, "can't parse BotCommandScope: Empty chat_id specified"),
        ({"type": "everybody"}, "can't parse BotCommandScope: Unsupported type specified"),
        ({"type": "chat_member", "chat_id": 7002}, "can't parse BotCommandScope: Can't find field \"user_id\""),
        (
            {"type": "chat_member", "chat_id": 7002, "user_id": -1},
            "can't parse BotCommandScope: Invalid user_id specified",
        ),
        ({"type": "chat_administrators", "chat_id": 7002}, "can't use specified scope in private chats"),
        ({"type": "chat", "chat_id": -1001000000001}, "can't change commands in channel chats"),
        ([], "can't parse BotCommandScope: BotCommandScope must be an Object"),
        ("{", "can't parse BotCommandScope JSON object"),
    ],
)
async def test_bad_scopes_are_refused(town: Town, scope: object, error: str) -> None:
    assert town.storage == -1001000000001
    assert (await town.shop("getMyCommands", scope=scope)).error == f"Bad Request: {error}"


@pytest.mark.parametrize("code", ["deu", "DE", "d", "d1"])
async def test_languages_have_two_small_letters(town: Town, code: str) -> None:
    for method in ("getMyCommands", "getMyName", "setMyDescription"):
        reply = await town.shop(method, language_code=code)
        assert reply.error == "Bad Request: invalid language code specified"


# ---------------------------------------------------------------------------------------------------------------- texts


@pytest.mark.parametrize(
    ("setter", "getter", "field", "limit"),
    [
        ("setMyName", "getMyName", "name", 64),
        ("setMyDescription", "getMyDescription", "description", 512),
        ("setMyShortDescription", "getMyShortDescription", "short_description", 120),
    ],
)
async def test_texts_are_kept_by_language(town: Town, setter: str, getter: str, field: str, limit: int) -> None:
    before = (await town.shop(getter)).result[field]
    assert before == ("Bot" if field == "name" else "")
    assert (await town.shop(setter, **{field: "x" * limit})).result is True
    assert (await town.shop(setter, **{field: "x" * (limit + 1)})).status == 400
    assert (await town.shop(setter, **{field: "de"}, language_code="de")).result is True
    assert (await town.shop(getter, language_code="de")).result == {field: "de"}
    assert (await town.shop(getter, language_code="fr")).result == {field: "x" * limit}
    await town.shop(setter, language_code="de")
    assert (await town.shop(getter, language_code="de")).result == {field: "x" * limit}
    await town.shop(setter)
    assert (await town.shop(getter)).result == {field: before}


async def test_a_new_name_is_the_bots_name_everywhere(town: Town) -> None:
    await town.shop("setMyName", name="Olga's shop")
    await town.shop("setMyName", name="Olgas Laden", language_code="de")
    assert (await town.shop("getMe")).result["first_name"] == "Olga's shop"
    assert (await town.shop("sendMessage", chat_id=7002, text="x")).result["from"]["first_name"] == "Olga's shop"
    shown = (await town.client.state())["bots"][0]
    assert shown["first_name"] == "Olga's shop"
    assert shown["texts"]["name"] == {"": "Olga's shop", "de": "Olgas Laden"}


# -------------------------------------------------------------------------------------------------------------- picture


async def _photo(town: Town, content: bytes = PNG, photo: str = '{"type":"static","photo":"attach://a"}') -> Reply:
    form = aiohttp.FormData({"photo": photo})
    form.add_field("a", content, filename="a.png")
    url = f"{town.sandbox.url}/bot1001:shop/setMyProfilePhoto"
    async with town.session.post(url, data=form) as response:
        return Reply(response.status, await response.json())


async def test_a_picture_is_uploaded_and_removed(town: Town) -> None:
    assert (await _photo(town)).result is True
    shown = (await town.client.state())["bots"][0]["photo"]
    async with town.session.get(f"{town.sandbox.url}/control/files/{shown}") as response:
        assert await response.read() == PNG
    assert (await town.shop("removeMyProfilePhoto")).result is True
    assert "photo" not in (await town.client.state())["bots"][0]


@pytest.mark.parametrize(
    ("photo", "error"),
    [
        ("", "photo isn't specified"),
        ("{", "can't parse photo JSON object"),
        ("[]", "object expected as profile photo"),
        ("{}", 'can\'t find field "type"'),
        ('{"type":"round"}', "invalid profile photo type specified"),
        ('{"type":"static"}', 'can\'t find field "photo"'),
        ('{"type":"static","photo":"AgACAgQ"}', "photo must be uploaded as a file"),
        ('{"type":"animated","animation":"attach://b"}', "photo must be uploaded as a file"),
    ],
)
async def test_bad_pictures_are_refused(town: Town, photo: str, error: str) -> None:
    assert (await _photo(town, photo=photo)).error == f"Bad Request: {error}"


async def test_a_file_that_is_no_picture_is_refused(town: Town) -> None:
    assert (await _photo(town, content=b"%PDF")).error == "Bad Request: IMAGE_PROCESS_FAILED"


# ---------------------------------------------------------------------------------------------------------- menu button


def _web_app(url: str = "https://example.com", text: str = "Open") -> Json:
    return {"type": "web_app", "text": text, "web_app": {"url": url}}


async def test_a_persons_menu_button_comes_before_the_general_one(town: Town) -> None:
    await town.bob.link("https://t.me/shop_bot")
    assert (await town.shop("getChatMenuButton", chat_id=7002)).result == {"type": "default"}
    await town.shop("setChatMenuButton", menu_button={"type": "commands"})
    await town.shop("setChatMenuButton", chat_id=7002, menu_button=_web_app())
    expected = _web_app("https://example.com/")
    assert (await town.shop("getChatMenuButton", chat_id=7002)).result == expected
    assert (await town.alice.transcript("shop_bot"))["menu_button"] == expected
    for bobs in (await town.shop("getChatMenuButton", chat_id=7003), await town.shop("getChatMenuButton")):
        assert bobs.result == {"type": "commands"}
    await town.shop("setChatMenuButton", chat_id=7002)
    assert (await town.shop("getChatMenuButton", chat_id=7002)).result == {"type": "commands"}


@pytest.mark.parametrize(
    ("chat_id", "button", "error"),
    [
        (7003, _web_app(), "user not found"),
        (-5, _web_app(), "invalid chat_id specified"),
        ("x", _web_app(), "invalid chat_id specified"),
        (7002, [], "can't parse menu button: MenuButton must be an Object"),
        (7002, {"type": "round"}, "can't parse menu button: MenuButton has unsupported type"),
        (7002, {"type": "web_app"}, "can't parse menu button: Can't find field \"web_app\""),
        (7002, _web_app(text=""), "menu button text must be non-empty"),
        (
            7002,
            _web_app("http://a.com"),
            "menu button Web App URL 'http://a.com' is invalid: Only HTTPS links are allowed",
        ),
        (7002, _web_app("https://a"), "menu button Web App URL 'https://a' is invalid: Wrong HTTP URL"),
    ],
)
async def test_bad_menu_buttons_are_refused(town: Town, chat_id: object, button: object, error: str) -> None:
    reply = await town.shop("setChatMenuButton", chat_id=chat_id, menu_button=button)
    assert reply.error == f"Bad Request: {error}"

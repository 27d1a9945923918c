"""Texts and messages as stored: entities, trimming, replies, groups."""

import struct

import pytest

from sandbox.state.files import image_size
from tests.sandbox.conftest import Json, Town

BOLD = {"type": "bold", "offset": 2, "length": 3}


async def _sent(town: Town, text: str, **more: object) -> Json:
    message: Json = (await town.shop("sendMessage", chat_id=7002, text=text, **more)).result
    return message


async def test_spaces_around_a_text_are_stripped_and_entities_shifted(town: Town) -> None:
    message = await _sent(town, "\n abc \n", entities=[BOLD])
    assert (message["text"], message["entities"]) == ("abc", [{"type": "bold", "offset": 0, "length": 3}])


async def test_spaces_inside_html_are_stripped_too(town: Town) -> None:
    message = await _sent(town, "<b> abc </b>", parse_mode="HTML")
    assert (message["text"], message["entities"]) == ("abc", [{"type": "bold", "offset": 0, "length": 3}])


async def test_parse_mode_wins_over_entities(town: Town) -> None:
    message = await _sent(town, "<i>abc</i>", parse_mode="HTML", entities=[BOLD])
    assert [entity["type"] for entity in message["entities"]] == ["italic"]


async def test_entities_outside_the_text_are_dropped(town: Town) -> None:
    message = await _sent(town, "abc", entities=[{**BOLD, "length": 99}, {**BOLD, "offset": -1}])
    assert "entities" not in message


@pytest.mark.parametrize(
    ("entity", "error"),
    [
        (1, "expected an Object"),
        ({"type": "bold", "length": 1}, 'Can\'t find field "offset"'),
        ({**BOLD, "offset": [0]}, 'Field "offset" must be a Number'),
        ({**BOLD, "type": "huge"}, "Unsupported type specified"),
        ({**BOLD, "type": "text_link"}, 'Can\'t find field "url"'),
        ({**BOLD, "type": "text_mention", "user": 7}, 'Field "user" must be of type Object'),
        ({**BOLD, "type": "date_time", "unix_time": "soon"}, 'Field "unix_time" must be a valid Number'),
        ({**BOLD, "type": "date_time", "unix_time": 1, "date_time_format": "x"}, "Invalid date-time format specified"),
    ],
)
async def test_broken_entities_are_refused(town: Town, entity: object, error: str) -> None:
    reply = await town.shop("sendMessage", chat_id=7002, text="abc", entities=[entity])
    assert reply.error == f"Bad Request: can't parse MessageEntity: {error}"


@pytest.mark.parametrize("entities", ["{", '"x"', [{"type": "mention", "offset": 0, "length": 3}]])
async def test_entities_that_are_no_list_or_found_by_telegram_itself_are_ignored(town: Town, entities: object) -> None:
    assert "entities" not in await _sent(town, "abc", entities=entities)


async def test_entity_places_may_be_texts(town: Town) -> None:
    message = await _sent(town, "abc", entities=[{"type": "bold", "offset": "0", "length": "3"}])
    assert message["entities"] == [{"type": "bold", "offset": 0, "length": 3}]


async def test_html_without_text_is_refused(town: Town) -> None:
    reply = await town.shop("sendMessage", chat_id=7002, text="<b></b>", parse_mode="HTML")
    assert reply.error == "Bad Request: text must be non-empty"


async def test_markdown_is_refused_plainly(town: Town) -> None:
    reply = await town.shop("sendMessage", chat_id=7002, text="*x*", parse_mode="MarkdownV2")
    assert reply.error == "Bad Request: unsupported parse_mode (the sandbox reads HTML only)"


async def test_caption_ends_at_1024(town: Town) -> None:
    photo = {"chat_id": 7002, "photo": "https://example.com/a.jpg"}
    assert (await town.shop("sendPhoto", **photo, caption="x" * 1024)).status == 200
    reply = await town.shop("sendPhoto", **photo, caption="x" * 1025)
    assert reply.error == "Bad Request: message caption is too long"


async def test_photo_flags_are_kept(town: Town) -> None:
    photo = {"chat_id": 7002, "photo": "https://example.com/a.jpg", "caption": "x"}
    sent = (await town.shop("sendPhoto", **photo, has_spoiler=True, show_caption_above_media=True)).result
    assert (sent["has_media_spoiler"], sent["show_caption_above_media"]) == (True, True)


async def test_reply_shows_its_message_and_needs_it(town: Town) -> None:
    first = await town.send("first")
    reply = await _sent(town, "re", reply_parameters={"message_id": first})
    assert reply["reply_to_message"]["text"] == "first"
    missing = await town.shop("sendMessage", chat_id=7002, text="re", reply_parameters={"message_id": 999})
    assert missing.error == "Bad Request: message to be replied not found"
    optional = {"message_id": 999, "allow_sending_without_reply": True}
    assert "reply_to_message" not in await _sent(town, "re", reply_parameters=optional)


async def test_unknown_attachment_is_refused(town: Town) -> None:
    reply = await town.shop("sendDocument", chat_id=7002, document="attach://nothing")
    assert reply.error == "Bad Request: wrong file identifier/HTTP URL specified"


async def test_bots_in_groups_receive_only_messages_for_them(town: Town) -> None:
    group = await town.client.add_chat("supergroup", "Group", town.olga.id)
    await town.client.set_member(group, 1001, "member")
    await town.shop.updates()
    for text in ("hello", "/help", "hey @shop_bot"):
        await town.olga.text(group, text)
    assert [update["message"]["text"] for update in await town.shop.updates()] == ["/help", "hey @shop_bot"]


async def test_forward_of_a_persons_message_names_the_person(town: Town) -> None:
    mine = (await town.alice.text("shop_bot", "mine"))["message"]["message_id"]
    place = {"chat_id": 7002, "from_chat_id": 7002, "message_id": mine}
    forward = (await town.shop("forwardMessage", **place)).result
    assert (forward["forward_origin"]["type"], forward["forward_origin"]["sender_user"]["id"]) == ("user", 7002)
    again = (await town.shop("forwardMessage", **{**place, "message_id": forward["message_id"]})).result
    assert again["forward_origin"] == forward["forward_origin"]


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (b"GIF89a" + struct.pack("<HH", 30, 20), (30, 20)),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + struct.pack(">HH", 20, 30), (30, 20)),
        (b"\xff\xd8\xff", None),
        (b"", None),
    ],
)
def test_picture_headers_are_read(content: bytes, size: tuple[int, int] | None) -> None:
    assert image_size(content) == size


async def test_contact_button_shares_the_persons_contact(town: Town) -> None:
    await town.send(reply_markup={"keyboard": [[{"text": "Share", "request_contact": True}]]})
    await town.alice.press("shop_bot", "Share")
    contact = (await town.shop.updates())[0]["message"]["contact"]
    assert (contact["user_id"], contact["first_name"]) == (7002, "Alice")


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("reply_parameters", "{", "can't parse reply parameters JSON object"),
        ("reply_parameters", [], "object expected as reply parameters"),
        ("reply_parameters", {"chat_id": 7002}, 'can\'t find field "message_id"'),
        ("reply_parameters", {"message_id": "first"}, 'field "message_id" must be a valid Number'),
        (
            "reply_parameters",
            {"message_id": 1, "allow_sending_without_reply": 1},
            'field "allow_sending_without_reply" must be of type Boolean',
        ),
        ("link_preview_options", "{", "can't parse link preview options JSON object"),
        ("link_preview_options", [], "object expected as link preview options"),
        ("link_preview_options", {"is_disabled": "yes"}, 'field "is_disabled" must be of type Boolean'),
    ],
)
async def test_wrong_objects_beside_a_text_are_refused(town: Town, name: str, value: object, error: str) -> None:
    reply = await town.shop("sendMessage", chat_id=7002, text="x", **{name: value})
    assert reply.error == f"Bad Request: {error}"


async def test_options_of_the_preview_are_kept_until_the_next_edit(town: Town) -> None:
    options = {"is_disabled": False, "url": "https://example.com", "show_above_text": True}
    sent = await _sent(town, "x", link_preview_options=options)
    assert sent["link_preview_options"] == {"url": "https://example.com", "show_above_text": True}
    edit = {"chat_id": 7002, "message_id": sent["message_id"], "text": "y"}
    assert "link_preview_options" not in (await town.shop("editMessageText", **edit)).result

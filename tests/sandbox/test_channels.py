"""What a bot does with the posts of a channel: edits, deletions, pins, silence, and their rights and ages."""

import pytest

from tests.sandbox.conftest import Json, Reply, Town

DAY_S = 24 * 3600
BUTTON = {"inline_keyboard": [[{"text": "Get it", "url": "https://t.me/shop_bot?start=p_1"}]]}
STUCK = "Bad Request: message can't be edited"


async def _post(town: Town, text: str = "Spring album", **more: object) -> int:
    reply = await town.shop("sendMessage", chat_id=town.storage, text=text, reply_markup=BUTTON, **more)
    return int(reply.result["message_id"])


async def _picture(town: Town, bot: str = "shop", **more: object) -> int:
    account = town.shop if bot == "shop" else town.other
    reply = await account("sendPhoto", chat_id=town.storage, photo="https://example.com/a.jpg", **more)
    return int(reply.result["message_id"])


async def _edit(town: Town, method: str, message_id: int, **more: object) -> Reply:
    return await town.shop(method, chat_id=town.storage, message_id=message_id, **more)


async def _only(town: Town, *rights: str) -> None:
    await town.client.set_member(town.storage, 1001, "administrator", **dict.fromkeys(rights, True))


async def test_own_posts_are_edited_at_any_age(town: Town) -> None:
    text, picture = await _post(town), await _picture(town, caption="old")
    await town.client.advance(400 * DAY_S)
    assert (await _edit(town, "editMessageText", text, text="new", reply_markup=BUTTON)).result["text"] == "new"
    assert (await _edit(town, "editMessageCaption", picture, caption="new")).result["caption"] == "new"
    emptied = (await _edit(town, "editMessageReplyMarkup", text)).result
    assert "reply_markup" not in emptied


@pytest.mark.parametrize("right", ["can_post_messages", "can_edit_messages"])
async def test_own_posts_need_the_right_to_post_or_to_edit(town: Town, right: str) -> None:
    message_id = await _post(town)
    await _only(town, right)
    assert (await _edit(town, "editMessageText", message_id, text="new")).status == 200
    await _only(town, "can_delete_messages")
    assert (await _edit(town, "editMessageText", message_id, text="again")).error == STUCK


async def test_posts_of_others_need_the_right_to_edit_at_any_age(town: Town) -> None:
    message_id = await _picture(town, "other", caption="old")
    await town.client.advance(30 * DAY_S)
    await _only(town, "can_edit_messages")
    assert (await _edit(town, "editMessageCaption", message_id, caption="new")).status == 200
    await _only(town, "can_post_messages", "can_delete_messages")
    assert (await _edit(town, "editMessageCaption", message_id, caption="again")).error == STUCK


async def test_a_bot_without_the_channel_edits_nothing(town: Town) -> None:
    message_id = await _post(town)
    await town.client.set_member(town.storage, 1001, "left")
    reply = await _edit(town, "editMessageText", message_id, text="new")
    assert reply.error == "Forbidden: bot is not a member of the channel chat"


async def test_the_right_is_checked_before_the_kind_of_content(town: Town) -> None:
    message_id = await _picture(town, "other")
    await _only(town, "can_post_messages")
    assert (await _edit(town, "editMessageText", message_id, text="new")).error == STUCK


async def test_nothing_is_deleted_after_48_hours_whatever_the_rights(town: Town) -> None:
    own, foreign = await _post(town), await town.post()
    await town.client.advance(2 * DAY_S - 60)
    assert (await town.shop("deleteMessage", chat_id=town.storage, message_id=foreign)).result is True
    await town.client.advance(60)
    reply = await town.shop("deleteMessage", chat_id=town.storage, message_id=own)
    assert reply.error == "Bad Request: message can't be deleted"


async def test_one_old_post_keeps_a_batch_from_being_deleted(town: Town) -> None:
    old = await _post(town)
    await town.client.advance(2 * DAY_S)
    new = await _post(town)
    reply = await town.shop("deleteMessages", chat_id=town.storage, message_ids=[old, new, 900])
    assert reply.error == "Bad Request: message can't be deleted"
    assert (await town.shop("deleteMessages", chat_id=town.storage, message_ids=[new, 900])).result is True


# ---------------------------------------------------------------------------------------------------------------- media


def _media(kind: str = "photo", **more: object) -> Json:
    return {"type": kind, "media": f"https://example.com/new-{kind}", **more}


async def test_the_picture_of_a_post_is_replaced_with_its_caption_and_button(town: Town) -> None:
    message_id = await _picture(town, caption="old")
    media = _media("video", caption="<b>new</b>", parse_mode="HTML", show_caption_above_media=True)
    done = (await _edit(town, "editMessageMedia", message_id, media=media, reply_markup=BUTTON)).result
    assert (done["caption"], done["caption_entities"][0]["type"], "video" in done) == ("new", "bold", True)
    assert (done["show_caption_above_media"], "photo" in done) == (True, False)
    assert await town.other.kinds() == ["channel_post", "edited_channel_post"]


async def test_a_text_becomes_a_picture(town: Town) -> None:
    message_id = await _post(town)
    done = (await _edit(town, "editMessageMedia", message_id, media=_media(caption="c"))).result
    assert ("text" in done, done["caption"], "photo" in done) == (False, "c", True)


async def test_a_poll_does_not_become_a_picture(town: Town) -> None:
    message_id = await town.post(kind="poll")
    reply = await _edit(town, "editMessageMedia", message_id, media=_media())
    assert reply.error == "Bad Request: message media can't be edited"


async def test_the_same_picture_is_not_modified(town: Town) -> None:
    sent = await town.shop("sendPhoto", chat_id=town.storage, photo="https://example.com/a.jpg", caption="c")
    same = {"type": "photo", "media": sent.result["photo"][-1]["file_id"], "caption": "c"}
    reply = await _edit(town, "editMessageMedia", sent.result["message_id"], media=same)
    assert reply.error.startswith("Bad Request: message is not modified")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("document", "Bad Request: can't change media type in the album"),
        ("animation", "Bad Request: message content type can't be used in an album"),
        ("video", None),
    ],
)
async def test_items_of_an_album_keep_their_kind(town: Town, kind: str, error: str | None) -> None:
    album = (await town.shop("sendMediaGroup", chat_id=town.storage, media=[_media(), _media()])).result
    reply = await _edit(town, "editMessageMedia", album[0]["message_id"], media=_media(kind))
    assert (None if reply.status == 200 else reply.error) == error


@pytest.mark.parametrize(
    ("media", "error"),
    [
        ("", 'parameter "media" is required'),
        ("{", "can't parse input media JSON object"),
        ([], "can't parse InputMedia: expected an Object"),
        ({"media": "https://a.com/b"}, "can't parse InputMedia: Can't find field \"type\""),
        ({"type": "photo"}, "can't parse InputMedia: media not found"),
        (_media("sticker"), 'can\'t parse InputMedia: type "sticker" is unsupported'),
        (_media(has_spoiler="yes"), 'can\'t parse InputMedia: Field "has_spoiler" must be of type Boolean'),
        (_media(caption="x" * 1025), "message caption is too long"),
        (
            _media(caption="<b>", parse_mode="HTML"),
            "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
    ],
)
async def test_wrong_media_is_refused(town: Town, media: object, error: str) -> None:
    message_id = await _picture(town)
    assert (await _edit(town, "editMessageMedia", message_id, media=media)).error == f"Bad Request: {error}"


@pytest.mark.parametrize("method", ["editMessageText", "editMessageMedia", "editMessageReplyMarkup", "pinChatMessage"])
async def test_an_id_of_zero_is_a_message_that_is_not_there(town: Town, method: str) -> None:
    reply = await _edit(town, method, 0, text="new", media=_media())
    assert reply.error == f"Bad Request: message to {'pin' if method.startswith('pin') else 'edit'} not found"


# -------------------------------------------------------------------------------------------------------- pins, silence


@pytest.mark.parametrize("right", ["can_post_messages", "can_pin_messages", "can_delete_messages"])
async def test_pinning_a_post_needs_the_right_to_edit(town: Town, right: str) -> None:
    message_id = await _post(town)
    await _only(town, right)
    refused = await _edit(town, "pinChatMessage", message_id)
    assert refused.error == "Bad Request: not enough rights to manage pinned messages in the chat"
    await _only(town, "can_edit_messages")
    assert (await _edit(town, "pinChatMessage", message_id)).result is True
    assert (await town.shop("getChat", chat_id=town.storage)).result["pinned_message"]["message_id"] == message_id


async def test_a_pin_is_a_post_that_the_bot_itself_receives(town: Town) -> None:
    message_id = await _post(town)
    await _edit(town, "pinChatMessage", message_id, disable_notification=True)
    update = (await town.shop.updates())[0]["channel_post"]
    assert update["pinned_message"]["message_id"] == message_id
    shown = (await town.client.chat_messages(town.storage))[-1]
    assert (shown["message_id"], shown["silent"]) == (update["message_id"], True)
    deleted = await town.shop("deleteMessage", chat_id=town.storage, message_id=update["message_id"])
    assert deleted.result is True


async def test_silent_posts_are_marked_for_the_page_only(town: Town) -> None:
    sent = await town.shop("sendMessage", chat_id=town.storage, text="x", disable_notification=True)
    copy = {"chat_id": town.storage, "from_chat_id": town.storage, "message_id": sent.result["message_id"]}
    await town.shop("copyMessage", **copy, disable_notification=True)
    await town.shop("copyMessage", **copy)
    shown = await town.client.chat_messages(town.storage)
    assert [message["silent"] for message in shown[-3:]] == [True, True, False]
    assert "silent" not in sent.result


async def test_the_limit_of_a_channel_is_set_apart(town: Town) -> None:
    await town.client.configure(flood_group_per_min=2)
    for _ in range(3):
        await _post(town)
    await town.client.configure(flood_channel_per_min=2)
    for _ in range(2):
        await _post(town)
    reply = await town.shop("sendMessage", chat_id=town.storage, text="x")
    assert (reply.status, reply.body["parameters"]["retry_after"]) == (429, 60)

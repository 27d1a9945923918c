"""Row 16 and pins."""

from tests.sandbox.conftest import Json, Reply, Town

KEYBOARD = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


async def _edit(town: Town, message_id: int, text: str = "new", **more: object) -> Reply:
    return await town.shop("editMessageText", chat_id=town.alice.id, message_id=message_id, text=text, **more)


async def _last(town: Town) -> Json:
    found: Json = (await town.alice.transcript("shop_bot"))["messages"][-1]
    return found


async def test_edit_changes_text_and_counts(town: Town) -> None:
    result = (await _edit(town, await town.send())).result
    assert (result["text"], "edit_date" in result) == ("new", True)
    assert (await _last(town))["edits"] == 1


async def test_same_content_is_not_modified(town: Town) -> None:
    message_id = await town.send("<b>same</b>", parse_mode="HTML", reply_markup=KEYBOARD)
    same = await _edit(town, message_id, "<b>same</b>", parse_mode="HTML", reply_markup=KEYBOARD)
    assert same.error == NOT_MODIFIED
    plain = await _edit(town, message_id, "same", reply_markup=KEYBOARD)
    assert plain.status == 200


async def test_omitted_keyboard_is_removed(town: Town) -> None:
    message_id = await town.send("same", reply_markup=KEYBOARD)
    assert "reply_markup" not in (await _edit(town, message_id, "same")).result


async def test_only_the_keyboard_can_be_edited(town: Town) -> None:
    message_id = await town.send("same", reply_markup=KEYBOARD)
    reply = await town.shop("editMessageReplyMarkup", chat_id=town.alice.id, message_id=message_id)
    assert "reply_markup" not in reply.result
    again = await town.shop("editMessageReplyMarkup", chat_id=town.alice.id, message_id=message_id)
    assert again.error == NOT_MODIFIED


async def test_reply_keyboard_messages_are_not_editable(town: Town) -> None:
    for markup in ({"keyboard": [["A"]]}, {"remove_keyboard": True}, {"force_reply": True}):
        message_id = await town.send("menu", reply_markup=markup)
        assert (await _edit(town, message_id)).error == "Bad Request: message can't be edited"


async def test_reply_markup_of_an_edit_must_be_inline(town: Town) -> None:
    message_id = await town.send()
    reply = await _edit(town, message_id, reply_markup={"keyboard": [["A"]]})
    assert reply.error == "Bad Request: inline keyboard expected"


async def test_forwards_and_others_messages_are_not_editable(town: Town) -> None:
    source = await town.post()
    forward = await town.shop("forwardMessage", chat_id=7002, from_chat_id=town.storage, message_id=source)
    foreign = (await town.alice.text("shop_bot", "mine"))["message"]["message_id"]
    for message_id in (forward.result["message_id"], foreign):
        assert (await _edit(town, message_id)).error == "Bad Request: message can't be edited"


async def test_editing_text_of_media_and_caption_of_text_is_refused(town: Town) -> None:
    photo = await town.shop("sendPhoto", chat_id=7002, photo="https://example.com/a.jpg", caption="old")
    text = await town.send()
    refused = await _edit(town, photo.result["message_id"])
    assert refused.error == "Bad Request: there is no text in the message to edit"
    reply = await town.shop("editMessageCaption", chat_id=7002, message_id=text, caption="new")
    assert reply.error == "Bad Request: there is no caption in the message to edit"
    done = await town.shop(
        "editMessageCaption",
        chat_id=7002,
        message_id=photo.result["message_id"],
        caption="<i>new</i>",
        parse_mode="HTML",
    )
    assert done.result["caption_entities"] == [{"offset": 0, "length": 3, "type": "italic"}]


async def test_own_messages_stay_editable_without_a_time_limit(town: Town) -> None:
    message_id = await town.send()
    await town.client.advance(30 * 24 * 3600)
    assert (await _edit(town, message_id)).status == 200


async def test_channel_posts_of_others_need_the_right(town: Town) -> None:
    message_id = await town.post()
    edit = {"chat_id": town.storage, "message_id": message_id, "text": "new"}
    assert (await town.shop("editMessageText", **edit)).result["text"] == "new"
    await town.client.set_member(town.storage, 1001, "administrator", can_post_messages=True)
    reply = await town.shop("editMessageText", **edit)
    assert reply.error == "Bad Request: message can't be edited"


async def test_channel_edits_reach_the_other_bots(town: Town) -> None:
    sent = await town.shop("sendMessage", chat_id=town.storage, text="x")
    message_id = sent.result["message_id"]
    await town.shop("editMessageText", chat_id=town.storage, message_id=message_id, text="y")
    assert await town.other.kinds() == ["channel_post", "edited_channel_post"]
    assert await town.shop.kinds() == []


async def test_pinning_leaves_a_service_message_the_bot_receives(town: Town) -> None:
    message_id = await town.send("important")
    assert (await town.shop("pinChatMessage", chat_id=7002, message_id=message_id)).result is True
    service = (await town.shop.updates())[0]["message"]
    assert service["pinned_message"]["text"] == "important"
    assert (await town.shop("getChat", chat_id=7002)).result["pinned_message"]["message_id"] == message_id
    refused = await town.shop("pinChatMessage", chat_id=7002, message_id=service["message_id"])
    assert refused.error == "Bad Request: service messages can't be pinned"
    assert (await town.shop("unpinChatMessage", chat_id=7002)).result is True
    assert (await town.shop("unpinChatMessage", chat_id=7002)).error == "Bad Request: message to unpin not found"


async def test_pinning_in_a_channel_needs_the_right(town: Town) -> None:
    message_id = await town.post()
    await town.client.set_member(town.storage, 1001, "administrator", can_post_messages=True)
    reply = await town.shop("pinChatMessage", chat_id=town.storage, message_id=message_id)
    assert reply.error == "Bad Request: not enough rights to manage pinned messages in the chat"

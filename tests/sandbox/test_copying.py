"""Rows 13 and 15: copies, forwards, albums, order of checks."""

import pytest

from tests.sandbox.conftest import Json, Reply, Town


async def _copy(town: Town, ids: list[int], **more: object) -> list[int]:
    reply = await town.shop("copyMessages", chat_id=town.alice.id, from_chat_id=town.storage, message_ids=ids, **more)
    return [item["message_id"] for item in reply.result]


async def _shown(town: Town) -> list[Json]:
    found = (await town.alice.transcript("shop_bot"))["messages"]
    return [message for message in found if message["outgoing"]]


async def test_missing_sources_shorten_the_answer(town: Town) -> None:
    first, second = await town.post("one"), await town.post("two")
    copies = await _copy(town, [first, second, 900, 901])
    assert len(copies) == 2
    assert [message["text"] for message in await _shown(town)] == ["one", "two"]
    assert [message["message_id"] for message in await _shown(town)] == copies


async def test_deleted_sources_are_skipped(town: Town) -> None:
    first, second = await town.post("one"), await town.post("two")
    await town.client.delete_message(town.storage, first)
    assert len(await _copy(town, [first, second])) == 1


@pytest.mark.parametrize(
    ("ids", "error"),
    [
        ([900, 901], "there are no messages to forward"),
        ([3, 2], "message identifiers must be in a strictly increasing order"),
        ([2, 2], "message identifiers must be in a strictly increasing order"),
        ([1], "messages can't be forwarded"),
        (list(range(1, 102)), "too many message identifiers specified"),
        ([], "message identifiers are not specified"),
    ],
)
async def test_wrong_id_lists_are_refused(town: Town, ids: list[int], error: str) -> None:
    await town.post("one")
    reply = await town.shop("copyMessages", chat_id=town.alice.id, from_chat_id=town.storage, message_ids=ids)
    assert reply.error == f"Bad Request: {error}"


@pytest.mark.parametrize("kind", ["invoice", "quiz", "paid_media"])
async def test_uncopyable_kinds_are_skipped_or_refused(town: Town, kind: str) -> None:
    stuck = await town.post(kind=kind)
    text = await town.post("text")
    assert len(await _copy(town, [stuck, text])) == 1
    single = await town.shop("copyMessage", chat_id=town.alice.id, from_chat_id=town.storage, message_id=stuck)
    assert single.error == "Bad Request: the message can't be copied"


async def test_album_stays_one_under_a_new_id(town: Town) -> None:
    done = await town.olga.album(town.storage, [{"kind": "photo", "caption": "two pictures"}, {"kind": "video"}])
    source = done["messages"]
    await _copy(town, [message["message_id"] for message in source])
    copies = await _shown(town)
    groups = {message["media_group_id"] for message in copies}
    assert len(groups) == 1
    assert groups.isdisjoint({source[0]["media_group_id"]})
    assert copies[0]["caption"] == "two pictures"


async def test_single_part_of_an_album_is_no_album(town: Town) -> None:
    done = await town.olga.album(town.storage, [{"kind": "photo"}, {"kind": "photo"}])
    await _copy(town, [done["messages"][0]["message_id"]])
    assert "media_group_id" not in (await _shown(town))[0]


async def test_documents_merge_into_an_album(town: Town) -> None:
    ids = [await town.post(kind="document") for _ in range(3)]
    await _copy(town, ids)
    assert len({message["media_group_id"] for message in await _shown(town)}) == 1


async def test_documents_with_other_kinds_do_not_merge(town: Town) -> None:
    ids = [await town.post(kind="document"), await town.post(kind="document"), await town.post("text")]
    await _copy(town, ids)
    assert not any("media_group_id" in message for message in await _shown(town))


async def test_remove_caption_keeps_texts(town: Town) -> None:
    ids = [await town.post(kind="photo", caption="gone"), await town.post("stays")]
    await _copy(town, ids, remove_caption=True)
    photo, text = await _shown(town)
    assert ("caption" in photo, text["text"]) == (False, "stays")


async def test_protected_copy_is_marked_as_protected(town: Town) -> None:
    await _copy(town, [await town.post()], protect_content=True)
    assert (await _shown(town))[0]["has_protected_content"] is True


async def test_copy_has_no_origin_and_forward_has_one(town: Town) -> None:
    source = await town.post("post")
    await _copy(town, [source])
    forwarded = await town.shop("forwardMessage", chat_id=town.alice.id, from_chat_id=town.storage, message_id=source)
    assert forwarded.result["forward_origin"]["message_id"] == source
    assert "forward_origin" not in (await _shown(town))[0]


async def test_protected_content_is_copied_but_not_forwarded(town: Town) -> None:
    sent = await town.shop("sendMessage", chat_id=town.storage, text="x", protect_content=True)
    place = {"chat_id": town.alice.id, "from_chat_id": town.storage}
    source = sent.result["message_id"]
    refused = await town.shop("forwardMessage", **place, message_id=source)
    assert refused.error == "Bad Request: message has protected content and can't be forwarded"
    assert (await town.shop("forwardMessages", **place, message_ids=[source])).error == (
        "Bad Request: messages can't be forwarded"
    )
    assert (await town.shop("copyMessage", **place, message_id=source)).status == 200
    await town.client.configure(copy_protected=False)
    assert (await town.shop("copyMessage", **place, message_id=source)).error == "Bad Request: CHAT_FORWARDS_RESTRICTED"


async def test_copies_keep_keyboards_with_only_url_buttons(town: Town) -> None:
    url, data = {"text": "A", "url": "https://example.com/"}, {"text": "B", "callback_data": "b"}
    for row in ([url], [url, data]):
        await town.shop("sendMessage", chat_id=town.storage, text="x", reply_markup={"inline_keyboard": [row]})
    await _copy(town, [2, 3])
    plain, mixed = await _shown(town)
    assert plain["reply_markup"] == {"inline_keyboard": [[url]]}
    assert "reply_markup" not in mixed


async def test_copy_message_takes_caption_and_keyboard(town: Town) -> None:
    source = await town.post(kind="photo", caption="old")
    markup = {"inline_keyboard": [[{"text": "B", "callback_data": "b"}]]}
    await town.shop(
        "copyMessage",
        chat_id=town.alice.id,
        from_chat_id=town.storage,
        message_id=source,
        caption="<b>new</b>",
        parse_mode="HTML",
        reply_markup=markup,
    )
    copy = (await _shown(town))[0]
    assert (copy["caption"], copy["html"], copy["reply_markup"]) == ("new", "<b>new</b>", markup)


async def _copied(town: Town, source: int, **more: object) -> Reply:
    return await town.shop("copyMessage", chat_id=7002, from_chat_id=town.storage, message_id=source, **more)


async def test_a_copy_keeps_caption_and_its_place_unless_told(town: Town) -> None:
    above = {"caption": "old", "show_caption_above_media": True}
    sent = await town.shop("sendPhoto", chat_id=town.storage, photo="https://example.com/a.jpg", **above)
    source = sent.result["message_id"]
    for more in ({}, {"show_caption_above_media": False}, {"caption": "new"}, {"caption": ""}):
        await _copied(town, source, **more)
    shown = [(m.get("caption"), m.get("show_caption_above_media", False)) for m in await _shown(town)]
    assert shown == [("old", True), ("old", True), ("new", False), (None, False)]


async def test_a_new_caption_can_stand_above(town: Town) -> None:
    await _copied(town, await town.post(kind="photo"), caption="new", show_caption_above_media=True)
    await _copied(town, await town.post(kind="document"), caption="new", show_caption_above_media=True)
    photo, document = await _shown(town)
    assert (photo["show_caption_above_media"], "show_caption_above_media" in document) == (True, False)


@pytest.mark.parametrize("kind", [None, "sticker", "video_note", "poll", "location"])
async def test_kinds_without_captions_ignore_one(town: Town, kind: str | None) -> None:
    source = await town.post("text", kind=kind)
    assert (await _copied(town, source, caption="new")).status == 200
    assert "caption" not in (await _shown(town))[0]


async def test_caption_entities_are_used_without_a_parse_mode(town: Town) -> None:
    source = await town.post(kind="video")
    bold = [{"type": "bold", "offset": 0, "length": 3}]
    await _copied(town, source, caption="new", caption_entities=bold)
    await _copied(town, source, caption="<i>new</i>", parse_mode="HTML", caption_entities=bold)
    assert [message["html"] for message in await _shown(town)] == ["<b>new</b>", "<i>new</i>"]


async def test_a_caption_has_1024_characters_after_parsing(town: Town) -> None:
    source = await town.post(kind="photo")
    whole = f"<b>{'x' * 1024}</b>"
    assert (await _copied(town, source, caption=whole, parse_mode="HTML")).status == 200
    reply = await _copied(town, source, caption=whole + "y", parse_mode="HTML")
    assert reply.error == "Bad Request: message caption is too long"
    assert len(await _shown(town)) == 1


async def test_order_of_checks_is_parsing_source_keyboard_target_length(town: Town) -> None:
    source = await town.post(kind="photo")
    await town.alice.block("shop_bot")
    bad: Json = {"caption": "<b>", "parse_mode": "HTML", "reply_markup": {"keyboard": "A"}}
    parsing = await _copied(town, 900, **bad)
    assert parsing.error.startswith("Bad Request: can't parse entities")
    bad["caption"] = "x" * 1025
    assert (await _copied(town, 900, **bad)).error == "Bad Request: message to copy not found"
    assert (await _copied(town, 0, **bad)).error == "Bad Request: message to copy not found"
    assert (await _copied(town, source, **bad)).error == 'Bad Request: field "keyboard" must be of type Array'
    del bad["reply_markup"]
    assert (await _copied(town, source, **bad)).error == "Forbidden: bot was blocked by the user"
    await town.alice.unblock("shop_bot")
    assert (await _copied(town, source, **bad)).error == "Bad Request: message caption is too long"
    assert await _shown(town) == []


async def test_copies_keep_styles_of_url_buttons(town: Town) -> None:
    row = [{"text": "A", "url": "https://example.com/", "style": "primary"}]
    sent = await town.shop("sendMessage", chat_id=town.storage, text="x", reply_markup={"inline_keyboard": [row]})
    await _copied(town, sent.result["message_id"])
    assert (await _shown(town))[0]["reply_markup"]["inline_keyboard"] == [row]


async def test_copy_message_checks_the_source_first(town: Town) -> None:
    await town.alice.block("shop_bot")
    reply = await town.shop("copyMessage", chat_id=town.alice.id, from_chat_id=town.storage, message_id=900)
    assert reply.error == "Bad Request: message to copy not found"


async def test_copy_messages_checks_the_target_first(town: Town) -> None:
    await town.alice.block("shop_bot")
    reply = await town.shop("copyMessages", chat_id=town.alice.id, from_chat_id=town.storage, message_ids=[900])
    assert reply.error == "Forbidden: bot was blocked by the user"


async def test_public_channel_without_the_bot_has_no_messages(town: Town) -> None:
    news = await town.client.add_chat("channel", "News", town.olga.id, username="news")
    await town.olga.text(news, "post")
    reply = await town.shop("copyMessage", chat_id=town.alice.id, from_chat_id="@news", message_id=2)
    assert reply.error == "Bad Request: message to copy not found"


async def test_left_private_channel_is_forbidden(town: Town) -> None:
    await town.post()
    await town.client.set_member(town.storage, 1001, "left")
    reply = await town.shop("copyMessages", chat_id=town.alice.id, from_chat_id=town.storage, message_ids=[2])
    assert reply.error == "Forbidden: bot is not a member of the channel chat"


async def test_zero_ids_hide_what_was_sent(town: Town) -> None:
    await town.client.fault("zero_ids")
    assert await _copy(town, [await town.post()]) == [0]
    assert len(await _shown(town)) == 1

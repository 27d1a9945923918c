"""The messages of a post: added, taken out, replaced, brought back; its cover; what becomes of its announcements."""

from datetime import timedelta
from typing import Any

import pytest
from aiogram.methods import CopyMessages, DeleteMessages

from core.announcements import AnnouncementState
from core.posts import Cover, CoverKind, PostField
from database.operations import announcement_ops, audit_ops
from database.operations.posts import post_ops
from tests.bots.admin_bot.conftest import OWNER, STORAGE, AdminBot
from tests.bots.admin_bot.posts.posts import PHOTO, is_one_edit, open_card, publish, stored
from tests.bots.admin_bot.telegram import bad_request
from views.posts import contents as views
from views.posts.content_texts import last_one
from views.posts.questions import cover_expected

FILE: dict[str, Any] = {"file_id": "f", "file_unique_id": "f"}


async def test_the_content_is_counted_by_kind(admin: AdminBot) -> None:
    await open_card(admin)
    await admin.press("Content")
    assert admin.last_text.splitlines()[1] == "2 messages: Photo × 1, File × 1"
    assert admin.buttons() == ["Add", "Replace all", "Take one out ›", "‹ Post 1", "Menu"]


async def test_messages_are_added_at_the_end_under_the_same_link(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Content")
    await admin.press("Add")
    assert "More messages for post 1" in admin.last_text
    await admin.send(message_id=301, **PHOTO)
    await admin.press("Done")
    after = await stored(post)
    assert after.message_ids[:2] == post.message_ids and after.item_count == 3 and after.code == post.code
    assert "Post 1 has 1 message more: \u2068Rome\u2069, 3 messages." in admin.last_text
    await admin.press("Undo")
    assert (await stored(post)).message_ids == post.message_ids


async def test_add_messages_below_a_new_post_goes_on_with_it(admin: AdminBot) -> None:
    await admin.say("first")
    post = await admin.only_post()
    await admin.press("Add messages")
    await admin.say("second")
    await admin.press("Done")
    assert (await admin.only_post()).item_count == 2 and (await stored(post)).code == post.code


async def test_more_than_a_hundred_messages_do_not_fit_and_the_batch_stays_open(admin: AdminBot) -> None:
    await admin.say("/batch")
    for message_id in range(1000, 1100):
        await admin.send(message_id=message_id, **PHOTO)
    await admin.press("Done")
    await admin.press("Add messages")
    await admin.send(message_id=2000, **PHOTO)
    await admin.press("Done")
    assert "100 messages is the most a post can hold" in admin.last_text
    assert admin.buttons() == ["Done", "Cancel"]
    assert (await admin.only_post()).item_count == 100


async def test_one_message_is_taken_out_by_its_name_and_brought_back(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Content")
    await admin.press("Take one out")
    assert admin.buttons() == ["1 · Photo · sunset", "2 · File · all.zip", "‹ Content", "Menu"]
    before = len(admin.world.calls)
    await admin.press("2 · File")
    assert is_one_edit(admin, before)
    assert (await stored(post)).message_ids == (10,) and admin.last_text.startswith(views.taken_out())
    assert admin.world.of(DeleteMessages) == []  # what can be brought back is kept
    await admin.press("Undo")
    assert (await stored(post)).message_ids == (10, 11) and admin.last_text.startswith(views.brought_back())


async def test_a_message_taken_out_twice_takes_no_other_with_it(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.callback(f"ax:{post.code}:0::l:11")
    await admin.callback(f"ax:{post.code}:0::l:11")
    assert (await stored(post)).message_ids == (10,)
    await admin.callback(f"ax:{post.code}:0::l:10")
    assert admin.toasts[-1] == last_one() and (await stored(post)).message_ids == (10,)


async def test_ten_minutes_later_nothing_is_brought_back(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.callback(f"ax:{post.code}:0::l:11")
    admin.clock.move(timedelta(minutes=10))
    await admin.callback(f"ap:{post.code}:0::l:cont")
    assert "Undo" not in admin.buttons()
    await admin.callback(f"ap:{post.code}:0::l:undoc")
    assert (await stored(post)).message_ids == (10,) and "too late" in str(admin.toasts[-1])


async def test_replace_all_swaps_the_messages_and_keeps_the_link(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Content")
    await admin.press("Replace all")
    for message_id in (302, 301):
        await admin.send(message_id=message_id, media_group_id="g", **PHOTO)
    await admin.press("Done")
    after = await stored(post)
    assert (after.code, after.number, after.title) == (post.code, post.number, post.title)
    assert after.item_count == 2 and after.message_ids != post.message_ids
    assert admin.copies[-1].message_ids == [301, 302]
    assert "Post 1 has new content" in admin.last_text
    await admin.press("Undo")
    assert (await stored(post)).message_ids == post.message_ids


async def test_a_post_deleted_while_its_content_was_collected_leaves_no_copies(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.callback(f"ap:{post.code}:0::l:items")
    await admin.say("new")
    await admin.database.collection("posts").delete_one({"code": post.code})
    await admin.press("Done")
    assert admin.last_text.startswith("This post is gone.")
    (dropped,) = admin.world.of(DeleteMessages)
    assert dropped.chat_id == STORAGE and len(dropped.message_ids) == 1


async def test_two_people_who_change_the_messages_lose_nothing(admin: AdminBot) -> None:
    """Bob adds a message while Olive replaces all of them: hers are made on top of what is there now."""
    post = await open_card(admin)
    await admin.callback(f"ap:{post.code}:0::l:items")
    await admin.say("hers")
    await admin.data["post_maker"].append(7003, post, 7003, [900])
    await admin.press("Done")
    assert (await stored(post)).item_count == 1
    await admin.press("Undo")
    assert (await stored(post)).item_count == 3


# --- the cover


async def test_a_cover_is_chosen_among_four(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Cover")
    assert admin.buttons() == ["From the post", "Send one", "Default ✓", "None", "‹ Post 1", "Menu"]
    await admin.press("From the post")
    assert (await stored(post)).cover == Cover(kind=CoverKind.POST, chat_id=STORAGE, message_id=10)
    assert "From the post ✓" in admin.buttons()
    await admin.press("None")
    assert (await stored(post)).cover == Cover(kind=CoverKind.NONE)
    await admin.press("Undo")
    assert (await stored(post)).cover == Cover(kind=CoverKind.POST, chat_id=STORAGE, message_id=10)
    await admin.press("Default")
    assert (await stored(post)).cover is None
    assert [entry.action for entry in await audit_ops.last(4)] == ["post.cover_set"] * 4


async def test_a_photo_sent_becomes_the_cover_and_is_kept_in_storage(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Cover")
    await admin.press("Send one")
    assert admin.last_text == views.cover_question()
    await admin.send(message_id=400, **PHOTO)
    (copy,) = admin.copies
    assert (copy.chat_id, copy.from_chat_id, copy.message_ids) == (STORAGE, OWNER.id, [400])
    cover = (await stored(post)).cover
    assert cover is not None and (cover.kind, cover.chat_id) == (CoverKind.OWN, STORAGE)
    assert "Send one ✓" in admin.buttons() and len(await admin.posts()) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"document": {**FILE, "file_name": "film.mkv", "file_size": 2_147_483_648}},
        {"video": {**FILE, "width": 1, "height": 1, "duration": 1}},
        {"sticker": {**FILE, "type": "regular", "width": 1, "height": 1, "is_animated": False, "is_video": False}},
        {"text": "a text"},
        {**PHOTO, "media_group_id": "g"},
        {"game": {"title": "T", "description": "D", **PHOTO}},
    ],
    ids=["2 GB document", "video", "sticker", "text", "album", "game"],
)
async def test_what_is_no_photo_is_no_cover_and_the_question_stays(admin: AdminBot, wrong: dict[str, Any]) -> None:
    post = await open_card(admin)
    await admin.callback(f"ap:{post.code}:0::l:ownc")
    await admin.send(**wrong)
    assert admin.last_text == cover_expected() and admin.copies == []
    await admin.send(**PHOTO)
    assert (await stored(post)).cover is not None and len(await admin.posts()) == 1


async def test_the_rest_of_an_album_sent_as_a_cover_is_neither_answer_nor_post(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.callback(f"ap:{post.code}:0::l:ownc")
    for _ in range(3):
        await admin.send(**PHOTO, media_group_id="g")
    await admin.time.move(5)
    assert admin.texts.count(cover_expected()) == 1 and len(await admin.posts()) == 1
    assert (await stored(post)).cover is None


async def test_a_cover_that_cannot_be_stored_says_why(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.callback(f"ap:{post.code}:0::l:ownc")
    admin.world.fail(CopyMessages, bad_request("message has protected content and can't be forwarded"))
    await admin.send(**PHOTO)
    assert "could not store this" in admin.last_text
    await admin.send(**PHOTO)
    assert (await stored(post)).cover is not None


async def test_a_post_without_a_picture_has_no_cover_of_its_own(admin: AdminBot) -> None:
    await admin.say("text alone")
    post = await admin.only_post()
    await admin.callback(f"ap:{post.code}:0::l:cover")
    await admin.press("From the post")
    assert admin.toasts[-1] == views.no_picture() and (await stored(post)).cover is None


# --- announcements


@pytest.mark.parametrize("field", ["title", "text", "label", "cover"])
async def test_a_change_that_announcements_show_asks_about_them(admin: AdminBot, field: str) -> None:
    post = await open_card(admin)
    await publish(admin, post, "Olive's Garden")
    await publish(admin, post, "The Greenhouse")
    acts = {"title": "name", "text": "text", "label": "label", "cover": "ownc"}
    await admin.callback(f"ap:{post.code}:0::l:{acts[field]}")
    await (admin.send(**PHOTO) if field == "cover" else admin.say("Paris"))
    assert admin.last_text.endswith("\nChange 2 announcements too?")
    assert admin.buttons() == ["Change", "Leave", "Undo", "‹ Post 1", "Menu"]
    await admin.press("Change")
    assert admin.last_text.startswith("2 announcements are being changed.")
    rows = await announcement_ops.find_of_post(post.code, [AnnouncementState.PUBLISHED])
    assert [one.edit for one in rows] == ["content", "content"]
    if field in {"title", "text"}:
        assert all("Paris" in one.text for one in rows)
    if field == "label":
        assert [one.label for one in rows] == ["Paris", "Paris"]
    if field == "cover":
        assert all(one.cover is not None and one.cover.chat_id == STORAGE for one in rows)


async def test_announcements_that_are_left_stay_as_they_are(admin: AdminBot) -> None:
    post = await open_card(admin)
    await publish(admin, post, "Olive's Garden")
    await admin.callback(f"ap:{post.code}:0::l:name")
    await admin.say("Paris")
    assert admin.last_text.endswith("\nChange 1 announcement too?")
    await admin.press("Leave")
    assert "<b>Post 1</b> · \u2068Paris\u2069" in admin.last_text
    (row,) = await announcement_ops.find_of_post(post.code)
    assert row.edit is None


@pytest.mark.parametrize("field", [PostField.PROTECT, PostField.PASSWORD])
async def test_a_change_that_announcements_do_not_show_asks_nothing(admin: AdminBot, field: PostField) -> None:
    post = await open_card(admin)
    await publish(admin, post, "Olive's Garden")
    await admin.callback(f"ap:{post.code}:0::l:{'save' if field is PostField.PROTECT else 'pass'}")
    await (admin.press("On") if field is PostField.PROTECT else admin.say("tulip7"))
    assert "too?" not in admin.last_text and "Undo" in admin.buttons()


async def test_an_undone_title_asks_about_the_announcements_again(admin: AdminBot) -> None:
    post = await open_card(admin)
    await publish(admin, post, "Olive's Garden")
    await admin.callback(f"ap:{post.code}:0::l:name")
    await admin.say("Paris")
    await admin.press("Undo")
    assert (await stored(post)).title == "Rome" and admin.last_text.endswith("Change 1 announcement too?")
    assert await post_ops.find(post.code) is not None

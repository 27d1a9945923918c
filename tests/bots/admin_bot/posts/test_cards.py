"""A post's card, and what is asked in words: title, text, label, password, time, place."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from aiogram.exceptions import TelegramRetryAfter, TelegramServerError
from aiogram.fsm.storage.base import StorageKey
from aiogram.methods import CopyMessages, DeleteMessage, EditMessageText

from core.posts import Post, PostAccess, PostField
from core.settings.model import AccessMode
from database.operations import audit_ops, settings_ops
from database.operations.posts import post_ops
from tests.bots.admin_bot.conftest import OWNER, STORAGE, AdminBot
from tests.bots.admin_bot.posts.posts import PHOTO, counted_commands, is_one_edit, made, open_card, publish, stored
from tests.bots.admin_bot.telegram import MakeError, bad_request
from tests.posts import set_field
from views import admin_texts
from views.navigation import OpenPost, OpenPublish
from views.posts import made as made_views
from views.posts import questions as texts


async def test_the_card_shows_everything_about_a_post(admin: AdminBot) -> None:
    post = await open_card(admin, "Spring album")
    assert admin.last_text == (
        "<b>Post 1</b> · \u2068Spring album\u2069\n"
        "2 messages, live\n"
        "Opened 0, delivered 0\n"
        "Not announced\n"
        "Auto-delete 30 min · saving allowed · access as in settings\n"
        f"https://t.me/tollgate_bot?start=p_{post.code}"
    )
    assert admin.buttons() == [
        *("Publish", "Copy link", "Preview", "Title", "Text", "Cover", "Content", "Options", "Numbers", "Remove"),
        *("‹ Posts", "Menu"),
    ]
    keyboard = list(admin.world.screens.values())[-1].reply_markup
    assert keyboard is not None
    publish_button = keyboard.inline_keyboard[0][0]
    assert (publish_button.callback_data, publish_button.style) == (OpenPublish(code=post.code).pack(), "primary")


async def test_the_card_names_where_a_post_is_announced_and_where_it_will_be(admin: AdminBot) -> None:
    (post,) = await made(admin, "Rome")
    await publish(admin, post, "Olive's Garden")
    await publish(admin, post, "The Greenhouse")
    await publish(admin, post, "Later", published=False)
    await admin.callback(OpenPost(code=post.code).pack())
    assert "Announced: \u2068" in admin.last_text and ", and 1 more" in admin.last_text
    assert "Scheduled: \u2068Later\u2069, today " in admin.last_text


async def test_what_a_post_has_of_its_own_is_on_the_card(admin: AdminBot) -> None:
    (post,) = await made(admin, "Rome")
    await set_field(post.code, PostField.PROTECT, True)
    await set_field(post.code, PostField.DELETE_AFTER, 0)
    now = admin.clock.now()
    await post_ops.set_option(post.code, PostField.ACCESS, PostAccess.FREE, expected=PostAccess.SETTINGS, by=1, at=now)
    await admin.callback(OpenPost(code=post.code).pack())
    assert "Never deleted · saving restricted · access free" in admin.last_text


async def test_a_card_is_one_edit_and_three_commands(admin: AdminBot) -> None:
    (post,) = await made(admin, "Rome")
    await publish(admin, post, "Olive's Garden")
    # as long as it is not chosen, it follows from the shorteners, which are one more read
    await settings_ops.change("access_mode", AccessMode.OPEN.value)
    await admin.say("/posts")
    await admin.press("Show")
    await admin.press("Live")
    admin.clock.move(timedelta(minutes=1))  # what is kept of the settings is too old
    before = len(admin.world.calls)
    with counted_commands(admin) as commands:
        await admin.press("1 · ")
    assert len(commands) == 3 and is_one_edit(admin, before)


@pytest.mark.parametrize("button", ["Title", "Text", "Cover", "Content", "Options", "Numbers"])
async def test_each_screen_behind_the_card_is_one_edit_and_at_most_three_commands(admin: AdminBot, button: str) -> None:
    await open_card(admin)
    admin.clock.move(timedelta(minutes=1))
    before = len(admin.world.calls)
    with counted_commands(admin) as commands:
        await admin.press(button)
    assert len(commands) <= 3 and is_one_edit(admin, before)
    assert admin.buttons()[-2:] == ["‹ Post 1", "Menu"]


# --- title and text


async def test_a_title_is_asked_saved_and_undone(admin: AdminBot) -> None:
    post = await open_card(admin)
    question = list(admin.world.screens)[-1]
    await admin.press("Title")
    assert admin.last_text == "Send the new title of post 1.\nNow: \u2068Rome\u2069"
    answer = await admin.say("  Rome,\n <b>2026</b>  ")
    assert (await stored(post)).title == "Rome, <b>2026</b>"
    assert admin.last_text.startswith("Title: \u2068Rome, &lt;b&gt;2026&lt;/b&gt;\u2069.\n\n<b>Post 1</b>")
    # the screen moved below the answer
    assert [call.message_id for call in admin.world.of(DeleteMessage)] == [question]
    entry = (await audit_ops.last(1))[0]
    assert (entry.action, entry.before, entry.after) == ("post.renamed", "Rome", "Rome, <b>2026</b>")
    await admin.again(answer)
    assert len(await admin.posts()) == 1
    await admin.press("Undo")
    assert (await stored(post)).title == "Rome" and admin.toasts[-1] == admin_texts.undone()
    await admin.say("the next text is a post again")
    assert len(await admin.posts()) == 2


@pytest.mark.parametrize("wrong", ["x" * 81, "   "])
async def test_a_wrong_title_is_answered_with_an_example_and_the_question_stays(admin: AdminBot, wrong: str) -> None:
    post = await open_card(admin)
    await admin.press("Title")
    await admin.say(wrong)
    assert admin.last_text == texts.title_expected()
    await admin.send(**PHOTO)
    assert admin.last_text == texts.title_expected()
    await admin.say("x" * 80)
    assert (await stored(post)).title == "x" * 80


@pytest.mark.parametrize(
    "title", ["<b>x</b> & \"y\" 'z'", "\u202eשלום\u2069", "\U0001f338" * 80], ids=["markup", "right-to-left", "emoji"]
)
async def test_a_title_of_any_kind_is_kept_and_shown(admin: AdminBot, title: str) -> None:
    post = await open_card(admin)
    await admin.press("Title")
    await admin.say(title)
    assert (await stored(post)).title == title
    assert admin.last_text.count("\u2068") == admin.last_text.count("\u2069") and "<b>x" not in admin.last_text


async def test_500_emoji_are_no_title_and_a_text(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Title")
    await admin.say("\U0001f338" * 500)
    assert admin.last_text == texts.title_expected()
    await admin.say("/posts")
    await admin.press("1 · ")
    await admin.press("Text")
    await admin.say("\U0001f338" * 501)
    assert texts.text_expected() in admin.last_text
    await admin.say("\U0001f338" * 500)
    assert (await stored(post)).description == "\U0001f338" * 500


async def test_the_formatting_of_a_text_is_kept_and_typed_tags_are_text(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Text")
    assert "It has none." in admin.last_text and "No text" not in admin.buttons()
    entities = [
        {"type": "bold", "offset": 0, "length": 3},
        {"type": "text_link", "offset": 4, "length": 4, "url": "https://example.org/?a=1&b=2"},
    ]
    await admin.send(text="All <i> {text}", entities=entities)
    kept = (await stored(post)).text_html
    assert kept == '<b>All</b> <a href="https://example.org/?a=1&amp;b=2">&lt;i&gt; </a>&#123;text&#125;'
    await admin.press("Text")
    assert kept in admin.last_text
    await admin.press("No text")
    assert (await stored(post)).description == ""
    await admin.press("Undo")
    assert (await stored(post)).text_html == kept


async def test_a_text_stored_by_an_older_version_reads_as_it_was_typed(admin: AdminBot) -> None:
    (post,) = await made(admin, "Rome")
    await admin.database.collection("posts").update_one({"code": post.code}, {"$set": {"description": "<3 & <b>"}})
    await admin.callback(f"ap:{post.code}:0::l:text")
    assert "Now:\n&lt;3 &amp; &lt;b&gt;" in admin.last_text


async def test_a_post_is_found_by_a_word_of_its_text_and_not_by_a_tag(admin: AdminBot) -> None:
    await open_card(admin)
    await admin.press("Text")
    await admin.send(text="Tulips", entities=[{"type": "code", "offset": 0, "length": 6}])
    await admin.say("/posts tulip")
    assert "1 · Rome · 0" in admin.buttons()
    await admin.say("/posts code")
    assert admin.last_text.startswith("Nothing has")


async def test_cancel_ends_the_question(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Title")
    await admin.say("/cancel")
    assert admin.last_text == admin_texts.cancelled()
    await admin.say("a post")
    assert (await stored(post)).title == "Rome"
    assert len(await admin.posts()) == 2


@pytest.mark.parametrize("command", ["/help", "/posts", "/set", "/nonsense"])
async def test_another_command_wins_over_the_question(admin: AdminBot, command: str) -> None:
    post = await open_card(admin)
    await admin.press("Title")
    await admin.say(command)
    await admin.say("a post")
    assert (await stored(post)).title == "Rome"
    assert len(await admin.posts()) == 2


async def test_back_ends_the_question(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Title")
    await admin.press("‹ Post 1")
    assert "<b>Post 1</b>" in admin.last_text
    await admin.say("a post")
    assert (await stored(post)).title == "Rome"


async def test_questions_are_refused_while_a_batch_is_open(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.say("/batch")
    for act in ("name", "text", "items", "add", "other", "label", "pass", "ownc", "place"):
        await admin.callback(f"ap:{post.code}:0::l:{act}")
        assert admin.toasts[-1] == admin_texts.first_the_batch()
    await admin.say("one")
    await admin.press("Done")
    assert len(await admin.posts()) == 2


@pytest.mark.parametrize("act", ["name", "text", "label", "pass", "place", "ownc"])
async def test_a_lost_question_is_answered_with_a_sentence(admin: AdminBot, act: str) -> None:
    post = await open_card(admin)
    await admin.callback(f"ap:{post.code}:0::l:{act}")
    await admin.memory.set_data(StorageKey(bot_id=admin.bot.id, chat_id=OWNER.id, user_id=OWNER.id), {})
    await admin.say("Paris")
    assert admin.last_text == texts.question_lost()
    assert await admin.posts() == [await stored(post)] == [post]
    await admin.say("Paris")
    assert [one.title for one in await admin.posts()] == ["Rome", "Paris"]


# --- places and numbers


async def test_a_link_for_a_place_is_made_and_counted(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Options")
    await admin.press("Link for a place")
    assert admin.last_text == "Send its name, like <code>insta</code>."
    for wrong in ("in sta", "x" * 25, "шоп", "https://t.me/x"):
        await admin.say(wrong)
        assert admin.last_text == texts.place_expected()
    await admin.say("insta")
    link = f"https://t.me/tollgate_bot?start=p_{post.code}-s_insta"
    assert link in admin.last_text
    keyboard = list(admin.world.screens.values())[-1].reply_markup
    assert keyboard is not None
    copy = keyboard.inline_keyboard[0][0]
    assert copy.text == "Copy" and copy.copy_text is not None and copy.copy_text.text == link
    await post_ops.open_post(post.code, "insta", opening=1)
    await admin.callback(f"ap:{post.code}:0::l:nums")
    assert "Opened 1, delivered 0\n\u2068insta\u2069: opened 1" in admin.last_text


# --- the preview


async def test_the_preview_shows_what_a_subscriber_gets(admin: AdminBot) -> None:
    await admin.say("Rome")
    post = await admin.only_post()
    await set_field(post.code, PostField.PROTECT, True)
    await admin.press("Preview")
    copy = admin.copies[-1]
    assert (copy.chat_id, copy.from_chat_id, copy.protect_content) == (OWNER.id, STORAGE, True)
    assert copy.message_ids == list(post.message_ids)
    assert "Preview" in admin.last_text
    assert "It cannot be saved or forwarded." in admin.last_text
    assert (await stored(post)).opened == 0


async def test_the_preview_shows_the_archive_password_as_a_subscriber_reads_it(admin: AdminBot) -> None:
    post = await open_card(admin)
    await settings_ops.change("post_password", "a&b")
    await admin.press("Preview")
    assert "Archive password: <code>a&amp;b</code>" in admin.last_text
    assert post.has_archive


async def test_the_preview_says_when_a_post_is_never_deleted(admin: AdminBot) -> None:
    await settings_ops.change("delete_after_minutes", 0)
    await admin.say("Rome")
    await admin.press("Preview")
    assert "It is never deleted." in admin.last_text


async def test_the_preview_of_a_damaged_post_counts_what_is_missing(admin: AdminBot) -> None:
    post = await open_card(admin)
    admin.world.gone.add((STORAGE, post.message_ids[1]))
    await admin.press("Preview")
    assert "1 message of this post can no longer be found" in admin.last_text


async def test_the_preview_without_the_storage_channel_says_what_to_do(admin: AdminBot) -> None:
    post = await open_card(admin)
    admin.world.fail(CopyMessages, bad_request("chat not found"))
    await admin.press("Preview")
    assert admin.last_text == made_views.preview_failed(post)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (bad_request("CHAT_FORWARDS_RESTRICTED"), made_views.preview_restricted),
        (lambda call: TelegramServerError(method=call, message="Internal Server Error"), made_views.preview_unsure),
        (lambda call: TelegramRetryAfter(method=call, message="flood", retry_after=90), made_views.preview_unsure),
    ],
    ids=["restricted", "5xx", "flood"],
)
async def test_a_preview_that_fails_says_why(
    admin: AdminBot, fault: MakeError, sentence: Callable[[Post], str]
) -> None:
    post = await open_card(admin)
    admin.world.fail(CopyMessages, fault)
    await admin.press("Preview")
    assert admin.last_text == sentence(post)


async def test_a_button_under_a_message_telegram_no_longer_shows_opens_a_fresh_screen(admin: AdminBot) -> None:
    (post,) = await made(admin, "Rome")
    await admin.callback(f"ap:{post.code}:0::l:card")
    assert len(admin.world.of(EditMessageText)) == 0
    assert "<b>Post 1</b>" in admin.last_text

"""/posts lists and searches with pages; a card renames, describes, replaces, protects, removes, restores."""

from collections.abc import Callable
from typing import Any

import pytest
from aiogram.exceptions import TelegramRetryAfter, TelegramServerError
from aiogram.fsm.storage.base import StorageKey
from aiogram.methods import CopyMessages, DeleteMessages, EditMessageText, SendMessage

from core.posts import Post
from database.operations import audit_ops, post_ops, settings_ops
from tests.bots.admin_bot.conftest import OWNER, STORAGE, AdminBot
from tests.bots.admin_bot.telegram import MakeError, bad_request
from views import admin_texts
from views.posts import texts

PHOTO: dict[str, Any] = {"photo": [{"file_id": "p", "file_unique_id": "p", "width": 90, "height": 90}]}


async def made(admin: AdminBot, *titles: str) -> list[Post]:
    posts = []
    for title in titles:
        posts.append(
            await post_ops.create(
                title=title,
                storage_chat_id=STORAGE,
                message_ids=(10, 11),
                created_by=OWNER.id,
                created_at=admin.clock.now(),
            )
        )
    return posts


async def open_card(admin: AdminBot, title: str = "Rome") -> Post:
    (post,) = await made(admin, title)
    await admin.say("/posts")
    await admin.press(f"{post.number} · ")
    return post


async def stored(post: Post) -> Post:
    found = await post_ops.find(post.code)
    assert found is not None
    return found


# --- the list


async def test_without_posts_the_list_says_the_next_step(admin: AdminBot) -> None:
    await admin.say("/posts")
    assert "No posts yet. Send me anything" in admin.last_text


async def test_the_list_is_newest_first_with_eight_a_page(admin: AdminBot) -> None:
    await made(admin, *(f"Post {number}" for number in range(1, 18)))
    await admin.say("/posts")
    assert admin.buttons()[:8] == [f"{number} · Post {number}" for number in range(17, 9, -1)]
    assert admin.buttons()[8:] == ["Refresh", "Next ›", "Search", "Show removed"]
    await admin.press("Next")
    assert admin.buttons()[:8] == [f"{number} · Post {number}" for number in range(9, 1, -1)]
    assert "page 2" in admin.last_text
    await admin.press("Next")
    assert admin.buttons() == ["1 · Post 1", "‹ Prev", "Refresh", "Search", "Show removed"]
    await admin.press("‹ Prev")
    assert admin.buttons()[0] == "9 · Post 9"
    assert len(admin.world.of(SendMessage)) == 1  # one screen is one message


async def test_refresh_with_nothing_new_is_no_error(admin: AdminBot) -> None:
    await admin.say("/posts")
    admin.world.fail(
        EditMessageText,
        bad_request("message is not modified: specified new message content and reply markup are exactly the same"),
    )
    await admin.press("Refresh")
    assert len(admin.world.of(SendMessage)) == 1
    assert admin.toasts == [None]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("2", ["2 · Paris"]),
        ("#3", ["3 · rome again"]),
        ("ROME", ["3 · rome again", "1 · Rome"]),
        ("om", []),
        (".*", []),
    ],
)
async def test_search_by_number_and_by_how_the_title_begins(admin: AdminBot, search: str, found: list[str]) -> None:
    await made(admin, "Rome", "Paris", "rome again")
    await admin.say(f"/posts {search}")
    assert [text for text in admin.buttons() if " · " in text] == found


async def test_a_search_has_pages_of_its_own_and_leads_back(admin: AdminBot) -> None:
    await made(admin, *(f"Rome {number}" for number in range(10)), "Paris")
    await admin.say("/posts rome")
    await admin.press("Next")
    assert admin.buttons() == ["2 · Rome 1", "1 · Rome 0", "‹ Prev", "Refresh", "Back"]
    await admin.press("2 · ")
    await admin.press("Back")
    assert admin.buttons()[0] == "2 · Rome 1"
    await admin.press("Back")
    assert admin.buttons()[0] == "11 · Paris"


async def test_a_search_button_asks_and_the_answer_is_listed(admin: AdminBot) -> None:
    await made(admin, "Rome", "Paris")
    await admin.say("/posts")
    await admin.press("Search")
    assert admin.last_text == texts.ASK_SEARCH
    await admin.send(**PHOTO)
    assert admin.last_text == texts.SEARCH_EXPECTED
    await admin.say("par")
    assert admin.buttons()[0] == "2 · Paris"


async def test_a_forgotten_search_opens_the_whole_list(admin: AdminBot) -> None:
    await made(admin, "Rome")
    await admin.callback("al:0:zzzz:0")
    assert admin.toasts == [admin_texts.STALE_BUTTON]
    assert admin.buttons()[0] == "1 · Rome"


async def test_a_search_of_foreign_text_is_escaped_and_isolated(admin: AdminBot) -> None:
    await admin.say("/posts <b>\u202eשלום")
    assert "\u2068&lt;b&gt;שלום\u2069" in admin.last_text


async def test_removed_posts_are_listed_on_demand_only(admin: AdminBot) -> None:
    post, _ = await made(admin, "Rome", "Paris")
    await post_ops.remove(post.code)
    await admin.say("/posts")
    assert "1 · Rome (removed)" not in admin.buttons()
    await admin.press("Show removed")
    assert "1 · Rome (removed)" in admin.buttons()
    await admin.press("1 · ")
    await admin.press("Back")
    assert "1 · Rome (removed)" in admin.buttons()
    await admin.press("Hide removed")
    assert "1 · Rome (removed)" not in admin.buttons()


# --- the card


async def test_the_card_shows_everything_about_a_post(admin: AdminBot) -> None:
    post = await open_card(admin)
    for part in (
        "<b>Post 1</b> · \u2068Rome\u2069",
        f"https://t.me/tollgate_bot?start=p_{post.code}",
        "2 messages · opened 0 times",
        "Protected: as in settings (off)",
        "Deleted for subscribers: as in settings (after 30 minutes)",
        "(Europe/Berlin)",
    ):
        assert part in admin.last_text
    assert admin.buttons() == [
        *("Copy link", "Share", "Rename", "Describe", "Replace messages", "Preview", "Protect", "Deletion time"),
        *("Remove", "Back"),
    ]


async def test_rename_asks_takes_the_answer_and_shows_the_card(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Rename")
    assert admin.last_text == texts.ask_title(post)
    answer = await admin.say("  Rome,\n <b>2026</b>  ")
    assert (await stored(post)).title == "Rome, <b>2026</b>"
    assert "\u2068Rome, &lt;b&gt;2026&lt;/b&gt;\u2069" in admin.last_text
    entry = (await audit_ops.last(1))[0]
    assert (entry.action, entry.before, entry.after) == ("post.renamed", "Rome", "Rome, <b>2026</b>")
    await admin.again(answer)
    assert len(await admin.posts()) == 1
    await admin.say("the next text is a post again")
    assert len(await admin.posts()) == 2


@pytest.mark.parametrize("wrong", ["x" * 81, "   "])
async def test_a_wrong_title_is_answered_with_what_is_expected_and_the_question_stays(
    admin: AdminBot, wrong: str
) -> None:
    post = await open_card(admin)
    await admin.press("Rename")
    await admin.say(wrong)
    assert admin.last_text == texts.TITLE_EXPECTED
    await admin.send(**PHOTO)
    assert admin.last_text == texts.TITLE_EXPECTED
    await admin.say("x" * 80)
    assert (await stored(post)).title == "x" * 80


async def test_cancel_ends_the_question(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Rename")
    await admin.say("/cancel")
    assert admin.last_text == admin_texts.CANCELLED
    await admin.say("a post")
    assert (await stored(post)).title == "Rome"
    assert len(await admin.posts()) == 2


@pytest.mark.parametrize("command", ["/help", "/posts", "/set", "/nonsense"])
async def test_another_command_wins_over_the_question(admin: AdminBot, command: str) -> None:
    post = await open_card(admin)
    await admin.press("Rename")
    await admin.say(command)
    await admin.say("a post")
    assert (await stored(post)).title == "Rome"
    assert len(await admin.posts()) == 2


async def test_back_ends_the_question(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Rename")
    await admin.press("Back")
    assert "<b>Post 1</b>" in admin.last_text
    await admin.say("a post")
    assert (await stored(post)).title == "Rome"


async def test_describe_and_empty_the_description(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Describe")
    await admin.say("y" * 501)
    assert admin.last_text == texts.DESCRIPTION_EXPECTED
    await admin.say("All & more")
    assert (await stored(post)).description == "All & more"
    assert "All &amp; more" in admin.last_text
    await admin.press("Describe")
    await admin.say("-")
    assert (await stored(post)).description == ""


async def test_protect_cycles_through_its_three_values(admin: AdminBot) -> None:
    post = await open_card(admin)
    seen = []
    for _ in range(3):
        await admin.press("Protect")
        seen.append((await stored(post)).protect)
    assert seen == [True, False, None]


async def test_a_deletion_time_from_a_button(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Deletion time")
    assert admin.buttons()[-1] == "Back"
    await admin.press("6 hours")
    assert (await stored(post)).delete_after_minutes == 360
    assert "Deleted for subscribers: after 6 hours" in admin.last_text
    await admin.press("Deletion time")
    await admin.press("Never")
    assert (await stored(post)).delete_after_minutes == 0
    await admin.press("Deletion time")
    await admin.press("As in settings")
    assert (await stored(post)).delete_after_minutes is None


@pytest.mark.parametrize(("typed", "minutes"), [("45", 45), ("1h 30m", 90), ("47h", 2820), ("never", 0)])
async def test_a_deletion_time_typed(admin: AdminBot, typed: str, minutes: int) -> None:
    post = await open_card(admin)
    await admin.press("Deletion time")
    await admin.press("Another time")
    await admin.say("soon")
    assert admin.last_text == texts.DELETION_EXPECTED
    await admin.say(typed)
    assert (await stored(post)).delete_after_minutes == minutes


async def test_remove_asks_first_naming_the_post_and_restore_undoes_it(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Remove")
    assert "<b>post 1</b>, \u2068Rome\u2069" in admin.last_text
    assert admin.buttons() == ["Remove post 1", "Back"]
    await admin.press("Back")
    assert (await stored(post)).status == "live"
    await admin.press("Remove")
    await admin.press("Remove post 1")
    assert (await stored(post)).status == "removed"
    assert "Removed." in admin.last_text
    assert admin.buttons() == ["Restore", "Preview", "Back"]
    await admin.press("Restore")
    assert (await stored(post)).status == "live"
    assert [entry.action for entry in await audit_ops.last(2)] == ["post.restored", "post.removed"]


async def test_replace_items_swaps_the_content_and_keeps_the_link(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Replace messages")
    for message_id in (302, 301):
        await admin.send(message_id=message_id, media_group_id="g", **PHOTO)
    await admin.press("Finish")
    after = await stored(post)
    assert (after.code, after.number, after.title) == (post.code, post.number, post.title)
    assert after.item_count == 2 and after.message_ids != post.message_ids
    assert admin.copies[-1].message_ids == [301, 302]
    (deleted,) = admin.world.of(DeleteMessages)
    assert (deleted.chat_id, deleted.message_ids) == (STORAGE, list(post.message_ids))
    assert "Post 1 has its new content" in admin.last_text
    assert len(await admin.posts()) == 1


async def test_one_message_is_enough_to_replace_and_old_ones_may_stay(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Replace messages")
    await admin.say("new")
    admin.world.fail(DeleteMessages, bad_request("message can't be deleted"))
    await admin.press("Finish")
    assert (await stored(post)).item_count == 1


async def test_a_post_removed_while_its_content_was_collected_is_answered_as_gone(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Replace messages")
    await admin.say("new")
    await admin.database.collection("posts").delete_one({"code": post.code})
    await admin.press("Finish")
    assert admin.last_text == texts.POST_GONE


async def test_questions_are_refused_while_a_batch_is_open(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.say("/batch")
    for act in ("name", "desc", "items", "other"):
        await admin.callback(f"ap:{post.code}:0::0:{act}")
        assert admin.toasts[-1] == admin_texts.FIRST_THE_BATCH
    await admin.say("one")
    await admin.say("two")
    await admin.press("Finish")
    assert len(await admin.posts()) == 2


@pytest.mark.parametrize("button", ["Rename", "Describe"])
async def test_a_lost_question_is_answered_with_a_sentence(admin: AdminBot, button: str) -> None:
    post = await open_card(admin)
    await admin.press(button)
    await admin.memory.set_data(StorageKey(bot_id=admin.bot.id, chat_id=OWNER.id, user_id=OWNER.id), {})
    await admin.say("Paris")
    assert admin.last_text == "I have lost track of what I asked. Open the card again with /posts."
    assert await admin.posts() == [await stored(post)] == [post]
    await admin.say("Paris")
    assert [one.title for one in await admin.posts()] == ["Rome", "Paris"]


# --- the preview


async def test_the_preview_shows_what_a_subscriber_gets(admin: AdminBot) -> None:
    await admin.say("Rome")
    post = await admin.only_post()
    await post_ops.set_protect(post.code, True)
    await admin.press("Preview")
    copy = admin.copies[-1]
    assert (copy.chat_id, copy.from_chat_id, copy.protect_content) == (OWNER.id, STORAGE, True)
    assert copy.message_ids == list(post.message_ids)
    assert "Preview" in admin.last_text
    assert "This will be deleted in <b>30 minutes</b>" in admin.last_text
    assert (await stored(post)).views == 0


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
    assert admin.last_text == texts.preview_failed(post)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (bad_request("CHAT_FORWARDS_RESTRICTED"), texts.preview_restricted),
        (lambda call: TelegramServerError(method=call, message="Internal Server Error"), texts.preview_unsure),
        (lambda call: TelegramRetryAfter(method=call, message="flood", retry_after=90), texts.preview_unsure),
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


# --- untrusted buttons


@pytest.mark.parametrize(
    "data",
    [
        "ap:nosuchcode:0::0:card",
        "ap:AAAAAAAAAAAAAAAA:0::0:rmyes",
        "ap:AAAAAAAAAAAAAAAA:0::0:view",
        "ap:AAAAAAAAAAAAAAAA:0::0:prot",
        "ap:AAAAAAAAAAAAAAAA:0::0:name",
        "ap:AAAAAAAAAAAAAAAA:0::0:time",
        "ap:AAAAAAAAAAAAAAAA:0::0:rm",
        "ad:AAAAAAAAAAAAAAAA:0::0:30",
    ],
)
async def test_buttons_of_unknown_posts_are_answered_as_gone(admin: AdminBot, data: str) -> None:
    await admin.callback(data)
    assert admin.toasts == [texts.POST_GONE]
    assert admin.texts == []


@pytest.mark.parametrize(
    "data",
    [
        "ap:x:0::0:explode",
        "ap:x:-1::0:card",
        "ap:x:99999999999::0:card",
        "ap:" + "x" * 40,
        "ap:{$ne:1}:0::0:card:extra",
        "al:abc::0",
        "al",
        "ad:AAAAAAAAAAAAAAAA:0::0:-2",
        "ad:AAAAAAAAAAAAAAAA:0::0:99999",
        "as:check",
        "zz:made up",
        "again:x",
    ],
)
async def test_forged_and_old_buttons_are_answered_and_open_nothing(admin: AdminBot, data: str) -> None:
    await admin.callback(data)
    assert admin.toasts == [admin_texts.STALE_BUTTON]
    assert all(text.startswith("<b>Tollgate</b>") for text in admin.texts), "at most the Menu is shown"


async def test_a_button_under_a_message_telegram_no_longer_shows_opens_a_fresh_screen(admin: AdminBot) -> None:
    (post,) = await made(admin, "Rome")
    await admin.callback(f"ap:{post.code}:0::0:card")
    assert len(admin.world.of(EditMessageText)) == 0
    assert "<b>Post 1</b>" in admin.last_text


async def test_the_longest_button_data_fits_into_64_bytes(admin: AdminBot) -> None:
    await made(admin, "Rome")
    await admin.say("/posts rome")
    await admin.press("1 · ")
    await admin.press("Deletion time")
    screen = list(admin.world.screens.values())[-1]
    assert screen.reply_markup is not None
    for row in screen.reply_markup.inline_keyboard:
        for button in row:
            assert len(str(button.callback_data).encode()) <= 64

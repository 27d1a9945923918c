"""The list of posts: six a page, which of them are shown, the search; one edit and few commands a press."""

from datetime import timedelta

import pytest
from aiogram.methods import DeleteMessage, SendMessage

from database.operations.posts import post_ops
from tests.bots.admin_bot.conftest import OWNER, STORAGE, AdminBot
from tests.bots.admin_bot.posts.posts import PHOTO, counted_commands, entries, is_one_edit, made
from views.admin_texts import stale_button
from views.posts import lists


async def test_without_posts_the_list_says_the_next_step(admin: AdminBot) -> None:
    await admin.say("/posts")
    assert admin.last_text == "No posts yet. Send me anything and it becomes the first."
    assert admin.buttons() == ["Show: live ›", "Search", "‹ Menu"]


async def test_the_menu_opens_the_list_in_its_place(admin: AdminBot) -> None:
    (post,) = await made(admin, "Spring album")
    await admin.database.collection("posts").update_one({"code": post.code}, {"$set": {"delivered": 1318}})
    await admin.say("/menu")
    before = len(admin.world.calls)
    await admin.press("Posts")
    assert is_one_edit(admin, before)
    assert admin.last_text == "<b>Posts</b>, newest first"
    assert entries(admin) == ["1 · Spring album · 1,318"]


async def test_the_list_is_newest_first_with_six_a_page(admin: AdminBot) -> None:
    await made(admin, *(f"Post {number}" for number in range(1, 15)))
    await admin.say("/posts")
    assert admin.buttons() == [
        *(f"{number} · Post {number} · 0" for number in range(14, 8, -1)),
        *("Show: live ›", "Search", "Older ›", "‹ Menu"),
    ]
    await admin.press("Older")
    assert admin.last_text.endswith("page 2")
    assert admin.buttons() == [
        *(f"{number} · Post {number} · 0" for number in range(8, 2, -1)),
        *("‹ Newer", "Search", "Older ›", "‹ Menu"),
    ]
    await admin.press("Older")
    assert admin.buttons() == [
        *("2 · Post 2 · 0", "1 · Post 1 · 0"),
        *("‹ Newer", "Show: live ›", "Search", "‹ Menu"),
    ]
    await admin.press("‹ Newer")
    assert entries(admin)[0] == "8 · Post 8 · 0"
    assert len(admin.world.of(SendMessage)) == 1  # one screen is one message


async def test_ten_thousand_posts_cost_one_command_and_one_edit_a_page(admin: AdminBot) -> None:
    (one,) = await made(admin, "Post")
    document = await admin.database.collection("posts").find_one({"code": one.code})
    assert document is not None
    document.pop("_id")
    # the in-memory store compares each new document with all others for a unique index
    native = admin.database._native.get_collection("posts")
    await native.drop_indexes()
    await native.insert_many([{**document, "number": number, "code": f"{number:016}"} for number in range(2, 10_001)])
    await admin.say("/posts")
    for page, first in ((0, 10_000), (1_666, 4)):
        before = len(admin.world.calls)
        with counted_commands(admin) as commands:
            await admin.callback(f"al:{page}::l", message_id=list(admin.world.screens)[-1])
        assert commands == ["find posts"] and is_one_edit(admin, before)
        assert entries(admin)[0] == f"{first} · Post · 0"


async def test_the_choice_shows_what_is_chosen_and_keeps_to_it(admin: AdminBot) -> None:
    post, _ = await made(admin, "Rome", "Paris")
    await post_ops.remove(post.code)
    await admin.say("/posts")
    assert entries(admin) == ["2 · Paris · 0"]
    await admin.press("Show: live")
    assert admin.buttons() == [
        *("Live ✓", "Scheduled", "Not announced", "Removed", "Imported"),
        *("‹ Posts", "Menu"),
    ]
    await admin.press("Removed")
    assert entries(admin) == ["1 · Rome · 0"] and "Show: removed ›" in admin.buttons()
    await admin.press("1 · ")
    await admin.press("‹ Posts")
    assert entries(admin) == ["1 · Rome · 0"]


async def test_scheduled_and_announced_posts_are_told_apart(admin: AdminBot) -> None:
    scheduled, announced, _ = await made(admin, "Scheduled", "Announced", "Neither")
    await post_ops.note_announcements(scheduled.code, planned=1, published=0)
    await post_ops.note_announcements(announced.code, planned=0, published=2)
    await admin.say("/posts")
    for choice, shown in (("Scheduled", ["1 · Scheduled · 0"]), ("Not announced", ["3 · Neither · 0"])):
        await admin.press("Show" if "Show: live ›" in admin.buttons() else "Show: scheduled")
        await admin.press(choice)
        assert entries(admin) == shown


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ("Scheduled", "No post is scheduled. Open a post, Publish, When."),
        ("Not announced", "Every live post is announced. Send me anything to make another one."),
        ("Removed", "No post is removed. “Remove” on a card closes the post's link."),
        ("Imported", "No post came from another bot's link."),
    ],
)
async def test_an_empty_choice_says_what_would_be_here(admin: AdminBot, choice: str, sentence: str) -> None:
    await admin.say("/posts")
    await admin.press("Show: live")
    await admin.press(choice)
    assert admin.last_text == sentence


async def test_a_page_that_is_empty_by_now_leads_back(admin: AdminBot) -> None:
    await made(admin, "Rome")
    await admin.callback("al:7::l")
    assert "empty" in admin.last_text and "‹ Newer" in admin.buttons()


# --- the search


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("2", ["2 · Paris · 0"]),
        ("#3", ["3 · rome again · 0"]),
        ("ROME", ["3 · rome again · 0", "1 · Rome · 0"]),
        ("ag ro", ["3 · rome again · 0"]),
        ("om", []),
        (".*", []),
    ],
)
async def test_each_word_of_a_search_begins_a_word_of_the_post(admin: AdminBot, search: str, found: list[str]) -> None:
    await made(admin, "Rome", "Paris", "rome again")
    await admin.say(f"/posts {search}")
    assert entries(admin) == found


async def test_a_posts_link_finds_it(admin: AdminBot) -> None:
    post, _ = await made(admin, "Rome", "Paris")
    await admin.say(f"/posts https://t.me/tollgate_bot?start=p_{post.code}-s_insta")
    assert entries(admin) == ["1 · Rome · 0"]


async def test_a_search_button_asks_and_the_answer_takes_the_place_of_the_question(admin: AdminBot) -> None:
    await made(admin, "Rome", "Paris")
    await admin.say("/posts")
    question = list(admin.world.screens)[-1]
    await admin.press("Search")
    assert admin.last_text == "Send words from the title or text, a number, or the post's link."
    await admin.send(**PHOTO)
    assert admin.last_text == lists.search_expected()
    await admin.say("par")
    assert entries(admin) == ["2 · Paris · 0"]
    assert [call.message_id for call in admin.world.of(DeleteMessage)] == [question]
    await admin.say("the next text is a post again")
    assert len(await admin.posts()) == 3


async def test_a_search_without_result_says_what_it_looked_for(admin: AdminBot) -> None:
    await made(admin, "Rome")
    await admin.say("/posts tulip")
    assert admin.last_text == "Nothing has “\u2068tulip\u2069”."
    assert "Search" in admin.buttons()


async def test_a_search_has_pages_of_its_own_and_leads_back(admin: AdminBot) -> None:
    await made(admin, *(f"Rome {number}" for number in range(8)), "Paris")
    await admin.say("/posts rome")
    await admin.press("Older")
    assert entries(admin) == ["2 · Rome 1 · 0", "1 · Rome 0 · 0"]
    await admin.press("2 · ")
    await admin.press("‹ Posts")
    assert entries(admin) == ["2 · Rome 1 · 0", "1 · Rome 0 · 0"]


async def test_a_search_finds_removed_posts_and_says_so(admin: AdminBot) -> None:
    (post,) = await made(admin, "Rome")
    await post_ops.remove(post.code)
    await admin.say("/posts rome")
    assert entries(admin) == ["1 · Rome · removed"]


async def test_a_forgotten_search_opens_the_whole_list(admin: AdminBot) -> None:
    await made(admin, "Rome")
    await admin.callback("al:0:zzzz:a")
    assert admin.toasts == [lists.search_gone()]
    assert entries(admin) == ["1 · Rome · 0"]


async def test_a_search_of_foreign_text_is_escaped_and_isolated(admin: AdminBot) -> None:
    await admin.say("/posts <b>\u202eשלום")
    assert "\u2068&lt;b&gt;שלום\u2069" in admin.last_text


# --- bad input


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ('<b>Rome</b> & "x"', '1 · <b>Rome</b> & "x" · 0'),
        ("\u202eשלום", "1 · \u2068שלום\u2069 · 0"),
        ("\U0001f338" * 80, "1 · " + "\U0001f338" * 31 + "… · 0"),
        ("", "1 · untitled · 0"),
    ],
    ids=["markup", "right-to-left", "emoji", "none"],
)
async def test_a_title_of_any_kind_fits_its_row(admin: AdminBot, title: str, shown: str) -> None:
    await made(admin, title)
    await admin.say("/posts")
    assert entries(admin) == [shown] and len(shown) <= 40


@pytest.mark.parametrize(
    "data",
    [
        "ap:x:0::0:explode",
        "ap:AAAAAAAAAAAAAAAA:0::0:card",
        "ap:x:-1::l:card",
        "ap:x:99999999999::l:card",
        "ap:" + "x" * 40,
        "ap:{$ne:1}:0::l:card:extra",
        "al:abc::l",
        "al:0::0",
        "al",
        "ad:AAAAAAAAAAAAAAAA:0::0:30",
        "ao:AAAAAAAAAAAAAAAA:0::l:d:-2:ffff",
        "ao:AAAAAAAAAAAAAAAA:0::l:z:1:ffff",
        "ab:finish:deadbeef",
        "zz:made up",
    ],
)
async def test_forged_buttons_and_those_of_last_year_open_a_screen_as_it_is_now(admin: AdminBot, data: str) -> None:
    await admin.callback(data)
    assert admin.toasts == [stale_button()]
    assert len(admin.texts) == 1
    assert admin.buttons()[-1] in {"‹ Menu", "System"}


@pytest.mark.parametrize("data", ["n:0:ffff", "l:7:ffff", "a:9:ffff", "d:99999:ffff", "c:5:ffff"])
async def test_a_value_no_button_has_changes_nothing(admin: AdminBot, data: str) -> None:
    (post,) = await made(admin, "Rome")
    await admin.callback(f"ao:{post.code}:0::l:{data}")
    assert admin.toasts == [stale_button()] and entries(admin) == ["1 · Rome · 0"]
    assert await post_ops.find(post.code) == post


@pytest.mark.parametrize(
    "act", ["card", "view", "name", "text", "cover", "cont", "opts", "time", "nums", "rm", "rmyes", "down", "chann"]
)
async def test_buttons_of_a_post_that_is_gone_open_the_list(admin: AdminBot, act: str) -> None:
    await admin.callback(f"ap:AAAAAAAAAAAAAAAA:0::l:{act}")
    assert admin.toasts == [stale_button()]
    assert admin.last_text == "No posts yet. Send me anything and it becomes the first."


async def test_a_repeated_press_shows_the_list_once(admin: AdminBot) -> None:
    await made(admin, "Rome")
    await admin.say("/posts")
    press = await admin.press("1 · ")
    calls = len(admin.world.calls)
    await admin.again(press)
    assert len(admin.world.calls) == calls


async def test_posts_of_last_year_are_still_there(admin: AdminBot) -> None:
    await post_ops.create(
        title="Old",
        storage_chat_id=STORAGE,
        message_ids=(1,),
        created_by=OWNER.id,
        created_at=admin.clock.now() - timedelta(days=365),
    )
    await admin.say("/posts")
    assert entries(admin) == ["1 · Old · 0"]

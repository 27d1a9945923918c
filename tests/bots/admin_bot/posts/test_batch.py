"""/batch collects up to 100 messages until `Done`, which stays in sight; albums whole; commands win."""

import asyncio
from typing import Any

import pytest
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import (
    AnswerCallbackQuery,
    CopyMessages,
    DeleteMessage,
    DeleteMessages,
    EditMessageText,
    SendMessage,
)
from pymongo.errors import AutoReconnect

from admin_bot.posts.batch_status import INTERVAL_S, SETTLE_S
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from tests.bots.admin_bot.telegram import bad_request
from views.admin_texts import nothing_to_cancel, stale_button, unknown_command
from views.posts import batch_texts as texts
from views.storage import copying_texts
from views.storage.content_texts import late_message

PHOTO: dict[str, Any] = {"photo": [{"file_id": "p", "file_unique_id": "p", "width": 90, "height": 90}]}


async def collect(admin: AdminBot, number: int, *, first_id: int = 1000, group: str | None = None) -> None:
    album: dict[str, Any] = {"media_group_id": group} if group else {}
    for message_id in range(first_id, first_id + number):
        await admin.send(message_id=message_id, **PHOTO, **album)


def button_data(admin: AdminBot, text: str) -> str:
    screen = list(admin.world.screens.values())[-1]
    assert screen.reply_markup is not None
    (found,) = [one for row in screen.reply_markup.inline_keyboard for one in row if one.text == text]
    return str(found.callback_data)


async def test_a_batch_becomes_one_post_in_the_order_of_its_messages(admin: AdminBot) -> None:
    await admin.say("/batch")
    assert admin.buttons() == ["Done", "Cancel"]
    await admin.send(message_id=1003, text="third")
    await admin.send(message_id=1001, text="Season one")
    await admin.send(message_id=1002, **PHOTO)
    await admin.press("Done")
    post = await admin.only_post()
    assert (post.title, post.item_count) == ("Season one", 3)
    assert admin.copies[0].message_ids == [1001, 1002, 1003]
    assert f"p_{post.code}" in admin.last_text
    assert admin.buttons() == ["Publish", "Copy link", "Preview", "Add messages", "Card", "Undo"]


def status_moves(admin: AdminBot) -> int:
    """How often the status message was sent."""
    return sum("messages, in order" in str(call.text) for call in admin.world.of(SendMessage))


async def test_counter_and_done_stay_below_what_was_sent(admin: AdminBot) -> None:
    await admin.say("/batch")
    first = list(admin.world.screens)[-1]
    await collect(admin, 5)
    await admin.time.move(SETTLE_S)
    await admin.time.move(INTERVAL_S)
    assert "<b>5 messages</b> so far." in admin.last_text
    assert [call.message_id for call in admin.world.of(DeleteMessage)] == [first]
    assert admin.buttons() == ["Done", "Cancel"] and len(admin.world.screens) == 1


async def test_the_status_message_moves_at_most_once_in_two_seconds(admin: AdminBot) -> None:
    await admin.say("/batch")
    for number in range(60):
        await collect(admin, 1, first_id=1000 + number)
        await admin.time.move(0.1)
    assert status_moves(admin) <= 1 + 6 / INTERVAL_S
    await admin.time.move(INTERVAL_S)
    assert "<b>60 messages</b> so far." in admin.last_text
    assert len(admin.world.of(EditMessageText)) == 0


async def test_a_hundred_messages_at_once_are_one_move(admin: AdminBot) -> None:
    await admin.say("/batch")
    await admin.time.move(INTERVAL_S)
    await collect(admin, 100)
    await admin.time.move(SETTLE_S)
    assert status_moves(admin) == 2 and "<b>100 messages</b>: full" in admin.last_text


async def test_nothing_moves_after_done(admin: AdminBot) -> None:
    await admin.say("/batch")
    await collect(admin, 3)
    await admin.press("Done")
    shown = admin.last_text
    await admin.time.move(10)
    assert admin.last_text == shown
    assert "Post 1 is saved" in shown
    assert len(admin.world.of(SendMessage)) == 1


async def test_a_refused_move_is_tried_again(admin: AdminBot) -> None:
    await admin.say("/batch")
    await admin.time.move(INTERVAL_S)
    await collect(admin, 2)
    admin.world.fail(SendMessage, lambda call: TelegramRetryAfter(method=call, message="Too Many", retry_after=1))
    await admin.time.move(SETTLE_S)
    assert admin.world.of(DeleteMessage) == []  # the one that is there stays until there is another
    await admin.time.move(INTERVAL_S)
    assert "<b>2 messages</b> so far." in admin.last_text and len(admin.world.screens) == 1


async def test_a_batch_without_text_is_named_after_its_size(admin: AdminBot) -> None:
    await admin.say("/batch")
    await collect(admin, 2)
    await admin.press("Done")
    assert (await admin.only_post()).title == "2 messages"


async def test_a_batch_of_one_is_a_post(admin: AdminBot) -> None:
    await admin.say("/batch")
    await collect(admin, 1)
    await admin.press("Done")
    assert (await admin.only_post()).item_count == 1


async def test_an_empty_batch_is_not_done(admin: AdminBot) -> None:
    await admin.say("/batch")
    await admin.press("Done")
    assert admin.toasts == [texts.nothing_yet()]
    assert admin.world.of(AnswerCallbackQuery)[-1].show_alert is True
    await collect(admin, 1)
    await admin.press("Done")
    assert (await admin.only_post()).item_count == 1


async def test_the_101st_message_is_refused_and_the_100_are_posted(admin: AdminBot) -> None:
    await admin.say("/batch")
    await collect(admin, 101)
    assert admin.texts.count(texts.full()) == 1
    await admin.press("Done")
    assert (await admin.only_post()).item_count == 100
    assert admin.copies[0].message_ids == list(range(1000, 1100))


async def test_an_album_that_does_not_fit_is_left_out_whole(admin: AdminBot) -> None:
    await admin.say("/batch")
    await collect(admin, 95)
    await collect(admin, 10, first_id=2000, group="g")
    assert admin.texts.count(texts.album_too_big()) == 1
    await admin.press("Done")
    assert (await admin.only_post()).item_count == 95
    assert max(admin.copies[0].message_ids) == 1094


async def test_an_album_that_fits_exactly_is_taken_whole(admin: AdminBot) -> None:
    await admin.say("/batch")
    await collect(admin, 90)
    await collect(admin, 10, first_id=2000, group="g")
    await admin.press("Done")
    assert (await admin.only_post()).item_count == 100


async def test_albums_in_a_batch_make_no_post_of_their_own(admin: AdminBot) -> None:
    await admin.say("/batch")
    for message_id, group in ((1, "a"), (3, "b"), (2, "a"), (4, "b")):
        await admin.send(message_id=message_id, media_group_id=group, **PHOTO)
    await admin.time.move(10)
    await admin.press("Done")
    await admin.time.move(10)
    assert (await admin.only_post()).item_count == 4
    assert [copy.message_ids for copy in admin.copies] == [[1, 2, 3, 4]]


async def test_an_album_message_after_finish_is_late_and_makes_no_post(admin: AdminBot) -> None:
    await admin.say("/batch")
    await collect(admin, 2, group="g")
    await admin.press("Done")
    await admin.send(message_id=1002, media_group_id="g", **PHOTO)
    await admin.time.move(10)
    assert (await admin.only_post()).item_count == 2
    assert late_message() in admin.texts


async def test_a_repeated_update_is_collected_once(admin: AdminBot) -> None:
    await admin.say("/batch")
    update = await admin.send(message_id=1000, **PHOTO)
    await admin.again(update)
    await collect(admin, 1, first_id=2000)
    await admin.press("Done")
    assert (await admin.only_post()).item_count == 2


async def test_a_poll_in_a_batch_is_refused_and_the_batch_stays_open(admin: AdminBot) -> None:
    await admin.say("/batch")
    await admin.send(game={"title": "T", "description": "D", **PHOTO})
    assert "can't make a post of a game" in admin.last_text
    await collect(admin, 2)
    await admin.press("Done")
    assert (await admin.only_post()).item_count == 2


async def test_the_cancel_button_closes_the_batch(admin: AdminBot) -> None:
    await admin.say("/batch")
    await collect(admin, 3)
    await admin.press("Cancel")
    await admin.time.move(5)
    assert admin.last_text == texts.cancelled()
    await admin.say("a single post")
    assert (await admin.only_post()).title == "a single post"


async def test_cancel_typed_closes_the_batch(admin: AdminBot) -> None:
    await admin.say("/batch")
    await collect(admin, 3)
    await admin.say("/cancel")
    await admin.time.move(5)
    assert admin.last_text == texts.cancelled()
    assert len(admin.world.screens) == 1  # the status message was deleted
    await admin.say("/cancel")
    assert admin.last_text == nothing_to_cancel()


@pytest.mark.parametrize("command", ["/help", "/posts", "/settings", "/set", "/start", "/nonsense"])
async def test_another_command_works_and_the_batch_stays(admin: AdminBot, command: str) -> None:
    await admin.say("/batch")
    await collect(admin, 2)
    await admin.say(command)
    assert "<b>2 messages</b> so far." in admin.last_text
    assert len(admin.world.of(DeleteMessage)) == 1  # the only status message was moved
    if command == "/nonsense":
        assert unknown_command() in admin.texts
    await admin.press("Done")
    assert (await admin.only_post()).item_count == 2


async def test_batch_typed_again_keeps_the_open_batch(admin: AdminBot) -> None:
    await admin.say("/batch")
    await collect(admin, 2)
    await admin.say("/batch")
    assert "<b>2 messages</b> so far." in admin.last_text
    await collect(admin, 1, first_id=2000)
    await admin.press("Done")
    assert (await admin.only_post()).item_count == 3


async def test_done_of_another_batch_makes_nothing(admin: AdminBot) -> None:
    await admin.say("/batch")
    await collect(admin, 2)
    old = button_data(admin, "Done")
    await admin.press("Cancel")
    await admin.say("/batch")
    await collect(admin, 2, first_id=2000)
    await admin.callback(old)
    assert admin.toasts[-1] == stale_button()
    assert await admin.posts() == []
    await admin.press("Done")
    assert (await admin.only_post()).item_count == 2


async def test_done_pressed_twice_makes_one_post_and_shows_it_again(admin: AdminBot) -> None:
    await admin.say("/batch")
    await collect(admin, 2)
    done = button_data(admin, "Done")
    first = await admin.callback(done)
    shown = admin.last_text
    await admin.callback(done)
    assert admin.toasts[-1] == texts.stale() and admin.last_text == shown
    await admin.again(first)
    assert len(await admin.posts()) == 1


@pytest.mark.parametrize("collection", ["posts", "audit_log"])
async def test_done_after_a_kill_makes_no_second_post_and_no_second_copies(admin: AdminBot, collection: str) -> None:
    """Killed right after the row of the post was written, or right before."""
    before = collection == "posts"

    def killed(operation: str, of: str) -> None:
        if (operation, of) == ("insert_one", collection):
            raise asyncio.CancelledError

    await admin.say("/batch")
    await collect(admin, 2)
    done = button_data(admin, "Done")
    admin.database.before_call = killed
    with pytest.raises(asyncio.CancelledError):
        await admin.callback(done)
    admin.database.before_call = None
    assert len(await admin.posts()) == (0 if before else 1)
    # what a new process knows: nothing but the conversation and the database
    admin.data["post_maker"]._kept.clear()
    await admin.callback(done)
    assert (await admin.only_post()).item_count == 2
    assert len(admin.copies) == 1
    assert "Post 1 is saved" in admin.last_text


async def test_messages_added_after_a_kill_are_stored_too(admin: AdminBot) -> None:
    def killed(operation: str, of: str) -> None:
        if (operation, of) == ("insert_one", "posts"):
            raise asyncio.CancelledError

    await admin.say("/batch")
    await collect(admin, 2)
    done = button_data(admin, "Done")
    admin.database.before_call = killed
    with pytest.raises(asyncio.CancelledError):
        await admin.callback(done)
    admin.database.before_call = None
    admin.data["post_maker"]._kept.clear()
    await collect(admin, 1, first_id=2000)
    await admin.callback(done)
    assert (await admin.only_post()).item_count == 3
    # the copies of the first try are part of nothing
    (dropped,) = admin.world.of(DeleteMessages)
    assert len(dropped.message_ids) == 2


async def test_messages_are_added_to_a_post_once_though_done_was_killed(admin: AdminBot) -> None:
    def killed(operation: str, of: str) -> None:
        if (operation, of) == ("insert_one", "audit_log"):
            raise asyncio.CancelledError

    await admin.say("first")
    await admin.press("Add messages")
    await collect(admin, 2)
    done = button_data(admin, "Done")
    admin.database.before_call = killed
    with pytest.raises(asyncio.CancelledError):
        await admin.callback(done)
    admin.database.before_call = None
    admin.data["post_maker"]._kept.clear()
    await admin.callback(done)
    assert (await admin.only_post()).item_count == 3 and len(admin.copies) == 2
    assert "Post 1 has 2 messages more" in admin.last_text


async def test_finish_under_a_message_telegram_no_longer_shows_still_works(admin: AdminBot) -> None:
    await admin.say("/batch")
    await collect(admin, 2)
    finish = button_data(admin, "Done")
    admin.world.screens.clear()
    await admin.callback(finish)
    assert "Post 1 is saved" in admin.last_text


async def test_when_storing_fails_the_batch_stays_open(admin: AdminBot) -> None:
    admin.world.fail(CopyMessages, lambda call: TelegramRetryAfter(method=call, message="Too Many", retry_after=3))
    await admin.say("/batch")
    await collect(admin, 2)
    await admin.press("Done")
    assert copying_texts.store_unsure(3) in admin.last_text
    assert "3 seconds" in admin.last_text
    assert "Your 2 messages are still here" in admin.last_text
    await admin.press("Done")
    assert (await admin.only_post()).item_count == 2


async def test_messages_deleted_before_finish_are_named(admin: AdminBot) -> None:
    await admin.say("/batch")
    await collect(admin, 4)
    admin.world.gone |= {(OWNER.id, 1001), (OWNER.id, 1003)}
    await admin.press("Done")
    assert "Missing: messages 2, 4." in admin.last_text
    assert await admin.posts() == []


async def test_a_status_message_the_owner_deleted_comes_back(admin: AdminBot) -> None:
    await admin.say("/batch")
    admin.world.screens.clear()
    await collect(admin, 2)
    admin.world.fail(DeleteMessage, bad_request("message to delete not found"))
    await admin.time.move(INTERVAL_S)
    assert "<b>2 messages</b> so far." in admin.last_text and admin.buttons() == ["Done", "Cancel"]


async def test_a_collected_message_repeated_after_finish_makes_no_post(admin: AdminBot) -> None:
    await admin.say("/batch")
    update = await admin.send(message_id=1, text="one")
    await admin.send(message_id=2, text="two")
    await admin.press("Done")
    await admin.again(update)
    assert len(await admin.posts()) == 1


async def test_an_outage_at_finish_loses_nothing(admin: AdminBot) -> None:
    failures = [AutoReconnect("away")]

    def away(operation: str, collection: str) -> None:
        if (operation, collection) == ("insert_one", "posts") and failures:
            raise failures.pop()

    await admin.say("/batch")
    await collect(admin, 2)
    admin.database.before_call = away
    finishing = admin.supervisor.spawn(admin.press("Done"), "finish")
    await admin.time.move(5)
    await finishing
    assert (await admin.only_post()).item_count == 2
    assert len(admin.copies) == 1


@pytest.mark.parametrize("data", ["ab:finish:", "ab:finish:deadbeef", "ab:nonsense:x", "ab:finish:" + "x" * 50, "ab"])
async def test_forged_batch_buttons_do_nothing(admin: AdminBot, data: str) -> None:
    await admin.say("/batch")
    await collect(admin, 2)
    await admin.callback(data)
    assert admin.toasts[-1] == stale_button()
    assert await admin.posts() == []
    await admin.press("Done")
    assert (await admin.only_post()).item_count == 2

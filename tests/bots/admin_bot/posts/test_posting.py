"""Messages that can be copied become posts; others are refused with a sentence."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiogram.exceptions import ClientDecodeError, TelegramNetworkError, TelegramRetryAfter, TelegramServerError
from aiogram.fsm.state import State
from aiogram.fsm.storage.base import StorageKey
from aiogram.methods import CopyMessage, CopyMessages, DeleteMessages, GetFile, SendMessage, TelegramMethod
from aiogram.types import InlineKeyboardMarkup, User
from pymongo.errors import AutoReconnect

from admin_bot.states import QUESTIONS, Collecting
from core.settings.model import AccessMode
from core.subscriptions import Channel
from core.team.admins import Role
from database.operations import audit_ops, channel_ops, settings_ops
from database.operations.posts import post_ops
from tests.bots.admin_bot.conftest import ADMIN_BOT, OWNER, STORAGE, STRANGER, USER_BOT, AdminBot
from tests.bots.admin_bot.posts.posts import publish
from tests.bots.admin_bot.telegram import MakeError, administrator, bad_request
from views.admin_texts import not_your_role
from views.navigation import OpenPublish
from views.posts.callbacks import PostAction, PostButton
from views.posts.made import discarded, too_late
from views.storage import copying_texts as texts
from views.storage.texts import no_storage

PHOTO: dict[str, Any] = {"photo": [{"file_id": "p", "file_unique_id": "p", "width": 90, "height": 90}]}
FILE: dict[str, Any] = {"file_id": "f", "file_unique_id": "f"}
EVA = User(id=7101, is_bot=False, first_name="Eva")
PEOPLE = {"id": 9, "is_bot": False, "first_name": "X"}

COPYABLE: list[tuple[str, dict[str, Any], str]] = [
    ("photo", PHOTO, "Photo"),
    ("photo with caption", {**PHOTO, "caption": "Sunset"}, "Sunset"),
    ("video", {"video": {**FILE, "width": 1, "height": 1, "duration": 1, "file_name": "e1.mp4"}}, "e1.mp4"),
    ("audio", {"audio": {**FILE, "duration": 1, "performer": "Bach", "title": "Air"}}, "Bach – Air"),
    ("audio by name", {"audio": {**FILE, "duration": 1, "file_name": "a.mp3"}}, "a.mp3"),
    ("document", {"document": {**FILE, "file_name": "book.pdf"}}, "book.pdf"),
    ("nameless document", {"document": FILE}, "File"),
    ("voice", {"voice": {**FILE, "duration": 1}}, "Voice message"),
    (
        "animation",
        {"animation": {**FILE, "width": 1, "height": 1, "duration": 1}, "document": {**FILE}},
        "Animation",
    ),
    (
        "sticker",
        {"sticker": {**FILE, "type": "regular", "width": 1, "height": 1, "is_animated": False, "is_video": False}},
        "Sticker",
    ),
    ("video note", {"video_note": {**FILE, "length": 1, "duration": 1}}, "Video message"),
    ("contact", {"contact": {"phone_number": "1", "first_name": "A"}}, "Contact"),
    ("location", {"location": {"latitude": 1.0, "longitude": 1.0}}, "Location"),
    ("dice", {"dice": {"emoji": "🎲", "value": 3}}, "Dice"),
]

POLL: dict[str, Any] = {
    "id": "1",
    "question": "?",
    "options": [],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "allows_multiple_answers": False,
    "allows_revoting": False,
    "members_only": False,
}
CHAT = {"id": -1009, "type": "channel", "title": "News"}
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("a poll", {"poll": {**POLL, "type": "regular"}}),
    ("a quiz", {"poll": {**POLL, "type": "quiz"}}),
    (
        "an invoice",
        {"invoice": {"title": "T", "description": "D", "start_parameter": "s", "currency": "XTR", "total_amount": 1}},
    ),
    ("a game", {"game": {"title": "T", "description": "D", **PHOTO}}),
    ("paid media", {"paid_media": {"star_count": 1, "paid_media": []}}),
    ("a giveaway", {"giveaway": {"chats": [CHAT], "winners_selection_date": 1, "winner_count": 1}}),
    ("a story", {"story": {"chat": CHAT, "id": 1}}),
    ("this kind of message", {}),
]


@pytest.mark.parametrize(("content", "title"), [case[1:] for case in COPYABLE], ids=[case[0] for case in COPYABLE])
async def test_copyable_content_becomes_a_post(admin: AdminBot, content: dict[str, Any], title: str) -> None:
    await admin.send(message_id=44, **content)
    post = await admin.only_post()
    assert (post.title, post.item_count, post.status) == (title, 1, "live")
    (copy,) = admin.copies
    assert (copy.chat_id, copy.from_chat_id, copy.message_ids) == (STORAGE, OWNER.id, [44])


@pytest.mark.parametrize(("kind", "content"), REFUSED, ids=[case[0] for case in REFUSED])
async def test_what_no_bot_can_copy_is_refused_with_a_sentence(
    admin: AdminBot, kind: str, content: dict[str, Any]
) -> None:
    await admin.send(**content)
    assert len(admin.texts) == 1
    assert f"can't make a post of {kind}:" in admin.last_text
    assert "Send a text, photo, video" in admin.last_text
    assert await admin.posts() == []
    assert admin.copies == []


@pytest.mark.parametrize("who", [OWNER, STRANGER], ids=["owner", "stranger"])
@pytest.mark.parametrize("state", [None, Collecting.messages, *QUESTIONS], ids=str)
async def test_service_messages_are_neither_posts_nor_answers(admin: AdminBot, state: State | None, who: User) -> None:
    await admin.memory.set_state(StorageKey(ADMIN_BOT.id, who.id, who.id), state)
    await admin.send(who=who, pinned_message=admin.message(text="x"))
    await admin.send(who=who, message_auto_delete_timer_changed={"message_auto_delete_time": 86400})
    await admin.send(who=who, new_chat_title="T")
    await admin.send(who=who, video_chat_started={})
    assert admin.world.calls == []


@pytest.mark.parametrize(("kind", "content"), REFUSED, ids=[case[0] for case in REFUSED])
async def test_what_no_bot_can_copy_is_refused_in_a_batch_at_once(
    admin: AdminBot, kind: str, content: dict[str, Any]
) -> None:
    await admin.say("/batch")
    await admin.send(message_id=91, **content)
    answer = admin.world.of(SendMessage)[-1]
    assert f"can't make a post of {kind}:" in str(answer.text)
    assert answer.reply_parameters is not None and answer.reply_parameters.message_id == 91
    assert admin.copies == []


@pytest.mark.parametrize("content", [case[1] for case in COPYABLE], ids=[case[0] for case in COPYABLE])
async def test_copyable_content_is_collected_in_a_batch(admin: AdminBot, content: dict[str, Any]) -> None:
    await admin.say("/batch")
    await admin.send(message_id=91, **content)
    await admin.send(message_id=92, text="and a text")
    await admin.press("Done")
    assert (await admin.only_post()).item_count == 2
    assert [copy.message_ids for copy in admin.copies] == [[91, 92]]


async def test_the_answer_shows_the_full_link_and_answers_to_the_message(admin: AdminBot) -> None:
    await admin.send(message_id=77, text="Holiday in Rome\nwith pictures")
    post = await admin.only_post()
    answer = admin.world.of(SendMessage)[-1]
    assert f"https://t.me/tollgate_bot?start=p_{post.code}" in str(answer.text)
    assert "Post 1 is saved" in str(answer.text)
    assert "Holiday in Rome" in str(answer.text)
    assert answer.reply_parameters is not None
    assert answer.reply_parameters.message_id == 77
    assert answer.reply_parameters.allow_sending_without_reply is True
    assert admin.buttons() == ["Publish", "Copy link", "Preview", "Add messages", "Card", "Undo"]


async def test_the_copy_button_carries_the_link(admin: AdminBot) -> None:
    await admin.say("Rome & back")
    post = await admin.only_post()
    keyboard = admin.world.of(SendMessage)[-1].reply_markup
    assert isinstance(keyboard, InlineKeyboardMarkup)
    publish, copy = keyboard.inline_keyboard[0][0], keyboard.inline_keyboard[1][0]
    assert publish.callback_data == OpenPublish(code=post.code).pack()
    assert copy.copy_text is not None and copy.copy_text.text == f"https://t.me/tollgate_bot?start=p_{post.code}"


@pytest.mark.parametrize(
    ("mode", "channels", "sentence"),
    [
        (AccessMode.OPEN, 0, "Whoever opens it gets the post at once."),
        (AccessMode.CREDITS, 0, "Whoever opens it gets the post after unlocking."),
        (AccessMode.OPEN, 1, "Whoever opens it gets the post after joining 1 channel."),
        (AccessMode.CREDITS, 2, "Whoever opens it gets the post after joining 2 channels and unlocking."),
    ],
)
async def test_the_answer_says_what_really_stands_before_the_post(
    admin: AdminBot, mode: AccessMode, channels: int, sentence: str
) -> None:
    await settings_ops.change("access_mode", mode.value)
    for number in range(channels):
        await channel_ops.add(
            Channel(chat_id=-1000 - number, title=f"C{number}", invite_link=f"https://t.me/+{number}")
        )
    await admin.say("Rome")
    assert admin.last_text.splitlines()[-1] == sentence


async def test_a_stray_thanks_is_undone_with_its_copy(admin: AdminBot) -> None:
    await admin.say("thanks!")
    post = await admin.only_post()
    await admin.press("Undo")
    assert await admin.posts() == [] and admin.last_text == discarded().text
    (deleted,) = admin.world.of(DeleteMessages)
    assert (deleted.chat_id, deleted.message_ids) == (STORAGE, list(post.message_ids))
    assert [entry.action for entry in await audit_ops.last(2)] == ["post.discarded", "post.made"]


@pytest.mark.parametrize("reason", ["ten minutes", "opened", "announced this instant"])
async def test_a_post_that_is_in_use_is_not_undone(admin: AdminBot, reason: str) -> None:
    await admin.say("Rome")
    post = await admin.only_post()
    if reason == "opened":
        await post_ops.open_post(post.code, opening=1)
    elif reason == "ten minutes":
        admin.clock.move(timedelta(minutes=10))
    else:
        await publish(admin, post, "Olive's Garden", published=False)
    await admin.press("Undo")
    assert admin.toasts[-1] == too_late() and len(await admin.posts()) == 1
    assert admin.world.of(DeleteMessages) == []


async def test_an_editor_does_not_undo_a_post_of_somebody_else(admin: AdminBot) -> None:
    await admin.database.collection("admins").insert_one({"user_id": EVA.id, "role": "editor"})
    await admin.say("Rome")
    post = await admin.only_post()
    admin.clock.move(timedelta(seconds=5))
    await admin.callback(PostButton(code=post.code, act=PostAction.DISCARD).pack(), who=EVA)
    assert admin.toasts[-1] == not_your_role(Role.EDITOR) and len(await admin.posts()) == 1


async def test_a_forwarded_text_that_begins_with_a_slash_is_content(admin: AdminBot) -> None:
    origin = {"type": "user", "date": 1, "sender_user": PEOPLE}
    await admin.send(text="/start of something", forward_origin=origin)
    assert (await admin.only_post()).title == "/start of something"


async def test_a_caption_that_begins_with_a_slash_is_content(admin: AdminBot) -> None:
    await admin.send(**PHOTO, caption="/help yourself")
    assert (await admin.only_post()).title == "/help yourself"


async def test_a_2_gb_document_is_posted_without_getfile(admin: AdminBot) -> None:
    await admin.send(document={**FILE, "file_name": "film.mkv", "file_size": 2_147_483_648})
    assert (await admin.only_post()).title == "film.mkv"
    assert admin.world.of(GetFile) == []


async def test_a_text_of_4096_characters_is_posted(admin: AdminBot) -> None:
    await admin.say("<" * 4096)
    assert (await admin.only_post()).title == "<" * 79 + "…"
    assert len(admin.last_text) < 4096


async def test_a_caption_of_1024_characters_is_posted(admin: AdminBot) -> None:
    await admin.send(**PHOTO, caption="&" * 1024)
    assert (await admin.only_post()).title == "&" * 79 + "…"


async def test_an_admin_called_like_html_is_greeted_and_can_post(admin: AdminBot) -> None:
    await settings_ops.change("storage_channel_id", None)
    await admin.say("/start", who=User(id=OWNER.id, is_bot=False, first_name='<3 & "x"'))
    assert "Welcome, \u2068&lt;3 &amp; &quot;x&quot;\u2069: these two bots are yours." in admin.last_text
    assert '<3 & "x"' not in admin.last_text


async def test_a_right_to_left_title_is_isolated(admin: AdminBot) -> None:
    await admin.say("שלום \u202eעולם\u2069")
    assert "Post 1 is saved: \u2068שלום עולם\u2069, 1 message." in admin.last_text


async def test_the_same_update_twice_makes_one_post(admin: AdminBot) -> None:
    update = await admin.say("once")
    await admin.again(update)
    await admin.again(update)
    assert len(await admin.posts()) == 1
    assert len(admin.copies) == 1


async def test_two_posts_at_once_get_different_numbers(admin: AdminBot) -> None:
    await asyncio.gather(*(admin.say(f"post {number}") for number in range(20)))
    posts = await admin.posts()
    assert [post.number for post in posts] == list(range(1, 21))
    assert len({post.code for post in posts}) == 20


# --- failures of the storage channel


async def test_without_a_storage_channel_the_next_step_is_named(admin: AdminBot) -> None:
    await settings_ops.change("storage_channel_id", None)
    await admin.say("hello")
    assert admin.texts == [no_storage()]
    assert admin.copies == []


@pytest.mark.parametrize(
    "description",
    ["need administrator rights in the channel chat", "chat not found", "have no write access to the chat"],
)
async def test_a_lost_storage_channel_names_the_missing_rights_and_alerts_the_owners_once(
    admin: AdminBot, description: str
) -> None:
    admin.world.fail(CopyMessages, bad_request(description), times=2)
    admin.world.members[admin.bot.id] = administrator(await admin.bot.me(), post=False)
    await admin.say("one")
    await admin.say("two")
    assert "This was not stored: @tollgate_admin_bot lacks the right “Post messages”." in admin.last_text
    assert "@tollgate_admin_bot lacks the right “Post messages”" in admin.alerts[0]
    assert len(admin.alerts) == 1
    assert await admin.posts() == []


async def test_a_storage_channel_that_works_again_is_alerted_once(admin: AdminBot) -> None:
    admin.world.fail(CopyMessages, bad_request("chat not found"))
    for text in ("one", "two", "three"):
        await admin.say(text)
    assert len(admin.alerts) == 2
    assert "works again" in admin.alerts[1]
    assert len(await admin.posts()) == 2


async def test_lost_rights_and_a_failed_post_are_one_alert(admin: AdminBot) -> None:
    me = await admin.bot.me()
    event = {
        "chat": {"id": STORAGE, "type": "channel", "title": "Storage"},
        "from": OWNER.model_dump(),
        "date": 1,
        "old_chat_member": administrator(me).model_dump(),
        "new_chat_member": administrator(me, post=False).model_dump(),
    }
    await admin.feed("my_chat_member", event)
    await admin.feed("my_chat_member", event)
    admin.world.fail(CopyMessages, bad_request("need administrator rights in the channel chat"))
    await admin.say("one")
    assert len(admin.alerts) == 1
    await admin.feed("my_chat_member", {**event, "new_chat_member": administrator(me).model_dump()})
    assert len(admin.alerts) == 2
    assert "works again" in admin.alerts[1]


async def test_flood_control_while_storing_says_when_to_try_again(admin: AdminBot) -> None:
    admin.world.fail(
        CopyMessages, lambda call: TelegramRetryAfter(method=call, message="Too Many Requests", retry_after=3)
    )
    await admin.say("one")
    assert admin.texts == [texts.store_wait(3)]
    assert "3 seconds" in admin.last_text
    assert await admin.posts() == []


@pytest.mark.parametrize(
    "fault",
    [
        lambda call: ClientDecodeError("no JSON", ValueError("x"), "<html>502"),
        lambda call: TelegramServerError(method=call, message="Bad Gateway"),
        lambda call: TelegramServerError(method=call, message="Internal Server Error: restart"),
        lambda call: TelegramNetworkError(method=call, message="Request timeout error"),
    ],
    ids=["HTML", "5xx", "restart", "time-out"],
)
async def test_a_lost_answer_to_storing_is_said_and_nothing_is_stored_twice(admin: AdminBot, fault: MakeError) -> None:
    admin.world.fail(CopyMessages, fault)
    await admin.say("one")
    assert admin.texts == [texts.store_unsure()]
    assert len(admin.copies) == 1
    assert await admin.posts() == []


async def test_storing_that_never_reached_telegram_stored_nothing(admin: AdminBot) -> None:
    def never_reached(call: TelegramMethod[Any]) -> Exception:
        error = TelegramNetworkError(method=call, message="ClientConnectorError")
        error.__cause__ = ConnectionRefusedError()
        return error

    admin.world.fail(CopyMessages, never_reached)
    await admin.say("one")
    assert admin.texts == [texts.store_trouble()]


@pytest.mark.parametrize("words", ["message has protected content and can't be forwarded", "CHAT_FORWARDS_RESTRICTED"])
async def test_a_chat_that_restricts_saving_is_not_taken_for_a_lost_storage_channel(
    admin: AdminBot, words: str
) -> None:
    admin.world.fail(CopyMessages, bad_request(words))
    await admin.say("one")
    assert admin.texts == [texts.nothing_copied()]
    assert admin.alerts == []


async def test_a_message_deleted_before_it_was_stored_is_answered_with_a_sentence(admin: AdminBot) -> None:
    admin.world.gone.add((OWNER.id, 90))
    await admin.send(message_id=90, text="gone")
    assert admin.texts == [texts.nothing_copied()]


async def test_after_an_outage_the_post_is_made_from_the_copies_that_were_kept(admin: AdminBot) -> None:
    """The intake repeats the update; the storage channel gets the content once."""
    failures = [AutoReconnect("away")]

    def away(operation: str, collection: str) -> None:
        if (operation, collection) == ("insert_one", "posts") and failures:
            raise failures.pop()

    admin.database.before_call = away
    sending = asyncio.create_task(admin.say("patience"))
    await admin.time.move(5)
    await sending
    assert (await admin.only_post()).title == "patience"
    assert len(admin.copies) == 1
    assert admin.world.of(DeleteMessages) == []
    assert len([text for text in admin.texts if "short break" in text]) == 1


async def test_a_post_that_was_made_is_not_made_again_when_the_audit_row_cannot_be_written(admin: AdminBot) -> None:
    def away(operation: str, collection: str) -> None:
        if collection == "audit_log":
            raise AutoReconnect("away")

    admin.database.before_call = away
    await admin.say("done")
    assert len(await admin.posts()) == 1


async def test_the_user_bot_takes_no_part_in_posting(admin: AdminBot) -> None:
    await admin.say("one")
    assert admin.world.of(CopyMessage) == []
    assert {type(call).__name__ for call in admin.world.calls} == {"CopyMessages", "SendMessage"}
    assert f"t.me/{USER_BOT.username}?" in admin.last_text


async def test_messages_are_stored_in_the_order_they_were_sent(admin: AdminBot) -> None:
    await admin.data["post_maker"].make(OWNER.id, OWNER.id, [3, 1, 2], "mixed up")
    assert admin.copies[0].message_ids == [1, 2, 3]
    ids = (await admin.only_post()).message_ids
    assert list(ids) == sorted(ids)

"""/broadcast: asks for a message or an album, stores it unchanged and shows it as subscribers will see it."""

from typing import Any

import pytest
from aiogram.methods import AnswerCallbackQuery, DeleteMessage

from core.broadcasts import BroadcastStatus
from core.segments import Segment
from database.operations import audit_ops, settings_ops, user_ops
from tests.bots.admin_bot.broadcasts.composing import (
    ANN,
    PHOTO,
    album,
    composed,
    confirmed,
    deleted_copies,
    draft_of,
    keyboard_of,
    made,
    only_broadcast,
    previews,
    screen_data,
    state_of,
    stored,
    the_draft,
    upsert_visitor,
)
from tests.bots.admin_bot.conftest import OWNER, STORAGE, AdminBot
from views.admin_texts import cancelled, first_the_batch
from views.broadcasts import compose_texts as texts
from views.storage.content_texts import late_message
from views.storage.texts import no_storage

# --- the message


async def test_a_message_is_stored_shown_as_it_is_and_followed_by_one_screen(admin: AdminBot) -> None:
    await composed(admin, 3, message_id=900, text="Big news\nof the day")
    assert stored(admin) == [[900]]
    (preview,) = previews(admin)
    assert (preview.chat_id, preview.from_chat_id, keyboard_of(preview)) == (OWNER.id, STORAGE, [])
    assert "To: everybody (3 people)" in admin.last_text
    assert "When: now" in admin.last_text
    assert "Auto-delete: never" in admin.last_text
    assert "Sound: on" in admin.last_text and "Pinned: no" in admin.last_text
    assert "Time needed: about 1 second" in admin.last_text
    assert admin.actions() == [
        "Audience",
        "Buttons",
        "Sound off",
        "Pin",
        "Auto-delete",
        "When",
        "Preview",
        "Test copy to me",
        "Send to 3 people…",
        "Change message",
        "Cancel",
    ]
    # nothing is sent yet, and no post is made
    assert (await made(), await admin.posts()) == ([], [])


async def test_a_confirmed_draft_is_one_row_with_all_its_values(admin: AdminBot) -> None:
    draft = await composed(admin, message_id=900, text="Big news\nof the day")
    await confirmed(admin)
    row = await only_broadcast()
    assert (row.key, row.title, row.status) == (draft.id, "Big news", BroadcastStatus.QUEUED)
    assert (row.source_chat_id, row.message_ids) == (STORAGE, draft.message_ids)
    assert (row.segment, row.buttons, row.has_stop_button) == (Segment(), (), False)
    assert (row.silent, row.pin, row.lifetime_minutes) == (False, False, 0)
    assert (row.created_by, row.created_at, row.send_at) == (OWNER.id, admin.clock.now(), admin.clock.now())
    # the screen has become the progress message
    assert (row.progress_chat_id, row.progress_message_id) == (OWNER.id, list(admin.world.screens)[-1])
    assert row.progress_bot_id == admin.bot.id
    assert "Pause" in admin.actions() or "Cancel" in admin.actions()
    assert await draft_of(admin) is None
    entry = (await audit_ops.last(1))[0]
    assert (entry.admin_id, entry.action, entry.target) == (OWNER.id, "broadcast.made", row.id)
    # the next message is a post again
    await admin.say("a post")
    assert (await admin.only_post()).title == "a post"


@pytest.mark.parametrize(
    "content",
    [
        {"text": "<b> & bold", "entities": [{"type": "bold", "offset": 0, "length": 3}]},
        PHOTO | {"caption": "/ban 5"},
        {"dice": {"emoji": "x", "value": 1}},
        {"text": "/ban 5", "forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "Eve"}},
    ],
    ids=["formatted", "a caption like a command", "without text", "a forwarded command"],
)
async def test_whatever_can_be_copied_is_content(admin: AdminBot, content: dict[str, Any]) -> None:
    await upsert_visitor(admin, ANN)
    await admin.say("/broadcast")
    await admin.send(message_id=900, **content)
    assert stored(admin) == [[900]]
    assert "New broadcast" in admin.last_text
    assert await state_of(admin) is None


async def test_a_command_instead_of_the_message_is_carried_out_and_not_broadcast(admin: AdminBot) -> None:
    await upsert_visitor(admin, ANN)
    await admin.say("/broadcast")
    await admin.say(f"/ban {ANN}")
    user = await user_ops.find(ANN)
    assert user is not None and user.is_banned
    assert (stored(admin), await draft_of(admin), await made(), await state_of(admin)) == ([], None, [], None)
    # and the question has ended
    await admin.say("hello")
    assert (await admin.only_post()).title == "hello"
    assert await made() == []


@pytest.mark.parametrize("button", ["Buttons", "Audience:Active in other", "Audience:By language", "When:At a time"])
async def test_a_command_wins_over_every_question_of_the_draft(admin: AdminBot, button: str) -> None:
    before = await composed(admin)
    for one in button.split(":"):
        await admin.press(one)
    assert await state_of(admin) is not None
    await admin.say(f"/ban {ANN}")
    user = await user_ops.find(ANN)
    assert user is not None and user.is_banned
    assert await state_of(admin) is None
    assert (await the_draft(admin)).fingerprint == before.fingerprint
    assert await made() == []


async def test_cancel_instead_of_the_message_ends_the_question(admin: AdminBot) -> None:
    await admin.say("/broadcast")
    await admin.say("/cancel")
    assert admin.last_text == cancelled()
    await admin.say("hello")
    assert len(await admin.posts()) == 1


@pytest.mark.parametrize("kind", ["poll", "quiz"])
async def test_a_message_that_cannot_be_copied_is_refused_and_the_question_stays(admin: AdminBot, kind: str) -> None:
    poll = {
        "id": "1",
        "question": "?",
        "options": [],
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": "quiz" if kind == "quiz" else "regular",
        "allows_multiple_answers": False,
        "allows_revoting": False,
        "members_only": False,
    }
    await admin.say("/broadcast")
    await admin.send(poll=poll)
    assert f"I can't broadcast a {kind}" in admin.last_text
    assert stored(admin) == []
    await admin.send(message_id=901, text="news")
    assert stored(admin) == [[901]]


async def test_without_a_storage_channel_it_says_what_to_do(admin: AdminBot) -> None:
    await settings_ops.change("storage_channel_id", None)
    await admin.say("/broadcast")
    assert admin.last_text == no_storage()
    assert await state_of(admin) is None


async def test_an_open_batch_comes_first(admin: AdminBot) -> None:
    await admin.say("/batch")
    await admin.say("/broadcast")
    assert first_the_batch() in admin.texts
    await admin.say("one")
    await admin.say("two")
    await admin.press("Done")
    assert (await admin.only_post()).item_count == 2


@pytest.mark.parametrize("button", ["Buttons", "Change message"])
async def test_a_batch_opened_meanwhile_is_not_lost_to_a_question_of_the_draft(admin: AdminBot, button: str) -> None:
    await composed(admin)
    data = screen_data(admin, button)
    await admin.say("/batch")
    await admin.callback(data)
    assert admin.toasts[-1] == first_the_batch()
    for text in ("one", "two"):
        await admin.say(text)
    await admin.press("Done")
    assert (await admin.only_post()).item_count == 2


async def test_words_after_the_command_are_not_sent(admin: AdminBot) -> None:
    await admin.say("/broadcast Hello everybody")
    assert texts.not_after_command() in admin.texts
    assert admin.last_text == texts.ask_message_text()
    assert (stored(admin), await made()) == ([], [])


async def test_broadcast_typed_again_shows_the_open_draft_below(admin: AdminBot) -> None:
    draft = await composed(admin)
    await admin.press("Pin")
    await admin.say("/broadcast")
    assert "Pinned: yes" in admin.last_text
    assert [call.message_id for call in admin.world.of(DeleteMessage)] == [draft.screen_id]
    assert (await the_draft(admin)).id == draft.id
    assert len(stored(admin)) == 1


# --- albums


async def test_an_album_is_one_message_however_its_updates_come(admin: AdminBot) -> None:
    await upsert_visitor(admin, ANN)
    await admin.say("/broadcast")
    for message_id in (1003, 1001, 1002):
        await admin.send(message_id=message_id, media_group_id="g", **PHOTO)
    assert stored(admin) == []
    await admin.time.move(1)
    assert stored(admin) == [[1001, 1002, 1003]]
    assert len((await the_draft(admin)).message_ids) == 3
    assert len(previews(admin)) == 1
    await admin.time.move(10)
    assert await admin.posts() == []
    await confirmed(admin)
    row = await only_broadcast()
    assert (len(row.message_ids), row.title) == (3, "Album of 3")


async def test_a_late_album_message_is_answered_and_becomes_no_post(admin: AdminBot) -> None:
    await admin.say("/broadcast")
    await album(admin, 2)
    await admin.time.move(1)
    await admin.send(message_id=1002, media_group_id="g", **PHOTO)
    await admin.time.move(10)
    assert admin.texts.count(late_message()) == 1
    assert (await admin.posts(), stored(admin)) == ([], [[1000, 1001]])


async def test_a_command_before_the_album_is_complete_wins_and_the_album_is_answered(admin: AdminBot) -> None:
    await admin.say("/broadcast")
    await album(admin, 2)
    await admin.say("/help")
    await admin.send(message_id=1002, media_group_id="g", **PHOTO)
    await admin.time.move(10)
    assert texts.album_stopped() in admin.texts
    assert (stored(admin), await admin.posts(), await draft_of(admin)) == ([], [], None)


async def test_an_album_with_a_missing_message_is_not_taken_and_the_question_stays(admin: AdminBot) -> None:
    admin.world.gone.add((OWNER.id, 1001))
    await admin.say("/broadcast")
    await album(admin, 3)
    await admin.time.move(1)
    assert await draft_of(admin) is None
    # the copies are deleted again
    assert sum(len(ids) for ids in deleted_copies(admin)) == 4
    await admin.send(message_id=1100, text="news")
    assert (await the_draft(admin)).title == "news"


async def test_an_album_has_no_buttons_not_even_the_stop_button(admin: AdminBot) -> None:
    await settings_ops.change("broadcast_stop_button", True)
    await upsert_visitor(admin, ANN)
    await admin.say("/broadcast")
    await album(admin, 10)
    await admin.time.move(1)
    await admin.press("Buttons")
    answer = admin.world.of(AnswerCallbackQuery)[-1]
    assert (answer.text, answer.show_alert) == (texts.album_has_no_buttons(), True)
    assert await state_of(admin) is None
    await confirmed(admin)
    row = await only_broadcast()
    assert (len(row.message_ids), row.buttons, row.has_stop_button) == (10, (), False)

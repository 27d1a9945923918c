"""A draft of a broadcast is discarded, gets another message, or is confirmed by a second tap."""

from datetime import timedelta

import pytest
from aiogram.methods import AnswerCallbackQuery, CopyMessage

from core.posts import PostFilter
from database.operations import broadcast_ops, user_ops
from database.operations.posts import post_search
from tests.bots.admin_bot.broadcasts.composing import (
    ANN,
    SHOP,
    album,
    composed,
    confirmed,
    deleted_copies,
    draft_of,
    made,
    only_broadcast,
    previews,
    state_of,
    the_draft,
)
from tests.bots.admin_bot.conftest import AdminBot
from views.admin_texts import cancelled, nothing_to_cancel
from views.broadcasts import compose_texts as texts

# --- discarding


@pytest.mark.parametrize("way", ["button", "command"])
async def test_cancel_takes_the_copies_out_again_and_sends_nothing(admin: AdminBot, way: str) -> None:
    draft = await composed(admin)
    await (admin.press("Cancel") if way == "button" else admin.say("/cancel"))
    assert admin.last_text == texts.cancelled()
    assert deleted_copies(admin) == [list(draft.message_ids)]
    assert (await draft_of(admin), await made()) == (None, [])
    await admin.say("/cancel")
    assert admin.last_text == nothing_to_cancel()


async def test_cancel_by_command_ends_the_question_first(admin: AdminBot) -> None:
    draft = await composed(admin)
    await admin.press("Buttons")
    await admin.say("/cancel")
    assert admin.last_text == cancelled()
    assert (await the_draft(admin)).id == draft.id
    assert deleted_copies(admin) == []


async def test_another_message_takes_the_place_of_the_first_and_all_else_stays(admin: AdminBot) -> None:
    first = await composed(admin)
    await admin.press("Pin")
    await admin.press("Buttons")
    await admin.say(f"Shop - {SHOP}")
    await admin.press("Change message")
    # the old message stays until the new one is stored
    assert deleted_copies(admin) == []
    await admin.send(message_id=950, text="Better news")
    second = await the_draft(admin)
    assert (second.id, second.title, second.pin, len(second.buttons)) == (first.id, "Better news", True, 1)
    assert deleted_copies(admin) == [list(first.message_ids)]
    await confirmed(admin)
    row = await only_broadcast()
    assert (row.message_ids, row.title) == (second.message_ids, "Better news")


async def test_an_album_in_place_of_a_message_loses_its_buttons(admin: AdminBot) -> None:
    await composed(admin)
    await admin.press("Buttons")
    await admin.say(f"Shop - {SHOP}")
    await admin.press("Change message")
    await album(admin, 2)
    await admin.time.move(1)
    assert (await the_draft(admin)).buttons == ()
    assert "Buttons: none (albums cannot have any)" in admin.last_text


# --- the second tap


async def test_the_second_tap_names_how_many_when_and_how_long(admin: AdminBot) -> None:
    await composed(admin)
    await admin.press("Send to 3 people…")
    assert "Send this broadcast to 3 people?" in admin.last_text
    assert "When: now" in admin.last_text and "Auto-delete: never" in admin.last_text
    assert "roadcast is being sent" not in admin.last_text
    assert admin.actions() == ["Yes, send to 3 people"]
    assert await made() == []


async def test_the_confirmation_names_broadcasts_that_are_sent_before(admin: AdminBot) -> None:
    await composed(admin)
    await confirmed(admin)
    await admin.say("/broadcast")
    await admin.say("second")
    await admin.press("Send to")
    assert "Another broadcast is being sent; this one starts after it." in admin.last_text
    (other,) = await made()
    assert await broadcast_ops.start(other, admin.clock.now())
    assert await broadcast_ops.pause(other.id)
    await admin.press("‹ ")
    await admin.press("Send to")
    assert "1 other broadcast is planned or paused." in admin.last_text
    await admin.press("Yes, send")
    assert [row.title for row in await made()] in (["second", "Big news"], ["Big news", "second"])


async def test_an_empty_audience_makes_no_row(admin: AdminBot) -> None:
    await composed(admin, 0)
    assert "nobody at the moment" in admin.last_text
    await admin.press("Send to 0 people…")
    answer = admin.world.of(AnswerCallbackQuery)[-1]
    assert (answer.text, answer.show_alert) == (texts.nobody(), True)
    assert texts.nobody() in admin.last_text
    assert await made() == []


async def test_an_audience_that_is_empty_at_the_second_tap_makes_no_row(admin: AdminBot) -> None:
    await composed(admin, 1)
    await admin.press("Send to 1 person…")
    await user_ops.stop_news(ANN, admin.clock.now())
    await admin.press("Yes, send")
    assert admin.toasts[-1] == texts.nobody()
    assert await made() == []
    await user_ops.resume_news(ANN)
    await confirmed(admin)
    assert (await only_broadcast()).title == "Big news"


@pytest.mark.parametrize("at", ["first tap", "second tap"])
async def test_a_time_that_has_passed_by_the_tap_is_asked_for_again(admin: AdminBot, at: str) -> None:
    await composed(admin)
    await admin.press("When")
    await admin.press("At a time")
    await admin.say("9:30")
    if at == "second tap":
        await admin.press("Send to")
    admin.clock.move(timedelta(minutes=4))
    await admin.press("Send to" if at == "first tap" else "Yes, send")
    assert admin.toasts[-1] == texts.time_passed()
    assert texts.time_passed() in admin.last_text
    assert admin.actions() == ["Now", "At a time"]
    assert await made() == []
    await admin.press("Now")
    await confirmed(admin)
    assert (await only_broadcast()).send_at == admin.clock.now()


async def test_list_shows_the_last_ones(admin: AdminBot) -> None:
    await composed(admin)
    await confirmed(admin)
    await admin.say("/broadcast LIST")
    assert any(text.startswith("Big news") for text in admin.actions())
    assert await state_of(admin) is None


async def test_a_draft_changes_no_posts(admin: AdminBot) -> None:
    await composed(admin)
    await confirmed(admin)
    found, _ = await post_search.search(None, skip=0, limit=10, show=PostFilter.ALL)
    assert found == []
    assert all(isinstance(call, CopyMessage) for call in previews(admin))

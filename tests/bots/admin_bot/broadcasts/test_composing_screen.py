"""The screen of a draft: audience, buttons, sound, pin, lifetime and time are pressed or typed, and shown."""

from datetime import UTC, datetime, timedelta

import pytest
from aiogram.methods import DeleteMessages, SendMessage

from core.segments import Segment, SegmentKind
from database.operations import settings_ops, user_ops
from tests.bots.admin_bot.broadcasts.composing import (
    ANN,
    BOB,
    CLEO,
    PHOTO,
    SHOP,
    composed,
    confirmed,
    keyboard_of,
    only_broadcast,
    previews,
    screen_data,
    state_of,
    the_draft,
    upsert_visitor,
)
from tests.bots.admin_bot.conftest import AdminBot
from views.broadcasts import compose_texts as texts
from views.broadcasts.keyboards import stop_news
from views.quantities import people

# --- the screen's buttons


async def test_sound_and_pin_say_what_shall_be(admin: AdminBot) -> None:
    await composed(admin, 100)
    quiet, pin = screen_data(admin, "Sound off"), screen_data(admin, "Pin")
    for data in (quiet, pin):
        await admin.callback(data, message_id=list(admin.world.screens)[-1])
        await admin.callback(data, message_id=list(admin.world.screens)[-1])
    assert "Sound: off" in admin.last_text and "Pinned: yes" in admin.last_text
    # 100 people, two calls each, 29 a second
    assert "Time needed: about 7 seconds" in admin.last_text
    await admin.press("Sound on")
    await admin.press("Sound off")
    await confirmed(admin)
    row = await only_broadcast()
    assert (row.silent, row.pin) == (True, True)


@pytest.mark.parametrize(
    ("button", "segment", "count"),
    [
        ("Everybody", Segment(), 3),
        ("Active in 7 days", Segment(kind=SegmentKind.ACTIVE, days=7), 2),
        ("Active in 30 days", Segment(kind=SegmentKind.ACTIVE, days=30), 3),
        ("With a pass", Segment(kind=SegmentKind.WITH_PASS), 0),
        ("Without a pass", Segment(kind=SegmentKind.WITHOUT_PASS), 3),
    ],
)
async def test_the_audience_is_chosen_and_counted(admin: AdminBot, button: str, segment: Segment, count: int) -> None:
    await upsert_visitor(admin, CLEO)
    admin.clock.move(timedelta(days=8))
    await upsert_visitor(admin, ANN, BOB)
    await admin.say("/broadcast")
    await admin.say("news")
    await admin.press("Audience")
    await admin.press(button)
    assert (await the_draft(admin)).segment == segment
    assert admin.actions()[8] == f"Send to {people(count)}…"


@pytest.mark.parametrize(
    ("button", "wrong", "typed", "segment", "count"),
    [
        ("Active in other", "366", "9", Segment(kind=SegmentKind.ACTIVE, days=9), 3),
        ("By language", "Portuguese", "PT", Segment(kind=SegmentKind.LANGUAGE, language="pt"), 2),
        ("By source", "a b", "spring", Segment(kind=SegmentKind.SOURCE, source="spring"), 1),
    ],
)
async def test_other_audiences_are_typed_and_a_wrong_answer_is_answered_with_what_is_expected(
    admin: AdminBot, button: str, wrong: str, typed: str, segment: Segment, count: int
) -> None:
    await upsert_visitor(admin, ANN, language="pt-br", source="spring")
    await upsert_visitor(admin, BOB, language="pt")
    await upsert_visitor(admin, CLEO, language="en")
    await admin.say("/broadcast")
    await admin.say("news")
    await admin.press("Audience")
    await admin.press(button)
    await admin.say(wrong)
    assert "/cancel" in admin.last_text
    await admin.send(**PHOTO)
    assert admin.last_text == texts.text_expected()
    await admin.say(typed)
    assert (await the_draft(admin)).segment == segment
    assert f"({people(count)})" in admin.last_text
    assert await state_of(admin) is None
    assert await admin.posts() == []


async def test_blocked_banned_and_unsubscribed_users_are_not_counted(admin: AdminBot) -> None:
    await composed(admin, 4)
    await user_ops.mark_blocked(8001, admin.clock.now())
    await user_ops.ban(8002, admin.clock.now(), reason=None, until=None)
    await user_ops.stop_news(8003, admin.clock.now())
    await admin.press("Pin")
    assert "To: everybody (1 person)" in admin.last_text


async def test_buttons_are_typed_and_shown_below_the_preview(admin: AdminBot) -> None:
    await settings_ops.change("broadcast_stop_button", True)
    await composed(admin)
    await admin.press("Buttons")
    await admin.say(f"Open - the shop - {SHOP}\nNews – {SHOP}/news")
    shown = [("Open - the shop", SHOP), ("News", f"{SHOP}/news"), (stop_news(), None)]
    assert keyboard_of(previews(admin)[-1]) == shown
    assert "Open - the shop" in admin.last_text
    await confirmed(admin)
    row = await only_broadcast()
    assert [(one.text, one.url) for one in row.buttons] == shown[:2]
    assert row.has_stop_button


async def test_a_bad_button_is_named_by_its_line_and_the_question_stays(admin: AdminBot) -> None:
    await composed(admin)
    await admin.press("Buttons")
    await admin.say(f"Shop - {SHOP}\n<b>Bad</b> - javascript:alert(1)")
    assert admin.last_text.startswith("Line 2: “javascript:alert(1)” is no address")
    assert (await the_draft(admin)).buttons == ()
    await admin.say(f"Shop - {SHOP}")
    assert len((await the_draft(admin)).buttons) == 1
    await admin.press("Buttons")
    await admin.say("-")
    assert (await the_draft(admin)).buttons == ()


async def test_a_lifetime_is_pressed_or_typed(admin: AdminBot) -> None:
    await composed(admin)
    await admin.press("Auto-delete")
    assert "At most 47 hours" in admin.last_text
    await admin.press("6 hours")
    assert "Auto-delete: 6 hours after each got it" in admin.last_text
    await admin.press("Auto-delete")
    await admin.press("Another time")
    await admin.say("1h 30m")
    assert "Auto-delete: 1 hour 30 minutes after each got it" in admin.last_text
    await confirmed(admin)
    assert (await only_broadcast()).lifetime_minutes == 90


@pytest.mark.parametrize(("typed", "sentence"), [("48h", texts.lifetime_too_long()), ("9", texts.lifetime_too_short())])
async def test_48_hours_and_9_minutes_are_refused_with_a_reason_and_the_question_stays(
    admin: AdminBot, typed: str, sentence: str
) -> None:
    await composed(admin)
    await admin.press("Auto-delete")
    await admin.press("Another time")
    await admin.say(typed)
    assert admin.last_text == sentence
    assert (await the_draft(admin)).lifetime_minutes == 0
    await admin.say("47h")
    assert (await the_draft(admin)).lifetime_minutes == 2820


async def test_a_time_is_typed_on_the_zones_clocks_and_shown_back(admin: AdminBot) -> None:
    # it is 22 November 2025, 9:26 in Berlin
    await composed(admin)
    await admin.press("When")
    await admin.press("At a time")
    await admin.say("25.11. 18:30")
    assert "25 November 2025, 18:30 (Europe/Berlin)" in admin.last_text
    await admin.press("Send to")
    assert "25 November 2025, 18:30 (Europe/Berlin)" in admin.last_text
    await admin.press("Yes, send")
    row = await only_broadcast()
    assert row.send_at == datetime(2025, 11, 25, 17, 30, tzinfo=UTC)
    assert row.created_at == admin.clock.now()


async def test_now_takes_a_time_off_again(admin: AdminBot) -> None:
    await composed(admin)
    await admin.press("When")
    await admin.press("At a time")
    await admin.say("tomorrow 9:00")
    await admin.press("When")
    await admin.press("Now")
    assert "When: now" in admin.last_text


@pytest.mark.parametrize("typed", ["9:26", "21.11. 18:30", "2025-11-22 9:00"])
async def test_a_time_in_the_past_is_refused_and_the_question_stays(admin: AdminBot, typed: str) -> None:
    await composed(admin)
    await admin.press("When")
    await admin.press("At a time")
    await admin.say(typed)
    assert "has passed" in admin.last_text
    assert (await the_draft(admin)).send_at is None
    await admin.say("9:27")
    assert (await the_draft(admin)).send_at == datetime(2025, 11, 22, 8, 27, tzinfo=UTC)


async def test_back_leads_from_every_screen_to_the_draft_and_ends_its_question(admin: AdminBot) -> None:
    await composed(admin)
    for way in ("Audience", "Auto-delete", "When", "Buttons", "Change message", "Send to", "Audience:By source"):
        for button in way.split(":"):
            await admin.press(button)
        assert admin.buttons()[-1] == "Menu"
        await admin.press("‹ ")
        assert admin.actions()[-1] == "Cancel"
        assert await state_of(admin) is None
    # one screen is one message
    assert len(admin.world.of(SendMessage)) == 2


async def test_a_preview_takes_the_place_of_the_one_before(admin: AdminBot) -> None:
    first = await composed(admin)
    await admin.press("Preview")
    second = await the_draft(admin)
    assert len(previews(admin)) == 2
    assert second.preview_ids != first.preview_ids and second.screen_id != first.screen_id
    deleted = [call.message_ids for call in admin.world.of(DeleteMessages)]
    assert list(first.preview_ids) in deleted
    assert list(admin.world.screens)[-1] == second.screen_id
    assert first.screen_id not in admin.world.screens


async def test_the_stop_button_of_a_preview_explains_itself(admin: AdminBot) -> None:
    await admin.callback("nonews")
    assert admin.toasts == [texts.of_preview()]

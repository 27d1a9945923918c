"""Publishing a post: preview, choices, one press, what became of it."""

from datetime import timedelta
from functools import partial
from typing import Any

from aiogram.methods import AnswerCallbackQuery, CopyMessage, DeleteMessage, EditMessageText, SendMessage

from core.announcements import AnnouncementState, NewAnnouncement, Slots
from core.posts import Cover, CoverKind, PostField
from database.operations import announcement_ops, channel_ops, settings_ops
from database.operations.posts import post_ops
from database.publishing import confirming
from tests.bots.admin_bot.conftest import OWNER, STORAGE, AdminBot
from tests.bots.admin_bot.faults import lost
from tests.bots.admin_bot.publishing import desk
from tests.bots.admin_bot.publishing.desk import GARDEN, GREENHOUSE
from tests.bots.admin_bot.telegram import bad_request
from views.admin_texts import stale_button
from views.links import post_link
from views.publishing.callbacks import PublishConfirmed
from views.publishing.draft_screens import no_channel, preview_unsure, slot_taken, time_passed


async def test_the_preview_is_the_announcement_and_the_draft_stands_below_it(admin: AdminBot) -> None:
    await desk.connect(admin)
    one = await desk.post(admin)
    await desk.open_publish(admin, one)
    (preview,) = desk.previews(admin)
    assert isinstance(preview, SendMessage) and "<b>\u2068Spring album\u2069</b>" in preview.text
    assert admin.last_text == (
        "Publish post 1\nTo: \u2068Olive&#x27;s Garden\u2069\nWhen: now · sound on · not pinned\n"
        "Leaves the channel: never"
    )
    assert admin.buttons() == [
        "Publish now",
        "To: 1 channel ›",
        "When: now ›",
        "Text ›",
        "Cover ›",
        "Button ›",
        "Sound: on",
        "Pin: off",
        "Leaves: never ›",
        "‹ Post 1",
        "Menu",
    ]


async def test_published_once_however_often_it_is_pressed(admin: AdminBot) -> None:
    await desk.connect(admin, username="garden")
    one = await desk.post(admin)
    await desk.open_publish(admin, one)
    shown = list(admin.world.screens)[-1]
    data = admin.world.screens[shown].reply_markup.inline_keyboard[0][0].callback_data  # type: ignore[union-attr]
    assert data is not None
    for _ in range(3):
        await admin.callback(data, message_id=shown)
    (announcement,) = await desk.planned()
    assert announcement.is_now and announcement.url.endswith(f"p_{one.code}-s_ch1")
    assert announcement.label == "Open" and announcement.title == desk.TITLE
    assert admin.last_text == "Publishing in \u2068Olive&#x27;s Garden\u2069 …"


async def test_of_two_drafts_for_one_slot_the_second_is_asked_for_another(admin: AdminBot) -> None:
    channel = await desk.connect(admin)
    await channel_ops.change_slots(channel.chat_id, channel.slots, Slots(times=("18:00",)))
    first, second = await desk.post(admin, "Rome"), await desk.post(admin, "Venice")
    for one in (first, second):
        await desk.open_publish(admin, one)
        await admin.press("When: now")
        await admin.press("Next slot: today 18:00")
    await admin.press("Put on the schedule")
    # the other draft, whose screen still shows the same slot
    draft = await desk.drafts(admin, first.code)
    assert draft is not None
    await admin.callback(PublishConfirmed(draft=draft.id, fingerprint=draft.fingerprint).pack())
    assert admin.toasts[-1] == slot_taken() and "Next slot: tomorrow 18:00" in admin.buttons()
    assert [one.post_code for one in await desk.planned()] == [second.code]
    await admin.press("Next slot: tomorrow 18:00")
    await admin.press("Put on the schedule")
    assert [one.post_code for one in await desk.planned()] == [second.code, first.code]


async def test_the_result_follows_the_publisher(admin: AdminBot) -> None:
    await desk.connect(admin, username="garden")
    await desk.open_publish(admin, await desk.post(admin))
    await admin.press("Publish now")
    await desk.run_publisher(admin)
    await admin.time.move(3)
    assert admin.last_text == "Published in \u2068Olive&#x27;s Garden\u2069."
    assert admin.buttons() == ["Open", "Withdraw", "‹ Post 1", "Menu"]
    screen = list(admin.world.screens.values())[-1]
    assert screen.reply_markup is not None
    assert screen.reply_markup.inline_keyboard[0][0].url == "https://t.me/garden/77"
    assert await announcement_ops.find_unreported(9) == []


async def test_after_a_kill_the_next_process_shows_what_became_of_it(admin: AdminBot) -> None:
    await desk.connect(admin)
    await desk.open_publish(admin, await desk.post(admin))
    await admin.press("Publish now")
    pressed = admin.world.of(EditMessageText)[-1].message_id
    # the process ends before anything is followed
    await admin.supervisor.close()
    await desk.run_publisher(admin)
    before = len(admin.world.of(EditMessageText))
    results = admin.data["publish_results"]
    results._follower._supervisor = type(admin.supervisor)()
    await results.resume()
    await admin.time.move(3)
    (edited,) = admin.world.of(EditMessageText)[before:]
    assert edited.message_id == pressed and str(edited.text).startswith("Published in")
    await results._follower._supervisor.close()


async def test_several_channels_each_have_a_line_and_failed_ones_try_again(admin: AdminBot) -> None:
    await desk.connect_two(admin)
    await desk.open_publish(admin, await desk.post(admin))
    await admin.press("Publish now")
    await desk.run_publisher(admin, refused={GREENHOUSE: "Bad Request: <not> enough rights"})
    await admin.time.move(3)
    assert admin.last_text == (
        "Published in 1 of 2 channels.\n\u2068The Greenhouse\u2069: not published\n"
        "\u2068Olive&#x27;s Garden\u2069: published"
    )
    await admin.press("Try again: The Greenhouse")
    await desk.run_publisher(admin)
    await admin.time.move(3)
    assert admin.last_text.startswith("Published in 2 of 2 channels.")
    assert {one.source for one in await announcement_ops.find_of_post((await admin.only_post()).code)} == {"ch1", "ch2"}


async def test_a_lost_answer_is_called_unknown_and_a_person_decides(admin: AdminBot) -> None:
    await desk.connect(admin)
    await desk.open_publish(admin, await desk.post(admin))
    await admin.press("Publish now")
    await desk.run_publisher(admin, lost=[GARDEN])
    await admin.time.move(3)
    assert admin.last_text == "Telegram did not confirm. Look into \u2068Olive&#x27;s Garden\u2069 first."
    assert admin.buttons()[:2] == ["It is there", "Send again"]
    await admin.press("Send again")
    await desk.run_publisher(admin)
    await admin.time.move(3)
    assert "Published in" in admin.last_text


async def test_it_is_there_is_taken_for_published(admin: AdminBot) -> None:
    await desk.connect(admin)
    one = await desk.post(admin)
    await desk.open_publish(admin, one)
    await admin.press("Publish now")
    await desk.run_publisher(admin, lost=[GARDEN])
    await admin.time.move(3)
    await admin.press("It is there")
    (found,) = await announcement_ops.find_of_post(one.code)
    assert found.state is AnnouncementState.PUBLISHED and found.message_id is None
    await admin.press("Withdraw")
    assert str(admin.toasts[-1]).startswith("I do not know which message it is")


async def test_a_post_that_is_there_already_is_published_again_only_on_request(admin: AdminBot) -> None:
    await desk.connect(admin, username="garden")
    one = await desk.post(admin)
    await desk.open_publish(admin, one)
    await admin.press("Publish now")
    await desk.run_publisher(admin)
    await admin.time.move(3)
    await desk.open_publish(admin, one)
    await admin.press("Publish now")
    assert admin.last_text.startswith("It is there since today <tg-time")
    assert admin.buttons()[:2] == ["Open", "Publish again"]
    assert len(await announcement_ops.find_of_post(one.code)) == 1
    await admin.press("Publish again")
    await admin.press("Publish now")
    assert len(await announcement_ops.find_of_post(one.code)) == 2


async def test_a_noted_post_says_at_once_that_it_is_there(admin: AdminBot) -> None:
    await desk.connect_two(admin)
    one = await desk.post(admin)
    await desk.open_publish(admin, one)
    await admin.press("To: 2 channels")
    await admin.press("✓ The Greenhouse")
    await admin.press("‹ Publish")
    await admin.press("Publish now")
    await desk.run_publisher(admin)
    await post_ops.note_announcements(one.code, planned=0, published=1)
    # the other channel is proposed
    await desk.open_publish(admin, one)
    assert "To: \u2068The Greenhouse\u2069\n" in admin.last_text
    await admin.press("Publish now")
    await desk.run_publisher(admin)
    await post_ops.note_announcements(one.code, planned=0, published=2)
    await desk.open_publish(admin, one)
    assert admin.last_text.count("it is there since") == 2


async def test_two_people_who_publish_one_post_publish_it_once(admin: AdminBot) -> None:
    await desk.connect(admin)
    one = await desk.post(admin)
    await desk.open_publish(admin, one)
    other = await announcement_ops.create(
        (await _as_new(admin, one.code)).model_copy(update={"key": "f" * 16, "created_by": 8})
    )
    await admin.press("Publish now")
    assert admin.last_text.startswith("It is being published just now.")
    assert [found.id for found in await announcement_ops.find_of_post(one.code)] == [other.announcement.id]


async def _as_new(admin: AdminBot, code: str) -> NewAnnouncement:
    draft = await desk.drafts(admin, code)
    assert draft is not None
    (channel,) = await admin.data["publishing_lookups"].publishing()
    plan = admin.data["publish_results"]._plan(draft, None)
    return confirming.new_in(plan, channel, OWNER.id, admin.clock.now(), partial(post_link, "shop_bot", code))


async def test_a_screen_of_another_state_of_the_draft_publishes_nothing(admin: AdminBot) -> None:
    await desk.connect(admin)
    one = await desk.post(admin)
    await desk.open_publish(admin, one)
    first = list(admin.world.screens.values())[-1].reply_markup
    assert first is not None
    await admin.press("Sound: on")
    await admin.callback(str(first.inline_keyboard[0][0].callback_data))
    assert await desk.planned() == [] and admin.toasts[-1] == stale_button()
    assert "sound off" in admin.last_text


async def test_a_button_of_a_draft_nobody_knows_opens_the_menu(admin: AdminBot) -> None:
    for data in (
        "pbc:" + "0" * 16 + ":" + "0" * 8,
        "pb:when:" + "0" * 16,
        "pbs:zz:0",
        "gpub:" + "0" * 16,
        "an:show:x:s",
    ):
        await admin.callback(data)
        assert admin.toasts[-1] == stale_button()


async def test_drafts_of_two_posts_do_not_mix(admin: AdminBot) -> None:
    await desk.connect(admin)
    first, second = await desk.post(admin, "First"), await desk.post(admin, "Second")
    await desk.open_publish(admin, first)
    await admin.press("Pin: off")
    await desk.open_publish(admin, second)
    await admin.press("Publish now")
    (found,) = await desk.planned()
    assert (found.post_code, found.pin) == (second.code, False)
    draft = await desk.drafts(admin, first.code)
    assert draft is not None and draft.pin


async def test_every_switch_is_one_edit_and_at_most_three_commands(admin: AdminBot) -> None:
    await desk.connect_two(admin)
    await settings_ops.change("access_mode", "open")
    await desk.open_publish(admin, await desk.post(admin))
    for text in (
        "Sound: on",
        "Pin: off",
        "Sound: off",
        "To: 2",
        "✓ The",
        "The G",
        "‹ Publish",
        "When",
        "‹ Publish",
        "Leaves",
        "6 h",
        "Cover",
        "‹ Publish",
    ):
        calls = len(admin.world.calls)
        commands = desk.count_commands(admin)
        admin.clock.move(timedelta(seconds=6))
        await admin.press(text)
        admin.database.before_call = None
        assert [type(call) for call in admin.world.calls[calls:]] == [AnswerCallbackQuery, EditMessageText], text
        assert len(commands) <= 3, (text, commands)
    assert "Leaves the channel: after 6 h" in admin.last_text


async def test_opening_is_two_messages_and_at_most_three_commands(admin: AdminBot) -> None:
    await desk.connect_two(admin)
    one = await desk.post(admin)
    # not chosen, it follows the shorteners, which are read with the settings
    await settings_ops.change("access_mode", "open")
    admin.clock.move(timedelta(seconds=6))
    calls = len(admin.world.calls)
    commands = desk.count_commands(admin)
    await desk.open_publish(admin, one)
    admin.database.before_call = None
    assert [type(call) for call in admin.world.calls[calls:]] == [AnswerCallbackQuery, SendMessage, SendMessage]
    assert sorted(commands) == ["admin_config", "channels", "posts"]


# --- what stands in the way


async def test_a_caption_of_1025_characters_is_shortened_or_loses_its_picture(admin: AdminBot) -> None:
    await desk.connect(admin)
    one = await desk.post(admin)
    cover = Cover(kind=CoverKind.OWN, chat_id=STORAGE, message_id=5)
    assert await post_ops.set_option(one.code, PostField.COVER, cover, expected=None, by=1, at=admin.clock.now())
    await desk.open_publish(admin, one)
    for length, is_right in ((1024, True), (1025, False)):
        await admin.press("Text ›")
        await admin.send(text="x" * length)
        assert admin.last_text.startswith("Publish post 1") is is_right
    assert admin.last_text == "The text has 1,025 characters; under a picture Telegram takes 1,024."
    assert admin.buttons()[:2] == ["Shorten", "Without picture"]
    await admin.press("Shorten")
    copied = admin.world.of(CopyMessage)[-1]
    assert copied.caption == "x" * 1023 + "…" and copied.message_id == 5
    await admin.press("Text ›")
    await admin.send(text="y" * 1025)
    await admin.press("Without picture")
    assert desk.previews(admin)[-1].text == "y" * 1025  # type: ignore[union-attr]
    await admin.press("Publish now")
    (found,) = await desk.planned()
    assert found.cover is None and found.text == "y" * 1025


async def test_a_picture_that_is_gone_is_said_and_nothing_can_be_published_with_it(admin: AdminBot) -> None:
    await desk.connect(admin)
    one = await desk.post(admin)
    await settings_ops.change("cover_photo", 5)
    admin.world.gone.add((STORAGE, 5))
    await desk.open_publish(admin, one)
    assert admin.last_text.startswith("The picture is not in the storage channel any more.")
    assert "Publish now" not in admin.buttons()
    await admin.press("Without picture")
    assert admin.buttons()[0] == "Publish now"


async def test_without_a_preview_there_is_no_publishing(admin: AdminBot) -> None:
    await desk.connect(admin)
    one = await desk.post(admin)
    admin.world.fail(SendMessage, lost)
    await desk.open_publish(admin, one)
    assert admin.last_text == preview_unsure() and "Publish now" not in admin.buttons()
    await admin.press("Show it again")
    assert admin.buttons()[0] == "Publish now"


async def test_a_text_telegram_refuses_is_said_with_its_words(admin: AdminBot) -> None:
    await desk.connect(admin)
    one = await desk.post(admin)
    admin.world.fail(SendMessage, bad_request("can't parse <entities>"))
    await desk.open_publish(admin, one)
    assert "Telegram refused: \u2068Bad Request: can&#x27;t parse &lt;entities&gt;\u2069" in admin.last_text


async def test_a_channel_lost_between_preview_and_press_stops_no_other(admin: AdminBot) -> None:
    await desk.connect_two(admin)
    await desk.open_publish(admin, await desk.post(admin))
    await _disconnect(GARDEN)
    await admin.press("Publish now")
    assert [one.chat_id for one in await desk.planned()] == [GREENHOUSE]


async def test_when_every_channel_was_disconnected_the_draft_says_so(admin: AdminBot) -> None:
    await desk.connect(admin)
    await desk.open_publish(admin, await desk.post(admin))
    await _disconnect(GARDEN)
    await admin.press("Publish now")
    assert admin.last_text == no_channel() and await desk.planned() == []


async def _disconnect(chat_id: int) -> None:
    await channel_ops.switch_publishing(chat_id, is_on=False)


async def test_a_new_preview_replaces_the_one_before(admin: AdminBot) -> None:
    await desk.connect(admin)
    await desk.open_publish(admin, await desk.post(admin))
    await admin.press("Button ›")
    await admin.say("Look <here>")
    assert len(desk.previews(admin)) == 2
    assert desk.previews(admin)[-1].reply_markup.inline_keyboard[0][0].text == "Look <here>"  # type: ignore[union-attr]
    # preview and screen of before, each once
    assert len({call.message_id for call in admin.world.of(DeleteMessage)}) == 2


# --- answers


async def test_wrong_answers_say_what_is_expected_and_the_question_stays(admin: AdminBot) -> None:
    await desk.connect(admin)
    one = await desk.post(admin)
    await desk.open_publish(admin, one)
    answers: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
        ("Button ›", {"text": "x" * 41}, {"text": "x" * 40}),
        ("Text ›", {"photo": desk.PHOTO}, {"text": "Out now"}),
        ("Text ›", {"text": "\u2063"}, {"text": "\u202eOut &now🏳️‍🌈"}),
    )
    for button, wrong, right in answers:
        await admin.press(button)
        shown = len(admin.world.calls)
        await admin.send(**wrong)
        assert "I need" in admin.last_text or "nothing to read" in admin.last_text
        assert len(admin.world.calls) == shown + 1
        await admin.send(**right)
        assert admin.last_text.startswith("Publish post 1")
    assert len(await admin.posts()) == 1


async def test_leaving_takes_at_most_47_hours(admin: AdminBot) -> None:
    await desk.connect(admin)
    await desk.open_publish(admin, await desk.post(admin))
    await admin.press("Leaves")
    await admin.press("Own time")
    for wrong in ("48h", "47h 1m", "soon", "-5"):
        await admin.say(wrong)
        assert admin.last_text.startswith("I need a time from 1 min to 47 h")
    await admin.say("47 h")
    assert "Leaves the channel: after 47 h" in admin.last_text


async def test_a_time_is_typed_in_the_zone_of_the_house(admin: AdminBot) -> None:
    await desk.connect(admin)
    await desk.open_publish(admin, await desk.post(admin))
    await admin.press("When")
    await admin.press("Another time")
    await admin.say("gestern")
    assert admin.last_text.startswith("That is no time I understand")
    await admin.say("tomorrow 9:30")
    assert admin.buttons()[0] == "Put on the schedule"
    await admin.press("Put on the schedule")
    (found,) = await desk.planned()
    assert found.publish_at.isoformat() == "2025-11-23T08:30:00+00:00" and not found.is_now
    assert admin.last_text.startswith("On the schedule: tomorrow")


async def test_a_time_that_passed_before_the_press_publishes_nothing(admin: AdminBot) -> None:
    await desk.connect(admin)
    await desk.open_publish(admin, await desk.post(admin))
    await admin.press("When")
    await admin.press("Tomorrow 9:00")
    admin.clock.move(timedelta(days=2))
    await admin.press("Put on the schedule")
    assert await desk.planned() == [] and admin.toasts[-1] == time_passed()
    assert admin.buttons()[0] == "Publish now"


async def test_an_own_cover_is_a_photo_kept_in_storage(admin: AdminBot) -> None:
    await desk.connect(admin)
    one = await desk.post(admin)
    await desk.open_publish(admin, one)
    await admin.press("Cover")
    await admin.press("Send one")
    document = {"file_id": "d", "file_unique_id": "d", "file_size": 2_000_000_000, "mime_type": "image/png"}
    wrong_ones: tuple[dict[str, Any], ...] = (
        {"document": document},
        {"text": "a picture"},
        {"photo": desk.PHOTO, "media_group_id": "g"},
    )
    for wrong in wrong_ones:
        stored = len(admin.copies)
        await admin.send(**wrong)
        assert admin.last_text.startswith("I need one photo here") and len(admin.copies) == stored
    # the rest of that album is neither an answer nor a post
    await admin.send(photo=desk.PHOTO, media_group_id="g")
    await admin.send(photo=desk.PHOTO)
    copied = admin.world.of(CopyMessage)[-1]
    assert int(copied.from_chat_id) == STORAGE and "Spring album" in str(copied.caption)
    assert len(await admin.posts()) == 1


# --- the first one ever


async def test_after_the_first_one_ever_what_comes_next_is_said_once(admin: AdminBot) -> None:
    await desk.connect(admin)
    for number in (1, 2):
        await desk.open_publish(admin, await desk.post(admin, f"Post {number}"))
        await admin.press("Publish now")
        await desk.run_publisher(admin)
        await admin.time.move(3)
    assert [text for text in admin.texts if text == "It is out."] == ["It is out."]


async def test_nothing_comes_next_while_nothing_is_out(admin: AdminBot) -> None:
    await desk.connect(admin)
    await desk.open_publish(admin, await desk.post(admin))
    await admin.press("Publish now")
    await desk.run_publisher(admin, refused={GARDEN: "Bad Request: chat not found"})
    await admin.time.move(3)
    assert "It is out." not in admin.texts


async def test_a_screen_shown_instead_is_not_overwritten_by_the_result(admin: AdminBot) -> None:
    await desk.connect(admin)
    await desk.open_publish(admin, await desk.post(admin))
    await admin.press("Publish now")
    await admin.press("Menu")
    shown = admin.world.of(EditMessageText)[-1].message_id
    await desk.run_publisher(admin)
    await admin.time.move(6)
    assert str(admin.world.screens[shown or 0].text).startswith("<b>Tollgate</b>")
    # nor by a later process
    assert await announcement_ops.find_unreported(9) == []


async def test_of_two_raced_confirmations_the_later_one_makes_nothing(admin: AdminBot) -> None:
    await desk.connect(admin)
    one = await desk.post(admin)
    await desk.open_publish(admin, one)
    draft = await desk.drafts(admin, one.code)
    assert draft is not None
    # both have seen that it stands nowhere
    first = await admin.data["publish_results"].confirm(8, draft.changed(id="f" * 16), None)
    second = await admin.data["publish_results"].confirm(OWNER.id, draft, None)
    assert len(first.made) == 1 and second.made == () and second.standing == first.made

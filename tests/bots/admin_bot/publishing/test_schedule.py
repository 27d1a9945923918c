"""The schedule: what needs a person first, what is planned, moving, taking off; slots."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiogram.methods import AnswerCallbackQuery, EditMessageText

from core.announcements import AnnouncementState, NewAnnouncement, Slots
from core.subscriptions import Channel
from database.operations import announcement_ops, channel_ops, settings_ops
from database.operations.announcements import publishing
from tests.bots.admin_bot.conftest import ADMIN_BOT, OWNER, AdminBot
from tests.bots.admin_bot.publishing import desk
from tests.bots.admin_bot.publishing.desk import GARDEN, GREENHOUSE
from views.admin_texts import changed_since, stale_button, too_late_to_undo, undone
from views.channels.callbacks import ChannelAction, ChannelButton
from views.navigation import Section, data_of
from views.publishing.announcement_texts import NOT_PUBLISHED_TO
from views.publishing.callbacks import AnnouncementAction, AnnouncementButton, SchedulePage
from views.publishing.schedule_screens import its_time_passed, nothing_scheduled, off_schedule, slots_changed

#: Saturday, 9:26 in Berlin
_NOW = datetime(2025, 11, 22, 8, 26, 40, tzinfo=UTC)
BOB = OWNER.model_copy(update={"id": 7005, "first_name": "Bob"})


async def _plan(admin: AdminBot, at: datetime, **more: Any) -> str:
    fields: dict[str, Any] = {
        "key": f"{at.timestamp():.0f}{more.get('post_code', '')}"[:16],
        "post_code": f"{at.timestamp():.0f}".ljust(16, "0"),
        "chat_id": GARDEN,
        "publish_at": at,
        "source": "ch1",
        "text": "x",
        "label": "Open",
        "url": "https://t.me/shop_bot",
        "created_by": OWNER.id,
        "created_at": admin.clock.now(),
        "title": desk.TITLE,
        "number": 1,
    }
    created = await announcement_ops.create(NewAnnouncement.model_validate(fields | more))
    return created.announcement.id


async def _fail(admin: AdminBot, announcement_id: str) -> None:
    one = await announcement_ops.find(announcement_id)
    assert one is not None
    claimed = await publishing.claim(one, "host:1:test", ADMIN_BOT.id, admin.clock.now())
    assert claimed is not None and await publishing.record_failed(claimed, "Bad Request: chat not found")


async def _miss(announcement_id: str) -> None:
    one = await announcement_ops.find(announcement_id)
    assert one is not None and await publishing.mark_missed(one)


def _hours(number: float) -> datetime:
    return _NOW + timedelta(hours=number)


async def test_an_empty_schedule_says_how_to_fill_it(admin: AdminBot) -> None:
    await admin.say("/schedule")
    assert admin.last_text == nothing_scheduled() and admin.buttons() == ["‹ Menu"]


async def test_the_schedule_lists_what_is_planned_the_earliest_first(admin: AdminBot) -> None:
    await desk.connect(admin)
    for hours in (50, 5, 26):
        await _plan(admin, _hours(hours))
    await admin.callback(data_of(Section.SCHEDULE))
    assert admin.last_text == "Schedule, Europe/Berlin"
    assert admin.buttons() == [
        "Sat 22, 14:26 · Spring album",
        "Sun 23, 11:26 · Spring album",
        "Mon 24, 11:26 · Spring album",
        "Slots: none ›",
        "‹ Menu",
    ]


async def test_what_failed_or_was_missed_comes_first(admin: AdminBot) -> None:
    await desk.connect(admin)
    await _plan(admin, _hours(5))
    await _fail(admin, await _plan(admin, _hours(-1)))
    await _miss(await _plan(admin, _hours(-30)))
    await admin.say("/schedule")
    assert admin.last_text.splitlines()[1] == "⚠ 2 need you: press to see why."
    assert [one.split(" · ")[0] for one in admin.buttons()[:3]] == ["⚠ Missed", "⚠ Failed", "Sat 22, 14:26"]
    await admin.press("⚠ Failed")
    assert "Telegram refused: \u2068Bad Request: chat not found\u2069" in admin.last_text
    assert admin.buttons() == ["Try again", "Drop it", "Give the right", "‹ Schedule", "Menu"]
    await admin.press("Try again")
    await desk.run_publisher(admin)
    await admin.time.move(3)
    assert "Published in" in admin.last_text


async def test_a_missed_one_asks(admin: AdminBot) -> None:
    await desk.connect(admin)
    missed = await _plan(admin, _hours(-30))
    await _miss(missed)
    await admin.say("/schedule")
    await admin.press("⚠ Missed")
    assert admin.buttons()[:3] == ["Publish now", "Move", "Drop it"]
    await admin.press("Publish now")
    assert admin.last_text.startswith("Publish \u2068Spring album\u2069 in")
    await admin.press("Publish now")
    found = await announcement_ops.find(missed)
    assert found is not None and found.state is AnnouncementState.PLANNED and found.is_now


async def test_pages_of_the_schedule_take_three_commands_and_one_edit(admin: AdminBot) -> None:
    await desk.connect_two(admin)
    for hours in range(1, 15):
        await _plan(admin, _hours(hours))
    await _miss(await _plan(admin, _hours(-30)))
    for page, rows, more in ((0, 6, True), (1, 6, True), (2, 3, False), (9, 0, False)):
        admin.clock.move(timedelta(seconds=6))
        commands = desk.count_commands(admin)
        before = len(admin.world.calls)
        await admin.callback(SchedulePage(page=page).pack(), message_id=list(admin.world.screens)[-1] if page else None)
        admin.database.before_call = None
        assert len(commands) <= 3
        assert sum("· Spring album" in one for one in admin.buttons()) == rows
        assert ("Next ›" in admin.buttons()) is more
        if page:
            assert [type(call) for call in admin.world.calls[before:]] == [AnswerCallbackQuery, EditMessageText]


async def test_off_the_schedule_can_be_undone_for_ten_minutes(admin: AdminBot) -> None:
    await desk.connect(admin)
    planned = await _plan(admin, _hours(5))
    await admin.say("/schedule")
    await admin.press("Sat 22")
    await admin.press("Off the schedule")
    assert admin.toasts[-1] == off_schedule() and await desk.planned() == []
    await admin.press("Undo")
    assert admin.toasts[-1] == undone() and [one.id for one in await desk.planned()] == [planned]
    await admin.press("Off the schedule")
    admin.clock.move(timedelta(minutes=11))
    await admin.press("Undo")
    assert admin.toasts[-1] == too_late_to_undo() and await desk.planned() == []


async def test_an_old_off_button_does_not_give_up_what_may_be_in_the_channel(admin: AdminBot) -> None:
    await desk.connect(admin)
    planned = await _plan(admin, _hours(0))
    await admin.say("/schedule")
    await admin.press("Sat 22")
    await desk.run_publisher(admin, lost=[GARDEN])
    await admin.press("Off the schedule")
    assert admin.toasts[-1] == stale_button() and "Telegram did not confirm." in admin.last_text
    found = await announcement_ops.find(planned)
    assert found is not None and found.state is AnnouncementState.UNKNOWN


@pytest.mark.parametrize("act", [ChannelAction.PUBLISH_OFF, ChannelAction.REMOVE_CONFIRMED])
async def test_nothing_planned_goes_out_in_a_channel_that_was_taken_off_the_list(
    admin: AdminBot, act: ChannelAction
) -> None:
    await desk.connect_two(admin)
    planned = await _plan(admin, _hours(1))
    elsewhere = await _plan(admin, _hours(1), key="other", chat_id=GREENHOUSE)
    await admin.callback(ChannelButton(act=act, chat_id=GARDEN).pack())
    admin.clock.move(timedelta(hours=1))
    assert [one.id for one in await desk.announcement_ops_due(admin)] == [elsewhere]
    await admin.callback(AnnouncementButton(act=AnnouncementAction.SHOW, id=planned).pack())
    assert NOT_PUBLISHED_TO in admin.last_text and "Telegram refused" not in admin.last_text
    # nor by an old button
    await admin.callback(AnnouncementButton(act=AnnouncementAction.TRY_AGAIN, id=planned).pack())
    await admin.callback(AnnouncementButton(act=AnnouncementAction.MOVE_TOMORROW, id=planned).pack())
    found = await announcement_ops.find(planned)
    assert found is not None and found.state is AnnouncementState.FAILED
    assert "Drop it" in admin.buttons()


async def test_undo_plans_nothing_in_a_channel_that_was_taken_off_the_list_since(admin: AdminBot) -> None:
    await desk.connect(admin)
    await _plan(admin, _hours(5))
    await admin.say("/schedule")
    await admin.press("Sat 22")
    await admin.press("Off the schedule")
    await channel_ops.switch_publishing(GARDEN, is_on=False)
    await admin.press("Undo")
    assert admin.toasts[-1] == changed_since() and await desk.planned() == []


async def test_undo_after_its_time_publishes_nothing(admin: AdminBot) -> None:
    await desk.connect(admin)
    await _plan(admin, _hours(0.1))
    await admin.say("/schedule")
    await admin.press("Sat 22")
    await admin.press("Off the schedule")
    admin.clock.move(timedelta(minutes=8))
    await admin.press("Undo")
    assert admin.last_text.startswith(its_time_passed()) and await desk.planned() == []


async def test_a_planned_one_moves_by_a_press_and_back_by_undo(admin: AdminBot) -> None:
    channel = await desk.connect(admin)
    await _slots(channel, "18:00")
    # the first slot is taken
    await _plan(admin, datetime(2025, 11, 22, 17, tzinfo=UTC))
    moved = await _plan(admin, _hours(5))
    await admin.say("/schedule")
    await admin.press("Sat 22, 14:26")
    await admin.press("Move")
    assert admin.buttons()[:4] == ["Next slot: tomorrow 18:00", "Today 20:00", "Tomorrow 9:00", "Another time"]
    await admin.press("Next slot")
    assert await _at(moved) == datetime(2025, 11, 23, 17, tzinfo=UTC)
    await admin.press("Undo")
    assert await _at(moved) == _hours(5)


async def _at(announcement_id: str) -> datetime:
    found = await announcement_ops.find(announcement_id)
    assert found is not None
    return found.publish_at


async def test_two_people_moving_one_are_told_of_each_other(admin: AdminBot) -> None:
    await desk.connect(admin)
    planned = await _plan(admin, _hours(5))
    await admin.say("/schedule")
    await admin.press("Sat 22")
    await admin.press("Move")
    await admin.press("Another time")
    await announcement_ops.move(planned, _hours(29), by=BOB.id, name="<Bob>")
    await admin.say("tomorrow 9:30")
    assert admin.last_text.startswith("\u2068&lt;Bob&gt;\u2069 changed this to tomorrow")
    assert await _at(planned) == _hours(29)
    await admin.press("Save mine")
    assert await _at(planned) == datetime(2025, 11, 23, 8, 30, tzinfo=UTC)


async def test_a_button_of_one_that_was_published_meanwhile_shows_it_as_it_is(admin: AdminBot) -> None:
    await desk.connect(admin)
    await _plan(admin, _hours(0))
    await admin.say("/schedule")
    await admin.press("Sat 22")
    shown = list(admin.world.screens.values())[-1].reply_markup
    assert shown is not None
    await desk.run_publisher(admin)
    for row in shown.inline_keyboard[:2]:
        for button in row:
            await admin.callback(str(button.callback_data))
            assert "Published in" in admin.last_text
    (found,) = await announcement_ops.find_of_post(f"{_NOW.timestamp():.0f}".ljust(16, "0"))
    assert found.state is AnnouncementState.PUBLISHED


async def test_a_button_of_an_announcement_nobody_knows_shows_the_schedule(admin: AdminBot) -> None:
    for act in AnnouncementAction:
        await admin.callback(AnnouncementButton(act=act, id="f" * 24).pack())
        assert admin.toasts[-1] == stale_button() and admin.last_text == nothing_scheduled()


async def test_withdrawn_within_48_hours_it_is_deleted_later_emptied(admin: AdminBot) -> None:
    await desk.connect(admin)
    await desk.open_publish(admin, await desk.post(admin))
    await admin.press("Publish now")
    await desk.run_publisher(admin)
    await admin.time.move(3)
    admin.clock.move(timedelta(hours=48, seconds=1))
    await admin.press("Withdraw")
    assert admin.last_text.endswith(
        "It is older than 48 hours: I take away text and button; only you can delete the message."
    )
    admin.clock.move(timedelta(seconds=-2))
    await admin.press("‹ Announcement")
    await admin.press("Withdraw")
    assert admin.last_text.endswith("It is deleted there.")
    await admin.press("Withdraw")
    await desk.run_deleter(admin)
    await admin.time.move(3)
    assert "Withdrawn from \u2068Olive&#x27;s Garden\u2069." in admin.last_text


# --- slots


async def _slots(channel: Channel, *times: str) -> None:
    assert await channel_ops.change_slots(channel.chat_id, channel.slots, Slots(times=times)) is not None


async def test_slots_are_weekdays_and_times(admin: AdminBot) -> None:
    await desk.connect(admin)
    await admin.say("/schedule")
    await admin.callback(data_of(Section.SLOTS))
    await admin.press("Olive's Garden: none")
    await admin.press("+ time")
    for wrong in ("24:00", "noon", "9:60", "9"):
        await admin.say(wrong)
        assert admin.last_text.startswith("I need a time of day")
    await admin.say("9:00")
    await admin.press("+ time")
    await admin.say("18.30")
    assert admin.last_text.startswith("Slots of \u2068Olive&#x27;s Garden\u2069: daily 09:00, 18:30")
    await admin.press("✓Su")
    await admin.press("✓Sa")
    assert "Mon–Fri 09:00, 18:30" in admin.last_text
    await admin.press("09:00")
    channel = await channel_ops.find(GARDEN)
    assert channel is not None and channel.slots == Slots(weekdays=(0, 1, 2, 3, 4), times=("18:30",))
    await admin.press("Undo")
    assert "Mon–Fri 09:00, 18:30" in admin.last_text
    assert len(await admin.posts()) == 0


async def test_slots_two_people_change_at_once_keep_the_first_change(admin: AdminBot) -> None:
    channel = await desk.connect(admin)
    await _slots(channel, "10:00")
    service, before = admin.data["channel_slots"], await channel_ops.find(GARDEN)
    assert before is not None
    assert await service.change(1, before, Slots(times=("11:00",))) is not None
    assert await service.change(2, before, Slots(times=("12:00",))) is None
    after = await channel_ops.find(GARDEN)
    assert after is not None and after.slots.times == ("11:00",)
    assert slots_changed().startswith("Somebody")


async def test_a_press_of_slots_is_one_edit_and_at_most_three_commands(admin: AdminBot) -> None:
    await _slots(await desk.connect(admin), "10:00")
    await settings_ops.change("access_mode", "open")
    await admin.callback(data_of(Section.SLOTS))
    for text in ("Olive's Garden", "✓Mo", "10:00", "Undo"):
        admin.clock.move(timedelta(seconds=6))
        commands = desk.count_commands(admin)
        before = len(admin.world.calls)
        await admin.press(text)
        admin.database.before_call = None
        assert len(commands) <= 3, (text, commands)
        assert [type(call) for call in admin.world.calls[before:]] == [AnswerCallbackQuery, EditMessageText]


async def test_a_channel_that_was_disconnected_has_no_slots(admin: AdminBot) -> None:
    await desk.connect(admin)
    await desk.connect(admin, GREENHOUSE, "The Greenhouse")
    await admin.callback(data_of(Section.SLOTS))
    await channel_ops.switch_publishing(GARDEN, is_on=False)
    await admin.press("Olive's Garden")
    assert admin.toasts[-1] == "This channel is not connected any more."
    assert admin.buttons()[0] == "The Greenhouse: none"


# --- the Menu


async def test_the_menu_names_what_is_published_next(admin: AdminBot) -> None:
    await _plan(admin, _hours(30), channel="Olive's Garden")
    await _plan(admin, _hours(5), channel="Olive's Garden")
    commands = desk.count_commands(admin)
    await admin.say("/menu")
    # besides what is read for all screens, at most every five seconds
    assert commands.count("announcements") == 1
    commands.clear()
    await admin.callback(data_of(Section.MENU))
    admin.database.before_call = None
    assert commands == ["announcements"]
    assert "Next: \u2068Spring album\u2069, <tg-time" in admin.last_text
    assert "14:26 (Europe/Berlin)</tg-time>, \u2068Olive&#x27;s Garden\u2069." in admin.last_text

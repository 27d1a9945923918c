"""One fault at each command and call of publishing: each channel gets the post once, and the press is answered."""

import pytest

from core.announcements import AnnouncementState
from database.operations import announcement_ops
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from tests.bots.admin_bot.faults import away_at, fail_at
from tests.bots.admin_bot.publishing import desk
from tests.bots.admin_bot.publishing.desk import GARDEN, GREENHOUSE
from views.navigation import OpenPublish
from views.publishing.callbacks import AnnouncementAction, AnnouncementButton


def _pressable(admin: AdminBot, text: str) -> tuple[str, int]:
    for screen in reversed(admin.world.screens.values()):
        for row in screen.reply_markup.inline_keyboard if screen.reply_markup else []:
            for button in row:
                if button.text == text and button.callback_data:
                    return button.callback_data, screen.message_id
    raise AssertionError(text)


async def _through_an_outage(admin: AdminBot, number: int, data: str, shown: int) -> int:
    """Press while command `number` fails; returns how many commands there were."""
    refuse, calls = away_at(number)
    admin.database.before_call = refuse
    task = admin.supervisor.spawn(admin.callback(data, message_id=shown), "through an outage")
    await admin.time.move(30)
    await task
    admin.database.before_call = None
    return len(calls)


@pytest.mark.parametrize("number", range(12))
async def test_an_outage_at_any_command_of_the_press_publishes_once(admin: AdminBot, number: int) -> None:
    await desk.connect_two(admin)
    one = await desk.post(admin)
    await desk.open_publish(admin, one)
    data, shown = _pressable(admin, "Publish now")
    await _through_an_outage(admin, number, data, shown)
    found = await announcement_ops.find_of_post(one.code)
    assert sorted(announcement.chat_id for announcement in found) == sorted([GARDEN, GREENHOUSE])
    assert {announcement.state for announcement in found} == {AnnouncementState.PLANNED}
    # pressed again by the person, it is what it is
    await admin.callback(data, message_id=shown)
    assert len(await announcement_ops.find_of_post(one.code)) == 2


@pytest.mark.sweep
@pytest.mark.parametrize("number", range(5))
async def test_an_outage_at_any_command_of_opening_shows_one_draft(admin: AdminBot, number: int) -> None:
    await desk.connect_two(admin)
    one = await desk.post(admin)
    await _through_an_outage(admin, number, OpenPublish(code=one.code).pack(), 0)
    assert admin.last_text.startswith("Publish post 1")
    await admin.press("Publish now")
    assert len(await announcement_ops.find_of_post(one.code)) == 2


@pytest.mark.sweep
@pytest.mark.parametrize("fault", ["no answer", "flood", "trouble"])
@pytest.mark.parametrize("number", range(3))
async def test_a_call_that_fails_while_publishing_leaves_the_announcements(
    admin: AdminBot, number: int, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.connect_two(admin)
    one = await desk.post(admin)
    await desk.open_publish(admin, one)
    data, shown = _pressable(admin, "Publish now")
    calls = fail_at(admin, number, fault, monkeypatch)
    await admin.callback(data, message_id=shown)
    assert calls[0] == "AnswerCallbackQuery"
    assert len(await announcement_ops.find_of_post(one.code)) == 2
    monkeypatch.undo()
    await admin.callback(data, message_id=shown)
    assert admin.last_text.startswith("Published in 0 of 2 channels.")


@pytest.mark.parametrize("number", range(4))
async def test_an_outage_at_any_command_of_taking_off_takes_off_once(admin: AdminBot, number: int) -> None:
    await desk.connect(admin)
    await desk.open_publish(admin, await desk.post(admin))
    await admin.press("When")
    await admin.press("Tomorrow 9:00")
    await admin.press("Put on the schedule")
    (planned,) = await desk.planned()
    off = AnnouncementButton(act=AnnouncementAction.OFF, id=planned.id).pack()
    await _through_an_outage(admin, number, off, list(admin.world.screens)[-1])
    assert await desk.planned() == []
    assert "Off the schedule" in admin.last_text


async def test_forged_buttons_change_nothing_and_are_answered(admin: AdminBot) -> None:
    await desk.connect(admin)
    one = await desk.post(admin)
    await desk.open_publish(admin, one)
    draft = await desk.drafts(admin, one.code)
    assert draft is not None
    for data in (
        f"pbl:{draft.id}:2821",
        f"pbl:{draft.id}:-1",
        f"pbt:{draft.id}:x:1:0",
        f"pbt:{draft.id}:-100999:1:0",
        f"pbt:{draft.id}:{GARDEN}:1:99999",
        f"pbg:{draft.id}:9999",
        f"pb:nothing:{draft.id}",
        f"pb:slot:{draft.id}",
        f"pbc:{draft.id}:zz",
        f"sld:{GARDEN}:7:1",
        f"slx:{GARDEN}:1440",
        "sl:0",
        "sch:10000",
        "anm:zz:99999999999",
        "dc:x",
        "rn:x",
        "an:move:" + "g" * 24 + ":s",
    ):
        answered = len(admin.toasts)
        await admin.callback(data, who=OWNER)
        assert len(admin.toasts) == answered + 1, data
    assert await desk.planned() == []


async def test_a_draft_of_another_channel_than_any_connected_publishes_nowhere(admin: AdminBot) -> None:
    await desk.connect(admin)
    one = await desk.post(admin)
    await desk.open_publish(admin, one)
    await admin.press("To: 1")
    await admin.press("✓ Olive")
    draft = await desk.drafts(admin, one.code)
    assert draft is not None
    await admin.callback(f"pbt:{draft.id}:-100999:1:0")
    await admin.press("‹ Publish")
    assert "To: no channel yet" in admin.last_text and "Publish now" not in admin.buttons()

"""The Menu, old buttons and undo, as an owner meets them."""

from datetime import timedelta

from aiogram.fsm.context import FSMContext
from aiogram.fsm.storage.base import StorageKey
from aiogram.methods import AnswerCallbackQuery, DeleteMessage, EditMessageText, SendMessage
from aiogram.types import User

from admin_bot.conversation.dialogue import UNDO_STEPS_MAX, Dialogue
from admin_bot.undo import UNDO_FOR, Undone, UndoStep
from core.team.admins import Role
from core.team.rights import Right
from database.operations import incident_ops
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from views.admin_texts import changed_since, not_your_role, stale_button, too_late_to_undo, undone
from views.screens import Screen
from views.undo import UndoButton

EVA = User(id=7101, is_bot=False, first_name="Eva")


def _dialogue(admin: AdminBot) -> Dialogue:
    key = StorageKey(bot_id=admin.bot.id, chat_id=OWNER.id, user_id=OWNER.id)
    return Dialogue(FSMContext(admin.memory, key))


async def test_menu_shows_the_day_and_every_section(admin: AdminBot) -> None:
    await admin.say("/menu")
    assert admin.last_text.startswith("<b>Tollgate</b> · @tollgate_bot\nToday: 0 new subscribers, 0 posts delivered.")
    assert admin.buttons() == [
        "Choose my channel",
        "Posts",
        "Schedule",
        "Broadcasts",
        "Subscribers",
        "Channels",
        "Statistics",
        "Settings",
        "Team",
        "System",
    ]


async def test_menu_of_an_editor_has_posts_the_schedule_and_their_numbers_only(admin: AdminBot) -> None:
    await admin.database.collection("admins").insert_one({"user_id": 7101, "role": "editor"})
    await admin.say("/menu", who=User(id=7101, is_bot=False, first_name="Eva"))
    assert admin.buttons() == ["Posts", "Schedule", "Statistics"]


async def test_menu_shows_troubles_first_with_their_mending(admin: AdminBot) -> None:
    await incident_ops.claim_open("post:" + "a" * 16, admin.clock.now(), timedelta(minutes=1))
    await incident_ops.claim_open("storage:-100", admin.clock.now(), timedelta(minutes=1))
    await admin.say("/menu")
    first, second = admin.last_text.splitlines()[:2]
    assert first == "⚠ The storage channel is out of reach." and second == "⚠ A post has lost messages."
    assert admin.buttons()[:2] == ["Fix: storage channel", "Fix: post"]


async def test_a_button_of_last_year_opens_the_menu_in_its_place(admin: AdminBot) -> None:
    await admin.say("/menu")
    shown = list(admin.world.screens)[-1]
    await admin.callback("zz:forged:1", message_id=shown)
    answered, edited = admin.world.calls[-2:]
    assert isinstance(answered, AnswerCallbackQuery) and answered.text == stale_button()
    assert isinstance(edited, EditMessageText) and edited.message_id == shown


async def test_a_press_is_answered_before_the_screen_is_edited(admin: AdminBot) -> None:
    await admin.say("/menu")
    before = len(admin.world.calls)
    await admin.callback("go:menu", message_id=list(admin.world.screens)[-1])
    kinds = [type(call) for call in admin.world.calls[before:]]
    assert kinds == [AnswerCallbackQuery, EditMessageText]
    assert not any(isinstance(call, SendMessage | DeleteMessage) for call in admin.world.calls[before:])


async def _offer(admin: AdminBot, value: dict[str, int]) -> str:
    async def take_back(admin_id: int, step: UndoStep) -> Undone:
        if value["is"] != step.after:
            return Undone(was_changed_since=True)
        value["is"] = step.before
        return Undone(Screen("as it was"))

    if "number" not in admin.data["undo_service"]._undoers:
        admin.data["undo_service"].register("number", take_back, Right.ENTER)
    step = UndoStep("number", "", 30, 60)
    offered = await admin.data["undo_service"].offer(_dialogue(admin), step, admin.clock.now())
    return str(offered.callback_data)


async def test_undo_takes_a_step_back_once(admin: AdminBot) -> None:
    value = {"is": 60}
    data = await _offer(admin, value)
    await admin.callback(data)
    assert value["is"] == 30 and admin.toasts[-1] == undone() and admin.last_text == "as it was"
    await admin.callback(data)
    assert admin.toasts[-1] == too_late_to_undo()


async def test_undo_needs_the_right_the_step_needed(admin: AdminBot) -> None:
    """Somebody who was a manager when the step was made, and is an editor when its `Undo` is pressed."""
    calls: list[int] = []

    async def take_back(admin_id: int, step: UndoStep) -> Undone:
        calls.append(admin_id)
        return Undone()

    undo_service = admin.data["undo_service"]
    undo_service.register("secret", take_back, Right.SETTINGS)
    dialogue = Dialogue(FSMContext(admin.memory, StorageKey(admin.bot.id, EVA.id, EVA.id)))
    offered = await undo_service.offer(dialogue, UndoStep("secret", "", 30, 60), admin.clock.now())
    await admin.database.collection("admins").insert_one({"user_id": EVA.id, "role": "editor"})
    admin.clock.move(timedelta(seconds=5))
    await admin.callback(str(offered.callback_data), who=EVA)
    assert calls == [] and admin.toasts == [not_your_role(Role.EDITOR)]


async def test_undo_leaves_what_was_changed_since(admin: AdminBot) -> None:
    value = {"is": 45}
    await admin.callback(await _offer(admin, value))
    assert value["is"] == 45 and admin.toasts[-1] == changed_since()


async def test_undo_ends_after_ten_minutes(admin: AdminBot) -> None:
    value = {"is": 60}
    data = await _offer(admin, value)
    admin.clock.move(UNDO_FOR + timedelta(seconds=1))
    await admin.callback(data)
    assert value["is"] == 60 and admin.toasts[-1] == too_late_to_undo()


async def test_the_oldest_undo_step_is_dropped(admin: AdminBot) -> None:
    value = {"is": 60}
    first = await _offer(admin, value)
    for _ in range(UNDO_STEPS_MAX):
        await _offer(admin, value)
    await admin.callback(first)
    assert value["is"] == 60
    assert await _dialogue(admin).undo_step(UndoButton.unpack(first).name) is None

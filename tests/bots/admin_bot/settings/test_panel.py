"""/settings by buttons: each kind of control, undo, two admins at once, old and forged buttons, roles."""

from datetime import timedelta
from typing import Any

import pytest
from aiogram.methods import AnswerCallbackQuery, DeleteMessage, EditMessageText, SendMessage
from aiogram.types import MessageEntity

from core.settings import FIELDS, Group
from core.settings.changes import Editor
from database.connection import Database
from database.operations import audit_ops, settings_ops
from tests.bots.admin_bot.conftest import OWNER, STORAGE, USER_BOT, AdminBot
from views.admin_texts import changed_since, stale_button, too_late_to_undo, undone
from views.navigation import GroupButton
from views.settings.callbacks import AskButton, ConfirmedButton, FieldButton, SetButton, fingerprint
from views.settings.panel import group_name

BOB = Editor(7002, "Bob")


async def value(admin: AdminBot, name: str) -> Any:
    return getattr(await settings_ops.load(), name)


async def open_field(admin: AdminBot, group: str, label: str) -> None:
    await admin.say("/settings")
    await admin.press(group)
    await admin.press(label)


async def by_bob(admin: AdminBot, name: str, before: Any, after: Any) -> None:
    change = await settings_ops.change_from(name, after, expected=before, by=BOB, at=admin.clock.now())
    assert change.is_stored


def calls_since(admin: AdminBot, before: int) -> list[type]:
    return [type(call) for call in admin.world.calls[before:]]


async def test_the_panel_leads_to_every_group_and_setting(admin: AdminBot) -> None:
    await admin.say("/settings")
    assert admin.last_text == ("<b>Settings</b>\n\nWho gets posts: everyone\nAuto-delete: 30 min\nRestrict saving: off")
    assert admin.buttons() == ["Access", "Unlocking", "Texts", "Publishing", "Bots", "System", "‹ Menu"]
    shown: list[str] = []
    for group in Group:
        await admin.callback(GroupButton(group=group).pack(), message_id=list(admin.world.screens)[-1])
        assert admin.last_text.startswith(f"<b>{group_name(group)}</b>\n")
        assert admin.buttons()[-2:] == ["‹ Settings", "Menu"]
        shown += admin.buttons()[:-2]
    for field in FIELDS:
        assert [text for text in shown if text.startswith(field.label)], field.name
    assert {"Shorteners ›", "Slots ›", "Renew all buttons ›"} <= set(shown)


async def test_a_number_is_stepped_and_taken_back(admin: AdminBot) -> None:
    await open_field(admin, "Access", "Credits per unlock")
    assert admin.last_text.endswith("\n\nNow: <b>10</b>\nUsually: 10")
    assert admin.buttons() == ["−10", "−1", "+1", "+10", "Type it", "‹ Access", "Menu"]

    await admin.press("+10")
    assert await value(admin, "free_deliveries_per_token") == 20
    assert "Now: <b>20</b>\nUsually: 10\nChanged by \u2068Olga\u2069, " in admin.last_text
    assert admin.buttons() == ["−10", "−1", "+1", "+10", "Type it", "Usual value", "Undo", "‹ Access", "Menu"]
    entry = (await audit_ops.last(1))[0]
    assert (entry.admin_id, entry.action, entry.before, entry.after) == (OWNER.id, "setting.changed", 10, 20)

    await admin.press("Undo")
    assert admin.toasts[-1] == undone()
    assert await value(admin, "free_deliveries_per_token") == 10
    assert "Now: <b>10</b>" in admin.last_text


async def test_steps_end_at_the_limits(admin: AdminBot) -> None:
    await settings_ops.change("daily_token_limit", 4)
    await open_field(admin, "Unlocking", "Unlocks a day")
    await admin.press("−10")
    assert await value(admin, "daily_token_limit") == 1
    await admin.press("−10")
    assert admin.toasts[-1] == "Unlocks a day: 1. Nothing to change."
    assert await value(admin, "daily_token_limit") == 1


async def test_the_usual_value_is_one_press_away(admin: AdminBot) -> None:
    await settings_ops.change("history_days", 365)
    await open_field(admin, "System", "Keep history")
    await admin.press("Usual value")
    assert await value(admin, "history_days") == 30
    assert "Usual value" not in admin.buttons()


async def test_a_duration_is_chosen_or_typed(admin: AdminBot) -> None:
    await open_field(admin, "Access", "Auto-delete")
    assert "Telegram deletes nothing older than 48" in admin.last_text
    assert admin.buttons()[:8] == ["5 min", "15 min", "✓ 30 min", "1 h", "6 h", "24 h", "47 h", "never"]
    await admin.press("never")
    assert await value(admin, "delete_after_minutes") == 0
    assert "✓ never" in admin.buttons()

    await admin.press("Type it")
    asked = list(admin.world.screens)[-1]
    await admin.say("soon")
    assert admin.last_text == (
        "Auto-delete is a time from 1 min to 47 h, or never, like 15 min. Telegram deletes nothing older than 48 h."
    )
    await admin.say("2 days")
    assert "to 47 h" in admin.last_text
    before = len(admin.world.calls)
    await admin.say("1h 30m")
    assert await value(admin, "delete_after_minutes") == 90
    assert "Now: <b>1 h 30 min</b>" in admin.last_text and "Undo" in admin.buttons()
    assert calls_since(admin, before) == [SendMessage, DeleteMessage]
    removed = admin.world.calls[-1]
    assert isinstance(removed, DeleteMessage) and removed.message_id == asked
    await admin.say("still here?")
    assert len(await admin.posts()) == 1, "the question is answered: what follows is a post"


async def test_a_switch_turns_at_once_among_the_others(admin: AdminBot) -> None:
    await admin.say("/settings")
    await admin.press("Access")
    before = len(admin.world.calls)
    admin.database.calls.clear()
    await admin.press("Restrict saving: off")
    assert await value(admin, "protect_content") is True
    assert calls_since(admin, before) == [AnswerCallbackQuery, EditMessageText]
    assert admin.last_text.startswith("<b>Restrict saving: on</b>\nPosts cannot be saved or forwarded.")
    assert {"Restrict saving: on", "Undo"} <= set(admin.buttons())
    await admin.press("Undo")
    assert await value(admin, "protect_content") is False


async def test_each_press_is_one_edit_and_at_most_three_commands(admin: AdminBot) -> None:
    await settings_ops.change("history_days", 31)
    await admin.say("/settings")
    for press in ("Access", "Credits per unlock", "+1", "Type it", "‹ Credits", "‹ Access", "‹ Settings"):
        # whether there is a shortener is known for five seconds: the dearest case is counted. So is the team, which
        # is read before the press is anybody's
        admin.clock.move(timedelta(seconds=6))
        before = len(admin.world.calls)
        admin.database.calls.clear()
        await admin.press(press)
        assert calls_since(admin, before) == [AnswerCallbackQuery, EditMessageText], press
        del admin.database.calls["find admins"]
        assert sum(admin.database.calls.values()) <= 3, (press, admin.database.calls)


async def test_who_gets_posts_is_confirmed_with_what_changes(admin: AdminBot) -> None:
    await open_field(admin, "Access", "Who gets posts")
    assert admin.buttons()[:3] == ["✓ everyone", "with credits", "with a pass"]
    await admin.press("with credits")
    assert await value(admin, "access_mode") == "open"
    assert admin.last_text.startswith(
        "<b>Who gets posts: with credits?</b>\nFrom now on a post costs 1 credit, and one unlock gives 10 credits."
    )
    assert "<b>There is no shortener</b>" in admin.last_text
    await admin.press("With credits")
    assert await value(admin, "access_mode") == "credits"
    await admin.press("Undo")
    assert await value(admin, "access_mode") == "open"


async def test_a_text_is_sent_formatted_shown_as_readers_get_it_and_saved(admin: AdminBot) -> None:
    await open_field(admin, "Texts", "Announcement")
    await admin.press("Change")
    assert "Placeholders: {title}, {text}, {number}, {count}, {autodelete}." in admin.last_text
    await admin.say("New: {titel}")
    assert admin.last_text == ("{titel} is not known here. Known: {title}, {text}, {number}, {count}, {autodelete}.")
    await admin.say("<b>New: {title}")
    assert admin.last_text == "&lt;b&gt; is not closed. Put &lt;/b&gt; where it ends."
    await admin.send(
        text="New: {title}\n{text}", entities=[MessageEntity(type="bold", offset=5, length=7).model_dump()]
    )
    preview, asked = admin.texts[-2:]
    assert preview.startswith("New: <b>\u2068The longest title that a post of yours can have")
    assert "Above it stands with the longest values: 588 characters." in asked
    assert admin.buttons() == ["Save", "Again", "‹ Announcement", "Menu"]
    assert await value(admin, "post_template") is None

    await admin.press("Again")
    await admin.say("{title}: {text}{text}")
    assert "under a picture Telegram takes 1,024" in admin.last_text
    await admin.press("Save")
    assert await value(admin, "post_template") == "{title}: {text}{text}"
    assert {"Show it", "Change", "Usual value", "Undo"} <= set(admin.buttons())
    before = len(admin.world.calls)
    await admin.press("Show it")
    assert calls_since(admin, before) == [AnswerCallbackQuery, SendMessage]
    await admin.press("Undo")
    assert await value(admin, "post_template") is None


async def test_the_welcome_is_previewed_with_the_longest_name_and_the_bot(admin: AdminBot) -> None:
    await open_field(admin, "Texts", "Welcome")
    await admin.press("Change")
    await admin.say("<i>Hi</i> {name}, {bot}")
    assert f"\u2069, @{USER_BOT.username}" in admin.texts[-2]
    assert admin.texts[-2].startswith("<i>Hi</i> \u2068Somebody with a name")


@pytest.mark.parametrize("typed", ["x" * 901, "🎁" * 901, "<b><i>x</b></i>", "{name} {nme}", " \u200b "])
async def test_a_text_that_cannot_be_used_leaves_the_question_open(admin: AdminBot, typed: str) -> None:
    await open_field(admin, "Texts", "Welcome")
    await admin.press("Change")
    await admin.say(typed)
    assert await value(admin, "welcome_text") is None
    await admin.say("\u202eمرحبا " + "🎁" * 500)
    await admin.press("Save")
    assert await value(admin, "welcome_text") == "\u202eمرحبا " + "🎁" * 500


async def test_a_line_and_a_link_are_saved_when_they_are_typed(admin: AdminBot) -> None:
    await open_field(admin, "Texts", "Button label: Open")
    await admin.press("Change")
    await admin.say("x" * 41)
    assert admin.last_text == "Button label is one line of at most 40 characters, or - for none."
    await admin.say("Get <it>")
    assert await value(admin, "button_label") == "Get <it>"
    assert "Now: <b>Get &lt;it&gt;</b>\nUsually: Open" in admin.last_text

    await open_field(admin, "Unlocking", "How-to link")
    await admin.press("Change")
    await admin.send(photo=[{"file_id": "x", "file_unique_id": "x", "width": 1, "height": 1}])
    assert admin.last_text == "How-to link is an address like https://example.org/how, or - for none."
    await admin.say("javascript:alert(1)")
    await admin.say("https://example.org/how")
    assert await value(admin, "how_to_verify_url") == "https://example.org/how"
    shown = list(admin.world.screens.values())[-1].reply_markup
    assert shown is not None
    assert (shown.inline_keyboard[0][0].text, shown.inline_keyboard[0][0].url) == ("Open", "https://example.org/how")


async def test_two_admins_change_one_number(admin: AdminBot) -> None:
    await open_field(admin, "Access", "Auto-delete")
    await by_bob(admin, "delete_after_minutes", 30, 60)
    await admin.press("15 min")
    assert await value(admin, "delete_after_minutes") == 60
    assert admin.last_text == "\u2068Bob\u2069 changed this to 1 h a moment ago. Yours is not saved."
    assert admin.buttons() == ["Save mine", "Keep Bob's", "‹ Access", "Menu"]

    await admin.press("Keep Bob's")
    assert "✓ 1 h" in admin.buttons() and "Changed by \u2068Bob\u2069" in admin.last_text
    await by_bob(admin, "delete_after_minutes", 60, 360)
    await admin.press("15 min")
    await by_bob(admin, "delete_after_minutes", 360, 5)
    await admin.press("Save mine")
    assert "changed this to 5 min a moment ago" in admin.last_text
    await admin.press("Save mine")
    assert await value(admin, "delete_after_minutes") == 15


async def test_two_admins_change_one_text_and_the_typed_one_is_kept(admin: AdminBot) -> None:
    await open_field(admin, "Texts", "Welcome")
    await admin.press("Change")
    await admin.say("Mine")
    await by_bob(admin, "welcome_text", None, "Bob's")
    await admin.press("Save")
    assert admin.last_text.startswith("\u2068Bob\u2069 changed this to Bob&#x27;s a moment ago.")
    await admin.press("Save mine")
    assert await value(admin, "welcome_text") == "Mine"


async def test_two_admins_type_one_number(admin: AdminBot) -> None:
    await open_field(admin, "Access", "Credits per unlock")
    await admin.press("Type it")
    await by_bob(admin, "free_deliveries_per_token", 10, 12)
    await admin.say("50")
    assert "changed this to 12 a moment ago" in admin.last_text
    await admin.press("Save mine")
    assert await value(admin, "free_deliveries_per_token") == 50


async def test_a_switch_that_somebody_else_turned_the_same_way_is_no_conflict(admin: AdminBot) -> None:
    await admin.say("/settings")
    await admin.press("Access")
    await by_bob(admin, "protect_content", False, True)
    await admin.press("Restrict saving: off")
    assert await value(admin, "protect_content") is True
    assert admin.toasts[-1] == "Restrict saving: on. Nothing to change."


async def test_an_old_button_shows_the_setting_as_it_is_now(admin: AdminBot) -> None:
    await open_field(admin, "Access", "Auto-delete")
    await admin.say("/set delete_after_minutes 60")
    await admin.callback(
        SetButton(name="delete_after_minutes", value="15", seen="30").pack(),
        message_id=list(admin.world.screens)[-2],
    )
    assert admin.toasts[-1] == stale_button()
    assert await value(admin, "delete_after_minutes") == 60
    assert "Now: <b>1 h</b>" in admin.last_text


@pytest.mark.parametrize(
    "data",
    [
        SetButton(name="delete_after_minutes", value="2821", seen="30").pack(),
        SetButton(name="delete_after_minutes", value="-", seen="30").pack(),
        SetButton(name="delete_after_minutes", value="٣", seen="30").pack(),
        SetButton(name="access_mode", value="vip", seen="x").pack(),
        ConfirmedButton(name="access_mode", value="vip", seen="x").pack(),
        SetButton(name="storage_channel_id", value="5", seen=fingerprint(None)).pack(),
        # none at all: what the picker sets is for owners
        SetButton(name="storage_channel_id", value="-", seen=fingerprint(STORAGE)).pack(),
        AskButton(name="storage_channel_id").pack(),
        SetButton(name="welcome_text", value="x", seen=fingerprint(None)).pack(),
        SetButton(name="no_such_setting", value="5", seen="x").pack(),
        FieldButton(name="model_config").pack(),
        "sg:nowhere",
        "sv:welcome_text",
        "sa:nothing",
    ],
)
async def test_forged_buttons_change_nothing_and_are_called_old(admin: AdminBot, data: str) -> None:
    before = await settings_ops.load()
    await admin.say("/settings")
    await admin.callback(data, message_id=list(admin.world.screens)[-1])
    assert admin.toasts[-1] == stale_button()
    assert await settings_ops.load() == before
    assert await audit_ops.last(10) == []


async def test_a_change_cannot_be_undone_after_ten_minutes_or_another_change(admin: AdminBot) -> None:
    await open_field(admin, "Access", "Credits per unlock")
    await admin.press("+1")
    await by_bob(admin, "free_deliveries_per_token", 11, 12)
    await admin.press("Undo")
    assert admin.toasts[-1] == changed_since()
    assert await value(admin, "free_deliveries_per_token") == 12
    await admin.press("+1")
    admin.clock.move(timedelta(minutes=10, seconds=1))
    await admin.press("Undo")
    assert admin.toasts[-1] == too_late_to_undo()
    assert await value(admin, "free_deliveries_per_token") == 13


async def test_a_repeated_press_changes_a_number_once(admin: AdminBot) -> None:
    await open_field(admin, "Access", "Credits per unlock")
    update = await admin.press("+1")
    await admin.again(update)
    assert await value(admin, "free_deliveries_per_token") == 11
    assert len(await audit_ops.last(10)) == 1


async def test_the_password_is_shown_to_the_team_and_not_to_the_log(admin: AdminBot) -> None:
    await open_field(admin, "Texts", "Archive password")
    await admin.press("Change")
    await admin.say("hunter  2")
    assert await value(admin, "post_password") == "hunter  2"
    entry = (await audit_ops.last(1))[0]
    assert (entry.before, entry.after) == ("empty", "set")


async def _make(admin: AdminBot, role: str) -> None:
    database: Database = admin.database
    await database.collection("admins").insert_one({"user_id": 7009, "role": role})


@pytest.mark.parametrize("role", ["manager", "editor"])
async def test_a_manager_sees_what_is_not_for_owners_and_an_editor_nothing(admin: AdminBot, role: str) -> None:
    await _make(admin, role)
    who = OWNER.model_copy(update={"id": 7009, "first_name": "Mona"})
    await admin.say("/settings", who=who)
    if role == "editor":
        assert admin.last_text == "Your role, editor, cannot do this. Ask an owner."
        return
    assert admin.buttons() == ["Access", "Unlocking", "Texts", "Publishing", "Bots", "System", "‹ Menu"]
    await admin.press("Unlocking", who=who)
    assert "Shorteners ›" not in admin.buttons()
    await admin.press("‹ Settings", who=who)
    await admin.press("System", who=who)
    assert not [text for text in admin.buttons() if text.startswith("Storage")]

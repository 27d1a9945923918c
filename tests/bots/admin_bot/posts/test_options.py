"""Options of a post: each as in the settings or its own, undone for ten minutes, and never over somebody else's."""

from datetime import timedelta

import pytest
from aiogram.methods import GetChat

from core.posts import PostAccess, PostField
from database.operations import audit_ops
from database.operations.posts import post_ops
from tests.bots.admin_bot.conftest import AdminBot
from tests.bots.admin_bot.posts.posts import BOB, counted_commands, is_one_edit, open_card, stored
from tests.bots.admin_bot.telegram import bad_request
from views import admin_texts
from views.posts import questions as texts


@pytest.fixture(autouse=True)
def bob(admin: AdminBot) -> None:
    admin.world.chats[BOB] = {"type": "private", "first_name": "Bob"}


async def change_as_bob(admin: AdminBot, code: str, field: PostField, value: object) -> None:
    before = await post_ops.find(code)
    expected = getattr(before, field)
    await post_ops.set_option(code, field, value, expected=expected, by=BOB, at=admin.clock.now())


async def test_the_options_show_their_values(admin: AdminBot) -> None:
    await open_card(admin)
    await admin.press("Options")
    assert admin.buttons() == [
        *("Auto-delete: as in settings ›", "Restrict saving: as in settings ›", "Access: as in settings ›"),
        *("Button label: as in settings ›", "Archive password: as in settings ›", "Link for a place ›"),
        *("‹ Post 1", "Menu"),
    ]


@pytest.mark.parametrize(
    ("option", "choice", "field", "value", "shown"),
    [
        ("Auto-delete", "6 h", PostField.DELETE_AFTER, 360, "Auto-delete: 6 h ›"),
        ("Auto-delete", "Never", PostField.DELETE_AFTER, 0, "Auto-delete: never ›"),
        ("Restrict saving", "On", PostField.PROTECT, True, "Restrict saving: on ›"),
        ("Restrict saving", "Off", PostField.PROTECT, False, "Restrict saving: off ›"),
        ("Access", "Free", PostField.ACCESS, PostAccess.FREE, "Access: free ›"),
        (
            "Access",
            "Free without channels",
            PostField.ACCESS,
            PostAccess.FREE_WITHOUT_CHANNELS,
            "Access: free without channels ›",
        ),
    ],
)
async def test_an_option_is_set_undone_and_given_back_to_the_settings(
    admin: AdminBot, option: str, choice: str, field: PostField, value: object, shown: str
) -> None:
    post = await open_card(admin)
    usual = getattr(post, field)
    await admin.press("Options")
    await admin.press(option)
    assert "As in settings ✓" in admin.buttons()
    before = len(admin.world.calls)
    with counted_commands(admin) as commands:
        await admin.press(choice)
    assert len(commands) == 3 and is_one_edit(admin, before)
    assert getattr(await stored(post), field) == value
    assert shown in admin.buttons() and "Undo" in admin.buttons()
    await admin.press("Undo")
    assert getattr(await stored(post), field) == usual
    await admin.press(option)
    await admin.press(choice)
    await admin.press(option)
    assert f"{choice} ✓" in admin.buttons()
    await admin.press("As in settings")
    assert getattr(await stored(post), field) == usual
    assert {entry.action for entry in await audit_ops.last(4)} <= {
        "post.deletion_set",
        "post.protected",
        "post.access_set",
    }


async def test_an_option_pressed_twice_is_set_once(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Options")
    await admin.press("Access")
    screen = list(admin.world.screens.values())[-1]
    assert screen.reply_markup is not None
    data = str(screen.reply_markup.inline_keyboard[1][0].callback_data)
    for _ in range(2):
        await admin.callback(data, message_id=screen.message_id)
    assert (await stored(post)).access is PostAccess.FREE
    assert [entry.action for entry in await audit_ops.last(9)] == ["post.access_set"]


@pytest.mark.parametrize(("typed", "minutes"), [("45", 45), ("1h 30m", 90), ("47 h", 2820), ("never", 0)])
async def test_a_time_typed(admin: AdminBot, typed: str, minutes: int) -> None:
    post = await open_card(admin)
    await admin.press("Options")
    await admin.press("Auto-delete")
    await admin.press("Another time")
    for wrong in ("soon", "48 h", "90 s"):
        await admin.say(wrong)
        assert admin.last_text == texts.deletion_expected()
    await admin.say(typed)
    assert (await stored(post)).delete_after_minutes == minutes


async def test_a_label_and_a_password_are_set_and_given_back(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Options")
    await admin.press("Button label")
    assert "Now: as in settings, \u2068Open\u2069" in admin.last_text
    await admin.say("x" * 41)
    assert admin.last_text == texts.label_expected()
    await admin.say("Open <b>it</b>")
    assert (await stored(post)).label == "Open <b>it</b>"
    assert "Button label: Open <b>it</b> ›" in admin.buttons()
    await admin.press("Archive password")
    await admin.say("x" * 129)
    assert admin.last_text == texts.password_expected()
    await admin.say("a & b")
    assert (await stored(post)).password == "a & b"
    await admin.press("Archive password")
    assert "Now: <code>a &amp; b</code>" in admin.last_text
    await admin.press("None")
    assert (await stored(post)).password == ""
    await admin.press("Archive password")
    await admin.press("As in settings")
    assert (await stored(post)).password is None
    await admin.press("Button label")
    await admin.press("As in settings")
    assert (await stored(post)).label is None


async def test_a_password_is_in_no_audit_entry(admin: AdminBot) -> None:
    await open_card(admin)
    await admin.press("Options")
    await admin.press("Archive password")
    await admin.say("tulip7")
    await admin.press("Undo")
    assert [(one.before, one.after) for one in await audit_ops.last(2)] == [("set", None), (None, "set")]


# --- two people


async def test_a_press_over_a_change_of_somebody_else_asks_which_one_stays(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Options")
    await admin.press("Auto-delete")
    await change_as_bob(admin, post.code, PostField.DELETE_AFTER, 60)
    await admin.press("6 h")
    assert admin.last_text == "\u2068Bob\u2069 changed this to 1 h a moment ago. Yours is not saved."
    assert admin.buttons() == ["Save mine", "Keep Bob's", "‹ Post 1", "Menu"]
    assert (await stored(post)).delete_after_minutes == 60
    await admin.press("Save mine")
    assert (await stored(post)).delete_after_minutes == 360


async def test_a_typed_title_over_somebody_elses_is_kept_until_it_is_decided(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Title")
    await change_as_bob(admin, post.code, PostField.TITLE, "<Bob's>")
    await admin.say("Mine")
    assert "changed this to \u2068&lt;Bob&#x27;s&gt;\u2069 a moment ago" in admin.last_text
    assert (await stored(post)).title == "<Bob's>"
    await admin.press("Save mine")
    assert (await stored(post)).title == "Mine"


async def test_keeping_theirs_changes_nothing(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Title")
    await change_as_bob(admin, post.code, PostField.TITLE, "Bob's")
    await admin.say("Mine")
    await admin.press("Keep Bob's")
    assert (await stored(post)).title == "Bob's" and "\u2068Bob&#x27;s\u2069" in admin.last_text
    assert [entry.action for entry in await audit_ops.last(9)] == []


async def test_saving_mine_over_a_third_change_asks_again(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Title")
    await change_as_bob(admin, post.code, PostField.TITLE, "Second")
    await admin.say("Mine")
    await change_as_bob(admin, post.code, PostField.TITLE, "Third")
    await admin.press("Save mine")
    assert "Third" in admin.last_text and (await stored(post)).title == "Third"


async def test_whoever_telegram_does_not_name_is_somebody(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Title")
    await change_as_bob(admin, post.code, PostField.TITLE, "Bob's")
    admin.world.fail(GetChat, bad_request("chat not found"))
    await admin.say("Mine")
    assert "Somebody" in admin.last_text and "Keep Somebody's" in admin.buttons()


async def test_a_change_of_another_field_is_no_conflict(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Title")
    await change_as_bob(admin, post.code, PostField.PROTECT, True)
    await admin.say("Mine")
    changed = await stored(post)
    assert (changed.title, changed.protect) == ("Mine", True)


async def test_what_somebody_changed_since_is_not_undone(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Title")
    await admin.say("Mine")
    await change_as_bob(admin, post.code, PostField.TITLE, "Bob's")
    await admin.press("Undo")
    assert (await stored(post)).title == "Bob's" and admin.toasts[-1] == admin_texts.changed_since()


async def test_undo_ends_after_ten_minutes(admin: AdminBot) -> None:
    post = await open_card(admin)
    await admin.press("Title")
    await admin.say("Mine")
    admin.clock.move(timedelta(minutes=10, seconds=1))
    await admin.press("Undo")
    assert (await stored(post)).title == "Mine" and admin.toasts[-1] == admin_texts.too_late_to_undo()

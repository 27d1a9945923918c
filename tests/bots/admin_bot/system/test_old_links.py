"""Old links in the admin bot: the old channel, one link that is tried, on and off."""

import base64

import pytest
from aiogram.methods import SendMessage
from aiogram.types import ChatMemberLeft, ReplyKeyboardMarkup

from admin_bot.section_rights import SECTIONS
from core.health.incidents import old_channel_incident
from core.settings.changes import Editor
from core.team.admins import Role
from core.team.rights import may
from database.operations import audit_ops, settings_ops
from database.operations.exchange import old_link_ops
from tests.bots.admin_bot.conftest import OWNER, STORAGE, USER_BOT, AdminBot
from tests.bots.admin_bot.telegram import administrator
from views.navigation import Section, data_of
from views.system import old_links_screen as views

VAULT = -1001234567890


def link(text: str, bot: str = "tollgate_bot") -> str:
    return f"https://t.me/{bot}?start={base64.urlsafe_b64encode(text.encode()).decode()}"


SPAN = link(f"get-{143 * abs(VAULT)}-{120 * abs(VAULT)}")


def allow(admin: AdminBot, chat_id: int = VAULT) -> None:
    """Make the user bot an administrator there."""
    admin.world.chats[chat_id] = {"title": "Vault"}
    admin.world.own[chat_id, USER_BOT.id] = administrator(USER_BOT)


async def pick(admin: AdminBot, chat_id: int = VAULT) -> None:
    await admin.send(chat_shared={"request_id": views.OLD_CHANNEL_REQUEST_ID, "chat_id": chat_id, "title": "Vault"})


async def channel() -> int | None:
    return (await settings_ops.load()).old_links_channel


async def asked(admin: AdminBot) -> None:
    """Go on to the question for a link."""
    allow(admin)
    await admin.callback("go:old")
    await admin.press("Choose the old channel")
    await pick(admin)


async def test_an_owner_picks_the_channel_tries_a_link_and_turns_them_on(admin: AdminBot) -> None:
    await asked(admin)
    assert any(isinstance(call.reply_markup, ReplyKeyboardMarkup) for call in admin.world.of(SendMessage))
    assert admin.last_text.startswith("Send one old link of")
    await admin.say(SPAN)
    assert admin.last_text.replace("\u2068", "").replace("\u2069", "") == "It opens messages 120 to 143 of Vault."
    assert await channel() is None
    await admin.press("Turn on")
    assert await channel() == VAULT
    assert "On: they open messages of" in admin.last_text
    assert [(one.action, one.after) for one in await audit_ops.last(1)] == [("setting.changed", VAULT)]
    assert await admin.posts() == []


async def test_they_are_turned_off_by_a_press_and_what_was_counted_is_shown(admin: AdminBot) -> None:
    allow(admin)
    await settings_ops.change("old_links_channel", VAULT)
    for _ in range(2):
        await old_link_ops.count_other()
    await admin.callback("go:sys")
    await admin.press("Old links")
    assert "2 presses of links that only the other bot could open." in admin.last_text
    await admin.press("Turn off")
    assert await channel() is None
    await admin.press("‹ System")


async def test_trouble_with_a_channel_is_over_when_it_is_not_the_old_one_any_more(admin: AdminBot) -> None:
    allow(admin)
    await settings_ops.change("old_links_channel", VAULT)
    alerts = admin.data["old_links"]._alerts
    await alerts.raise_once(old_channel_incident(VAULT), lambda: "lost")
    await admin.callback("ol:off:0")
    assert await alerts.raise_once(old_channel_incident(VAULT), lambda: "lost again")


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("no link", "is expected"),
        (link(f"get-{abs(VAULT)}", "another_bot"), "leads to @another_bot"),
        (link(f"get-{abs(VAULT) + 1}"), "of another kind"),
        (link("BATCH-AgADBAADqbcxG"), "of another kind"),
        ("https://t.me/tollgate_bot?start=p_" + "c" * 16, "of another kind"),
    ],
)
async def test_what_opens_nothing_leaves_the_question_open(admin: AdminBot, sent: str, words: str) -> None:
    await asked(admin)
    await admin.say(sent)
    assert words in admin.last_text
    await admin.say(link("file_7"))
    assert "It opens message 7 of" in admin.last_text


async def test_a_link_of_101_messages_is_said_to_stay_closed(admin: AdminBot) -> None:
    await asked(admin)
    await admin.say(link(f"get-{abs(VAULT)}-{101 * abs(VAULT)}"))
    assert "more than one post can have" in admin.last_text


async def test_a_channel_the_user_bot_does_not_read_is_refused_until_it_does(admin: AdminBot) -> None:
    admin.world.chats[VAULT] = {"title": "Vault"}
    admin.world.own[VAULT, USER_BOT.id] = ChatMemberLeft(user=USER_BOT)
    await pick(admin)
    assert "is not an administrator of" in admin.last_text
    await admin.callback(f"ol:on:{VAULT}")
    assert await channel() is None
    allow(admin)
    await admin.press("Check again")
    assert admin.last_text.startswith("Send one old link of")
    await admin.say(SPAN)
    assert "It opens messages 120 to 143" in admin.last_text


@pytest.mark.parametrize("way", ["picked", "forged"])
async def test_the_storage_channel_is_never_the_old_one(admin: AdminBot, way: str) -> None:
    allow(admin, STORAGE)
    if way == "picked":
        await pick(admin, STORAGE)
    else:
        await admin.callback(f"ol:on:{STORAGE}")
    assert "That is the storage channel" in admin.last_text
    assert await channel() is None


async def test_what_another_owner_chose_a_moment_ago_stands(admin: AdminBot, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(admin)
    before = await settings_ops.load()
    other = Editor(9, "Bob")
    now = admin.clock.now()
    await settings_ops.change_from("old_links_channel", -1005, expected=None, by=other, at=now)

    async def stale() -> object:
        return before

    with monkeypatch.context() as patch:
        patch.setattr(settings_ops, "load", stale)
        said = await admin.data["old_links"].turn(Editor(OWNER.id, "Olga"), VAULT)
    assert said == views.changed_meanwhile()
    assert await channel() == -1005


@pytest.mark.parametrize("data", ["ol:on:5", "ol:on", "ol:x:0", f"ol:on:{-(2**53)}"])
async def test_a_forged_button_turns_nothing_on(admin: AdminBot, data: str) -> None:
    await admin.callback(data)
    assert admin.toasts[-1]
    assert await channel() is None


def test_only_owners_may_open_them() -> None:
    assert [role for role in Role if may(role, SECTIONS["admin old links"])] == [Role.OWNER]


async def test_a_manager_is_not_offered_old_links(admin: AdminBot) -> None:
    manager = OWNER.model_copy(update={"id": 7009, "first_name": "Mona"})
    await admin.database.collection("admins").insert_one({"user_id": manager.id, "role": "manager"})
    await admin.callback(data_of(Section.SYSTEM), who=manager)
    assert "Export" in admin.buttons()
    assert "Old links" not in admin.buttons()

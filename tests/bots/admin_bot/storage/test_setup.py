"""The setup: the storage channel is picked in Telegram, both bots' rights are checked, missing rights are named."""

import pytest
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import GetChatMember, SendMessage
from aiogram.types import ChatMemberLeft, ReplyKeyboardMarkup, ReplyKeyboardRemove

from admin_bot.command_menu import for_role
from core.team.admins import Role
from database.operations import audit_ops, channel_ops, settings_ops
from tests.bots.admin_bot.conftest import ADMIN_BOT, OWNER, STORAGE, USER_BOT, AdminBot
from tests.bots.admin_bot.telegram import administrator, bad_request
from views.navigation import Section, data_of
from views.storage import keyboards, texts
from views.team.first_hour import which_channel

NEW = -1001000000777


async def storage_id(admin: AdminBot) -> int | None:
    return (await settings_ops.current(admin.clock.now())).storage_channel_id


async def open_section(admin: AdminBot) -> None:
    await admin.callback(data_of(Section.STORAGE))


async def share(admin: AdminBot, chat_id: int = NEW, request_id: int = keyboards.STORAGE_REQUEST_ID) -> None:
    await admin.send(chat_shared={"request_id": request_id, "chat_id": chat_id, "title": "My <storage>"})


async def test_start_without_a_storage_channel_offers_telegrams_own_picker(admin: AdminBot) -> None:
    await settings_ops.change("storage_channel_id", None)
    await admin.say("/start")
    keyboard = admin.world.of(SendMessage)[-1].reply_markup
    assert isinstance(keyboard, ReplyKeyboardMarkup)
    request = keyboard.keyboard[0][0].request_chat
    assert request is not None and request.chat_is_channel is True
    bot, user = request.bot_administrator_rights, request.user_administrator_rights
    assert bot is not None and user is not None
    assert (bot.can_post_messages, bot.can_edit_messages, bot.can_delete_messages) == (True, True, True)
    # Telegram refuses a picker whose bot rights are not a subset of the user rights
    for name, wanted in bot.model_dump().items():
        assert not wanted or getattr(user, name), name


async def test_start_with_everything_in_place_shows_the_menu(admin: AdminBot) -> None:
    await admin.say("/start")
    assert admin.last_text.startswith("<b>Tollgate</b> · @tollgate_bot")


async def test_the_section_shows_where_posts_are_kept(admin: AdminBot) -> None:
    await open_section(admin)
    assert admin.last_text == texts.ready("Storage")
    assert admin.buttons() == ["Change the storage channel", "‹ Settings", "Menu"]


async def test_the_section_names_what_is_missing_and_offers_another_channel(admin: AdminBot) -> None:
    admin.world.members[USER_BOT.id] = ChatMemberLeft(user=USER_BOT)
    await open_section(admin)
    assert admin.buttons() == ["Add @tollgate_bot", "Check again", "Change the storage channel", "‹ Settings", "Menu"]


async def test_the_section_without_a_channel_asks_for_one(admin: AdminBot) -> None:
    await settings_ops.change("storage_channel_id", None)
    await open_section(admin)
    assert admin.last_text == "First: where posts are kept."
    assert isinstance(admin.world.of(SendMessage)[-1].reply_markup, ReplyKeyboardMarkup)


async def test_start_names_what_is_missing_now(admin: AdminBot) -> None:
    admin.world.members[ADMIN_BOT.id] = administrator(ADMIN_BOT, delete=False)
    await admin.say("/start")
    assert "@tollgate_admin_bot lacks the right “Delete messages”" in admin.last_text
    assert admin.buttons() == ["Add @tollgate_admin_bot", "Check again"]


async def test_a_picked_channel_with_both_bots_in_it_is_saved(admin: AdminBot) -> None:
    await share(admin)
    assert await storage_id(admin) == NEW
    # what comes next in the first hour
    assert admin.last_text == which_channel()
    entry = (await audit_ops.last(1))[0]
    assert (entry.action, entry.before, entry.after) == ("setting.changed", STORAGE, NEW)


async def test_each_bot_is_asked_about_itself(admin: AdminBot) -> None:
    await share(admin)
    assert [call.user_id for call in admin.world.of(GetChatMember)] == [ADMIN_BOT.id, USER_BOT.id]


async def test_a_missing_user_bot_is_named_with_a_link_to_add_it(admin: AdminBot) -> None:
    admin.world.members[USER_BOT.id] = ChatMemberLeft(user=USER_BOT)
    await share(admin)
    assert await storage_id(admin) == STORAGE
    assert admin.last_text == "Now add @tollgate_bot to it, too."
    screen = list(admin.world.screens.values())[-1]
    assert screen.reply_markup is not None
    add = screen.reply_markup.inline_keyboard[0][0]
    assert add.text == "Add @tollgate_bot"
    assert add.url == "https://t.me/tollgate_bot?startchannel&admin=post_messages"
    # still missing: the same screen again
    await admin.press("Check again")
    assert await storage_id(admin) == STORAGE
    # added meanwhile
    admin.world.members[USER_BOT.id] = administrator(USER_BOT)
    await admin.press("Check again")
    assert await storage_id(admin) == NEW
    assert admin.texts[-2:] == [texts.checked("Storage"), which_channel()]


@pytest.mark.parametrize("description", ["member list is inaccessible", "chat not found"])
async def test_a_bot_outside_the_channel_is_missing_not_an_error(admin: AdminBot, description: str) -> None:
    admin.world.fail(GetChatMember, bad_request(description), times=2)
    await share(admin)
    assert admin.last_text.count("is not an administrator there") == 2
    assert await storage_id(admin) == STORAGE


async def test_no_answer_from_telegram_is_not_called_missing(admin: AdminBot) -> None:
    admin.world.fail(GetChatMember, lambda call: TelegramNetworkError(method=call, message="timeout"))
    await share(admin)
    assert "could not be checked just now" in admin.last_text
    assert "is not an administrator" not in admin.last_text
    assert await storage_id(admin) == STORAGE


async def test_a_chat_of_an_unknown_picker_is_not_taken(admin: AdminBot) -> None:
    await share(admin, request_id=99)
    assert admin.last_text == texts.not_a_channel()
    assert await storage_id(admin) == STORAGE


async def test_changing_the_channel_says_what_happens_to_old_posts(admin: AdminBot) -> None:
    at = admin.clock.now()
    await channel_ops.connect(-1009, title="Garden", username=None, added_by=OWNER.id, added_at=at)
    await open_section(admin)
    await admin.press("Change")
    assert "Posts you already have stay in the old channel" in admin.last_text
    await share(admin)
    assert admin.last_text == texts.chosen("My <storage>")
    assert isinstance(admin.world.of(SendMessage)[-1].reply_markup, ReplyKeyboardRemove)
    await admin.say("new post")
    assert (await admin.only_post()).storage_chat_id == NEW


async def test_a_configured_channel_is_used_until_another_is_chosen(admin: AdminBot) -> None:
    await settings_ops.change("storage_channel_id", None)
    admin.data["storage_channel"].configured = -1005
    await admin.say("one")
    assert admin.copies[-1].chat_id == -1005
    await share(admin)
    await admin.say("two")
    assert admin.copies[-1].chat_id == NEW


async def test_rights_lost_in_another_channel_raise_no_alert(admin: AdminBot) -> None:
    await admin.feed(
        "my_chat_member",
        {
            "chat": {"id": -1004, "type": "channel", "title": "Other"},
            "from": OWNER.model_dump(),
            "date": 1,
            "old_chat_member": administrator(ADMIN_BOT).model_dump(),
            "new_chat_member": {"user": ADMIN_BOT.model_dump(), "status": "kicked", "until_date": 0},
        },
    )
    assert admin.alerts == []


async def test_help_names_the_commands_of_the_menu(admin: AdminBot) -> None:
    await admin.say("/help")
    for command in for_role(Role.OWNER):
        if command.command not in ("start", "help"):
            assert f"/{command.command}" in admin.last_text
    assert "/admins" not in admin.last_text


async def test_a_channel_that_restricts_saving_is_named_with_what_mends_it(admin: AdminBot) -> None:
    admin.world.chats[STORAGE] = {"has_protected_content": True}
    for _ in range(2):
        await admin.say("/start")
        assert admin.last_text == texts.restricted("Storage")
        assert texts.restricted_remedy() in admin.last_text
        assert admin.buttons() == ["Check again"]
    assert ["restricts saving" in alert for alert in admin.alerts] == [True]
    await admin.press("Check again")
    assert texts.restricted("Storage") in admin.texts
    admin.world.chats[STORAGE] = {}
    await admin.press("Check again")
    assert admin.texts[-2:] == [texts.checked("Storage"), which_channel()]
    assert len(admin.alerts) == 2


async def test_a_picked_channel_that_restricts_saving_is_not_saved_until_it_does_not(admin: AdminBot) -> None:
    admin.world.chats[NEW] = {"has_protected_content": True}
    await share(admin)
    assert await storage_id(admin) == STORAGE
    assert admin.last_text == texts.restricted("My <storage>")
    admin.world.chats[NEW] = {}
    await admin.press("Check again")
    assert await storage_id(admin) == NEW
    assert admin.alerts == []

"""Commands by role: set after a member's Start, changed and deleted with the role; only what the role may do."""

from aiogram.methods import DeleteMyCommands, SetMyCommands, SetMyDescription, SetMyShortDescription
from aiogram.types import BotCommandScopeChat, BotCommandScopeDefault, User

from admin_bot.command_menu import for_everybody, for_role
from admin_bot.section_rights import COMMANDS
from core.team.admins import Role
from core.team.rights import may
from database.shared_read import KEPT_FOR
from tests.bots.admin_bot.conftest import OWNER, AdminBot

EVA = User(id=7101, is_bot=False, first_name="Eva")


def names(role: Role) -> list[str]:
    return [command.command for command in for_role(role)]


def test_owners_see_the_commands_in_the_contracts_order() -> None:
    assert names(Role.OWNER) == [
        "menu",
        "new",
        "posts",
        "schedule",
        "broadcast",
        "subscribers",
        "stats",
        "settings",
        "help",
        "cancel",
    ]


def test_nobody_sees_a_command_the_role_may_not_use() -> None:
    for role in Role:
        assert all(may(role, COMMANDS[name]) for name in names(role))
    assert names(Role.EDITOR) == ["menu", "new", "posts", "schedule", "stats", "help", "cancel"]


def test_strangers_see_one_sentence() -> None:
    (only,) = for_everybody("shop_bot")
    assert (only.command, only.description) == ("start", "For the owners of @shop_bot")


async def test_a_member_gets_their_commands_after_start_and_only_when_they_change(admin: AdminBot) -> None:
    for _ in range(2):
        await admin.say("/start")
    (call,) = admin.world.of(SetMyCommands)
    assert call.scope == BotCommandScopeChat(chat_id=OWNER.id)
    assert [command.command for command in call.commands] == names(Role.OWNER)


async def test_a_start_of_the_bot_follows_changed_roles_and_removed_members(admin: AdminBot) -> None:
    admins = admin.database.collection("admins")
    await admins.insert_one({"user_id": EVA.id, "role": "editor"})
    await admin.say("/start", who=EVA)
    menus = admin.data["team_menus"]
    await admins.update_one({"user_id": EVA.id}, {"$set": {"role": "manager"}})
    admin.clock.move(KEPT_FOR)
    await menus.refresh()
    last = admin.world.of(SetMyCommands)[-1]
    assert [command.command for command in last.commands] == names(Role.MANAGER)
    await admins.delete_one({"user_id": EVA.id})
    admin.clock.move(KEPT_FOR)
    await menus.refresh()
    (deleted,) = admin.world.of(DeleteMyCommands)
    assert deleted.scope == BotCommandScopeChat(chat_id=EVA.id)


async def test_a_second_start_of_the_bot_makes_no_call(admin: AdminBot) -> None:
    menus = admin.data["team_menus"]
    await menus.refresh()
    everybody = admin.world.of(SetMyCommands)[0]
    assert isinstance(everybody.scope, BotCommandScopeDefault)
    abouts = {call.language_code: call.short_description for call in admin.world.of(SetMyShortDescription)}
    assert abouts == {None: "Manages @tollgate_bot.", "ru": "Управляет ботом @tollgate_bot."}
    descriptions = {call.language_code: call.description for call in admin.world.of(SetMyDescription)}
    assert descriptions.keys() == abouts.keys()
    assert descriptions[None] == "Send me content, get a post. Publish, schedule, see who reads."
    assert [call.language_code for call in admin.world.of(SetMyCommands)] == [None, "ru"]
    admin.world.calls.clear()
    await menus.refresh()
    assert admin.world.calls == []

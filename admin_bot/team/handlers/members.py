"""/team: the list, a member, roles and removal."""

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery, Message

from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import answer, toast, turn_to
from admin_bot.team.members import TeamService
from core.team.admins import Member, Role, RoleChange
from views.navigation import Open, Section
from views.team import members as views
from views.team.callbacks import MemberAction, MemberButton, RoleButton, TeamPage
from views.team.words import changed, plain_name


async def team_command(message: Message, members: TeamService) -> None:
    await answer(message, await members.screen())


async def open_section(query: CallbackQuery, bot: Bot, members: TeamService) -> None:
    await turn_to(query, bot, await members.screen())


async def turn_page(query: CallbackQuery, callback_data: TeamPage, bot: Bot, members: TeamService) -> None:
    await turn_to(query, bot, await members.screen(callback_data.page))


async def show(query: CallbackQuery, callback_data: MemberButton, bot: Bot, members: TeamService) -> None:
    await turn_to(query, bot, await members.card(callback_data.user_id))


async def ask(query: CallbackQuery, callback_data: MemberButton, bot: Bot, members: TeamService) -> None:
    """Ask which role, or whether to remove a member."""
    member = await members.member(callback_data.user_id)
    if member is None:
        await _gone(query, bot, members, callback_data.user_id)
    elif callback_data.act is MemberAction.ROLE:
        await turn_to(query, bot, views.roles_screen(member))
    else:
        await turn_to(query, bot, views.confirm_removal(member))


async def set_role(query: CallbackQuery, callback_data: RoleButton, bot: Bot, members: TeamService) -> None:
    member = await members.member(callback_data.user_id)
    if member is None:
        await _gone(query, bot, members, callback_data.user_id)
        return
    if callback_data.role is Role.OWNER and member.role is not Role.OWNER and not callback_data.is_confirmed:
        await turn_to(query, bot, views.confirm_owner(member))
        return
    change = await members.set_role(query.from_user.id, member, callback_data.role)
    await _answer(query, bot, members, member, change)


async def remove(query: CallbackQuery, callback_data: MemberButton, bot: Bot, members: TeamService) -> None:
    member = await members.member(callback_data.user_id)
    if member is None:
        await _gone(query, bot, members, callback_data.user_id)
        return
    await _answer(query, bot, members, member, await members.remove(query.from_user.id, member))


async def _answer(query: CallbackQuery, bot: Bot, members: TeamService, member: Member, change: RoleChange) -> None:
    said = changed(change, plain_name(member.name, member.user_id))
    if change in (RoleChange.DONE, RoleChange.UNCHANGED, RoleChange.GONE):
        await turn_to(query, bot, await members.card(member.user_id), said)
    else:
        await toast(query, said, alert=True)


async def _gone(query: CallbackQuery, bot: Bot, members: TeamService, user_id: int) -> None:
    await turn_to(query, bot, await members.screen(), changed(RoleChange.GONE, str(user_id)))


def build() -> Router:
    router = Router(name="admin team")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(open_section, Open.filter(F.section == Section.TEAM))
    router.callback_query.register(turn_page, TeamPage.filter())
    router.callback_query.register(show, MemberButton.filter(F.act == MemberAction.SHOW))
    router.callback_query.register(ask, MemberButton.filter(F.act.in_({MemberAction.ROLE, MemberAction.REMOVE})))
    router.callback_query.register(remove, MemberButton.filter(F.act == MemberAction.REMOVE_CONFIRMED))
    router.callback_query.register(set_role, RoleButton.filter())
    return router

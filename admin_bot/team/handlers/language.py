"""/language and Settings, Bots, My language: each member's own."""

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery, Message

from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import answer, turn_to
from admin_bot.team.menus import TeamMenus
from core.team.admins import Role
from database.team import Team
from views.catalogues import SOURCE, TEAM_LANGUAGES, speaking_to_team
from views.navigation import Open, Section
from views.team.callbacks import ChooseMyLanguage
from views.team.language import language_chosen, my_language


async def language_command(message: Message, role: Role, team: Team) -> None:
    await answer(message, my_language(await team.chosen_language(message.chat.id), role))


async def open_section(query: CallbackQuery, bot: Bot, role: Role, team: Team) -> None:
    await turn_to(query, bot, my_language(await team.chosen_language(query.from_user.id), role))


async def choose(
    query: CallbackQuery, callback_data: ChooseMyLanguage, bot: Bot, role: Role, team: Team, team_menus: TeamMenus
) -> None:
    user = query.from_user
    # a forged code of no language of the team is that of the app
    code = callback_data.code if callback_data.code in (SOURCE, *TEAM_LANGUAGES) else ""
    await team.choose_language(user.id, code)
    with speaking_to_team(*await team.languages_of(user.id, user.language_code)):
        await turn_to(query, bot, my_language(code, role), language_chosen())
    await team_menus.show(user.id, role)


def build() -> Router:
    router = Router(name="admin language")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(open_section, Open.filter(F.section == Section.LANGUAGE))
    router.callback_query.register(choose, ChooseMyLanguage.filter())
    return router

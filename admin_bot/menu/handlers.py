"""/menu, the buttons that lead to the Menu, and buttons no other handler takes."""

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery, Message

from admin_bot.menu.service import MenuService
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import answer, turn_to, turn_to_fresh
from core.team.admins import Role
from views.navigation import Open, Section


async def menu_command(message: Message, menu: MenuService, role: Role) -> None:
    await answer(message, await menu.screen(role))


async def open_menu(query: CallbackQuery, bot: Bot, menu: MenuService, role: Role) -> None:
    await turn_to(query, bot, await menu.screen(role))


async def old_button(query: CallbackQuery, bot: Bot, menu: MenuService, role: Role) -> None:
    """A button of another version, or a forged one: the Menu takes its place."""
    await turn_to_fresh(query, bot, await menu.screen(role))


def build() -> Router:
    router = Router(name="admin menu")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(open_menu, Open.filter(F.section == Section.MENU))
    return router


def build_last() -> Router:
    """Build the router that takes what is left. It comes last."""
    router = Router(name="admin old buttons")
    router.callback_query.register(old_button)
    return router

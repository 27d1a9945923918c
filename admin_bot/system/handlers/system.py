"""System: health, and the way to jobs, backups and the page."""

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery

from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import toast, turn_to
from admin_bot.section_rights import hidden_sections
from admin_bot.system.admin_page import AdminPage
from core.clock import Clock
from core.team.admins import Role
from database.operations import health_ops
from views.navigation import Open, Section
from views.system.system_screen import system


async def show(query: CallbackQuery, bot: Bot, clock: Clock, role: Role) -> None:
    await turn_to(query, bot, system(await health_ops.find(), clock.now(), hidden_sections(role)))


async def send_page_link(query: CallbackQuery, admin_page: AdminPage) -> None:
    """A message of its own: the link works once."""
    await toast(query)
    await admin_page.send_link(query.from_user.id)


def build() -> Router:
    router = Router(name="admin system")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(show, Open.filter(F.section == Section.SYSTEM))
    router.callback_query.register(send_page_link, Open.filter(F.section == Section.WEB_PAGE))
    return router

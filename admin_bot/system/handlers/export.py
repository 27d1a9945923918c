"""Export; for owners and managers (`admin_bot.section_rights`)."""

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery

from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import toast, turn_to
from admin_bot.system.exports import ExportService
from core.exchange.exports import FileFormat, may_export
from core.team.admins import Role
from views.admin_texts import not_your_role
from views.navigation import Open, Section
from views.system import export_screen as views
from views.system.exchange_callbacks import ExportButton, ExportScreen


async def open_section(query: CallbackQuery, bot: Bot, role: Role) -> None:
    await turn_to(query, bot, views.export_screen(FileFormat.CSV, role))


async def show(query: CallbackQuery, callback_data: ExportScreen, bot: Bot, role: Role) -> None:
    await turn_to(query, bot, views.export_screen(callback_data.form, role))


async def make(query: CallbackQuery, callback_data: ExportButton, role: Role, exports: ExportService) -> None:
    if not may_export(role, callback_data.what):
        await toast(query, not_your_role(role), alert=True)
        return
    is_begun = exports.request(query.from_user.id, callback_data.what, callback_data.form)
    await toast(query, views.begun() if is_begun else views.busy())


def build() -> Router:
    router = Router(name="admin export")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(show, ExportScreen.filter())
    router.callback_query.register(make, ExportButton.filter())
    router.callback_query.register(open_section, Open.filter(F.section == Section.EXPORT))
    return router

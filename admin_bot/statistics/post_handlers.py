"""The part of the statistics that every role may see: how each post did."""

from aiogram import F, Router
from aiogram.types import CallbackQuery

from admin_bot.middlewares.questions import EndQuestion
from admin_bot.statistics.service import StatisticsService
from core.team.admins import Role
from views.navigation import Open, Section
from views.statistics.callbacks import PostNumbersButton, StatisticsButton, View


async def open_section(query: CallbackQuery, statistics: StatisticsService, role: Role) -> None:
    await statistics.open(query, role)


async def show(
    query: CallbackQuery, callback_data: StatisticsButton, statistics: StatisticsService, role: Role
) -> None:
    await statistics.show_posts(query, callback_data.period, callback_data.page, role)


async def show_post(
    query: CallbackQuery, callback_data: PostNumbersButton, statistics: StatisticsService, role: Role
) -> None:
    await statistics.show_post(query, callback_data.code, callback_data.period, callback_data.page, role)


def build() -> Router:
    router = Router(name="admin post statistics")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(show, StatisticsButton.filter(F.view == View.POSTS))
    router.callback_query.register(show_post, PostNumbersButton.filter())
    router.callback_query.register(open_section, Open.filter(F.section == Section.STATISTICS))
    return router

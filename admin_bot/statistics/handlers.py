"""The statistics and their buttons."""

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from admin_bot.middlewares.questions import EndQuestion
from admin_bot.statistics.service import StatisticsService
from core.team.admins import Role
from views.statistics.callbacks import CsvButton, PicturesButton, StatisticsButton


async def stats_command(message: Message, statistics: StatisticsService, role: Role) -> None:
    await statistics.present(message.chat.id, role)


async def show(query: CallbackQuery, callback_data: StatisticsButton, statistics: StatisticsService) -> None:
    await statistics.show(query, callback_data.view, callback_data.period)


async def draw(query: CallbackQuery, callback_data: PicturesButton, statistics: StatisticsService) -> None:
    await statistics.draw(query, callback_data.period)


async def send_csv(query: CallbackQuery, callback_data: CsvButton, statistics: StatisticsService) -> None:
    await statistics.send_csv(query, callback_data.period)


def build() -> Router:
    router = Router(name="admin statistics")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(show, StatisticsButton.filter())
    router.callback_query.register(draw, PicturesButton.filter())
    router.callback_query.register(send_csv, CsvButton.filter())
    return router

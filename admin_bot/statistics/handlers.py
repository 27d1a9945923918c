"""The statistics and their buttons."""

from aiogram import F, Router
from aiogram.types import CallbackQuery, Message

from admin_bot.middlewares.questions import EndQuestion
from admin_bot.statistics.service import StatisticsService
from views.navigation import Open, Section
from views.statistics.callbacks import CountButton, NumbersButton, PicturesButton


async def stats_command(message: Message, statistics: StatisticsService) -> None:
    await statistics.present(message.chat.id)


async def draw(query: CallbackQuery, callback_data: PicturesButton, statistics: StatisticsService) -> None:
    await statistics.draw(query, callback_data.days)


async def show(query: CallbackQuery, callback_data: NumbersButton, statistics: StatisticsService) -> None:
    await statistics.show(query, callback_data.days)


async def open_section(query: CallbackQuery, statistics: StatisticsService) -> None:
    await statistics.show(query)


async def count(query: CallbackQuery, callback_data: CountButton, statistics: StatisticsService) -> None:
    await statistics.count(query, callback_data.days)


def build() -> Router:
    router = Router(name="admin statistics")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(draw, PicturesButton.filter())
    router.callback_query.register(count, CountButton.filter())
    router.callback_query.register(show, NumbersButton.filter())
    router.callback_query.register(open_section, Open.filter(F.section == Section.STATISTICS))
    return router

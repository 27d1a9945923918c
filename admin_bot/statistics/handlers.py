"""/stats and its buttons."""

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from admin_bot.filters import is_button_of
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import toast
from admin_bot.statistics.service import StatisticsService
from views.statistics import texts
from views.statistics.callbacks import CountButton, PicturesButton


async def stats_command(message: Message, statistics: StatisticsService) -> None:
    await statistics.present(message.chat.id)


async def draw(query: CallbackQuery, callback_data: PicturesButton, statistics: StatisticsService) -> None:
    await statistics.draw(query, callback_data.days)


async def count(query: CallbackQuery, statistics: StatisticsService) -> None:
    await statistics.count(query)


async def unknown_button(query: CallbackQuery) -> None:
    """Answer a forged button, or one of another version."""
    await toast(query, texts.GONE)


def build() -> Router:
    router = Router(name="admin statistics")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(draw, PicturesButton.filter())
    router.callback_query.register(count, CountButton.filter())
    router.callback_query.register(unknown_button, is_button_of(PicturesButton, CountButton))
    return router

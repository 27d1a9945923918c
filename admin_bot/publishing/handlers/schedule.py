"""The schedule: /schedule, the section, its pages."""

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery, Message

from admin_bot.middlewares.questions import EndQuestion
from admin_bot.publishing.schedule import ScheduleService
from admin_bot.screens import answer, turn_to
from views.navigation import Open, Section
from views.publishing.callbacks import SchedulePage


async def schedule_command(message: Message, schedule: ScheduleService) -> None:
    await answer(message, await schedule.screen(0))


async def open_schedule(query: CallbackQuery, bot: Bot, schedule: ScheduleService) -> None:
    await turn_to(query, bot, await schedule.screen(0))


async def turn_page(query: CallbackQuery, callback_data: SchedulePage, bot: Bot, schedule: ScheduleService) -> None:
    await turn_to(query, bot, await schedule.screen(callback_data.page))


def build() -> Router:
    router = Router(name="admin schedule")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(open_schedule, Open.filter(F.section == Section.SCHEDULE))
    router.callback_query.register(turn_page, SchedulePage.filter())
    return router

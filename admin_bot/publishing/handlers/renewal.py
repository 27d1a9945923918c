"""Renew all buttons: the count, the press that starts it, the bar."""

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery

from admin_bot.middlewares.questions import EndQuestion
from admin_bot.publishing.renewal import RenewalService
from admin_bot.screens import turn_to
from views.navigation import Open, Section
from views.publishing.callbacks import RenewalAction, RenewalButton


async def show(query: CallbackQuery, bot: Bot, button_renewal: RenewalService) -> None:
    screen, is_over = await button_renewal.screen()
    shown = await turn_to(query, bot, screen)
    if not is_over:
        await button_renewal.follow(shown, screen)


async def start(query: CallbackQuery, bot: Bot, button_renewal: RenewalService) -> None:
    await button_renewal.start(query.from_user.id)
    await show(query, bot, button_renewal)


async def stop(query: CallbackQuery, bot: Bot, button_renewal: RenewalService) -> None:
    await button_renewal.stop(query.from_user.id)
    await show(query, bot, button_renewal)


def build() -> Router:
    router = Router(name="admin renewal")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(show, Open.filter(F.section == Section.RENEWAL))
    router.callback_query.register(show, RenewalButton.filter(F.act == RenewalAction.SHOW))
    router.callback_query.register(start, RenewalButton.filter(F.act == RenewalAction.START))
    router.callback_query.register(stop, RenewalButton.filter(F.act == RenewalAction.STOP))
    return router

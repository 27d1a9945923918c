"""Buttons no other handler takes: they get an answer, too."""

from aiogram import Router
from aiogram.types import CallbackQuery

from admin_bot.screens import toast
from views.admin_texts import STALE_BUTTON


async def unknown_button(query: CallbackQuery) -> None:
    await toast(query, STALE_BUTTON)


def build() -> Router:
    router = Router(name="admin stale buttons")
    router.callback_query.register(unknown_button)
    return router

"""Buttons under deliveries and notices."""

from aiogram import Bot, Router
from aiogram.types import CallbackQuery

from core.ids import is_code
from core.users import User
from sender.failures import TELEGRAM_ERRORS
from user_bot.delivery import Deliverer
from views import user_texts
from views.user_callbacks import Close, GetAgain


async def _answer(bot: Bot, query: CallbackQuery, text: str | None = None) -> None:
    """Stop the button's spinner; a query that is too old is nobody's problem."""
    try:
        await bot.answer_callback_query(query.id, text=text)
    except TELEGRAM_ERRORS:
        return


async def get_again(query: CallbackQuery, callback_data: GetAgain, user: User, deliverer: Deliverer, bot: Bot) -> None:
    if not is_code(callback_data.code):
        await _answer(bot, query, user_texts.STALE_BUTTON)
        return
    await _answer(bot, query, user_texts.ONE_MOMENT)
    await deliverer.deliver(user, callback_data.code, f"button {query.id}")


async def close(query: CallbackQuery, bot: Bot) -> None:
    await _answer(bot, query)
    if query.message is None:
        return
    try:
        await bot.delete_message(query.from_user.id, query.message.message_id)
    except TELEGRAM_ERRORS:
        return


async def stale(query: CallbackQuery, bot: Bot) -> None:
    await _answer(bot, query, user_texts.STALE_BUTTON)


def build() -> Router:
    router = Router(name="buttons")
    router.callback_query.register(get_again, GetAgain.filter())
    router.callback_query.register(close, Close.filter())
    router.callback_query.register(stale)
    return router

"""/stop_news, /news and the opt-out button below broadcasts."""

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from core.clock import Clock
from core.users import User
from database.operations import user_ops
from sender.failures import TELEGRAM_ERRORS
from user_bot import news
from views.broadcasts.callbacks import StopNews
from views.subscribers import news_texts


async def stop(message: Message, user: User, clock: Clock) -> None:
    await news.turn_off(user.user_id, clock.now())
    await message.answer(news_texts.STOPPED)


async def want(message: Message, user: User) -> None:
    await user_ops.resume_news(user.user_id)
    await message.answer(news_texts.WANTED)


async def stop_by_button(query: CallbackQuery, user: User, clock: Clock, bot: Bot) -> None:
    await news.turn_off(user.user_id, clock.now())
    try:
        await bot.answer_callback_query(query.id, text=news_texts.STOPPED)
    except TELEGRAM_ERRORS:
        # tapped too long ago for a toast, while the bot was down: answer by a message
        await bot.send_message(user.user_id, news_texts.STOPPED)


def build() -> Router:
    router = Router(name="news")
    router.message.register(stop, Command("stop_news"))
    router.message.register(want, Command("news"))
    router.callback_query.register(stop_by_button, StopNews.filter())
    return router

"""/stop_news, /news and the opt-out button below broadcasts."""

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from core.access import requires_access
from core.clock import Clock
from core.users import User
from database.operations import settings_ops, user_ops
from sender.failures import TELEGRAM_ERRORS
from user_bot import news
from views.broadcasts.callbacks import StopNews
from views.subscribers import keyboards, news_texts
from views.subscribers.callbacks import SetNews


async def stop(message: Message, user: User, clock: Clock) -> None:
    await news.turn_off(user.user_id, clock.now())
    await message.answer(news_texts.stopped())


async def want(message: Message, user: User) -> None:
    await user_ops.resume_news(user.user_id)
    await message.answer(news_texts.wanted())


async def stop_by_button(query: CallbackQuery, user: User, clock: Clock, bot: Bot) -> None:
    await news.turn_off(user.user_id, clock.now())
    try:
        await bot.answer_callback_query(query.id, text=news_texts.stopped())
    except TELEGRAM_ERRORS:
        # tapped too long ago for a toast, while the bot was down: answer by a message
        await bot.send_message(user.user_id, news_texts.stopped())


async def switch(query: CallbackQuery, callback_data: SetNews, user: User, clock: Clock, bot: Bot) -> None:
    if callback_data.on:
        await user_ops.resume_news(user.user_id)
    else:
        await news.turn_off(user.user_id, clock.now())
    try:
        said = news_texts.wanted() if callback_data.on else news_texts.stopped()
        await bot.answer_callback_query(query.id, text=said)
        if query.message is not None:
            settings = await settings_ops.current(clock.now())
            markup = keyboards.me(can_unlock=requires_access(settings), has_news=callback_data.on)
            await bot.edit_message_reply_markup(
                chat_id=user.user_id, message_id=query.message.message_id, reply_markup=markup
            )
    except TELEGRAM_ERRORS:
        return  # it is switched; pressed too long ago for a toast, or by two presses at once


def build() -> Router:
    router = Router(name="news")
    router.message.register(stop, Command("stop_news"))
    router.message.register(want, Command("news"))
    router.callback_query.register(stop_by_button, StopNews.filter())
    router.callback_query.register(switch, SetNews.filter())
    return router

"""/language and its buttons."""

from contextlib import suppress

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message
from aiogram.utils.i18n import I18n

from core.users import User
from database.operations import user_ops
from sender.failures import TELEGRAM_ERRORS
from views.language import speaking
from views.screens import Screen
from views.subscribers import language_screens
from views.subscribers.callbacks import AskLanguage, ChooseLanguage


async def ask(message: Message, i18n: I18n) -> None:
    screen = _screen(i18n, i18n.current_locale)
    await message.answer(screen.text, reply_markup=screen.keyboard)


async def ask_by_button(query: CallbackQuery, bot: Bot, i18n: I18n) -> None:
    screen = _screen(i18n, i18n.current_locale)
    # pressed too long ago to stop the button's spinner
    with suppress(*TELEGRAM_ERRORS):
        await bot.answer_callback_query(query.id)
    await bot.send_message(query.from_user.id, screen.text, reply_markup=screen.keyboard)


async def choose(query: CallbackQuery, callback_data: ChooseLanguage, user: User, bot: Bot, i18n: I18n) -> None:
    # a forged code of no language of ours is the one spoken now
    code = callback_data.code if callback_data.code in i18n.locales else i18n.current_locale
    await user_ops.choose_language(user.user_id, code)
    with speaking(i18n.locales[code]):
        screen, toast = _screen(i18n, code), language_screens.chosen()
    # pressed too long ago for a toast: the message shows the choice as well
    with suppress(*TELEGRAM_ERRORS):
        await bot.answer_callback_query(query.id, text=toast)
    if query.message is None:
        return
    # deleted, or the same as before: what was chosen holds
    with suppress(*TELEGRAM_ERRORS):
        await bot.edit_message_text(
            screen.text,
            chat_id=user.user_id,
            message_id=query.message.message_id,
            reply_markup=screen.keyboard,
        )


def _screen(i18n: I18n, code: str) -> Screen:
    return language_screens.languages(i18n.available_locales, code)


def build() -> Router:
    router = Router(name="language")
    router.message.register(ask, Command("language"))
    router.callback_query.register(ask_by_button, AskLanguage.filter())
    router.callback_query.register(choose, ChooseLanguage.filter())
    return router

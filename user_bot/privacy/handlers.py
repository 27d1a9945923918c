"""/privacy and its buttons."""

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from core.clock import Clock
from core.users import User
from sender.failures import TELEGRAM_ERRORS
from user_bot.privacy.service import PrivacyService
from user_bot.text_messages import send_text
from views.screens import Screen
from views.subscribers import privacy_screens
from views.subscribers.privacy_callbacks import AskToErase, CopyMyData, EraseMe, OpenPrivacy


async def privacy_command(message: Message, privacy: PrivacyService) -> None:
    screen = await privacy.screen()
    await message.answer(screen.text, reply_markup=screen.keyboard)


async def open_privacy(query: CallbackQuery, bot: Bot, privacy: PrivacyService) -> None:
    await _answer(bot, query)
    await _turn_to(bot, query, await privacy.screen())


async def copy(query: CallbackQuery, bot: Bot, user: User, privacy: PrivacyService) -> None:
    await _answer(bot, query, privacy_screens.copy_is_coming())
    if privacy.may_copy(user.user_id) and not await privacy.send_copy(user):
        await send_text(bot, user.user_id, privacy_screens.copy_not_sent())


async def ask(query: CallbackQuery, bot: Bot, user: User, clock: Clock) -> None:
    await _answer(bot, query)
    await _turn_to(bot, query, privacy_screens.confirm(user, clock.now()))


async def erase(query: CallbackQuery, bot: Bot, user: User, privacy: PrivacyService) -> None:
    await _answer(bot, query)
    await privacy.erase(user.user_id)
    await _turn_to(bot, query, Screen(privacy_screens.done()))


async def _answer(bot: Bot, query: CallbackQuery, text: str | None = None) -> None:
    """Answer the press; it may be too old for that."""
    try:
        await bot.answer_callback_query(query.id, text=text)
    except TELEGRAM_ERRORS:
        return


async def _turn_to(bot: Bot, query: CallbackQuery, screen: Screen) -> None:
    """Show a screen in place of the pressed one, or below when that is gone."""
    user_id = query.from_user.id
    if query.message is not None:
        try:
            await bot.edit_message_text(
                screen.text, chat_id=user_id, message_id=query.message.message_id, reply_markup=screen.keyboard
            )
            return
        except TELEGRAM_ERRORS:
            pass
    await send_text(bot, user_id, screen.text, screen.keyboard)


def build() -> Router:
    router = Router(name="privacy")
    router.message.register(privacy_command, Command("privacy"))
    router.callback_query.register(open_privacy, OpenPrivacy.filter())
    router.callback_query.register(copy, CopyMyData.filter())
    router.callback_query.register(ask, AskToErase.filter())
    router.callback_query.register(erase, EraseMe.filter())
    return router

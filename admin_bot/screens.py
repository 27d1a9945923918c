"""Showing things: one screen is one message, edited; a message that cannot be edited is sent anew."""

import structlog
from aiogram import Bot
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message, ReplyParameters

from sender.failures import TELEGRAM_ERRORS, Failure, classify
from views.admin_texts import TOAST_MAX

log = structlog.get_logger("tollgate.admin")


async def show(
    bot: Bot, chat_id: int, message_id: int | None, html: str, keyboard: InlineKeyboardMarkup | None = None
) -> int:
    """Edit the message, or send a new one when there is none to edit; returns the id of the message that shows it."""
    if message_id is not None and await _edited(bot, chat_id, message_id, html, keyboard):
        return message_id
    sent = await bot.send_message(chat_id, html, reply_markup=keyboard)
    return sent.message_id


async def _edited(bot: Bot, chat_id: int, message_id: int, html: str, keyboard: InlineKeyboardMarkup | None) -> bool:
    try:
        await bot.edit_message_text(html, chat_id=chat_id, message_id=message_id, reply_markup=keyboard)
    except TELEGRAM_ERRORS as error:
        failure = classify(error)
        if failure is Failure.NOT_MODIFIED:
            return True
        log.info("screen.not_edited", reason=failure)
        return False
    return True


def screen_id(query: CallbackQuery) -> int | None:
    """The id of the message a button stands under; None when Telegram no longer shows it to the bot."""
    return query.message.message_id if isinstance(query.message, Message) else None


async def show_under(query: CallbackQuery, bot: Bot, html: str, keyboard: InlineKeyboardMarkup | None = None) -> int:
    """Show a screen in place of the one whose button was pressed."""
    return await show(bot, query.from_user.id, screen_id(query), html, keyboard)


async def toast(query: CallbackQuery, text: str | None = None, *, alert: bool = False) -> None:
    """Answer a button. Plain text; an answer that comes too late is nobody's loss."""
    try:
        await query.answer(text[:TOAST_MAX] if text else None, show_alert=alert or None)
    except TELEGRAM_ERRORS as error:
        log.info("toast.failed", reason=classify(error))


async def drop(bot: Bot, chat_id: int, message_id: int | None) -> None:
    """Delete a screen that has had its day; one that cannot be deleted stays."""
    if message_id is None:
        return
    try:
        await bot.delete_message(chat_id, message_id)
    except TELEGRAM_ERRORS as error:
        log.info("screen.stays", reason=classify(error))


def quoting(message_id: int) -> ReplyParameters:
    """Answer to one message, also when it was deleted meanwhile."""
    return ReplyParameters(message_id=message_id, allow_sending_without_reply=True)

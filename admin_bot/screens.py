"""Screens: one screen is one message, edited; where it cannot be edited, a new message takes its place."""

from dataclasses import dataclass

import structlog
from aiogram import Bot
from aiogram.types import CallbackQuery, Message, ReplyParameters

from sender.failures import TELEGRAM_ERRORS, classify
from sender.refusals import Failure
from views.admin_texts import TOAST_MAX, stale_button
from views.screens import Screen

log = structlog.get_logger("tollgate.admin")


@dataclass(frozen=True, slots=True)
class MessageRef:
    """A message in a private chat. Without an id it is yet to be sent, or Telegram no longer shows it to the bot."""

    chat_id: int
    message_id: int | None = None


def screen_id(query: CallbackQuery) -> int | None:
    """Return the id of the message with the pressed button; None when Telegram no longer shows it to the bot."""
    return query.message.message_id if isinstance(query.message, Message) else None


def pressed_message(query: CallbackQuery) -> MessageRef:
    """Return the message with the pressed button."""
    return MessageRef(query.from_user.id, screen_id(query))


async def answer(message: Message, screen: Screen) -> Message:
    """Send a screen into the chat a message came from."""
    return await message.answer(screen.text, reply_markup=screen.keyboard)


async def send(bot: Bot, chat_id: int, screen: Screen) -> MessageRef:
    """Send a screen as a new message."""
    sent = await bot.send_message(chat_id, screen.text, reply_markup=screen.keyboard)
    return MessageRef(chat_id, sent.message_id)


async def show(bot: Bot, ref: MessageRef, screen: Screen) -> MessageRef:
    """Edit the message; send a new one where there is none, or where the edit fails. Returns the one that shows it."""
    if ref.message_id is not None and await _is_edited(bot, ref.chat_id, ref.message_id, screen):
        return ref
    return await send(bot, ref.chat_id, screen)


async def show_in_place(query: CallbackQuery, bot: Bot, screen: Screen) -> MessageRef:
    """Show a screen in place of the one whose button was pressed. Returns the message that shows it."""
    return await show(bot, pressed_message(query), screen)


async def turn_to(query: CallbackQuery, bot: Bot, screen: Screen, note: str | None = None) -> MessageRef:
    """Answer the press, with a short plain note or none, then show a screen in place of the pressed one."""
    await toast(query, note)
    return await show_in_place(query, bot, screen)


async def turn_to_fresh(query: CallbackQuery, bot: Bot, screen: Screen) -> MessageRef:
    """Answer a press of an old button: say so, and show the screen as it is now."""
    return await turn_to(query, bot, screen, stale_button())


async def move_below(bot: Bot, chat_id: int, old_id: int | None, screen: Screen) -> MessageRef:
    """Show a screen below what was typed: send it, then delete the message `old_id` that showed it before."""
    moved = await send(bot, chat_id, screen)
    await remove_screen(bot, chat_id, old_id)
    return moved


async def _is_edited(bot: Bot, chat_id: int, message_id: int, screen: Screen) -> bool:
    try:
        await bot.edit_message_text(screen.text, chat_id=chat_id, message_id=message_id, reply_markup=screen.keyboard)
    except TELEGRAM_ERRORS as error:
        failure = classify(error)
        if failure is Failure.NOT_MODIFIED:
            return True
        log.info("screen.not_edited", reason=failure)
        return False
    return True


async def toast(query: CallbackQuery, text: str | None = None, *, alert: bool = False) -> None:
    """Answer a button with plain text. A failure is logged: an answer may come too late for Telegram."""
    try:
        await query.answer(text[:TOAST_MAX] if text else None, show_alert=alert or None)
    except TELEGRAM_ERRORS as error:
        log.info("toast.failed", reason=classify(error))


async def remove_screen(bot: Bot, chat_id: int, message_id: int | None) -> None:
    """Delete a message that is no longer needed; None deletes nothing. A failure is logged."""
    if message_id is None:
        return
    try:
        await bot.delete_message(chat_id, message_id)
    except TELEGRAM_ERRORS as error:
        log.info("screen.not_deleted", reason=classify(error))


def reply_to(message_id: int) -> ReplyParameters:
    """Reply to a message; the reply is sent also when that message was deleted."""
    return ReplyParameters(message_id=message_id, allow_sending_without_reply=True)

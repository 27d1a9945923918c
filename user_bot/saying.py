"""One sentence to one person."""

from contextlib import nullcontext

import structlog
from aiogram import Bot
from aiogram.types import InlineKeyboardMarkup

from sender.failures import TELEGRAM_ERRORS, classify
from sender.lanes import at_least_once

log = structlog.get_logger("tollgate.user_bot")


async def say(
    bot: Bot, user_id: int, html: str, markup: InlineKeyboardMarkup | None = None, *, better_twice: bool = True
) -> int | None:
    """Send one message; its id, or None when Telegram did not take it (which is logged).

    `better_twice`: when the answer is lost it is sent again, and its update stays open until it has arrived.
    """
    try:
        with at_least_once() if better_twice else nullcontext():
            message = await bot.send_message(user_id, html, reply_markup=markup)
    except TELEGRAM_ERRORS as error:
        log.warning("sentence.not_sent", failure=classify(error).value, user_id=user_id)
        return None
    return message.message_id

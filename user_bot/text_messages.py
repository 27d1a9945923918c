"""Send one text message to one subscriber."""

from contextlib import nullcontext

import structlog
from aiogram import Bot
from aiogram.types import InlineKeyboardMarkup

from sender.failures import TELEGRAM_ERRORS, classify
from sender.lanes import at_least_once

log = structlog.get_logger("tollgate.user_bot")


async def send_text(
    bot: Bot,
    user_id: int,
    html: str,
    markup: InlineKeyboardMarkup | None = None,
    *,
    may_duplicate: bool = True,
    is_silent: bool = False,
) -> int | None:
    """Send one message; return its id, or None, logged, when Telegram did not take it.

    `may_duplicate`: when the answer is lost the message is sent again, and the update that caused it is acknowledged
    only when it has arrived. `is_silent`: without a sound.
    """
    try:
        with at_least_once() if may_duplicate else nullcontext():
            message = await bot.send_message(user_id, html, reply_markup=markup, disable_notification=is_silent or None)
    except TELEGRAM_ERRORS as error:
        log.warning("text.not_sent", failure=classify(error).value, user_id=user_id)
        return None
    return message.message_id

"""A message with a key in it is deleted at once, whatever else becomes of it."""

import structlog
from aiogram import Bot
from aiogram.types import Message

from sender.failures import TELEGRAM_ERRORS, classify
from sender.refusals import Failure

log = structlog.get_logger("tollgate.admin")


async def delete_typed_key(bot: Bot, message: Message) -> bool:
    """Delete the message; False when Telegram does not, and the owner has to."""
    try:
        await bot.delete_message(message.chat.id, message.message_id)
    except TELEGRAM_ERRORS as error:
        reason = classify(error)
        log.warning("typed_key.not_deleted", reason=reason)
        return reason is Failure.GONE
    return True

"""Copy stored messages into a private chat: one message with its buttons, or an album."""

from collections.abc import Sequence

from aiogram import Bot
from aiogram.types import InlineKeyboardMarkup

from sender.certainty import Effect, effect_of


def method_of_copies(count: int) -> str:
    """Return the Bot API method by which `send_copies` copies so many messages."""
    return "copyMessage" if count == 1 else "copyMessages"


def effect_of_copies(count: int) -> Effect:
    """Return what a second, identical `send_copies` would do, for `sender.certainty`."""
    return effect_of(method_of_copies(count), count)


async def send_copies(
    bot: Bot,
    chat_id: int,
    source_chat_id: int,
    message_ids: Sequence[int],
    *,
    keyboard: InlineKeyboardMarkup | None = None,
    silent: bool = False,
) -> tuple[int, ...]:
    """Copy the messages in one call; return the ids of the copies, ascending.

    Several messages (ids ascending) arrive as an album without `keyboard`. Fewer ids are returned when source messages
    are gone; ids of 0 are left out (BOTAPI §2.5). Without a keyboard a single message keeps its own buttons if all of
    them are URL buttons. Raises TELEGRAM_ERRORS.
    """
    if len(message_ids) == 1:
        copy = await bot.copy_message(
            chat_id, source_chat_id, message_ids[0], disable_notification=silent or None, reply_markup=keyboard
        )
        return (copy.message_id,) if copy.message_id else ()
    copies = await bot.copy_messages(chat_id, source_chat_id, list(message_ids), disable_notification=silent or None)
    return tuple(sorted(copy.message_id for copy in copies if copy.message_id))

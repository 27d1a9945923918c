"""A key sent where none was asked for: deleted, never stored, never logged. Comes before everything that takes text."""

from aiogram import Bot, Router
from aiogram.types import Message

from admin_bot.filters import is_command
from admin_bot.screens import answer
from admin_bot.shorteners.service import ShortenerService
from admin_bot.shorteners.typed_keys import delete_typed_key
from core.shorteners.keys import looks_like_secret
from views.shorteners import screens


async def is_pasted_key(message: Message, shorteners: ShortenerService) -> bool:
    """Return whether it is a text with a key in it, other than a command."""
    if message.text is None or await is_command(message):
        return False
    # by its shape first: that needs no database
    return looks_like_secret(message.text) or looks_like_secret(message.text, await shorteners.known_keys())


async def refuse(message: Message, bot: Bot) -> None:
    """Delete it. A waiting question or batch goes on waiting."""
    await answer(message, screens.pasted_key(is_deleted=await delete_typed_key(bot, message)))


def build() -> Router:
    router = Router(name="admin pasted keys")
    router.message.register(refuse, is_pasted_key)
    return router

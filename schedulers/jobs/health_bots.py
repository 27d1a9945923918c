"""How the health check asks Telegram about a bot. Imports aiogram; the check itself does not."""

from aiogram import Bot

from monitoring.logs import mask
from schedulers.jobs.health_probes import BotLook, BotProbe, BotSilent
from sender.failures import TELEGRAM_ERRORS, Failure, classify

#: characters of Telegram's words that are kept
_WORDS_MAX = 200


def bot_probe(name: str, bot: Bot) -> BotProbe:
    """The questions about `bot`; `name` is "user_bot" or "admin_bot"."""

    async def look() -> BotLook:
        try:
            await bot.get_me()
            said = await bot.get_webhook_info()
        except TELEGRAM_ERRORS as error:
            words = mask(f"{type(error).__name__}: {error}")[:_WORDS_MAX]
            raise BotSilent(words, is_unknown=classify(error) is Failure.UNAUTHORIZED) from None
        return BotLook(bool(said.url), said.pending_update_count)

    return BotProbe(name, bot.id, look)

"""The health check's calls to Telegram about a bot."""

from aiogram import Bot

from monitoring.logs import mask
from schedulers.jobs.health.probes import BotProbe, BotStatus, BotUnavailable
from sender.failures import TELEGRAM_ERRORS, classify
from sender.refusals import Failure
from sender.updates.webhook_address import is_ours

#: longest kept error text, in characters
_ERROR_MAX = 200


def bot_probe(name: str, bot: Bot, *, is_posted: bool = False) -> BotProbe:
    """Return the probe of `bot`; `name` is "user_bot" or "admin_bot". `is_posted`: its updates are not polled."""

    async def ask() -> BotStatus:
        try:
            await bot.get_me()
            answer = await bot.get_webhook_info()
        except TELEGRAM_ERRORS as error:
            text = mask(f"{type(error).__name__}: {error}")[:_ERROR_MAX]
            raise BotUnavailable(text, is_token_unknown=classify(error) is Failure.UNAUTHORIZED) from None
        return BotStatus(bool(answer.url), answer.pending_update_count, is_ours(answer.url, bot.id))

    return BotProbe(name, bot.id, ask, is_posted)

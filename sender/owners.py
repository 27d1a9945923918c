"""Telling the owners: one sentence to each of them, at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from aiogram import Bot

from sender.failures import TELEGRAM_ERRORS

log = structlog.get_logger("tollgate.alerts")

#: seconds a sentence may take to reach one owner
TELL_ONE_WITHIN_S = 30.0


def owner_teller(admin_bot: Bot, owner_ids: Sequence[int]) -> Callable[[str], Awaitable[bool]]:
    """What sends an HTML sentence to every owner and says whether it reached any; raises nothing of Telegram's."""

    async def tell_one(owner_id: int, html: str) -> bool:
        try:
            # one owner whose message hangs must not make it unknown that the others were reached
            async with asyncio.timeout(TELL_ONE_WITHIN_S):
                await admin_bot.send_message(owner_id, html)
        except TELEGRAM_ERRORS as error:
            log.warning("alert.not_sent", admin_id=owner_id, error=type(error).__name__)
            return False
        return True

    async def tell(html: str) -> bool:
        return any(await asyncio.gather(*(tell_one(owner_id, html) for owner_id in owner_ids)))

    return tell

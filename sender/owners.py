"""Notify the owners: one message to each of them, all at once."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager

import structlog
from aiogram import Bot

from sender.failures import TELEGRAM_ERRORS

log = structlog.get_logger("tollgate.alerts")

#: seconds a message may take to reach one owner
NOTIFY_ONE_WITHIN_S = 30.0


def owner_notifier(
    admin_bot: Bot,
    find_owners: Callable[[], Awaitable[Collection[int]]],
    speaking_to: Callable[[int], AbstractAsyncContextManager[None]],
) -> Callable[[Callable[[], str]], Awaitable[bool]]:
    """Return a function that sends an HTML message to every owner and returns whether it reached at least one.

    The message is made for each owner, inside `speaking_to`. `find_owners` is asked each time. The function raises none
    of the TELEGRAM_ERRORS.
    """

    async def notify_one(owner_id: int, words: Callable[[], str]) -> bool:
        try:
            # one owner whose message hangs must not hide that the others were reached
            async with asyncio.timeout(NOTIFY_ONE_WITHIN_S):
                async with speaking_to(owner_id):
                    html = words()
                await admin_bot.send_message(owner_id, html)
        except TELEGRAM_ERRORS as error:
            log.warning("alert.not_sent", admin_id=owner_id, error=type(error).__name__)
            return False
        return True

    async def notify(words: Callable[[], str]) -> bool:
        return any(await asyncio.gather(*(notify_one(owner_id, words) for owner_id in await find_owners())))

    return notify

"""Measure how old messages are when they arrive: the time Telegram, the network and polling took."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.methods import GetUpdates, Response, TelegramMethod
from aiogram.methods.base import TelegramType
from cachetools import FIFOCache

from monitoring import metrics

if TYPE_CHECKING:
    from aiogram import Bot

#: recent updates remembered; at most 100 come again (sender/updates/unconfirmed.py)
REMEMBERED_MAX = 1000

_POLLING: type[Any] = GetUpdates


class UpdateAges(BaseRequestMiddleware):
    """Session middleware that records how old each message is when it first arrives. Other updates carry no time."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._seen: FIFOCache[int, None] = FIFOCache(REMEMBERED_MAX)

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: "Bot",
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        answer = await make_request(bot, method)
        if type(method) is _POLLING:
            self.observe(bot.id, answer)
        return answer

    def observe(self, bot_id: int, updates: Any) -> None:
        """Record the ages of received updates."""
        ages = metrics.UPDATE_AGE.labels(str(bot_id))
        now = self._now()
        for update in updates:
            if update.message is not None and update.update_id not in self._seen:
                self._seen[update.update_id] = None
                ages.observe(max(0.0, (now - update.message.date).total_seconds()))

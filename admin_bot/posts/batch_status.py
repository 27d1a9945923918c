"""Status messages that count along: edited at most once per interval, always with the newest text."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiogram import Bot
from aiogram.types import InlineKeyboardMarkup

from admin_bot.screens import show
from core.supervisor import Supervisor

#: seconds between two edits of one status message; more than about one a second meets flood control (BOTAPI §6)
INTERVAL_S = 1.0

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class PendingEdit:
    """What a status message should show."""

    message_id: int | None
    html: str
    keyboard: InlineKeyboardMarkup


class StatusBoard:
    """One status message a chat. Wishes that come faster than the interval are merged into the last one."""

    def __init__(
        self, bot: Bot, supervisor: Supervisor, *, interval_s: float = INTERVAL_S, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._bot = bot
        self._supervisor = supervisor
        self._interval_s = interval_s
        self._sleep = sleep
        self._wanted: dict[int, PendingEdit] = {}
        self._timers: dict[int, asyncio.Task[None]] = {}
        self._drawing: dict[int, asyncio.Lock] = {}
        #: chat -> (the id the status message had, its id now that it was sent anew)
        self._moved: dict[int, tuple[int | None, int]] = {}

    def want(self, chat_id: int, wish: PendingEdit) -> None:
        """Draw soon; replaces an earlier wish that was not drawn yet. Never waits."""
        self._wanted[chat_id] = wish
        if chat_id not in self._timers:
            timer = self._supervisor.spawn(self._draw_later(chat_id), f"status {chat_id}")
            self._timers[chat_id] = timer

    async def settle(self, chat_id: int, message_id: int | None) -> int | None:
        """Forget what was wanted and wait for a drawing on its way, so that the next edit is the last one.

        Returns the id the status message has now: one that had been deleted was sent anew.
        """
        self._wanted.pop(chat_id, None)
        lock = self._drawing.get(chat_id)
        if lock is not None:
            async with lock:
                pass
        before, now = self._moved.pop(chat_id, (None, 0))
        return now if now and before == message_id else message_id

    async def _draw_later(self, chat_id: int) -> None:
        try:
            await self._sleep(self._interval_s)
        finally:
            self._timers.pop(chat_id, None)
        wish = self._wanted.pop(chat_id, None)
        if wish is None:
            return
        async with self._drawing.setdefault(chat_id, asyncio.Lock()):
            before, now = self._moved.get(chat_id, (None, 0))
            current = now if now and before == wish.message_id else wish.message_id
            shown = await show(self._bot, chat_id, current, wish.html, wish.keyboard)
            if shown != current:
                self._moved[chat_id] = (wish.message_id, shown)

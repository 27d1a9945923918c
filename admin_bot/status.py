"""Status messages that count along: edited at most once per interval, always with the newest text."""

import asyncio
from collections.abc import Awaitable, Callable

from core.supervisor import Supervisor

#: seconds between two edits of one status message; Telegram's own advice is about one a second per chat
INTERVAL_S = 1.0

Draw = Callable[[], Awaitable[object]]
Sleep = Callable[[float], Awaitable[None]]


class StatusBoard:
    """One status message a chat. Wishes that come faster than the interval are merged into the last one."""

    def __init__(self, supervisor: Supervisor, *, interval_s: float = INTERVAL_S, sleep: Sleep = asyncio.sleep) -> None:
        self._supervisor = supervisor
        self._interval_s = interval_s
        self._sleep = sleep
        self._wanted: dict[int, Draw] = {}
        self._timers: dict[int, asyncio.Task[None]] = {}
        self._drawing: dict[int, asyncio.Lock] = {}

    def want(self, chat_id: int, draw: Draw) -> None:
        """Draw soon; replaces an earlier wish that was not drawn yet. Never waits."""
        self._wanted[chat_id] = draw
        if chat_id not in self._timers:
            timer = self._supervisor.spawn(self._draw_later(chat_id), f"status {chat_id}")
            self._timers[chat_id] = timer

    async def settle(self, chat_id: int) -> None:
        """Forget what was wanted and wait for a drawing on its way, so that the next edit is the last one."""
        self._wanted.pop(chat_id, None)
        lock = self._drawing.get(chat_id)
        if lock is not None:
            async with lock:
                pass

    async def _draw_later(self, chat_id: int) -> None:
        try:
            await self._sleep(self._interval_s)
        finally:
            self._timers.pop(chat_id, None)
        draw = self._wanted.pop(chat_id, None)
        if draw is None:
            return
        lock = self._drawing.setdefault(chat_id, asyncio.Lock())
        async with lock:
            await draw()

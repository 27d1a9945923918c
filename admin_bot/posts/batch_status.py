"""The status message of a batch: edited at most once per interval, always with the newest text."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiogram import Bot

from admin_bot.screens import MessageRef, Screen, show
from core.clock import Clock
from core.supervisor import Supervisor

#: seconds between two edits of one status message; more than about one a second meets flood control (BOTAPI §6)
INTERVAL_S = 1.0

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class PendingEdit:
    """What a status message should show."""

    #: None: a new message is sent
    message_id: int | None
    screen: Screen


class BatchStatusEditor:
    """One status message per chat. Of edits scheduled within the interval only the last one is made."""

    def __init__(self, bot: Bot, supervisor: Supervisor, clock: Clock, *, interval_s: float = INTERVAL_S) -> None:
        self._bot = bot
        self._supervisor = supervisor
        self._interval_s = interval_s
        self._clock = clock
        self._pending: dict[int, PendingEdit] = {}
        self._timers: dict[int, asyncio.Task[None]] = {}
        #: held during an edit in that chat
        self._locks: dict[int, asyncio.Lock] = {}
        #: chat -> (the id the status message had, the id of the message sent in its place)
        self._resent: dict[int, tuple[int | None, int]] = {}

    def schedule(self, chat_id: int, edit: PendingEdit) -> None:
        """Edit soon, in place of an edit that is still pending. Returns at once."""
        self._pending[chat_id] = edit
        if chat_id not in self._timers:
            self._timers[chat_id] = self._supervisor.spawn(self._edit_later(chat_id), f"status {chat_id}")

    async def cancel_pending(self, chat_id: int, message_id: int | None) -> int | None:
        """Drop a pending edit and wait for one under way, so that the caller's next edit is the last one.

        Returns the current id of the status message: where it had been deleted, a new one was sent.
        """
        self._pending.pop(chat_id, None)
        lock = self._locks.get(chat_id)
        if lock is not None:
            async with lock:
                pass
        before, now = self._resent.pop(chat_id, (None, 0))
        return now if now and before == message_id else message_id

    async def _edit_later(self, chat_id: int) -> None:
        try:
            await self._clock.sleep(self._interval_s)
        finally:
            self._timers.pop(chat_id, None)
        edit = self._pending.pop(chat_id, None)
        if edit is None:
            return
        async with self._locks.setdefault(chat_id, asyncio.Lock()):
            before, now = self._resent.get(chat_id, (None, 0))
            current = now if now and before == edit.message_id else edit.message_id
            shown = await show(self._bot, MessageRef(chat_id, current), edit.screen)
            if shown.message_id is not None and shown.message_id != current:
                self._resent[chat_id] = (edit.message_id, shown.message_id)

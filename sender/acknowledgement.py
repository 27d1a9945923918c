"""Updates are confirmed to Telegram when a killed process can no longer lose them.

The next getUpdates confirms what the last one returned (BOTAPI §2.2), and aiogram sends it at once. Here it waits until
each update is acknowledged: its handler has ended, or has come to its first call to Telegram. By then the promise of a
delivery is in the database, and one message is all that is left to send.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeVar

import structlog
from aiogram import BaseMiddleware, Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.methods import AnswerCallbackQuery, GetChatMember, GetUpdates, Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import TelegramObject, Update
from cachetools import FIFOCache

from sender.failures import TELEGRAM_ERRORS
from sender.lanes import is_at_least_once

log = structlog.get_logger("tollgate.intake")

#: seconds the next poll waits at most; a handler that hangs must not stop all other updates. A database that is away
#: says so after 3 s, one that is silent after 10 (database/connection.py): until then a kill would lose the update
WAIT_S = 12.0
#: the same for updates whose user is being sent a notice to try again: nothing else remembers their request
NOTICE_WAIT_S = 20.0
#: recent updates remembered, so that none is handled twice
RECENT_MAX = 10_000
#: seconds a stop waits for Telegram to take the last confirmation
CONFIRM_FOR_S = 1

T = TypeVar("T")
#: what a middleware calls to go on, as in aiogram
Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]

_POLLING: type[Any] = GetUpdates
#: the update the running task handles, and its acknowledger
_current: ContextVar["tuple[UpdateAcknowledger, int] | None"] = ContextVar("tollgate_current_update", default=None)


def acknowledge() -> None:
    """Acknowledge the update this task handles: Telegram need not send it again. Does nothing outside a handler."""
    current = _current.get()
    if current is not None:
        acknowledger, update_id = current
        acknowledger.acknowledge(update_id)


@contextmanager
def acknowledge_after(wait_s: float) -> Iterator[None]:
    """Acknowledge this task's update once the block has run for `wait_s` seconds.

    For calls to others (a shortener, `getChatMember`) on behalf of one subscriber: a slow answer must not delay the
    updates of all. A kill from then on loses the request; the subscriber has seen nothing yet and taps again.
    """
    handle = asyncio.get_running_loop().call_later(wait_s, acknowledge)
    try:
        yield
    finally:
        handle.cancel()


class UpdateAcknowledger:
    """Knows which updates of one bot are not acknowledged yet, and lets the next poll wait for them.

    `on_call` is a middleware of the bot's session, `on_update` the first of the dispatcher's update middlewares.
    """

    def __init__(self, wait_s: float = WAIT_S) -> None:
        self._wait_s = wait_s
        self._pending: set[int] = set()
        #: of the pending, those whose user is being sent a notice to try again
        self._notifying: set[int] = set()
        self._none_pending = asyncio.Event()
        self._none_pending.set()
        #: the newest update given to a handler
        self.newest: int | None = None
        #: recent updates, and whether they are acknowledged
        self._recent: FIFOCache[int, bool] = FIFOCache(RECENT_MAX)
        self.on_call = _OnCall(self)
        self.on_update = _OnUpdate(self)

    def add_pending(self, update_ids: list[int]) -> None:
        """Note updates that were received and go to the handlers; acknowledged ones are left out."""
        self._pending.update(number for number in update_ids if not self._recent.get(number))
        if self._pending:
            self._none_pending.clear()

    def first_time(self, update_id: int) -> bool:
        """Remember an update; False when it is known: Telegram sends an update again until it is confirmed."""
        if update_id in self._recent:
            return False
        self._recent[update_id] = False
        return True

    def acknowledge(self, update_id: int) -> None:
        """Let the next poll confirm this update."""
        if update_id in self._recent:
            self._recent[update_id] = True
        self._pending.discard(update_id)
        if not self._pending:
            self._none_pending.set()

    async def wait_until_acknowledged(self) -> None:
        """Wait for all pending updates, at most `wait_s` seconds, NOTICE_WAIT_S more for notices.

        Updates still pending then are dropped from the wait and logged.
        """
        await self._wait(self._wait_s)
        self._stop_waiting_for(self._pending - self._notifying)
        await self._wait(NOTICE_WAIT_S)
        self._stop_waiting_for(self._pending)

    async def _wait(self, wait_s: float) -> None:
        if self._none_pending.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._none_pending.wait()

    def _stop_waiting_for(self, update_ids: set[int]) -> None:
        if not update_ids:
            return
        log.warning("update.confirmed_unacknowledged", count=len(update_ids))
        self._pending -= update_ids
        if not self._pending:
            self._none_pending.set()

    async def notify(self, update_id: int, sending: Awaitable[T]) -> T:
        """Await `sending`, a notice to try again; acknowledge the update when it has arrived. Returns its result."""
        self._notifying.add(update_id)
        try:
            answer = await sending
        finally:
            self._notifying.discard(update_id)
        self.acknowledge(update_id)
        return answer

    async def confirm(self, bot: Bot) -> None:
        """Confirm the handled updates at a stop; aiogram would leave that to a next poll, which never comes."""
        if self.newest is None:
            return
        self._pending.clear()
        self._none_pending.set()
        try:
            # Telegram confirms when it receives this and may take 3 s to answer (BOTAPI §2.2): no need to wait for it
            await bot(GetUpdates(offset=self.newest + 1, limit=1, timeout=0), request_timeout=CONFIRM_FOR_S)
        except TELEGRAM_ERRORS as error:
            log.debug("stop.confirmed_without_answer", error=type(error).__name__)


class _OnCall(BaseRequestMiddleware):
    def __init__(self, acknowledger: UpdateAcknowledger) -> None:
        self._acknowledger = acknowledger

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        if type(method) is _POLLING:
            await self._acknowledger.wait_until_acknowledged()
            answer = await make_request(bot, method)
            updates: Any = answer
            self._acknowledger.add_pending([update.update_id for update in updates])
            return answer
        current = _current.get()
        # stopping a button's spinner and asking for a membership do not fulfil the request
        if current is None or isinstance(method, AnswerCallbackQuery | GetChatMember):
            return await make_request(bot, method)
        acknowledger, update_id = current
        if is_at_least_once():
            return await acknowledger.notify(update_id, make_request(bot, method))
        acknowledger.acknowledge(update_id)
        return await make_request(bot, method)


class _OnUpdate(BaseMiddleware):
    def __init__(self, acknowledger: UpdateAcknowledger) -> None:
        self._acknowledger = acknowledger

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if not isinstance(event, Update):
            return await handler(event, data)
        acknowledger = self._acknowledger
        if not acknowledger.first_time(event.update_id):
            log.info("update.duplicate", update_id=event.update_id)
            return None
        acknowledger.newest = max(acknowledger.newest or 0, event.update_id)
        token = _current.set((acknowledger, event.update_id))
        try:
            return await handler(event, data)
        finally:
            _current.reset(token)
            acknowledger.acknowledge(event.update_id)

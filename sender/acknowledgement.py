"""Updates are confirmed to Telegram when they are safe, so that a killed process loses none it was asked.

The next getUpdates confirms what the last one brought (BOTAPI §2.2), and aiogram sends it at once. Here it waits until
each update has ended, or has come to its first call to Telegram: by then the promise of a delivery stands in the
database, and what is left is one sentence.
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

from sender.failures import TELEGRAM_ERRORS
from sender.lanes import is_harmless_twice

log = structlog.get_logger("tollgate.intake")

#: seconds the next poll waits at most; a handler that is stuck must not stop the others' updates. A database that is
#: away says so after 3 s, one that is silent after 10 (database/connection.py): until then a kill would lose the update
WAIT_S = 12.0
#: the same while somebody is being told to try again: nothing else remembers that they asked
TELLING_S = 20.0
#: updates remembered, so that none is handled twice
KNOWN_MAX = 10_000
#: seconds a stop waits for Telegram to take the last confirmation
CONFIRM_FOR_S = 1

T = TypeVar("T")

_POLLING: type[Any] = GetUpdates
#: the update the running task handles, and its keeper
_handled: ContextVar["tuple[UpdateAcknowledger, int] | None"] = ContextVar("tollgate_handled_update", default=None)


def acknowledge() -> None:
    """The update this task handles needs Telegram's memory no more: its person has been told what to do if need be."""
    handled = _handled.get()
    if handled is not None:
        keeping, update_id = handled
        keeping.safe(update_id)


@contextmanager
def safe_after(wait_s: float) -> Iterator[None]:
    """While somebody else is asked on behalf of a person: after `wait_s` the next poll waits for the answer no more.

    One slow answer must not keep everybody's updates waiting; a kill from then on loses the wish, and its person has
    seen nothing and presses again.
    """
    handle = asyncio.get_running_loop().call_later(wait_s, acknowledge)
    try:
        yield
    finally:
        handle.cancel()


class UpdateAcknowledger:
    """Which updates of one bot are not safe yet. `on_call` goes to its session, `on_update` before all middlewares."""

    def __init__(self, wait_s: float = WAIT_S) -> None:
        self._wait_s = wait_s
        self._open: set[int] = set()
        #: of the open, those whose person is being told to try again
        self._telling: set[int] = set()
        self._all_safe = asyncio.Event()
        self._all_safe.set()
        #: the newest update handed to a handler
        self.newest: int | None = None
        #: the latest updates, in the order they came, and whether they are safe
        self._known: dict[int, bool] = {}
        self.on_call = _OnCall(self)
        self.on_update = _OnUpdate(self)

    def received(self, update_ids: list[int]) -> None:
        """These came in and are on their way to the handlers."""
        self._open.update(number for number in update_ids if not self._known.get(number))
        if self._open:
            self._all_safe.clear()

    def is_new(self, update_id: int) -> bool:
        """Remember an update; False when it came before: what was not confirmed in time may come again."""
        if update_id in self._known:
            return False
        self._known[update_id] = False
        if len(self._known) > KNOWN_MAX:
            del self._known[next(iter(self._known))]
        return True

    def safe(self, update_id: int) -> None:
        """This one needs Telegram's memory no more."""
        if update_id in self._known:
            self._known[update_id] = True
        self._open.discard(update_id)
        if not self._open:
            self._all_safe.set()

    async def until_safe(self) -> None:
        """Wait for every open update, at most `wait_s` seconds, longer for sentences; those left are let go, logged."""
        await self._wait_for_all(self._wait_s)
        self._let_go(self._open - self._telling)
        await self._wait_for_all(TELLING_S)
        self._let_go(self._open)

    async def _wait_for_all(self, wait_s: float) -> None:
        if self._all_safe.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._all_safe.wait()

    def _let_go(self, update_ids: set[int]) -> None:
        if not update_ids:
            return
        log.warning("update.confirmed_unsafe", count=len(update_ids))
        self._open -= update_ids
        if not self._open:
            self._all_safe.set()

    async def tell(self, update_id: int, sentence: Awaitable[T]) -> T:
        """Send a sentence that says to try again; until it has arrived the update is not safe."""
        self._telling.add(update_id)
        try:
            answer = await sentence
        finally:
            self._telling.discard(update_id)
        self.safe(update_id)
        return answer

    async def confirm(self, bot: Bot) -> None:
        """Confirm the handled updates at a stop, which aiogram leaves to a next poll that is never made."""
        if self.newest is None:
            return
        self._open.clear()
        self._all_safe.set()
        try:
            # Telegram confirms when it receives this and may take 3 s to answer (BOTAPI §2.2): no need to wait for it
            await bot(GetUpdates(offset=self.newest + 1, limit=1, timeout=0), request_timeout=CONFIRM_FOR_S)
        except TELEGRAM_ERRORS as error:
            log.debug("stop.confirmed_without_answer", error=type(error).__name__)


class _OnCall(BaseRequestMiddleware):
    def __init__(self, keeping: UpdateAcknowledger) -> None:
        self._keeping = keeping

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        if type(method) is _POLLING:
            await self._keeping.until_safe()
            answer = await make_request(bot, method)
            updates: Any = answer
            self._keeping.received([update.update_id for update in updates])
            return answer
        handled = _handled.get()
        # neither stopping a button's spinner nor a question about the person says anything about their wish
        if handled is None or isinstance(method, AnswerCallbackQuery | GetChatMember):
            return await make_request(bot, method)
        keeping, update_id = handled
        if is_harmless_twice():
            return await keeping.tell(update_id, make_request(bot, method))
        keeping.safe(update_id)
        return await make_request(bot, method)


class _OnUpdate(BaseMiddleware):
    def __init__(self, keeping: UpdateAcknowledger) -> None:
        self._keeping = keeping

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        if not isinstance(event, Update):
            return await handler(event, data)
        keeping = self._keeping
        if not keeping.is_new(event.update_id):
            log.info("update.came_twice", update_id=event.update_id)
            return None
        keeping.newest = max(keeping.newest or 0, event.update_id)
        token = _handled.set((keeping, event.update_id))
        try:
            return await handler(event, data)
        finally:
            _handled.reset(token)
            keeping.safe(event.update_id)

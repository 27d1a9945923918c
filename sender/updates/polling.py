"""Paces the polls of one bot, so that no more updates are with its handlers than a crash may cost, and none is lost.

aiogram counts the offset on after each answer, which confirms updates that a killed process has not handled. Here a
poll confirms only what is acknowledged (`unconfirmed.py`), and asks for no more than there are places for
(`places.py`). Updates that come again are dropped.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar, cast

import structlog
from aiogram import BaseMiddleware, Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.methods import AnswerCallbackQuery, GetChatMember, GetUpdates, Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import TelegramObject, Update
from cachetools import TTLCache

from sender.failures import TELEGRAM_ERRORS, is_missing_description
from sender.lanes import is_at_least_once
from sender.updates.acknowledgement import Handler, current_update
from sender.updates.places import Places
from sender.updates.posted import Posted, PostedUpdates
from sender.updates.right import OnlyProcess, PollingRight
from sender.updates.unconfirmed import ANSWER_MAX, FORGOTTEN_AFTER_S, KEPT_MAX, UnconfirmedUpdates

log = structlog.get_logger("tollgate.intake")

_CONFIRM_ERRORS: tuple[type[BaseException], ...] = (*TELEGRAM_ERRORS, TypeError)

#: seconds the next poll waits for all updates to be acknowledged. After that the offset stays where it is and Telegram
#: repeats what it keeps: above the 0.5 s within which a repeated offset gets one update (BOTAPI §2.2)
TOGETHER_S = 1.0
#: places that are gathered before a poll, so that a rush does not cost one poll per update, and for how many seconds
GATHERED, GATHER_S = 16, 0.2
#: seconds after which an update that is not acknowledged is confirmed all the same when Telegram keeps so many that new
#: ones hardly fit into an answer; a handler that hangs must not stop all other updates. A database that is away says so
#: after 3 s, one that is silent after 10 (database/connection.py)
WAIT_S = 12.0
#: the same in addition for updates whose user is being sent a notice to try again
NOTICE_WAIT_S = 20.0
#: recent updates remembered, so that none is handled twice, and for how many seconds: Telegram repeats an update for a
#: day at most, and may number anew after a week (BOTAPI §2.2)
RECENT_MAX, RECENT_S = 10_000, FORGOTTEN_AFTER_S
#: seconds a stop waits for Telegram to take the last confirmation
CONFIRM_FOR_S = 1

T = TypeVar("T")
_POLLING: type[Any] = GetUpdates


class UpdateAcknowledger:
    """Knows which updates of one bot are with its handlers and which Telegram still keeps, and paces its polls.

    `on_call` is a middleware of the bot's session, `on_update` the first of the dispatcher's update middlewares.
    """

    def __init__(
        self,
        places: Places,
        *,
        wait_s: float = WAIT_S,
        together_s: float = TOGETHER_S,
        gather_s: float = GATHER_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.places = places
        #: of several processes of the bot one polls
        self.right: PollingRight = OnlyProcess()
        self.unconfirmed = UnconfirmedUpdates()
        self._wait_s = wait_s
        self._together_s = together_s
        self._gather_s = gather_s
        self._now = now
        #: updates whose user is being sent a notice to try again
        self._notifying: set[int] = set()
        #: set whenever an update is acknowledged or a place becomes free
        self._changed = asyncio.Event()
        #: recent updates, and whether a handler has begun with them
        self._recent: TTLCache[int, bool] = TTLCache(RECENT_MAX, RECENT_S, timer=now)
        #: those that Telegram posts instead
        self.posted = PostedUpdates()
        #: the call of `confirm` is under way, which nothing may change
        self.is_stopping = False
        self.on_call = _OnCall(self)
        self.on_update = _OnUpdate(self)

    @property
    def is_full(self) -> bool:
        """Whether no further update may be taken now: a webhook answers 503 with Retry-After, Telegram keeps it."""
        self.places.take_from_hanging()
        return self.places.free <= 0

    def is_known(self, update_id: int) -> bool:
        """Return whether this process has received the update before."""
        return update_id in self._recent

    def first_time(self, update_id: int) -> bool:
        """Note that a handler begins with an update; False when one has: Telegram repeats it until it is confirmed."""
        if self._recent.get(update_id):
            return False
        self._recent[update_id] = True
        return True

    def acknowledge(self, update_id: int) -> None:
        """Let a poll confirm this update, or its post be answered with 200."""
        self.unconfirmed.finish(update_id)
        self.posted.settle(update_id, is_acknowledged=True)
        self._changed.set()

    def end(self, update_id: int, is_cancelled: bool) -> None:
        """Note that the handler has ended. If it was cancelled, Telegram keeps the update, for the next process."""
        if is_cancelled:
            self.unconfirmed.reopen(update_id)
        else:
            self.acknowledge(update_id)
        self.leave(update_id)

    def receive_posted(self, update: Update) -> Posted:
        """Note an update that Telegram has posted, and take a place for it; return what its post waits for."""
        self._recent[update.update_id] = False
        self.take(update)
        return self.posted.expect(update.update_id, self._now())

    def give_back(self, update_id: int) -> None:
        """Forget a posted update that is not acknowledged: when it is posted again it has not been handled."""
        if self.posted.find(update_id) is not None:
            self._recent.pop(update_id, None)
            self.posted.settle(update_id, is_acknowledged=False)

    def take(self, update: Update) -> None:
        """Occupy a place with this update, also when none is free."""
        self.places.take(update)

    def leave(self, update_id: int) -> None:
        """Give the place of this update to others."""
        self.places.leave(update_id)
        self._changed.set()

    async def fetch(self, poll: Callable[[int | None, int], Awaitable[Sequence[Update]]]) -> list[Update]:
        """Call `poll(offset, limit)` as soon as there is a place; return the updates that are new, places taken.

        Without the right to poll it waits for that. An answer that comes when it is lost is not passed on: Telegram
        keeps those updates, for the process that polls now.
        """
        found: Sequence[Update] | None = None
        while found is None:
            await self.right.held()
            await self.wait_until_acknowledged()
            await self._wait_for_places()
            self.unconfirmed.forget_old_numbering(self._now())
            offset, room = self.unconfirmed.offset(), self.places.free
            limit = min(ANSWER_MAX, self.unconfirmed.coming_again() + room)
            self.unconfirmed.asked_for(offset)
            found = await self.right.while_held(partial(poll, offset, limit))
        # some of those that were to come again may have expired, and more new ones come in their place
        new = [update for update in found if not self.is_known(update.update_id)][:room]
        self.unconfirmed.receive([update.update_id for update in new], self._now())
        for update in new:
            self._recent[update.update_id] = False
            self.take(update)
        return new

    async def wait_until_acknowledged(self) -> None:
        """Wait a second for all updates. Then go on, unless Telegram keeps so many that new ones would not fit.

        In that case the oldest is waited for, `wait_s` seconds from its arrival, NOTICE_WAIT_S more for a notice; then
        it is given up as unacknowledged and logged.
        """
        unfinished = self.unconfirmed.unfinished
        await self._until(lambda: not unfinished, self._together_s)
        while self.unconfirmed.coming_again() > KEPT_MAX and (oldest := self.unconfirmed.oldest()):
            update_id, since = oldest
            patience_s = self._wait_s + (NOTICE_WAIT_S if update_id in self._notifying else 0.0)
            await self._until(partial(self._is_acknowledged, update_id), since + patience_s - self._now())
            if not self._is_acknowledged(update_id):
                log.warning("update.confirmed_unacknowledged", update_id=update_id)
                self.acknowledge(update_id)

    def _is_acknowledged(self, update_id: int) -> bool:
        return update_id not in self.unconfirmed.unfinished

    async def _wait_for_places(self) -> None:
        """Return when a place is free, a little later when that makes it several."""
        places, gathered = self.places, min(GATHERED, self.places.limit)
        await self._until(lambda: places.free >= gathered, self._gather_s)
        while self.is_full:
            await self._until(lambda: places.free > 0, places.take_from_hanging())

    async def _until(self, holds: Callable[[], bool], wait_s: float | None) -> None:
        """Return once `holds()`, or after `wait_s` seconds; None: no limit."""
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()

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
        """Confirm at a stop what is finished, up to the first update that is not: that one and those behind it stay.

        aiogram would leave that to a next poll, which never comes. Call it when no handler is at work any more. Without
        the right to poll it does nothing: the process that polls gets them all.
        """
        offset = self.unconfirmed.offset()
        if offset is None or not self.right.is_held:
            return
        self.is_stopping = True
        try:
            # Telegram confirms when it receives this and may take 3 s to answer (BOTAPI §2.2): no need to wait for it
            await bot(GetUpdates(offset=offset, limit=1, timeout=0), request_timeout=CONFIRM_FOR_S)
        except _CONFIRM_ERRORS as error:
            if isinstance(error, TypeError) and not is_missing_description(error):
                raise
            log.debug("stop.confirmed_without_answer", error=type(error).__name__)
        finally:
            self.is_stopping = False
        if kept := len(self.unconfirmed.unfinished):
            log.warning("stop.updates_left_unconfirmed", count=kept)


class _OnCall(BaseRequestMiddleware):
    def __init__(self, acknowledger: UpdateAcknowledger) -> None:
        self._acknowledger = acknowledger

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        acknowledger = self._acknowledger
        if type(method) is _POLLING:
            if acknowledger.is_stopping:
                return await make_request(bot, method)

            async def poll(offset: int | None, limit: int) -> Any:
                return await make_request(bot, method.model_copy(update={"offset": offset, "limit": limit}))

            # a session middleware's "Response" is the call's result (aiogram `base.py` casts the same way)
            return cast(Response[TelegramType], await acknowledger.fetch(poll))
        current = current_update.get()
        # stopping a button's spinner and asking for a membership do not fulfil the request
        if current is None or isinstance(method, AnswerCallbackQuery | GetChatMember):
            return await make_request(bot, method)
        owner, update = current
        if is_at_least_once():
            return await owner.notify(update.update_id, make_request(bot, method))
        owner.acknowledge(update.update_id)
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
        acknowledger.take(event)
        token = current_update.set((acknowledger, event))
        is_cancelled = False
        try:
            return await handler(event, data)
        except asyncio.CancelledError:
            is_cancelled = True
            raise
        finally:
            current_update.reset(token)
            acknowledger.end(event.update_id, is_cancelled)

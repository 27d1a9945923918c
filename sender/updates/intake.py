"""Taking in updates: held while the database is away, limited per user, drained at a stop; errors are answered."""

import asyncio
import math
import secrets
from collections.abc import Awaitable, Callable
from html import escape
from typing import Any, Protocol

import structlog
from aiogram import BaseMiddleware, Bot, Dispatcher
from aiogram.client.session.middlewares.base import RequestMiddlewareType
from aiogram.types import ErrorEvent, TelegramObject, Update

from core.clock import Clock
from core.errors import StoreSlow, StoreUnavailable, TollgateError
from core.retries import OutagePauses
from monitoring import metrics
from sender.failures import TELEGRAM_ERRORS
from sender.lanes import at_least_once
from sender.updates.acknowledgement import Handler, acknowledge, place_given_up
from sender.updates.places import PerUserConcurrencyLimit, Places, private_chat_of
from sender.updates.poison import UnreadableUpdate
from sender.updates.polling import UpdateAcknowledger

log = structlog.get_logger("tollgate.intake")

#: seconds between two probes of an absent database: first and longest
PROBE_FIRST_S, PROBE_LONGEST_S = 0.5, 5.0
#: an update of a private chat waits at most this long for the database, in seconds; callback queries expire sooner by
#: themselves. Other updates wait until the database is back
HOLD_FOR_S = 600.0
#: updates held at the same time; users of further ones get an error and have to try again
HELD_MAX = 5000
#: held updates handled at the same time when the database is back
RETRIED_AT_ONCE = 20
#: seconds before an update of a private chat, for which the database was too slow, is tried the second and third time
SLOW_AGAIN_S = (2.0, 5.0)
#: seconds a stop waits for handlers in flight; below the 30 s most supervisors grant
DRAIN_FOR_S = 20.0


class IntakeTexts(Protocol):
    """The messages a user may get from here, in the language spoken (`views.common_texts`)."""

    def held(self) -> str: ...

    def one_at_a_time(self) -> str: ...

    def unreadable(self) -> str: ...

    def failed(self, error_id: str) -> str: ...


async def _send_text(bot: Bot, update: Update, text: str) -> bool:
    """Send plain text to the user of an update, at least once; False, logged, when Telegram did not take it.

    True when the update has no private chat. A pressed button is answered in the chat as well: the handler may have
    answered its callback query already.
    """
    chat_id = private_chat_of(update)
    if chat_id is None:
        return True
    try:
        with at_least_once():
            await bot.send_message(chat_id, escape(text, quote=False))
    except TELEGRAM_ERRORS as error:
        log.warning("intake.text_not_sent", chat_id=chat_id, error=type(error).__name__)
        return False
    return True


async def _stop_spinner(bot: Bot, update: Update) -> None:
    """Answer the callback query of a button, in case no handler did."""
    if update.callback_query is None:
        return
    try:
        await bot.answer_callback_query(update.callback_query.id)
    except TELEGRAM_ERRORS as error:
        log.debug("intake.spinner_not_stopped", error=type(error).__name__)


class RetryOnDatabaseOutage(BaseMiddleware):
    """Holds updates whose handler raised StoreUnavailable and handles them again when the database is back.

    Handlers must be idempotent. Each chat gets one notice per outage. A held update occupies no place, so that others
    get their notice too. An update of a private chat that met a slow command is tried twice more, a few at a time; then
    the user gets the error's sentence and may try again. What nobody can send again is handled again after long pauses.
    Register it before the FSM middleware.
    """

    def __init__(
        self,
        probe: Callable[[], Awaitable[None]],
        texts: IntakeTexts,
        clock: Clock,
    ) -> None:
        """`probe` raises StoreUnavailable while the database is away, or refuses writes."""
        self._probe = probe
        self._texts = texts
        self._clock = clock
        #: bot and chat, since one user may use both bots
        self._notified: set[tuple[int, int]] = set()
        #: the probe in progress, shared by all held updates
        self._probing: asyncio.Future[bool] | None = None
        self._pause_s = PROBE_FIRST_S
        self._retry_slots = asyncio.Semaphore(RETRIED_AT_ONCE)
        self.held = 0
        self._has_failed = False

    @property
    def is_away(self) -> bool:
        """Whether the last probe failed and another follows. False when no update is held: the next one will show."""
        return self._has_failed and self.held > 0

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if not isinstance(event, Update):
            return await handler(event, dict(data))
        try:
            return await self._attempt(handler, event, data)
        except StoreUnavailable as error:
            if isinstance(error, StoreSlow) and private_chat_of(event) is not None:
                raise
            return await self._hold(handler, event, data, error)

    async def _attempt(self, handler: Handler, update: Update, data: dict[str, Any]) -> Any:
        """Handle the update; for somebody who waits a slow command is tried twice more, a few of them at a time."""
        try:
            return await handler(update, dict(data))
        except StoreSlow as slow:
            if private_chat_of(update) is None:
                raise
            error = slow
        for pause_s in SLOW_AGAIN_S:
            await self._clock.sleep(pause_s)
            async with self._retry_slots:
                try:
                    return await handler(update, dict(data))
                except StoreSlow as again:
                    error = again
        raise error

    async def _hold(self, handler: Handler, update: Update, data: dict[str, Any], error: StoreUnavailable) -> Any:
        bot: Bot = data["bot"]
        if self.held >= HELD_MAX:
            raise StoreUnavailable("too many updates are held")
        self.held += 1
        metrics.UPDATES_HELD.labels(bot=str(bot.id)).inc()
        log.info("update.held", update_id=update.update_id, held=self.held)
        try:
            if await self._notify_once(bot, update):
                # the user can try again: Telegram need not keep it
                acknowledge()
            return await self._retry(handler, update, data, error)
        finally:
            self.held -= 1
            if self.held == 0:
                self._notified.clear()

    async def _notify_once(self, bot: Bot, update: Update) -> bool:
        """Send the notice to try again once per chat and outage; return whether the user has it.

        False for updates from channels: no user can try again, and Telegram sends them once.
        """
        await _stop_spinner(bot, update)
        chat_id = private_chat_of(update)
        if chat_id is None:
            return False
        if (bot.id, chat_id) in self._notified:
            return True
        self._notified.add((bot.id, chat_id))
        is_sent = await _send_text(bot, update, self._texts.held())
        if not is_sent:
            self._notified.discard((bot.id, chat_id))
        return is_sent

    async def _retry(self, handler: Handler, update: Update, data: dict[str, Any], error: StoreUnavailable) -> Any:
        # nobody can send again what came from a channel or a group
        is_private = private_chat_of(update) is not None
        give_up_at = self._clock.monotonic() + (HOLD_FOR_S if is_private else math.inf)
        slow = OutagePauses()
        while self._clock.monotonic() < give_up_at:
            with place_given_up():
                if isinstance(error, StoreSlow):
                    await self._wait_slow(slow, error, is_private=is_private)
                elif not await self._wait_and_probe():
                    continue
                await self._retry_slots.acquire()
            try:
                result = await handler(update, dict(data))
            except StoreUnavailable as again:
                error = again
                continue
            finally:
                self._retry_slots.release()
            self._pause_s = PROBE_FIRST_S
            return result
        raise StoreUnavailable("the database stayed away")

    async def _wait_slow(self, pauses: OutagePauses, error: StoreSlow, *, is_private: bool) -> None:
        """Wait before the next attempt; raises `error` after the last one, and when a user can try again."""
        pause_s = None if is_private else pauses.after(error)
        if pause_s is None:
            raise error
        await self._clock.sleep(pause_s)

    async def _wait_and_probe(self) -> bool:
        """Return whether the database is back, after a back-off and one probe that all held updates share."""
        if self._probing is not None:
            return await asyncio.shield(self._probing)
        probing = self._probing = asyncio.get_running_loop().create_future()
        is_back = False
        try:
            await self._clock.sleep(self._pause_s)
            # also after an answer: the update itself may meet the outage again
            self._pause_s = min(self._pause_s * 2, PROBE_LONGEST_S)
            await self._probe()
            is_back, self._has_failed = True, False
        except StoreUnavailable as error:
            self._has_failed = True
            log.debug("intake.still_away", error=str(error))
        finally:
            self._probing = None
            probing.set_result(is_back)
        return is_back


class UnreadableMessages(BaseMiddleware):
    """Answers a private message that does not fit aiogram's types; one sentence while several of a chat wait."""

    def __init__(self, texts: IntakeTexts) -> None:
        self._texts = texts
        self._answering: set[int] = set()

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if not isinstance(event, UnreadableUpdate):
            return await handler(event, data)
        if event.chat_id in self._answering:
            return None
        self._answering.add(event.chat_id)
        try:
            await _send_text(data["bot"], event, self._texts.unreadable())
        finally:
            self._answering.discard(event.chat_id)
        return None


async def drain(dispatcher: Dispatcher, wait_s: float = DRAIN_FOR_S) -> int:
    """Wait for the handlers in flight, then cancel the rest; return how many were cancelled.

    aiogram neither waits nor cancels them (BOTAPI §7.1); call it from a shutdown handler, while sessions are open.
    """
    tasks = set(dispatcher._handle_update_tasks)
    if not tasks:
        return 0
    _, late = await asyncio.wait(tasks, timeout=wait_s)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    if late:
        log.warning("stop.handlers_cancelled", count=len(late))
    return len(late)


class ErrorHandler:
    """The bots' error handler: the user gets one sentence with a short id, the log gets the rest."""

    def __init__(self, texts: IntakeTexts) -> None:
        self._texts = texts

    async def answer(self, event: ErrorEvent, bot: Bot) -> None:
        """Answer the user of the failed update. Raises nothing."""
        error = event.exception
        await _stop_spinner(bot, event.update)
        if isinstance(error, TollgateError):
            log.info("update.refused", error=type(error).__name__, detail=str(error))
            await _send_text(bot, event.update, error.sentence)
            return
        error_id = secrets.token_hex(3)
        log.error("update.failed", error_id=error_id, update_id=event.update.update_id, exc_info=error)
        await _send_text(bot, event.update, self._texts.failed(error_id))


def install(
    dispatcher: Dispatcher,
    bot: Bot,
    *,
    outage_retry: RetryOnDatabaseOutage,
    texts: IntakeTexts,
    per_user: int | None = None,
) -> UpdateAcknowledger:
    """Register the middlewares that take updates in; call it before registering other update middlewares.

    `per_user`: how many updates of one user are handled at the same time; None: any number. A stop waits for handlers
    in flight and confirms the handled updates to Telegram. Returns what knows whether another update may be taken.
    """
    acknowledger = UpdateAcknowledger(Places(is_shared=per_user is not None))
    _put_outermost(bot, acknowledger.on_call)
    dispatcher.update.outer_middleware(acknowledger.on_update)
    dispatcher.update.outer_middleware(UnreadableMessages(texts))
    if per_user is not None:
        dispatcher.update.outer_middleware(PerUserConcurrencyLimit(per_user, texts.one_at_a_time))
    dispatcher.update.outer_middleware(outage_retry)
    # a bound method: aiogram takes an instance with an async __call__ for a plain function and never awaits it
    dispatcher.errors.register(ErrorHandler(texts).answer)

    async def finish() -> None:
        await drain(dispatcher)
        await acknowledger.confirm(bot)

    dispatcher.shutdown.register(finish)
    return acknowledger


def _put_outermost(bot: Bot, middleware: RequestMiddlewareType) -> None:
    """Make `middleware` the outermost by registering it first: only there it sees batches `PoisonGuard` repaired."""
    registered = list(bot.session.middleware)
    for inner in registered:
        bot.session.middleware.unregister(inner)
    for one in (middleware, *registered):
        bot.session.middleware.register(one)

"""How updates are taken in: held while the database is away, drained at a stop, errors answered with a sentence."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from html import escape
from typing import Any, Protocol

import structlog
from aiogram import BaseMiddleware, Bot, Dispatcher
from aiogram.client.session.middlewares.base import RequestMiddlewareType
from aiogram.types import CallbackQuery, ErrorEvent, Message, TelegramObject, Update, User

from core.clock import Clock
from core.errors import StoreUnavailable, TollgateError
from monitoring import metrics
from sender.acknowledgement import UpdateAcknowledger, acknowledge
from sender.failures import TELEGRAM_ERRORS
from sender.lanes import may_arrive_twice

log = structlog.get_logger("tollgate.intake")

#: seconds between two looks whether the database is back: first and longest
PROBE_FIRST_S, PROBE_LONGEST_S = 0.5, 5.0
#: an update waits at most this long for the database, in seconds; callback queries expire sooner by themselves
HOLD_FOR_S = 600.0
#: updates held at the same time; beyond it people are told and must try again themselves
HELD_MAX = 5000
#: updates let through at once when the database is back
WAVE = 20
#: seconds a stop waits for handlers in flight; below the 30 s most supervisors grant
DRAIN_FOR_S = 20.0

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class Words(Protocol):
    """The sentences a person may get from here (`views.common_texts`)."""

    HELD: str

    def failed(self, error_id: str) -> str: ...


def _person_chat(update: Update) -> int | None:
    """The private chat a sentence can be sent to, if this update has one."""
    event = update.message or update.callback_query
    if isinstance(event, CallbackQuery):
        return event.from_user.id
    if isinstance(event, Message) and event.chat.type == "private":
        return event.chat.id
    return None


async def _say(bot: Bot, update: Update, sentence: str) -> bool:
    """Tell the person behind an update one sentence; False, and a line in the log, when they could not be told.

    In the chat also after a button: its toast may have been used up already.
    """
    chat_id = _person_chat(update)
    if chat_id is None:
        return True
    try:
        with may_arrive_twice():
            await bot.send_message(chat_id, escape(sentence, quote=False))
    except TELEGRAM_ERRORS as error:
        log.warning("intake.sentence_failed", chat_id=chat_id, error=type(error).__name__)
        return False
    return True


async def _stop_spinner(bot: Bot, update: Update) -> None:
    """Answer a button that a handler may not have come to answer."""
    if update.callback_query is None:
        return
    try:
        await bot.answer_callback_query(update.callback_query.id)
    except TELEGRAM_ERRORS as error:
        log.debug("intake.spinner_left", error=type(error).__name__)


class RetryOnDatabaseOutage(BaseMiddleware):
    """Keeps updates that met StoreUnavailable and handles them when the database is back.

    Register it before the FSM middleware. One sentence per chat and outage; handlers must be repeatable.
    """

    def __init__(
        self,
        probe: Callable[[], Awaitable[None]],
        words: Words,
        clock: Clock,
    ) -> None:
        self._probe = probe
        self._words = words
        self._clock = clock
        #: bot and chat: one person may use both bots
        self._told: set[tuple[int, int]] = set()
        self._looking: asyncio.Future[bool] | None = None
        self._pause_s = PROBE_FIRST_S
        self._wave = asyncio.Semaphore(WAVE)
        self.held = 0

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        try:
            return await handler(event, dict(data))
        except StoreUnavailable:
            if not isinstance(event, Update):
                raise
            return await self._hold(handler, event, data)

    async def _hold(self, handler: Handler, update: Update, data: dict[str, Any]) -> Any:
        bot: Bot = data["bot"]
        if self.held >= HELD_MAX:
            raise StoreUnavailable("too many updates are held")
        self.held += 1
        metrics.UPDATES_HELD.labels(bot=str(bot.id)).inc()
        log.info("update.held", update_id=update.update_id, held=self.held)
        try:
            if await self._tell_once(bot, update):
                # polling must go on, so that others are told too
                acknowledge()
            return await self._repeat(handler, update, data)
        finally:
            self.held -= 1
            if self.held == 0:
                self._told.clear()

    async def _tell_once(self, bot: Bot, update: Update) -> bool:
        """Whether a person knows to try again if need be. Of news from channels nobody does: Telegram tells it once."""
        await _stop_spinner(bot, update)
        chat_id = _person_chat(update)
        if chat_id is None:
            return False
        if (bot.id, chat_id) in self._told:
            return True
        self._told.add((bot.id, chat_id))
        is_told = await _say(bot, update, self._words.HELD)
        if not is_told:
            self._told.discard((bot.id, chat_id))
        return is_told

    async def _repeat(self, handler: Handler, update: Update, data: dict[str, Any]) -> Any:
        give_up_at = self._clock.monotonic() + HOLD_FOR_S
        while self._clock.monotonic() < give_up_at:
            if not await self._is_back():
                continue
            try:
                async with self._wave:
                    return await handler(update, dict(data))
            except StoreUnavailable:
                continue
        raise StoreUnavailable("the database stayed away")

    async def _is_back(self) -> bool:
        """Wait a little and look: one look for all, so that a thousand held updates ask the database once."""
        if self._looking is not None:
            return await asyncio.shield(self._looking)
        looking = self._looking = asyncio.get_running_loop().create_future()
        is_back = False
        try:
            await self._clock.sleep(self._pause_s)
            await self._probe()
            is_back, self._pause_s = True, PROBE_FIRST_S
        except StoreUnavailable:
            self._pause_s = min(self._pause_s * 2, PROBE_LONGEST_S)
        finally:
            self._looking = None
            looking.set_result(is_back)
        return is_back


class PerUserConcurrencyLimit(BaseMiddleware):
    """Drops what one person sends on top of `limit` updates still being handled.

    Their answers would queue behind each other anyway (one message a second and chat), and a stop has to wait for them.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._handling: Counter[int] = Counter()

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        person: User | None = data.get("event_from_user")
        # news from channels is no wish: an admin who lets a hundred people in at once is not flooding
        if person is None or not isinstance(event, Update) or _person_chat(event) is None:
            return await handler(event, data)
        if self._handling[person.id] >= self._limit:
            log.info("update.dropped", user_id=person.id)
            return None
        self._handling[person.id] += 1
        try:
            return await handler(event, data)
        finally:
            self._handling[person.id] -= 1
            if not self._handling[person.id]:
                del self._handling[person.id]


async def drain(dispatcher: Dispatcher, wait_s: float = DRAIN_FOR_S) -> int:
    """Wait for the handlers in flight, then cancel the rest; returns how many were cancelled.

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


class AnswerErrors:
    """The bots' error handler: one sentence and a short id for the person, the rest for the log."""

    def __init__(self, words: Words) -> None:
        self._words = words

    async def answer(self, event: ErrorEvent, bot: Bot) -> None:
        """Tell the person behind the update; raises nothing."""
        error = event.exception
        await _stop_spinner(bot, event.update)
        if isinstance(error, TollgateError):
            log.info("update.refused", error=type(error).__name__, detail=str(error))
            await _say(bot, event.update, error.sentence)
            return
        error_id = secrets.token_hex(3)
        log.error("update.failed", error_id=error_id, update_id=event.update.update_id, exc_info=error)
        await _say(bot, event.update, self._words.failed(error_id))


def install(
    dispatcher: Dispatcher, bot: Bot, *, hold: RetryOnDatabaseOutage, words: Words, per_person: int | None = None
) -> None:
    """Put the intake in front of everything else of `dispatcher`; call it before other update middlewares.

    `per_person`: updates of one person handled at the same time; None: any number. At a stop, handlers in flight are
    waited for and what was handled is confirmed to Telegram.
    """
    keeping = UpdateAcknowledger()
    _put_outermost(bot, keeping.on_call)
    dispatcher.update.outer_middleware(keeping.on_update)
    if per_person is not None:
        dispatcher.update.outer_middleware(PerUserConcurrencyLimit(per_person))
    dispatcher.update.outer_middleware(hold)
    # a bound method: aiogram takes an instance with an async __call__ for a plain function and never awaits it
    dispatcher.errors.register(AnswerErrors(words).answer)

    async def finish() -> None:
        await drain(dispatcher)
        await keeping.confirm(bot)

    dispatcher.shutdown.register(finish)


def _put_outermost(bot: Bot, middleware: RequestMiddlewareType) -> None:
    """The first registered is the outermost: only there is a batch seen as the poison guard has repaired it."""
    registered = list(bot.session.middleware)
    for inner in registered:
        bot.session.middleware.unregister(inner)
    for one in (middleware, *registered):
        bot.session.middleware.register(one)

"""The session middleware every call of one bot passes: its turn, and what happens when the call fails."""

import math
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramRetryAfter, TelegramServerError
from aiogram.methods import GetUpdates, Response, TelegramMethod
from aiogram.methods.base import TelegramType
from prometheus_client import Counter

from core.clock import Clock, SystemClock
from monitoring import metrics
from sender.call_scheduler import CallScheduler, PausedTooLong
from sender.failures import NO_DESCRIPTION, TELEGRAM_ERRORS, Failure, classify, is_missing_description, retry_after
from sender.lane_queue import Call
from sender.lanes import Lane, current_lane, is_harmless_twice
from sender.limits import BOT_RATE_PER_S, BULK_RATE_PER_S, TRANSIT_S, ChatKey
from sender.methods import Kind, kind_of

if TYPE_CHECKING:
    from aiogram import Bot

log = structlog.get_logger("tollgate.sender")

#: seconds before the first, second and third repetition of a call that did not reach Telegram or met a 5xx
BACKOFF_S = (0.5, 1.0, 2.0)
#: the same for a sentence somebody waits for: half a minute in all
BACKOFF_LONG_S = (*BACKOFF_S, 4.0, 8.0, 8.0, 8.0)
#: part of a back-off added at random, so that calls that failed together do not come back together
BACKOFF_JITTER = 0.25
#: seconds added at random to what a 429 asks for
PAUSE_JITTER_S = 0.5
#: what a 429 pauses at least, so that "retry after 0" cannot become a hot loop
SHORTEST_PAUSE_S = 1.0

#: long polling: waiting or repeating here would stall the updates (BOTAPI §6.4)
_POLLING: type[Any] = GetUpdates
_CAUGHT: tuple[type[BaseException], ...] = (*TELEGRAM_ERRORS, TypeError)
_REPEATED_ALWAYS = frozenset({Failure.TRANSIENT})
_REPEATED_IF_HARMLESS = frozenset({Failure.TRANSIENT, Failure.AMBIGUOUS})


class SendLimiter(BaseRequestMiddleware):
    """One bot's door to Telegram. One gate per bot token: the ceilings are the token's.

    The bot's ceiling counts requests (one copyMessages is one); a group's counts messages. A call raises what aiogram
    raised, after the repetitions that are safe, and TelegramRetryAfter when a pause is longer than its lane waits
    (also without having been sent, when the pause was known before).
    """

    def __init__(
        self,
        rate_per_s: float = BOT_RATE_PER_S,
        bulk_rate_per_s: float = BULK_RATE_PER_S,
        clock: Clock | None = None,
        *,
        rng: random.Random | None = None,
    ) -> None:
        #: chats without a limit of their own (the storage channel); the bot's ceiling and 429 pauses still hold
        self.unmetered_chats: set[int] = set()
        #: when the token was last refused, in seconds of the monotonic clock; None after any good answer
        self.unauthorized_at: float | None = None
        #: told of each chat Telegram wants left alone, and for how many seconds; must be cheap and raise nothing
        self.on_pause: Callable[[ChatKey, float], None] | None = None
        #: told whenever the turn of a bulk call has come; must be cheap and raise nothing
        self.on_bulk_turn: Callable[[], None] | None = None
        self._clock = clock or SystemClock()
        # jitter needs no secrecy
        self._rng = rng or random.Random()  # noqa: S311
        self._call_scheduler = CallScheduler(
            rate_per_s,
            bulk_rate_per_s,
            self._clock,
            unmetered_chats=self.unmetered_chats,
            transit_s=TRANSIT_S,
        )
        self._kinds: dict[type[TelegramMethod[Any]], Kind] = {}
        self._meters: _Meters | None = None

    def bind(self, bot_id: int) -> None:
        """Say whose gate this is. Raises ValueError when it is another bot's already."""
        if self._meters is None:
            self._meters = _Meters(bot_id)
        elif self._meters.bot_id != bot_id:
            raise ValueError(f"this gate belongs to bot {self._meters.bot_id}, not {bot_id}")

    def restore(self, chat: ChatKey, left_s: float) -> None:
        """Take up a pause Telegram asked for before this gate was: `chat` and the bulk lane wait `left_s` from now.

        The bulk rate is not halved again and `on_pause` not told. Nothing happens when nothing is left.
        """
        self._call_scheduler.restore(chat, left_s)

    @property
    def bulk_rate(self) -> float:
        """Bulk calls per second as flood control allows them now."""
        return self._call_scheduler.bulk_rate

    def waiting(self, lane: Lane) -> int:
        """How many calls of `lane` wait for their turn."""
        return self._call_scheduler.waiting(lane)

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: "Bot",
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        if type(method) is _POLLING:
            return await make_request(bot, method)
        meters = self._meters
        if meters is None:
            meters = self._meters = _Meters(bot.id)
        kind = self._kinds.get(type(method)) or self._learn(type(method))
        call = self._call_scheduler.new_call(current_lane(), _chat_of(kind, method), _items_of(kind, method))
        while True:
            if kind.is_metered and self._call_scheduler.start_now(call):
                meters.waited[call.lane].observe(0.0)
            else:
                await self._wait(call, kind, method, meters)
                if call.lane is Lane.BULK and self.on_bulk_turn is not None:
                    self.on_bulk_turn()
            try:
                answer = await make_request(bot, method)
            except _CAUGHT as error:
                told = _as_told(error, method)
                if self._may_repeat(call, kind, told, meters):
                    continue
                if told is error:
                    raise
                raise told from error
            meters.answered(kind.name, "ok")
            self.unauthorized_at = None
            return answer

    def _learn(self, method: type[TelegramMethod[Any]]) -> Kind:
        kind = self._kinds[method] = kind_of(method.__api_method__, method.model_fields)
        return kind

    async def _wait(self, call: Call, kind: Kind, method: TelegramMethod[Any], meters: "_Meters") -> None:
        """Return when the call may go. Raises TelegramRetryAfter when a known pause is longer than its lane waits."""
        began = self._clock.monotonic()
        try:
            if kind.is_metered:
                with meters.depth[call.lane].track_inprogress():
                    await self._call_scheduler.wait(call)
            else:
                await self._call_scheduler.wait_out_pause(call)
        except PausedTooLong as paused:
            seconds = math.ceil(paused.seconds)
            message = f"Too Many Requests: retry after {seconds} (not sent: Telegram asked to wait before)"
            raise TelegramRetryAfter(method=method, message=message, retry_after=seconds) from paused
        meters.waited[call.lane].observe(self._clock.monotonic() - began)

    def _may_repeat(self, call: Call, kind: Kind, error: BaseException, meters: "_Meters") -> bool:
        """Write down what the failure means for this call and the others; True when the call goes again."""
        failure = classify(error)
        meters.answered(kind.name, failure)
        if failure is Failure.FLOOD:
            again = self._pause(call, kind, error, meters)
        else:
            again = self._back_off(call, kind, failure)
        if failure is Failure.UNAUTHORIZED:
            self.unauthorized_at = self._clock.monotonic()
        if again:
            meters.repeated(failure)
        return again

    def _pause(self, call: Call, kind: Kind, error: BaseException, meters: "_Meters") -> bool:
        asked_s = retry_after(error)
        if asked_s is None:
            return False
        pause_s = max(asked_s, SHORTEST_PAUSE_S) + self._rng.uniform(0.0, PAUSE_JITTER_S)
        again = self._call_scheduler.pause(call, pause_s)
        if self.on_pause is not None and call.key is not None:
            self.on_pause(call.key, pause_s)
        meters.paused.inc()
        log.warning(
            "sender.paused",
            bot_id=meters.bot_id,
            chat_id=call.key,
            method=kind.name,
            lane=call.lane.name,
            retry_after_s=asked_s,
            repeated=again,
        )
        return again

    def _back_off(self, call: Call, kind: Kind, failure: Failure) -> bool:
        is_awaited = is_harmless_twice()
        repeatable = _REPEATED_IF_HARMLESS if kind.is_repeatable or is_awaited else _REPEATED_ALWAYS
        pauses_s = BACKOFF_LONG_S if is_awaited else BACKOFF_S
        if failure not in repeatable or call.repeats >= len(pauses_s):
            return False
        wait_s = pauses_s[call.repeats] * (1.0 + self._rng.uniform(0.0, BACKOFF_JITTER))
        call.repeats += 1
        call.not_before = self._clock.monotonic() + wait_s
        log.debug("sender.backed_off", chat_id=call.key, method=kind.name, failure=failure, wait_s=wait_s)
        return True


class _Meters:
    """The metrics of one bot, looked up once: a label look-up costs more than the counting."""

    def __init__(self, bot_id: int) -> None:
        self.bot_id = bot_id
        bot = str(bot_id)
        self.waited = tuple(metrics.SENDER_WAIT.labels(bot, lane.name.lower()) for lane in Lane)
        self.depth = tuple(metrics.SENDER_QUEUE_DEPTH.labels(bot, lane.name.lower()) for lane in Lane)
        self.paused = metrics.SENDER_PAUSED.labels(bot)
        self._answers: dict[tuple[str, str], Counter] = {}

    def answered(self, method: str, outcome: str) -> None:
        """Count one request that was answered, or lost on the way."""
        counter = self._answers.get((method, outcome))
        if counter is None:
            counter = metrics.TELEGRAM_CALLS.labels(str(self.bot_id), method, outcome)
            self._answers[method, outcome] = counter
        counter.inc()

    def repeated(self, reason: str) -> None:
        """Count one request that will be made again."""
        metrics.SENDER_RETRIES.labels(str(self.bot_id), reason).inc()


def _chat_of(kind: Kind, method: TelegramMethod[Any]) -> ChatKey | None:
    if not kind.has_chat:
        return None
    chat_id: ChatKey | None = getattr(method, "chat_id", None)
    if isinstance(chat_id, str) and chat_id.lstrip("-").isdigit():
        return int(chat_id)
    return chat_id


def _items_of(kind: Kind, method: TelegramMethod[Any]) -> int:
    if not kind.is_in_chat:
        return 0
    return 1 if kind.items_in is None else len(getattr(method, kind.items_in))


def _as_told(error: BaseException, method: TelegramMethod[Any]) -> BaseException:
    """The error as callers see it: aiogram's TypeError on a 5xx without a description becomes a server error."""
    if is_missing_description(error):
        return TelegramServerError(method=method, message=NO_DESCRIPTION)
    return error

"""The session middleware that every call of one bot passes: rate limits, pauses, retries, metrics."""

import math
import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramServerError
from aiogram.methods import GetUpdates, Response, TelegramMethod
from aiogram.methods.base import TelegramType
from prometheus_client import Counter

from core.clock import Clock, SystemClock
from monitoring import metrics
from sender.certainty import Certainty, certainty_of, effect_of
from sender.departures import noting_departure
from sender.failures import NO_DESCRIPTION, TELEGRAM_ERRORS, HeldBack, classify, is_missing_description, retry_after
from sender.lanes import Lane, current_lane, is_at_least_once, is_urgent
from sender.limiting.call_scheduler import CallScheduler, PausedTooLong
from sender.limiting.flood_answers import flood_in
from sender.limiting.lane_queue import ApiCall
from sender.limiting.limits import BOT_RATE_PER_S, BULK_RATE_PER_S, EVERY_CHAT, TRANSIT_S, ChatKey
from sender.limiting.sharing.own_share import OwnShare
from sender.methods import Kind, kind_of
from sender.refusals import Failure
from sender.unknown_refusals import UnknownRefusals

if TYPE_CHECKING:
    from aiogram import Bot

log = structlog.get_logger("tollgate.sender")

#: seconds before the first, second and third retry of a call whose answer was lost, or that did not reach Telegram
BACKOFF_S = (0.5, 1.0, 2.0)
#: the same for calls that are made at least once: half a minute in all
BACKOFF_LONG_S = (*BACKOFF_S, 4.0, 8.0, 8.0, 8.0)
#: part of a back-off added at random, so that calls that failed together are not retried together
BACKOFF_JITTER = 0.25
#: seconds added at random to what a 429 asks for
PAUSE_JITTER_S = 0.5
#: shortest pause after a 429, so that "retry after 0" cannot become a hot loop
SHORTEST_PAUSE_S = 1.0

#: long polling: waiting or retrying here would delay the updates (BOTAPI §6.4)
_POLLING: type[Any] = GetUpdates
_CAUGHT: tuple[type[BaseException], ...] = (*TELEGRAM_ERRORS, TypeError)
#: failures after which a call that may be repeated is repeated, after a back-off
_BACKED_OFF = frozenset({Failure.TRANSIENT, Failure.AMBIGUOUS})


class SendLimiter(BaseRequestMiddleware):
    """Delays, retries and counts the calls of one bot. One limiter per bot token: Telegram's limits are the token's.

    The bot's limit counts requests (one copyMessages is one); a group's counts messages. A call raises what aiogram
    raised, after the repeats that `sender.certainty` allows, and TelegramRetryAfter when a pause is longer than its
    lane waits (HeldBack, without having been sent, when the pause was known before).
    """

    def __init__(
        self,
        rate_per_s: float = BOT_RATE_PER_S,
        bulk_rate_per_s: float = BULK_RATE_PER_S,
        clock: Clock | None = None,
        *,
        rng: random.Random | None = None,
    ) -> None:
        #: chats without a limit of their own (the storage channel); the bot's limit and pauses still apply
        self.unmetered_chats: set[int] = set()
        #: called with each chat that a 429 pauses, with EVERY_CHAT as well when it pauses the bot, and for how many
        #: seconds; must be cheap and raise nothing
        self.on_pause: Callable[[ChatKey, float], None] | None = None
        #: called whenever a bulk call starts; must be cheap and raise nothing
        self.on_bulk_turn: Callable[[], None] | None = None
        #: reports error texts that nobody knows
        self.unknown_refusals = UnknownRefusals(clock)
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
        self._metrics: _BotMetrics | None = None

    def bind(self, bot_id: int) -> None:
        """Use this limiter for one bot only. Raises ValueError when it is bound to another."""
        if self._metrics is None:
            self._metrics = _BotMetrics(bot_id)
        elif self._metrics.bot_id != bot_id:
            raise ValueError(f"this limiter belongs to bot {self._metrics.bot_id}, not {bot_id}")

    def follow_departures(self) -> None:
        """Count calls from when their requests leave: the bot has a `DepartureSession`."""
        self._call_scheduler.departing.is_known = True

    def restore(self, chat: ChatKey, left_s: float) -> None:
        """Continue a pause that another process was asked for: `chat`, or with EVERY_CHAT the bot, waits `left_s`.

        `on_pause` is not called. Does nothing when `left_s` is not positive.
        """
        self._call_scheduler.restore(chat, left_s)

    @property
    def own_share(self) -> OwnShare:
        """This process's part in the bot's calls."""
        return self._call_scheduler.own_share

    @property
    def bulk_rate(self) -> float:
        """Bulk calls per second that flood control allows now."""
        return self._call_scheduler.bulk_rate

    def waiting(self, lane: Lane) -> int:
        """Return the number of waiting calls of `lane`."""
        return self._call_scheduler.waiting(lane)

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: "Bot",
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        if type(method) is _POLLING:
            return await make_request(bot, method)
        metered = self._metrics
        if metered is None:
            metered = self._metrics = _BotMetrics(bot.id)
        kind = self._kinds.get(type(method)) or self._add_kind(type(method))
        call = self._call_scheduler.new_call(
            current_lane(), _chat_of(kind, method), _items_of(kind, method), is_urgent=is_urgent()
        )
        while True:
            if kind.is_metered and self._call_scheduler.start_now(call):
                metered.waited[call.lane].observe(0.0)
            else:
                await self._wait(call, kind, method, metered)
                if call.lane is Lane.BULK and self.on_bulk_turn is not None:
                    self.on_bulk_turn()
            is_ok = False
            try:
                with noting_departure(partial(self._call_scheduler.left, call)):
                    answer = await make_request(bot, method)
                is_ok = True
            except _CAUGHT as error:
                translated = _translated(error, method)
                if self._may_retry(call, kind, translated, metered):
                    continue
                if translated is error:
                    raise
                raise translated from error
            finally:
                self._call_scheduler.ended(call, is_ok=is_ok)
            metered.count_answer(kind.name, "ok")
            return answer

    def _add_kind(self, method: type[TelegramMethod[Any]]) -> Kind:
        kind = self._kinds[method] = kind_of(method.__api_method__, method.model_fields)
        return kind

    async def _wait(self, call: ApiCall, kind: Kind, method: TelegramMethod[Any], metered: "_BotMetrics") -> None:
        """Return when the call may start. Raises HeldBack when a pause is longer than its lane waits."""
        since = self._clock.monotonic()
        try:
            if kind.is_metered:
                with metered.depth[call.lane].track_inprogress():
                    await self._call_scheduler.wait(call)
            else:
                await self._call_scheduler.wait_out_pause(call)
        except PausedTooLong as paused:
            seconds = math.ceil(paused.seconds)
            message = f"Too Many Requests: retry after {seconds} (not sent: Telegram asked to wait before)"
            raise HeldBack(method=method, message=message, retry_after=seconds) from paused
        metered.waited[call.lane].observe(self._clock.monotonic() - since)

    def _may_retry(self, call: ApiCall, kind: Kind, error: BaseException, metered: "_BotMetrics") -> bool:
        """Apply what the failure means for this call and for others; return whether the call is retried."""
        failure = classify(error)
        metered.count_answer(kind.name, failure)
        may_repeat = _may_repeat(call, kind, error)
        if failure is Failure.FLOOD:
            # the pause holds for the chat also when this call is not repeated
            retries = self._pause(call, kind, error, metered, may_repeat=may_repeat)
        else:
            retries = may_repeat and self._back_off(call, kind, failure)
        if failure is Failure.OTHER:
            self.unknown_refusals.note(kind.name, call.chat, error)
        if retries:
            metered.count_retry(failure)
        return retries

    def _pause(
        self, call: ApiCall, kind: Kind, error: BaseException, metered: "_BotMetrics", *, may_repeat: bool
    ) -> bool:
        asked_s = retry_after(error)
        if asked_s is None:
            return False
        pause_s = max(asked_s, SHORTEST_PAUSE_S) + self._rng.uniform(0.0, PAUSE_JITTER_S)
        retries = self._call_scheduler.pause(call, pause_s) and may_repeat
        if self.on_pause is not None and call.chat is not None:
            self.on_pause(call.chat, pause_s)
            if bot_pause_s := self._call_scheduler.bot_paused_s:
                self.on_pause(EVERY_CHAT, bot_pause_s)
        metered.paused.inc()
        log.warning(
            "sender.paused",
            bot_id=metered.bot_id,
            chat_id=call.chat,
            method=kind.name,
            lane=call.lane.name,
            retry_after_s=asked_s,
            retried=retries,
            bot_paused_s=round(self._call_scheduler.bot_paused_s, 1),
        )
        return retries

    def _back_off(self, call: ApiCall, kind: Kind, failure: Failure) -> bool:
        pauses_s = BACKOFF_LONG_S if is_at_least_once() else BACKOFF_S
        if failure not in _BACKED_OFF or call.retries >= len(pauses_s):
            return False
        wait_s = pauses_s[call.retries] * (1.0 + self._rng.uniform(0.0, BACKOFF_JITTER))
        call.retries += 1
        call.not_before = self._clock.monotonic() + wait_s
        log.debug("sender.backed_off", chat_id=call.chat, method=kind.name, failure=failure, wait_s=wait_s)
        return True


class _BotMetrics:
    """The metrics of one bot, looked up once: finding a metric by its labels costs more than counting."""

    def __init__(self, bot_id: int) -> None:
        self.bot_id = bot_id
        bot = str(bot_id)
        self.waited = tuple(metrics.SENDER_WAIT.labels(bot, lane.name.lower()) for lane in Lane)
        self.depth = tuple(metrics.SENDER_QUEUE_DEPTH.labels(bot, lane.name.lower()) for lane in Lane)
        self.paused = metrics.SENDER_PAUSED.labels(bot)
        self._answers: dict[tuple[str, str], Counter] = {}

    def count_answer(self, method: str, outcome: str) -> None:
        """Count one request that was answered or failed."""
        counter = self._answers.get((method, outcome))
        if counter is None:
            counter = metrics.TELEGRAM_CALLS.labels(str(self.bot_id), method, outcome)
            self._answers[method, outcome] = counter
        counter.inc()

    def count_retry(self, reason: str) -> None:
        """Count one request that is made again."""
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


def _may_repeat(call: ApiCall, kind: Kind, error: BaseException) -> bool:
    """Whether the call may be made again. A lost answer to a sentence may, where a duplicate is better than none."""
    certainty = certainty_of(effect_of(kind.name, call.items), error)
    if certainty is Certainty.UNKNOWN:
        return kind.is_sentence and is_at_least_once()
    return certainty is Certainty.REPEAT


def _translated(error: BaseException, method: TelegramMethod[Any]) -> BaseException:
    """Return the error callers get: one of Telegram's where aiogram raises another for an answer it cannot read."""
    if is_missing_description(error):
        return TelegramServerError(method=method, message=NO_DESCRIPTION)
    return flood_in(error, method) or error

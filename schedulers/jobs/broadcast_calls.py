"""Sending a broadcast to one recipient: the call, and what its answer means."""

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from aiogram import Bot

from core.broadcasts import Broadcast, RecipientState
from core.clock import Clock
from monitoring.logs import mask
from sender.copies import send_copies
from sender.failures import TELEGRAM_ERRORS, classify, retry_after
from sender.lanes import Lane, in_lane
from sender.refusals import Failure, is_permanent_recipient
from views.broadcasts import reasons
from views.broadcasts.keyboards import below_broadcast

log = structlog.get_logger("tollgate.broadcast")

#: for how long a call that reached the storage channel proves that an unknown chat is the recipient's
REACHED_FOR = timedelta(seconds=10)
#: pause after a call that did not reach Telegram, in seconds
BACKOFF_S = 5.0
#: longest kept error text, in characters
ERROR_MAX = 300

_REFUSED_TOKEN = frozenset({Failure.UNAUTHORIZED, Failure.CONFLICT})
#: failures that say nothing about the chat of the call
_NO_ANSWER = frozenset({Failure.FLOOD, Failure.TRANSIENT, Failure.AMBIGUOUS, *_REFUSED_TOKEN})


@dataclass(frozen=True, slots=True)
class Sent:
    """The recipient has the copies."""

    message_ids: tuple[int, ...]
    #: set when a part of the album is missing, which will happen to every recipient; a sentence for admins
    content_error: str | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """A final failure for this recipient."""

    state: RecipientState
    error: str
    #: set when it will fail for every recipient; a sentence for admins
    content_error: str | None = None
    #: the account was deleted; False: the bot is blocked or cannot reach it
    is_deactivated: bool = False


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Nothing was sent: retry this recipient, and send nothing at all for `pause_s` seconds."""

    pause_s: float
    error: str
    #: it may concern this recipient only; False for flood control and a refused token
    concerns_recipient: bool = True
    #: no recipient can be sent to
    stops_run: bool = False


Outcome = Sent | NotSent | RetryLater


class RecipientCalls:
    """Makes the calls for one broadcast."""

    def __init__(self, bot: Bot, broadcast: Broadcast, clock: Clock) -> None:
        self._bot = bot
        self._broadcast = broadcast
        self._clock = clock
        self._keyboard = below_broadcast(broadcast.buttons, has_stop_button=broadcast.has_stop_button)
        self._reached_at: datetime | None = None

    async def send(self, user_id: int) -> Outcome:
        """Copy the broadcast to one recipient. Telegram's and network errors become outcomes."""
        broadcast = self._broadcast
        with in_lane(Lane.BULK):
            try:
                ids = await send_copies(
                    self._bot,
                    user_id,
                    broadcast.source_chat_id,
                    broadcast.message_ids,
                    keyboard=self._keyboard,
                    silent=broadcast.silent,
                )
            except TELEGRAM_ERRORS as error:
                return await self._outcome_of(error)
        if len(broadcast.message_ids) == 1:
            return Sent(ids)
        if not ids:
            return NotSent(RecipientState.FAILED, "nothing of the album arrived", reasons.INCOMPLETE)
        return Sent(ids, reasons.INCOMPLETE if len(ids) < len(broadcast.message_ids) else None)

    async def pin(self, user_id: int, message_id: int) -> None:
        """Pin the message silently. A failure is only logged: the message was sent."""
        with in_lane(Lane.BULK):
            try:
                await self._bot.pin_chat_message(user_id, message_id, disable_notification=True)
            except TELEGRAM_ERRORS as error:
                log.info("broadcast.not_pinned", reason=classify(error))

    async def is_telegram_up(self) -> bool:
        """Whether Telegram answers a call without side effects (getMe)."""
        with in_lane(Lane.BULK), contextlib.suppress(*TELEGRAM_ERRORS):
            await self._bot.get_me()
            return True
        return False

    async def _outcome_of(self, error: BaseException) -> Outcome:
        failure, words = classify(error), mask(f"{error}")[:ERROR_MAX]
        if failure is Failure.FLOOD:
            return RetryLater(retry_after(error) or 1.0, words, concerns_recipient=False)
        if failure is Failure.TRANSIENT:
            return RetryLater(BACKOFF_S, words)
        if failure in _REFUSED_TOKEN:
            return RetryLater(BACKOFF_S, words, concerns_recipient=False, stops_run=True)
        if failure is Failure.AMBIGUOUS:
            return NotSent(RecipientState.UNKNOWN, words)
        if is_permanent_recipient(failure):
            return await self._unreachable(failure, words)
        if failure is Failure.SOURCE_GONE:
            return NotSent(RecipientState.FAILED, words, reasons.SOURCE_GONE)
        if failure is Failure.CONTENT:
            return NotSent(RecipientState.FAILED, words, reasons.refused(words))
        return NotSent(RecipientState.FAILED, words)

    async def _unreachable(self, failure: Failure, words: str) -> Outcome:
        """Find out whether the recipient's chat or the storage channel cannot be opened, by asking for the latter."""
        source_error = None if failure in (Failure.BLOCKED, Failure.DEACTIVATED) else await self._source_error()
        if source_error is None:
            is_deactivated = failure is Failure.DEACTIVATED
            error = f"{failure.value}: {words}"[:ERROR_MAX]
            return NotSent(RecipientState.BLOCKED, error, is_deactivated=is_deactivated)
        if classify(source_error) in _NO_ANSWER:
            # nothing was sent, and it is not known yet which chat it is
            pause_s = retry_after(source_error)
            return RetryLater(pause_s or BACKOFF_S, words, concerns_recipient=pause_s is None)
        return NotSent(RecipientState.FAILED, words, reasons.SOURCE_LOST)

    async def _source_error(self) -> BaseException | None:
        """Return why the storage channel cannot be opened; None when it can."""
        now = self._clock.now()
        if self._reached_at is not None and timedelta() <= now - self._reached_at < REACHED_FOR:
            return None
        try:
            await self._bot.get_chat(self._broadcast.source_chat_id)
        except TELEGRAM_ERRORS as error:
            return error
        self._reached_at = now
        return None

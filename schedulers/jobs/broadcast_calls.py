"""Sending a broadcast to one recipient: the call, and what its outcome means."""

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from aiogram import Bot

from core.broadcasts import Broadcast, RecipientState
from core.clock import Clock
from monitoring.logs import mask
from sender.copies import send_copies
from sender.failures import TELEGRAM_ERRORS, Failure, classify, is_permanent_recipient, retry_after
from sender.lanes import Lane, in_lane
from views.broadcasts import reasons
from views.broadcasts.keyboards import below_broadcast

log = structlog.get_logger("tollgate.broadcast")

#: the storage channel was reached, so that a chat nobody finds is the recipient's
REACHED_FOR = timedelta(seconds=10)
#: pause after a call that did not reach Telegram, in seconds
BACKOFF_S = 5.0
#: characters of an error that are kept
ERROR_MAX = 300

_REFUSED_TOKEN = frozenset({Failure.UNAUTHORIZED, Failure.CONFLICT})
#: says nothing about the chat that was asked for
_NO_ANSWER = frozenset({Failure.FLOOD, Failure.TRANSIENT, Failure.AMBIGUOUS, *_REFUSED_TOKEN})


@dataclass(frozen=True, slots=True)
class Arrived:
    """The copies are there."""

    message_ids: tuple[int, ...]
    #: set when a part of the album is missing: it fails for everybody
    content_error: str | None = None


@dataclass(frozen=True, slots=True)
class NotArrived:
    """It is over with this recipient."""

    state: RecipientState
    error: str
    #: what would fail for everybody, in a sentence for admins
    content_error: str | None = None
    #: the account is gone for good, not only closed to us
    is_deactivated: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """Nothing was sent: this one is to be tried again, and nobody for `pause_s` seconds."""

    pause_s: float
    error: str
    #: flood control and a refused token are nobody's own fault
    is_own_fault: bool = True
    #: nobody can be sent to
    stops_run: bool = False


Outcome = Arrived | NotArrived | Again


class RecipientCalls:
    """Makes the calls for one broadcast."""

    def __init__(self, bot: Bot, broadcast: Broadcast, clock: Clock) -> None:
        self._bot = bot
        self._broadcast = broadcast
        self._clock = clock
        self._keyboard = below_broadcast(broadcast.buttons, has_stop_button=broadcast.has_stop_button)
        self._reached_at: datetime | None = None

    async def send(self, user_id: int) -> Outcome:
        """Copy the broadcast to one person. Raises nothing Telegram or the network does."""
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
                return await self._judge(error)
        if len(broadcast.message_ids) == 1:
            return Arrived(ids)
        if not ids:
            return NotArrived(RecipientState.FAILED, "nothing of the album arrived", reasons.INCOMPLETE)
        return Arrived(ids, reasons.INCOMPLETE if len(ids) < len(broadcast.message_ids) else None)

    async def pin(self, user_id: int, message_id: int) -> None:
        """Pin it without a sound. What cannot be pinned stays as it is: the message is there."""
        with in_lane(Lane.BULK):
            try:
                await self._bot.pin_chat_message(user_id, message_id, disable_notification=True)
            except TELEGRAM_ERRORS as error:
                log.info("broadcast.not_pinned", reason=classify(error))

    async def is_telegram_there(self) -> bool:
        """Whether a call that harms nobody is answered."""
        with in_lane(Lane.BULK), contextlib.suppress(*TELEGRAM_ERRORS):
            await self._bot.get_me()
            return True
        return False

    async def _judge(self, error: BaseException) -> Outcome:
        failure, words = classify(error), mask(f"{error}")[:ERROR_MAX]
        if failure is Failure.FLOOD:
            return Again(retry_after(error) or 1.0, words, is_own_fault=False)
        if failure is Failure.TRANSIENT:
            return Again(BACKOFF_S, words)
        if failure in _REFUSED_TOKEN:
            return Again(BACKOFF_S, words, is_own_fault=False, stops_run=True)
        if failure is Failure.AMBIGUOUS:
            return NotArrived(RecipientState.UNKNOWN, words)
        if is_permanent_recipient(failure):
            return await self._unreachable(failure, words)
        if failure is Failure.SOURCE_GONE:
            return NotArrived(RecipientState.FAILED, words, reasons.SOURCE_GONE)
        if failure is Failure.CONTENT:
            return NotArrived(RecipientState.FAILED, words, reasons.refused(words))
        return NotArrived(RecipientState.FAILED, words)

    async def _unreachable(self, failure: Failure, words: str) -> Outcome:
        """A chat that cannot be opened may be the person's, or the storage channel: the second is asked."""
        trouble = None if failure in (Failure.BLOCKED, Failure.DEACTIVATED) else await self._trouble_with_source()
        if trouble is None:
            is_deactivated = failure is Failure.DEACTIVATED
            error = f"{failure.value}: {words}"[:ERROR_MAX]
            return NotArrived(RecipientState.BLOCKED, error, is_deactivated=is_deactivated)
        if classify(trouble) in _NO_ANSWER:
            # nothing was sent, and nobody can tell yet whose chat it is
            pause_s = retry_after(trouble)
            return Again(pause_s or BACKOFF_S, words, is_own_fault=pause_s is None)
        return NotArrived(RecipientState.FAILED, words, reasons.SOURCE_LOST)

    async def _trouble_with_source(self) -> BaseException | None:
        """Why the storage channel cannot be opened; None when it can."""
        now = self._clock.now()
        if self._reached_at is not None and timedelta() <= now - self._reached_at < REACHED_FOR:
            return None
        try:
            await self._bot.get_chat(self._broadcast.source_chat_id)
        except TELEGRAM_ERRORS as error:
            return error
        self._reached_at = now
        return None

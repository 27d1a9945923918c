"""Sending a broadcast to one recipient: the call, and what its answer means."""

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from aiogram import Bot

from core.broadcasts import Broadcast, RecipientState
from core.clock import Clock
from monitoring.logs import mask
from sender.certainty import Certainty, Effect, certainty_of
from sender.copies import effect_of_copies, method_of_copies, send_copies
from sender.failures import TELEGRAM_ERRORS, classify, retry_after
from sender.lanes import Lane, in_lane
from sender.refusals import Failure, is_permanent_recipient
from sender.subjects import ChatRole, Subject, subject_of
from views.broadcasts import reasons
from views.broadcasts.keyboards import below_broadcast
from views.catalogues import speaking_to

log = structlog.get_logger("tollgate.broadcast")

#: for how long a call that reached the storage channel proves that an unknown chat is the recipient's
REACHED_FOR = timedelta(seconds=10)
#: pause after a call that did not reach Telegram, or while it does not answer, in seconds
BACKOFF_S = 5.0
#: longest kept error text, in characters
ERROR_MAX = 300


@dataclass(frozen=True, slots=True)
class Sent:
    """The recipient has the copies."""

    message_ids: tuple[int, ...]
    #: set when a part of the album is missing, which will happen to every recipient; a sentence for admins
    content_error: str | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """Not sent, or not known to be: final for this recipient."""

    state: RecipientState
    error: str
    #: set when it will fail for every recipient; a sentence for admins
    content_error: str | None = None
    #: the account was deleted; False: the bot is blocked or cannot reach it
    is_deactivated: bool = False
    #: send nothing at all for so many seconds
    pause_s: float = 0.0
    #: no recipient can be sent to
    stops_run: bool = False


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Nothing was sent: retry this recipient, and send nothing at all for `pause_s` seconds."""

    pause_s: float
    error: str
    #: it may concern this recipient only; False for flood control, no connection and a refused token
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
        self._reached_at: datetime | None = None

    async def send(self, user_id: int, *languages: str | None) -> Outcome:
        """Copy the broadcast to one recipient. Telegram's and network errors become outcomes.

        `languages`: the recipient's, the best one first; they matter with a stop button only.
        """
        broadcast = self._broadcast
        with speaking_to(*languages):
            keyboard = below_broadcast(broadcast.buttons, has_stop_button=broadcast.has_stop_button)
        with in_lane(Lane.BULK):
            try:
                ids = await send_copies(
                    self._bot,
                    user_id,
                    broadcast.source_chat_id,
                    broadcast.message_ids,
                    keyboard=keyboard,
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
        words = mask(f"{error}")[:ERROR_MAX]
        count = len(self._broadcast.message_ids)
        failure, certainty = classify(error), certainty_of(effect_of_copies(count), error)
        subject = subject_of(failure, method_of_copies(count), ChatRole.PERSON)
        if certainty is Certainty.REPEAT:
            pause_s = (retry_after(error) or 1.0) if failure is Failure.FLOOD else BACKOFF_S
            return RetryLater(pause_s, words, concerns_recipient=False)
        if certainty is Certainty.UNKNOWN:
            return NotSent(
                RecipientState.UNKNOWN,
                words,
                _reason_for_all(subject, failure, words),
                pause_s=retry_after(error) or 0.0,
                stops_run=subject is Subject.BOT,
            )
        if subject is Subject.BOT:
            return RetryLater(BACKOFF_S, words, concerns_recipient=False, stops_run=True)
        if is_permanent_recipient(failure):
            return await self._unreachable(failure, words)
        return NotSent(RecipientState.FAILED, words, _reason_for_all(subject, failure, words))

    async def _unreachable(self, failure: Failure, words: str) -> Outcome:
        """Find out whether the recipient's chat or the storage channel cannot be opened, by asking for the latter."""
        source_error = None if failure in (Failure.BLOCKED, Failure.DEACTIVATED) else await self._source_error()
        if source_error is None:
            is_deactivated = failure is Failure.DEACTIVATED
            error = f"{failure.value}: {words}"[:ERROR_MAX]
            return NotSent(RecipientState.BLOCKED, error, is_deactivated=is_deactivated)
        if _says_nothing_of_the_chat(source_error):
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


def _reason_for_all(subject: Subject, failure: Failure, words: str) -> str | None:
    """Return why a copy fails for every recipient, a sentence for admins; None when it need not."""
    if failure is Failure.SAVING_RESTRICTED:
        return reasons.SAVING_RESTRICTED
    if failure is Failure.SOURCE_GONE:
        return reasons.SOURCE_GONE
    return reasons.refused(words) if subject is Subject.CONTENT else None


def _says_nothing_of_the_chat(error: BaseException) -> bool:
    """Whether a failed getChat leaves open whether the chat can be opened."""
    is_of_bot = subject_of(classify(error), "getChat", ChatRole.STORAGE) is Subject.BOT
    return is_of_bot or certainty_of(Effect.READ, error) is Certainty.REPEAT

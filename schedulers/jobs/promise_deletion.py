"""Deleting one delivery, and what Telegram's answer means for its promise."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from aiogram import Bot

from core.access import Price, price_of, requires_access
from core.delivery import PendingDeletion, dice_time, is_too_old
from core.settings import BotSettings
from core.users import User
from database.operations import settings_ops, user_ops
from monitoring.logs import mask
from schedulers.jobs.message_deletion import CALL_TIMEOUT_S, delete_messages
from schedulers.jobs.sweep import Span, end_of_span, sweep
from sender.failures import TELEGRAM_ERRORS, classify, retry_after
from sender.refusals import Failure
from views.catalogues import speaking_to
from views.subscribers import delivery_texts
from views.subscribers import keyboards as user_keyboards
from views.subscribers import texts as user_texts

#: the notice cannot be edited any more, which needs no retry
_NOTICE_DONE = frozenset(
    {
        Failure.GONE,
        Failure.NOT_MODIFIED,
        Failure.UNEDITABLE,
        Failure.BLOCKED,
        Failure.DEACTIVATED,
        Failure.UNREACHABLE,
        Failure.CONTENT,
    }
)


class End(StrEnum):
    """How one promise ended in this run; counted by these values. All but RETRY are terminal."""

    DELETED = "deleted"
    #: no answer had come; whatever had arrived was deleted
    SWEPT = "swept"
    #: no answer had come, and too many ids are in question; the first ones were deleted
    TOO_WIDE = "too_wide"
    #: older than 48 hours, or Telegram refuses to delete some of its messages
    TOO_OLD = "too_old"
    #: the subscriber's account was deleted
    READER_GONE = "reader_gone"
    #: the copies' ids never became known, nor between which ids they are
    UNKNOWN = "unknown"
    #: another bot sent it, which alone could delete it
    OTHER_BOT = "other_bot"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Telegram's answer means for a promise."""

    end: End
    error: str | None = None
    #: when to retry, if not after the usual pause
    not_before: datetime | None = None


class PromiseDeletion:
    """Deletes deliveries of one bot."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def delete(self, promise: PendingDeletion, now: datetime) -> Verdict:
        """Delete one delivery and replace its notice. Telegram's errors become a verdict."""
        span = self._span(promise)
        if not promise.message_ids and span is None:
            return Verdict(End.UNKNOWN)
        if is_too_old(promise.sent_at, now):
            await self._say_too_old(promise)
            return Verdict(End.TOO_OLD)
        try:
            deletion = await delete_messages(self._bot, promise.chat_id, promise.all_ids)
            swept = None if span is None else await sweep(self._bot, span)
        except TELEGRAM_ERRORS as error:
            return _after_failure(promise, now, error)
        refused = len(deletion.refused) + (0 if swept is None else swept.refused)
        if refused:
            return await self._after_refusal(promise, now, refused)
        if swept is None:
            return await self._announce(promise, now, Verdict(End.DELETED))
        if swept.held:
            return Verdict(End.RETRY, f"{swept.held} ids may be of a message that is being sent")
        if swept.left:
            with speaking_to(promise.language):
                await self._replace_notice(promise, delivery_texts.time_up_unsure(), with_button=True)
            return Verdict(End.TOO_WIDE, f"{swept.left} ids not looked at")
        return await self._announce(promise, now, Verdict(End.SWEPT))

    def _span(self, promise: PendingDeletion) -> Span | None:
        """Return where copies of a lost answer may be; None when no answer was lost, or nothing says where."""
        is_unknown = promise.state == "unknown" or promise.sweep_before is not None
        if promise.sweep_after is None or not is_unknown:
            return None
        before = end_of_span(self._bot, promise.sweep_after, promise.sweep_before)
        if before is None or before <= promise.sweep_after:
            # nothing was seen since, or the ids went backwards: a new account, or a row edited by hand
            return None
        notice = () if promise.notice_message_id is None else (promise.notice_message_id,)
        known = frozenset((*promise.known_ids, *notice))
        return Span(promise.chat_id, promise.sweep_after, before, promise.sent_at, known, promise.id)

    async def _after_refusal(self, promise: PendingDeletion, now: datetime, refused: int) -> Verdict:
        """Retry a message that may be a dice when it is old enough; the others are deleted. Else give up."""
        again_at = dice_time(promise.sent_at, now)
        if again_at is not None:
            return Verdict(End.RETRY, f"{refused} messages refused, which may be dice", again_at)
        await self._say_too_old(promise)
        return Verdict(End.TOO_OLD, f"{refused} messages refused")

    async def _say_too_old(self, promise: PendingDeletion) -> None:
        """Say that messages may stay. Of a lost answer nobody knows whether any came: the button stays, too."""
        is_lost = promise.state == "unknown"
        with speaking_to(promise.language):
            text = delivery_texts.time_up_unsure() if is_lost else delivery_texts.time_up_too_old()
            await self._replace_notice(promise, text, with_button=is_lost)

    async def _announce(self, promise: PendingDeletion, now: datetime, verdict: Verdict) -> Verdict:
        """Say that the delivery was deleted; the verdict, unless that must be retried."""
        settings = await settings_ops.current(now)
        needs_user = not promise.is_free and requires_access(settings)
        user = None
        if needs_user or "name" in user_texts.notice_placeholders(settings):
            user = await user_ops.find(promise.user_id)
        price = Price.FREE if promise.is_free else price_of(user, settings, now, promise.post_code)
        with speaking_to(promise.language):
            try:
                text = await self._deleted_notice(promise, settings, user)
            except TELEGRAM_ERRORS as error:
                return _after_failure(promise, now, error)
            problem = await self._replace_notice(promise, text, with_button=True, price=price)
        return verdict if problem is None else _after_failure(promise, now, problem)

    async def _deleted_notice(self, promise: PendingDeletion, settings: BotSettings, user: User | None) -> str:
        """Return the owners' text or ours; the bot is asked for only where it is named.

        Of a lost answer nobody knows whether anything came, and the notice may be a minute old: it says just that.
        """
        if promise.state == "unknown":
            return delivery_texts.time_up_swept()
        used = user_texts.notice_placeholders(settings)
        username = (await self._bot.me()).username if "bot" in used else None
        return delivery_texts.deleted_notice(settings, user, username or "", promise.title)

    async def _replace_notice(
        self, promise: PendingDeletion, text: str, *, with_button: bool, price: Price = Price.UNKNOWN
    ) -> BaseException | None:
        """Replace the warning by `text`, or send it when no warning is known; return an error that needs a retry."""
        markup = user_keyboards.get_again(promise.post_code, price) if with_button and promise.post_code else None
        chat_id, notice = promise.chat_id, promise.notice_message_id
        try:
            if notice is None:
                await self._bot.send_message(chat_id, text, reply_markup=markup, request_timeout=CALL_TIMEOUT_S)
            else:
                await self._bot.edit_message_text(
                    text, chat_id=chat_id, message_id=notice, reply_markup=markup, request_timeout=CALL_TIMEOUT_S
                )
        except TELEGRAM_ERRORS as error:
            failure = classify(error)
            # a notice that may have been sent is not sent again: better none than two
            may_be_sent = notice is None and failure is Failure.AMBIGUOUS
            return None if failure in _NOTICE_DONE or may_be_sent else error
        return None


def _after_failure(promise: PendingDeletion, now: datetime, error: BaseException) -> Verdict:
    failure = classify(error)
    text = f"{failure.value}: {mask(str(error))}"[:300]
    if failure in (Failure.DEACTIVATED, Failure.UNREACHABLE):
        return Verdict(End.READER_GONE, text)
    wait_s = retry_after(error)
    not_before = now + timedelta(seconds=wait_s) if wait_s is not None else None
    return Verdict(End.RETRY, text, not_before)

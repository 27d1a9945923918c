"""Takes deliveries back when their time is up (DESIGN §7.3, §7.4; BOTAPI §2.6, §3.1)."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from aiogram import Bot

from core.delivery import PendingDeletion, is_too_old, retry_pause
from core.jobs import Counts
from core.retries import SHORT_S, retry_while_unavailable
from database.operations import deletion_ops, settings_ops
from monitoring import metrics
from monitoring.alerts import Alerts
from monitoring.logs import mask
from schedulers.context import JobContext
from schedulers.jobs.message_deletion import Deletion, delete_messages
from schedulers.jobs.undeletable_alerts import UndeletableAlerts
from schedulers.runner import Run
from sender.failures import TELEGRAM_ERRORS, Failure, classify, retry_after
from sender.lanes import Lane, in_lane
from views.subscribers import keyboards as user_keyboards
from views.subscribers import texts as user_texts

log = structlog.get_logger("tollgate.deleter")

#: promises claimed at once, and worked on at the same time
BATCH, AT_ONCE = 100, 10
#: promises taken in one run; the rest waits for the next minute
RUN_MAX = 3000
#: longer than a delivery can be under way: a minute at the gate, its repeats, ten minutes of writing the ids down
IDS_MAY_COME = timedelta(minutes=15)
#: how long a claim holds; a killed process keeps its promises from others no longer than this
CLAIM_FOR = timedelta(minutes=2)

#: the notice cannot be turned any more, and that is all right
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
    """How one promise ended in this run. All but RETRY are terminal."""

    DELETED = "deleted"
    #: older than 48 hours, or some of its messages refused by Telegram for good
    TOO_OLD = "too_old"
    #: the reader's account is gone
    READER_GONE = "reader_gone"
    #: the copies' ids never became known
    UNKNOWN = "unknown"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class _Verdict:
    end: End
    error: str | None = None
    not_before: datetime | None = None


class MessageDeleter:
    """Claims due promises oldest first and keeps each until it has reached a terminal state."""

    def __init__(self, bot: Bot, alerts: Alerts) -> None:
        self._bot = bot
        self._undeletable_alerts = UndeletableAlerts(bot.id, alerts)

    async def __call__(self, run: Run) -> Counts:
        total = run.done
        more, ended_well = True, False
        try:
            with in_lane(Lane.DELETION):
                while more and not run.stopping.is_set() and total.total() < RUN_MAX:
                    due = await deletion_ops.claim_due(run.now(), run.owner, CLAIM_FOR, BATCH, bot_id=self._bot.id)
                    more = len(due) == BATCH
                    await self._work_off(due, run, total)
            ended_well = not run.stopping.is_set()
        finally:
            await self._undeletable_alerts.tell(run.now())
            if not ended_well:
                await deletion_ops.hand_back_all(run.owner, run.now())
        metrics.PENDING_DELETIONS_OVERDUE.set(await deletion_ops.count_overdue(run.now()))
        return Counts(dict(total), more or not ended_well)

    async def _work_off(self, due: Sequence[PendingDeletion], run: Run, total: Counter[str]) -> None:
        slots = asyncio.Semaphore(AT_ONCE)
        terminal: list[str] = []
        undeletable_alerts: list[tuple[PendingDeletion, str]] = []

        async def one(promise: PendingDeletion) -> None:
            async with slots:
                if run.stopping.is_set():
                    return
                verdict = await self._keep(promise, run.now())
                total[verdict.end.value] += 1
                metrics.DELETIONS.labels(outcome=verdict.end.value).inc()
                if verdict.end is End.RETRY:
                    await self._put_off(promise, run, verdict)
                    return
                terminal.append(promise.id)
                if verdict.end is not End.DELETED:
                    undeletable_alerts.append((promise, verdict.end.value))

        try:
            ends = await asyncio.gather(*(one(promise) for promise in due), return_exceptions=True)
        finally:
            await self._finish(terminal, undeletable_alerts, run)
        for error in ends:
            if error is not None:
                raise error

    async def _finish(
        self, terminal: list[str], undeletable_alerts: list[tuple[PendingDeletion, str]], run: Run
    ) -> None:
        """Remove promises that met their end, those that could not be kept after they were noted."""
        if not terminal:
            return

        async def finish() -> None:
            await deletion_ops.note_impossible(undeletable_alerts, run.now())
            await deletion_ops.finish(terminal, run.owner)

        if undeletable_alerts:
            self._undeletable_alerts.noted()
        # what was done is done: a short outage must not have it done and counted again
        await retry_while_unavailable(finish, run.clock, SHORT_S)

    async def _keep(self, promise: PendingDeletion, now: datetime) -> _Verdict:
        """Take one delivery back; classify whatever Telegram answers."""
        if promise.delete_at > now:
            # its messages have just become known, and with them that their time is later than was promised
            return _Verdict(End.RETRY, "its time has not come", promise.delete_at)
        if not promise.message_ids:
            # its delivery may still be under way: waiting for its turn, or for the database to take the ids. Counted
            # from the first look: where the clock has jumped, its time may be long over and the call just answered
            if promise.attempts == 0:
                return _Verdict(End.RETRY, "no message is known yet", now + IDS_MAY_COME)
            return _Verdict(End.UNKNOWN)
        if is_too_old(promise.sent_at, now):
            await self._turn_notice(promise, user_texts.TIME_UP_TOO_OLD, with_button=False)
            return _Verdict(End.TOO_OLD)
        try:
            deletion = await delete_messages(self._bot, promise.chat_id, promise.message_ids)
        except TELEGRAM_ERRORS as error:
            return _after_failure(promise, now, error)
        return await self._tell(promise, now, deletion)

    async def _tell(self, promise: PendingDeletion, now: datetime, deletion: Deletion) -> _Verdict:
        if deletion.refused:
            await self._turn_notice(promise, user_texts.TIME_UP_TOO_OLD, with_button=False)
            return _Verdict(End.TOO_OLD, f"{len(deletion.refused)} messages refused")
        settings = await settings_ops.current(now)
        error = await self._turn_notice(promise, user_texts.deleted_notice(settings), with_button=True)
        return _Verdict(End.DELETED) if error is None else _after_failure(promise, now, error)

    async def _turn_notice(self, promise: PendingDeletion, text: str, *, with_button: bool) -> BaseException | None:
        """Turn the warning into `text`, or send it when no warning is known; returns a failure worth another try."""
        markup = user_keyboards.get_again(promise.post_code) if with_button else None
        try:
            if promise.notice_message_id is None:
                await self._bot.send_message(promise.chat_id, text, reply_markup=markup)
            else:
                await self._bot.edit_message_text(
                    text, chat_id=promise.chat_id, message_id=promise.notice_message_id, reply_markup=markup
                )
        except TELEGRAM_ERRORS as error:
            failure = classify(error)
            # a notice that may have been sent is not sent again: better none than two
            sent_maybe = promise.notice_message_id is None and failure is Failure.AMBIGUOUS
            return None if failure in _NOTICE_DONE or sent_maybe else error
        return None

    async def _put_off(self, promise: PendingDeletion, run: Run, verdict: _Verdict) -> None:
        log.info("deletion.put_off", chat_id=promise.chat_id, attempts=promise.attempts + 1, error=verdict.error)
        not_before = verdict.not_before or run.now() + retry_pause(promise.attempts + 1)
        await deletion_ops.give_back(promise.id, run.owner, not_before=not_before, error=verdict.error)


def _after_failure(promise: PendingDeletion, now: datetime, error: BaseException) -> _Verdict:
    failure = classify(error)
    text = f"{failure.value}: {mask(str(error))}"[:300]
    if failure in (Failure.DEACTIVATED, Failure.UNREACHABLE):
        return _Verdict(End.READER_GONE, text)
    wait_s = retry_after(error)
    not_before = now + timedelta(seconds=wait_s) if wait_s is not None else None
    return _Verdict(End.RETRY, text, not_before)


def create(context: JobContext) -> MessageDeleter:
    telegram = context.telegram_of("message_deleter")
    return MessageDeleter(telegram.user_bot, telegram.alerts)

"""Deletes deliveries when their time is up (DESIGN §7.3, §7.4; BOTAPI §2.6, §3.1)."""

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
from database.operations import deletion_ops, impossible_deletions, settings_ops
from monitoring import metrics
from monitoring.alerts import Alerts
from monitoring.logs import mask
from schedulers.context import JobContext
from schedulers.jobs.message_deletion import Deletion, delete_messages
from schedulers.jobs.undeletable_alerts import UndeletableAlerts
from schedulers.runner import Run
from sender.failures import TELEGRAM_ERRORS, classify, retry_after
from sender.lanes import Lane, in_lane
from sender.refusals import Failure
from views.subscribers import keyboards as user_keyboards
from views.subscribers import texts as user_texts

log = structlog.get_logger("tollgate.deleter")

#: promises claimed at once, and deleted concurrently
BATCH, AT_ONCE = 100, 10
#: promises claimed in one run; the rest waits for the next minute
RUN_MAX = 3000
#: longer than a delivery can take: a minute in the limiter, its retries, ten minutes of retrying to write the ids
IDS_MAY_COME = timedelta(minutes=15)
#: how long a claim lasts; after this another process may claim the promises of a killed one
CLAIM_FOR = timedelta(minutes=2)

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
    #: older than 48 hours, or Telegram refuses to delete some of its messages
    TOO_OLD = "too_old"
    #: the subscriber's account was deleted
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
    """Claims due promises, oldest first; each stays stored until it has reached a terminal state."""

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
                    await self._delete_all(due, run, total)
            ended_well = not run.stopping.is_set()
        finally:
            await self._undeletable_alerts.notify(run.now())
            if not ended_well:
                await deletion_ops.release_all(run.owner, run.now())
        metrics.PENDING_DELETIONS_OVERDUE.set(await deletion_ops.count_overdue(run.now()))
        return Counts(dict(total), more or not ended_well)

    async def _delete_all(self, due: Sequence[PendingDeletion], run: Run, total: Counter[str]) -> None:
        slots = asyncio.Semaphore(AT_ONCE)
        terminal: list[str] = []
        undeletable: list[tuple[PendingDeletion, str]] = []

        async def one(promise: PendingDeletion) -> None:
            async with slots:
                if run.stopping.is_set():
                    return
                verdict = await self._delete_one(promise, run.now())
                total[verdict.end.value] += 1
                metrics.DELETIONS.labels(outcome=verdict.end.value).inc()
                if verdict.end is End.RETRY:
                    await self._postpone(promise, run, verdict)
                    return
                terminal.append(promise.id)
                if verdict.end is not End.DELETED:
                    undeletable.append((promise, verdict.end.value))

        try:
            ends = await asyncio.gather(*(one(promise) for promise in due), return_exceptions=True)
        finally:
            await self._finish(terminal, undeletable, run)
        for error in ends:
            if error is not None:
                raise error

    async def _finish(self, terminal: list[str], undeletable: list[tuple[PendingDeletion, str]], run: Run) -> None:
        """Delete promises in a terminal state, after recording the undeletable ones with their reason."""
        if not terminal:
            return

        async def finish() -> None:
            await impossible_deletions.record_impossible(undeletable, run.now())
            await deletion_ops.finish(terminal, run.owner)

        if undeletable:
            self._undeletable_alerts.expect_more()
        # a short outage must not make the next run delete and count again
        await retry_while_unavailable(finish, run.clock, SHORT_S)

    async def _delete_one(self, promise: PendingDeletion, now: datetime) -> _Verdict:
        """Delete one delivery; return what Telegram's answer means."""
        if promise.delete_at > now:
            # its message ids were stored after the claim, with a later time than was promised
            return _Verdict(End.RETRY, "its time has not come", promise.delete_at)
        if not promise.message_ids:
            # its delivery may still wait in the limiter, or for the database to take the ids. The wait starts at the
            # first attempt, not at `delete_at`: after a jump of the clock that may be long ago
            if promise.attempts == 0:
                return _Verdict(End.RETRY, "no message is known yet", now + IDS_MAY_COME)
            return _Verdict(End.UNKNOWN)
        if is_too_old(promise.sent_at, now):
            await self._replace_notice(promise, user_texts.TIME_UP_TOO_OLD, with_button=False)
            return _Verdict(End.TOO_OLD)
        try:
            deletion = await delete_messages(self._bot, promise.chat_id, promise.message_ids)
        except TELEGRAM_ERRORS as error:
            return _after_failure(promise, now, error)
        return await self._replace_warning(promise, now, deletion)

    async def _replace_warning(self, promise: PendingDeletion, now: datetime, deletion: Deletion) -> _Verdict:
        if deletion.refused:
            await self._replace_notice(promise, user_texts.TIME_UP_TOO_OLD, with_button=False)
            return _Verdict(End.TOO_OLD, f"{len(deletion.refused)} messages refused")
        settings = await settings_ops.current(now)
        error = await self._replace_notice(promise, user_texts.deleted_notice(settings), with_button=True)
        return _Verdict(End.DELETED) if error is None else _after_failure(promise, now, error)

    async def _replace_notice(self, promise: PendingDeletion, text: str, *, with_button: bool) -> BaseException | None:
        """Replace the warning by `text`, or send it when no warning is known; return an error that needs a retry."""
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
            may_be_sent = promise.notice_message_id is None and failure is Failure.AMBIGUOUS
            return None if failure in _NOTICE_DONE or may_be_sent else error
        return None

    async def _postpone(self, promise: PendingDeletion, run: Run, verdict: _Verdict) -> None:
        log.info("deletion.postponed", chat_id=promise.chat_id, attempts=promise.attempts + 1, error=verdict.error)
        not_before = verdict.not_before or run.now() + retry_pause(promise.attempts + 1)
        await deletion_ops.release(promise.id, run.owner, not_before=not_before, error=verdict.error)


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

"""Deleting one broadcast's copies: each recipient's own messages, oldest first (BOTAPI §2.6, §3.1)."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from aiogram import Bot

from core.broadcasts import Recipient, RecipientState
from core.delivery import is_too_old
from core.retries import SHORT_S, retry_while_unavailable
from database.operations import broadcast_rows
from monitoring.logs import mask
from schedulers.jobs.message_deletion import delete_messages
from schedulers.runner import Run
from sender.failures import TELEGRAM_ERRORS, classify
from sender.lanes import Lane, in_lane
from sender.refusals import Failure

log = structlog.get_logger("tollgate.recall")

#: recipients read at once, concurrent deletions
BATCH, AT_ONCE = 200, 10
#: recipients of one broadcast that must be retried later, at most in one run: beyond it the next broadcast has its turn
POSTPONED_MAX = 1_000
#: batches between two calls of `report_progress`
REPORT_EVERY = 5

#: Telegram deletes nothing in that chat, and a retry changes nothing
_CHAT_CLOSED = frozenset({Failure.BLOCKED, Failure.DEACTIVATED, Failure.UNREACHABLE})
#: name of the count of recipients that must be retried later
RETRY = "retry"


@dataclass(slots=True)
class TimeBudget:
    """The time, and the number of recipients, that one run has left."""

    run: Run
    #: recipients that may still be served
    left: int
    #: by the run's monotonic clock, in seconds
    ends_at: float

    @property
    def is_over(self) -> bool:
        """Whether no further recipient may be started."""
        return self.run.should_stop or self.left <= 0 or self.seconds_left <= 0

    @property
    def seconds_left(self) -> float:
        return self.ends_at - self.run.clock.monotonic()

    def count(self, end: str) -> None:
        """Count one recipient as served, with outcome `end`."""
        self.left -= 1
        self.run.done[end] += 1


@dataclass(frozen=True, slots=True)
class _Result:
    state: RecipientState
    error: str | None = None


async def delete_copies(
    bot: Bot,
    broadcast_id: str,
    sent_until: datetime,
    budget: TimeBudget,
    report_progress: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Delete the copies sent at `sent_until` or earlier, until none is left or the budget is used up.

    A row changes only after Telegram answered; recipients to retry later are counted as `retry` and skipped.
    `report_progress` is called every thousand recipients.
    """
    postponed: list[int] = []
    for batch in itertools.count(1):
        if budget.is_over or len(postponed) >= POSTPONED_MAX:
            return
        limit = min(BATCH, budget.left)
        recipients = await broadcast_rows.next_to_recall(broadcast_id, sent_until, limit, without=postponed)
        if not recipients:
            return
        postponed += await _delete_for_all(bot, recipients, budget)
        if report_progress is not None and batch % REPORT_EVERY == 0:
            await report_progress()


async def _delete_for_all(bot: Bot, recipients: Sequence[Recipient], budget: TimeBudget) -> list[int]:
    """Serve these, several at a time; return the user ids to retry later. Raises the first error there was."""
    slots = asyncio.Semaphore(AT_ONCE)
    postponed: list[int] = []
    is_broken = False

    async def one(recipient: Recipient) -> None:
        nonlocal is_broken
        async with slots:
            if is_broken or budget.is_over:
                return
            is_done = False
            try:
                end = await _delete_for(bot, recipient, budget)
                is_done = True
            finally:
                is_broken = is_broken or not is_done
        if end is None:
            postponed.append(recipient.user_id)
        budget.count(RETRY if end is None else end.value)

    ends = await asyncio.gather(*(one(recipient) for recipient in recipients), return_exceptions=True)
    for error in ends:
        if error is not None:
            raise error
    return postponed


async def _delete_for(bot: Bot, recipient: Recipient, budget: TimeBudget) -> RecipientState | None:
    """Delete the recipient's copies and write the new state; None when it must be retried later."""
    result = await _delete(bot, recipient, budget.run.now())
    if result is None:
        return None
    if result.error is not None:
        log.debug("recall.kept", broadcast=recipient.broadcast_id, user_id=recipient.user_id, error=result.error)
    # a short outage must not make the next run delete again
    await retry_while_unavailable(
        lambda: broadcast_rows.mark_recalled(recipient.broadcast_id, recipient.user_id, result.state, result.error),
        budget.run.clock,
        SHORT_S,
    )
    return result.state


async def _delete(bot: Bot, recipient: Recipient, now: datetime) -> _Result | None:
    ids = recipient.message_ids
    if not ids or recipient.sent_at is None:
        return _Result(RecipientState.KEPT, "no ids")
    if is_too_old(recipient.sent_at, now):
        return _Result(RecipientState.KEPT, "too old to delete")
    try:
        with in_lane(Lane.DELETION):
            deletion = await delete_messages(bot, recipient.user_id, ids)
    except TELEGRAM_ERRORS as error:
        failure = classify(error)
        if failure in _CHAT_CLOSED:
            return _Result(RecipientState.KEPT, f"{failure.value}: {mask(str(error))}"[:300])
        return None
    if deletion.refused:
        return _Result(RecipientState.KEPT, f"Telegram refuses to delete {len(deletion.refused)} of {len(ids)}")
    return _Result(RecipientState.DELETED)

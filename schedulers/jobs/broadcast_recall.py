"""Deleting one broadcast's copies: each recipient's own messages, oldest first (BOTAPI §2.6, §3.1)."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol

import structlog
from aiogram import Bot

from core.broadcasts import Recipient, RecipientState
from core.delivery import is_near_limit, is_too_old
from core.retries import SHORT_S, retry_while_unavailable
from database.operations import broadcast_rows
from monitoring.logs import mask
from schedulers.jobs.message_deletion import delete_messages
from schedulers.jobs.sweep import Span, end_of_span, sweep
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


class Find(Protocol):
    """Finds the next recipients to serve."""

    async def __call__(
        self, broadcast_id: str, sent_until: datetime | None, limit: int, *, without: Sequence[int]
    ) -> list[Recipient]: ...


#: serves one recipient and writes the new state; None when they must be retried later
Serve = Callable[[Recipient], Awaitable[RecipientState | None]]


@dataclass(frozen=True, slots=True)
class _Result:
    state: RecipientState
    error: str | None = None


async def delete_copies(
    bot: Bot,
    broadcast_id: str,
    sent_until: datetime | None,
    budget: TimeBudget,
    report_progress: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Delete the copies sent at `sent_until` or earlier, until none is left or the budget is used up; None: all copies.

    Then what calls up to then may have left whose answer was lost. A row changes only after Telegram answered;
    recipients to retry later are counted as `retry` and skipped. `report_progress` is called every thousand recipients.
    """
    for find, serve in ((broadcast_rows.next_to_recall, _delete_for), (broadcast_rows.next_to_sweep, _sweep_for)):
        await _work_off(find, partial(serve, bot, budget), broadcast_id, sent_until, budget, report_progress)


async def _work_off(
    find: Find,
    serve: Serve,
    broadcast_id: str,
    sent_until: datetime | None,
    budget: TimeBudget,
    report_progress: Callable[[], Awaitable[object]] | None,
) -> None:
    postponed: list[int] = []
    for batch in itertools.count(1):
        if budget.is_over or len(postponed) >= POSTPONED_MAX:
            return
        limit = min(BATCH, budget.left)
        recipients = await find(broadcast_id, sent_until, limit, without=postponed)
        if not recipients:
            return
        postponed += await _serve_all(serve, recipients, budget)
        if report_progress is not None and batch % REPORT_EVERY == 0:
            await report_progress()


async def _serve_all(serve: Serve, recipients: Sequence[Recipient], budget: TimeBudget) -> list[int]:
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
                end = await serve(recipient)
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


async def _delete_for(bot: Bot, budget: TimeBudget, recipient: Recipient) -> RecipientState | None:
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
    hopeless = _why_hopeless(bot, recipient, recipient.sent_at, now)
    if hopeless is not None:
        return _Result(RecipientState.KEPT, hopeless)
    try:
        with in_lane(Lane.DELETION, urgent=is_near_limit(recipient.sent_at, now)):
            deletion = await delete_messages(bot, recipient.user_id, ids)
    except TELEGRAM_ERRORS as error:
        closed = _why_closed(error)
        return None if closed is None else _Result(RecipientState.KEPT, closed)
    if deletion.refused:
        return _Result(RecipientState.KEPT, f"Telegram refuses to delete {len(deletion.refused)} of {len(ids)}")
    return _Result(RecipientState.DELETED)


def _why_hopeless(bot: Bot, recipient: Recipient, sent_at: datetime, now: datetime) -> str | None:
    if recipient.bot_id not in (None, bot.id):
        return "sent by another bot"
    return "too old to delete" if is_too_old(sent_at, now) else None


def _why_closed(error: BaseException) -> str | None:
    failure = classify(error)
    return f"{failure.value}: {mask(str(error))}"[:300] if failure in _CHAT_CLOSED else None


async def _sweep_for(bot: Bot, budget: TimeBudget, recipient: Recipient) -> RecipientState | None:
    """Delete what a call whose answer was lost may have left, and write the new state; None when to retry later."""
    result = await _sweep(bot, recipient, budget.run.now())
    if result is None:
        return None
    await retry_while_unavailable(
        lambda: broadcast_rows.mark_swept(recipient.broadcast_id, recipient.user_id, result.error),
        budget.run.clock,
        SHORT_S,
    )
    return result.state


async def _sweep(bot: Bot, recipient: Recipient, now: datetime) -> _Result | None:
    after, sent_at = recipient.sweep_after, recipient.sent_at
    if after is None or sent_at is None:
        return _Result(RecipientState.UNKNOWN, "no ids")
    hopeless = _why_hopeless(bot, recipient, sent_at, now)
    if hopeless is not None:
        return _Result(RecipientState.UNKNOWN, hopeless)
    before = end_of_span(bot, after, recipient.sweep_before)
    if before is None:
        return None
    try:
        with in_lane(Lane.DELETION, urgent=is_near_limit(sent_at, now)):
            swept = await sweep(bot, Span(recipient.user_id, after, before, sent_at))
    except TELEGRAM_ERRORS as error:
        closed = _why_closed(error)
        return None if closed is None else _Result(RecipientState.UNKNOWN, closed)
    if swept.held:
        return None
    if swept.refused or swept.left:
        words = f"Telegram refuses to delete {swept.refused} messages, {swept.left} ids were not looked at"
        return _Result(RecipientState.UNKNOWN, words)
    return _Result(RecipientState.SWEPT)

"""Taking one broadcast's copies back: each recipient's own messages, oldest first (BOTAPI §2.6, §3.1)."""

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
from sender.failures import TELEGRAM_ERRORS, Failure, classify
from sender.lanes import Lane, in_lane

log = structlog.get_logger("tollgate.recall")

#: recipients read at once, deletions under way at once
BATCH, AT_ONCE = 200, 10
#: recipients of one broadcast that could not be served in this run; beyond it something is wrong with more than them
PUT_OFF_MAX = 1_000
#: batches between two looks at how far it is
TELL_EVERY = 5

#: Telegram lets nothing be done in that chat, and asking again changes nothing
_CHAT_CLOSED = frozenset({Failure.BLOCKED, Failure.DEACTIVATED, Failure.UNREACHABLE})
#: counted for recipients who are to be asked for once more
RETRY = "retry"


@dataclass(slots=True)
class TimeBudget:
    """What one run may still do."""

    run: Run
    #: recipients
    left: int
    #: seconds of the run's monotonic clock
    ends_at: float

    @property
    def is_over(self) -> bool:
        """Whether nothing new may be begun."""
        return self.run.should_stop or self.left <= 0 or self.seconds_left <= 0

    @property
    def seconds_left(self) -> float:
        return self.ends_at - self.run.clock.monotonic()

    def count(self, end: str) -> None:
        """One recipient was served."""
        self.left -= 1
        self.run.done[end] += 1


@dataclass(frozen=True, slots=True)
class _Taken:
    state: RecipientState
    error: str | None = None


async def take_copies_back(
    bot: Bot,
    broadcast_id: str,
    sent_until: datetime,
    budget: TimeBudget,
    tell: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Work off whose copies stand and were sent at `sent_until` or earlier, until none is left or the shift is over.

    A row changes only when Telegram has answered; who cannot be served now is counted as `retry` and passed over.
    `tell` is called every thousand recipients.
    """
    put_off: list[int] = []
    for batch in itertools.count(1):
        if budget.is_over or len(put_off) >= PUT_OFF_MAX:
            return
        limit = min(BATCH, budget.left)
        recipients = await broadcast_rows.next_to_recall(broadcast_id, sent_until, limit, without=put_off)
        if not recipients:
            return
        put_off += await _take_all(bot, recipients, budget)
        if tell is not None and batch % TELL_EVERY == 0:
            await tell()


async def _take_all(bot: Bot, recipients: Sequence[Recipient], budget: TimeBudget) -> list[int]:
    """Take these back, several at a time; returns who could not be served. Raises the first error there was."""
    slots = asyncio.Semaphore(AT_ONCE)
    put_off: list[int] = []
    is_broken = False

    async def one(recipient: Recipient) -> None:
        nonlocal is_broken
        async with slots:
            if is_broken or budget.is_over:
                return
            is_done = False
            try:
                end = await _take(bot, recipient, budget)
                is_done = True
            finally:
                is_broken = is_broken or not is_done
        if end is None:
            put_off.append(recipient.user_id)
        budget.count(RETRY if end is None else end.value)

    ends = await asyncio.gather(*(one(recipient) for recipient in recipients), return_exceptions=True)
    for error in ends:
        if error is not None:
            raise error
    return put_off


async def _take(bot: Bot, recipient: Recipient, budget: TimeBudget) -> RecipientState | None:
    """The recipient's new state, written down; None when another try is needed."""
    taken = await _ask(bot, recipient, budget.run.now())
    if taken is None:
        return None
    if taken.error is not None:
        log.debug("recall.kept", broadcast=recipient.broadcast_id, user_id=recipient.user_id, error=taken.error)
    # what was done is done: a short outage must not have it asked for again
    await retry_while_unavailable(
        lambda: broadcast_rows.mark_recalled(recipient.broadcast_id, recipient.user_id, taken.state, taken.error),
        budget.run.clock,
        SHORT_S,
    )
    return taken.state


async def _ask(bot: Bot, recipient: Recipient, now: datetime) -> _Taken | None:
    ids = recipient.message_ids
    if not ids or recipient.sent_at is None:
        return _Taken(RecipientState.KEPT, "no ids")
    if is_too_old(recipient.sent_at, now):
        return _Taken(RecipientState.KEPT, "too old to delete")
    try:
        with in_lane(Lane.DELETION):
            deletion = await delete_messages(bot, recipient.user_id, ids)
    except TELEGRAM_ERRORS as error:
        failure = classify(error)
        if failure in _CHAT_CLOSED:
            return _Taken(RecipientState.KEPT, f"{failure.value}: {mask(str(error))}"[:300])
        return None
    if deletion.refused:
        return _Taken(RecipientState.KEPT, f"Telegram refuses to delete {len(deletion.refused)} of {len(ids)}")
    return _Taken(RecipientState.DELETED)

"""Recalls broadcasts when their time is up or an admin requests it, and deletes their rows (DESIGN §7.5)."""

from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from core.broadcasts import ENDED, UNFINISHED, Broadcast, RecipientState, due_before
from core.jobs import Counts
from database.batches import Bounds
from database.operations import broadcast_ops, broadcast_rows
from schedulers.context import JobContext
from schedulers.jobs.broadcast_closing import BroadcastCloser, is_settled
from schedulers.jobs.broadcast_recall import RETRY, TimeBudget, delete_copies
from schedulers.runner import Run

log = structlog.get_logger("tollgate.recall")

#: broadcasts recalled in one run
BROADCASTS_MAX = 20
#: recipients served in one run; the rest waits for the next
RUN_MAX = 20_000
#: a run starts no recipient after this many seconds, unless the bounds say otherwise
LONGEST_S = 300.0
#: a broadcast with copies left is due again after this at the earliest
SOONEST = timedelta(seconds=30)
#: a broadcast without copies, but still being sent, is due again after this at the latest: rows may be written late
UNKNOWN_FOR = timedelta(minutes=10)


class BroadcastDeleter:
    """Recalls expired broadcasts, oldest first. One process at a time, though two would do no harm."""

    def __init__(self, bot: Bot, bounds: Bounds, zone: ZoneInfo) -> None:
        self._bot = bot
        self._bounds = bounds
        self._closer = BroadcastCloser(bot, bounds, zone)

    async def __call__(self, run: Run) -> Counts:
        ends_at = run.clock.monotonic() + self._bounds.get("timeout_s", LONGEST_S)
        budget = TimeBudget(run, RUN_MAX, ends_at)
        is_more = await self._recall_all(budget)
        is_more = await self._closer.close_all(budget) or is_more
        return Counts(dict(run.done), more=is_more or run.done[RETRY] > 0)

    async def has_work(self, now: datetime) -> bool:
        """Whether a broadcast is due to be recalled."""
        return await broadcast_ops.is_any_expired(now)

    async def _recall_all(self, budget: TimeBudget) -> bool:
        """Recall due broadcasts; True when more are due."""
        expired = await broadcast_ops.find_expired(budget.run.now(), BROADCASTS_MAX)
        for broadcast in expired:
            await self._recall(broadcast, budget)
            if budget.is_over:
                return True
        return len(expired) == BROADCASTS_MAX

    async def _recall(self, broadcast: Broadcast, budget: TimeBudget) -> None:
        if not broadcast.has_recipients:
            if await broadcast_ops.end_without_recipients(broadcast, budget.run.now()):
                log.warning("broadcast.recipients_unknown", broadcast=broadcast.id)
                budget.count(RecipientState.KEPT)
            return
        if broadcast.status in ENDED:
            await broadcast_ops.mark_recalling(broadcast.id)
        # while it is being sent, the sender writes the counts
        report_progress = None if broadcast.status in UNFINISHED else partial(_write_counts, broadcast)
        await delete_copies(self._bot, broadcast.id, due_before(broadcast, budget.run.now()), budget, report_progress)
        if not budget.is_over:
            await self._settle(broadcast, budget.run)
        elif report_progress is not None:
            # cut short it stays due, and is the first in the next run
            await report_progress()

    async def _settle(self, broadcast: Broadcast, run: Run) -> None:
        """End the recall when no copies remain and none can be added, or set when it is due again."""
        now = run.now()
        if is_settled(broadcast, now):
            await broadcast_rows.mark_lost_unknown(broadcast.id, run.owner)
        oldest_sent_at = await _oldest_left(broadcast.id)
        counts = await broadcast_rows.count_states(broadcast.id)
        # a row that changes from sending to sent is seen in one of the two: they are counted in this order
        is_empty = oldest_sent_at is None and not {RecipientState.SENDING, RecipientState.SENT} & counts.keys()
        if is_empty and broadcast.status not in UNFINISHED:
            if await broadcast_ops.finish_recall(broadcast.id, counts):
                log.info("broadcast.recalled", broadcast=broadcast.id, counts=counts)
            return
        due_at = next_due(broadcast, oldest_sent_at, now)
        await broadcast_ops.postpone_recall(broadcast.id, due_at, counts, is_requested=broadcast.is_recall_wanted)


async def _oldest_left(broadcast_id: str) -> datetime | None:
    """Return when the oldest copies were sent that exist, or may exist and can be swept; None when there are none."""
    times = (await broadcast_rows.oldest_sent_at(broadcast_id), await broadcast_rows.oldest_to_sweep(broadcast_id))
    return min((at for at in times if at is not None), default=None)


async def _write_counts(broadcast: Broadcast) -> None:
    """Write the counts, for admins to see; when it is due does not change."""
    if broadcast.delete_at is not None:
        counts = await broadcast_rows.count_states(broadcast.id)
        due, is_requested = broadcast.delete_at, broadcast.is_recall_wanted
        await broadcast_ops.postpone_recall(broadcast.id, due, counts, is_requested=is_requested)


def next_due(broadcast: Broadcast, oldest_sent_at: datetime | None, now: datetime) -> datetime:
    """Return when its recall is due again; `oldest_sent_at`: of the copies that remain, None when there are none."""
    if broadcast.is_recall_wanted:
        return now + SOONEST
    if oldest_sent_at is None:
        return now + min(timedelta(minutes=broadcast.lifetime_minutes), UNKNOWN_FOR)
    return max(oldest_sent_at + timedelta(minutes=broadcast.lifetime_minutes), now + SOONEST)


def create(context: JobContext) -> BroadcastDeleter:
    return BroadcastDeleter(context.telegram_of("broadcast_deleter").user_bot, context.bounds, context.zone)

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
from schedulers.jobs.broadcast_closing import BroadcastCloser, count_recalled, is_settled, is_too_late
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
            await self._settle(broadcast, budget)
        elif report_progress is not None:
            # cut short it stays due, and is the first in the next run
            await report_progress()

    async def _settle(self, broadcast: Broadcast, budget: TimeBudget) -> None:
        """End the recall when no copies remain and none can be added, or set when it is due again."""
        run, now = budget.run, budget.run.now()
        is_last = is_settled(broadcast, now)
        if is_last:
            await broadcast_rows.mark_lost_unknown(broadcast.id, run.owner)
        # what is left when it is too late stays, whatever its row is like
        oldest_sent_at = None if is_too_late(broadcast, now) else await _oldest_left(broadcast.id, now)
        if broadcast.status in UNFINISHED:
            counts = await broadcast_rows.count_states(broadcast.id)
        else:
            counts = (await count_recalled(broadcast, now)).counts
            if oldest_sent_at is None and is_last and RecipientState.SENT in counts:
                # their time is none, or is still to come
                await delete_copies(self._bot, broadcast.id, None, budget)
                counts = (await count_recalled(broadcast, now)).counts
            # a row that changes from sending to sent is seen in one of the two: they are counted in this order
            if oldest_sent_at is None and not {RecipientState.SENDING, RecipientState.SENT} & counts.keys():
                if await broadcast_ops.finish_recall(broadcast.id, counts):
                    log.info("broadcast.recalled", broadcast=broadcast.id, counts=counts)
                return
        due_at = next_due(broadcast, oldest_sent_at, now)
        await broadcast_ops.postpone_recall(broadcast.id, due_at, counts, is_requested=broadcast.is_recall_wanted)


async def _oldest_left(broadcast_id: str, now: datetime) -> datetime | None:
    """Return when the oldest copies were sent that exist, or may exist and can be swept; None when there are none."""
    oldest = (broadcast_rows.oldest_sent_at, broadcast_rows.oldest_to_sweep)
    return min([at for find in oldest if (at := await find(broadcast_id, now)) is not None], default=None)


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

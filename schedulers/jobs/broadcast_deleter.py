"""Takes broadcasts back when their time is up or an admin wants it, and clears their rows away (DESIGN §7.5)."""

from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from core.broadcasts import OVER, UNFINISHED, Broadcast, RecipientState, due_before
from core.jobs import Counts
from database.batches import Bounds
from database.operations import broadcast_ops, broadcast_rows
from schedulers.context import JobContext
from schedulers.jobs.broadcast_closing import Closing, is_settled
from schedulers.jobs.broadcast_recall import RETRY, TimeBudget, take_copies_back
from schedulers.runner import Run

log = structlog.get_logger("tollgate.recall")

#: broadcasts looked at in one run
BROADCASTS_MAX = 20
#: recipients worked on in one run; the rest waits for the next
RUN_MAX = 20_000
#: no recipient is begun after this many seconds of a run, unless the bounds say otherwise
LONGEST_S = 300.0
#: the next look at a broadcast of which something is left comes this much later at the earliest
SOONEST = timedelta(seconds=30)
#: ... and when nothing stands while more may be sent, this much later: what has just been sent may be known late
UNKNOWN_FOR = timedelta(minutes=10)


class BroadcastDeleter:
    """Works expired broadcasts off, oldest first. One process at a time, though two would do no harm."""

    def __init__(self, bot: Bot, bounds: Bounds, zone: ZoneInfo) -> None:
        self._bot = bot
        self._bounds = bounds
        self._closing = Closing(bot, bounds, zone)

    async def __call__(self, run: Run) -> Counts:
        ends_at = run.clock.monotonic() + self._bounds.get("timeout_s", LONGEST_S)
        budget = TimeBudget(run, RUN_MAX, ends_at)
        is_more = await self._recall_all(budget)
        is_more = await self._closing.close_all(budget) or is_more
        return Counts(dict(run.done), more=is_more or run.done[RETRY] > 0)

    async def has_work(self, now: datetime) -> bool:
        """Whether a broadcast is due to be recalled."""
        return await broadcast_ops.is_any_expired(now)

    async def _recall_all(self, budget: TimeBudget) -> bool:
        """Work off what is due; True when something that is due is left."""
        expired = await broadcast_ops.find_expired(budget.run.now(), BROADCASTS_MAX)
        for broadcast in expired:
            await self._recall(broadcast, budget)
            if budget.is_over:
                return True
        return len(expired) == BROADCASTS_MAX

    async def _recall(self, broadcast: Broadcast, budget: TimeBudget) -> None:
        if broadcast.status in OVER:
            await broadcast_ops.mark_recalling(broadcast.id)
        # who sends counts as well
        tell = None if broadcast.status in UNFINISHED else partial(_tell_counts, broadcast)
        await take_copies_back(self._bot, broadcast.id, due_before(broadcast, budget.run.now()), budget, tell)
        if not budget.is_over:
            await self._settle(broadcast, budget.run)
        elif tell is not None:
            # cut short it stays due, and is the first in the next run
            await tell()

    async def _settle(self, broadcast: Broadcast, run: Run) -> None:
        """End the recall when nothing stands and nothing can come, or say when to look again."""
        now = run.now()
        if is_settled(broadcast, now):
            await broadcast_rows.give_up_lost(broadcast.id, run.owner)
        standing = await broadcast_rows.oldest_sent_at(broadcast.id)
        counts = await broadcast_rows.count_states(broadcast.id)
        # a row on its way from sending to sent is seen in one of them: they are counted in this order
        is_empty = RecipientState.SENDING not in counts and RecipientState.SENT not in counts
        if is_empty and broadcast.status not in UNFINISHED:
            if await broadcast_ops.finish_recall(broadcast.id, counts):
                log.info("broadcast.recalled", broadcast=broadcast.id, counts=counts)
            return
        again = next_look(broadcast, standing, now)
        await broadcast_ops.put_off_recall(broadcast.id, again, counts, is_requested=broadcast.is_recall_wanted)


async def _tell_counts(broadcast: Broadcast) -> None:
    """Admins see how far it is; it stays as due as it was."""
    if broadcast.delete_at is not None:
        counts = await broadcast_rows.count_states(broadcast.id)
        due, is_requested = broadcast.delete_at, broadcast.is_recall_wanted
        await broadcast_ops.put_off_recall(broadcast.id, due, counts, is_requested=is_requested)


def next_look(broadcast: Broadcast, standing: datetime | None, now: datetime) -> datetime:
    """When something of it is due again; `standing`: when the oldest copies that still stand were sent."""
    if broadcast.is_recall_wanted:
        return now + SOONEST
    if standing is None:
        return now + min(timedelta(minutes=broadcast.lifetime_minutes), UNKNOWN_FOR)
    return max(standing + timedelta(minutes=broadcast.lifetime_minutes), now + SOONEST)


def create(context: JobContext) -> BroadcastDeleter:
    return BroadcastDeleter(context.telegram_of("broadcast_deleter").user_bot, context.bounds, context.zone)

"""The end of a broadcast's rows: its counts go into the daily ones, and are all that is left of it (DESIGN §7.5)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from core.broadcasts import Broadcast, BroadcastStatus, RecipientState
from core.days import start_of_day
from core.delivery import TELEGRAM_DELETE_LIMIT
from database.batches import Bounds
from database.operations import broadcast_ops, broadcast_rows, statistics_ops
from schedulers.jobs.broadcast_recall import TimeBudget, take_copies_back

log = structlog.get_logger("tollgate.recall")

#: longer than a call can be under way: a minute at the gate, its repeats, ten minutes of writing down what came of it
SETTLED_AFTER = timedelta(minutes=15)
#: broadcasts looked at in one run; more than are sent in two days
BROADCASTS_MAX = 100

#: a recipient's copies reached them, whatever became of them later
_ARRIVED = (RecipientState.SENT, RecipientState.DELETED, RecipientState.KEPT)
#: states counted under their own name
_COUNTED = (
    RecipientState.BLOCKED,
    RecipientState.FAILED,
    RecipientState.UNKNOWN,
    RecipientState.DELETED,
    RecipientState.KEPT,
)


def is_settled(broadcast: Broadcast, now: datetime) -> bool:
    """True when no call of its sending can be under way any more."""
    return broadcast.finished_at is not None and now - broadcast.finished_at >= SETTLED_AFTER


def is_done_with(broadcast: Broadcast, now: datetime) -> bool:
    """True when nobody can want its rows: it was taken back, or it is too old for that by all clocks."""
    if broadcast.status is BroadcastStatus.RECALLED:
        return is_settled(broadcast, now)
    return broadcast.finished_at is not None and now - broadcast.finished_at >= TELEGRAM_DELETE_LIMIT + SETTLED_AFTER


def daily_counters(counts: Mapping[str, int]) -> dict[str, int]:
    """What a broadcast adds to its day: `broadcast_sent` is whom it reached, whether or not it was taken back later."""
    counters = {"broadcast_sent": sum(counts.get(state, 0) for state in _ARRIVED)}
    counters |= {f"broadcast_{state.value}": counts.get(state, 0) for state in _COUNTED}
    return {name: count for name, count in counters.items() if count}


class Closing:
    """Closes broadcasts one after the other. Every step may be repeated: a crash goes on where it was.

    The order: exact counts are fixed on the broadcast; they are added to the day sending ended, once for its id; the
    rows go; the broadcast says that they are gone.
    """

    def __init__(self, bot: Bot, bounds: Bounds, zone: ZoneInfo) -> None:
        self._bot = bot
        self._bounds = bounds
        self._zone = zone

    async def close_all(self, budget: TimeBudget) -> bool:
        """Close what can be closed, as far as the shift allows; True when something is left that could be."""
        now = budget.run.now()
        for broadcast in await broadcast_ops.find_with_removable_rows(now - SETTLED_AFTER, BROADCASTS_MAX):
            if not is_done_with(broadcast, now):
                if broadcast.status is BroadcastStatus.CANCELLED and not budget.is_over:
                    await self._give_up_lost(broadcast, budget)
                continue
            if budget.is_over or not await self._close(broadcast, budget):
                return True
        return False

    async def _give_up_lost(self, broadcast: Broadcast, budget: TimeBudget) -> None:
        """Who was on the way when its process died: one that was cancelled is not begun anew, which would tell."""
        if await broadcast_rows.mark_lost_unknown(broadcast.id, budget.run.owner):
            await broadcast_ops.record_counts(broadcast.id, await broadcast_rows.count_states(broadcast.id))

    async def _close(self, broadcast: Broadcast, budget: TimeBudget) -> bool:
        """False when the shift ended before it was done, or copies are there that could not be taken back now."""
        counts = broadcast.counts if broadcast.are_counts_final else await self._fix_counts(broadcast, budget)
        if counts is None or broadcast.finished_at is None:
            return False
        day = start_of_day(broadcast.finished_at, self._zone)
        await statistics_ops.add_once(day, f"broadcast {broadcast.id}", daily_counters(counts))
        left_s = max(budget.seconds_left, 0)
        bounds: Bounds = {**self._bounds, "timeout_s": left_s, "goes_on": lambda: not budget.run.should_stop}
        removed = await broadcast_rows.remove_rows(broadcast.id, bounds)
        budget.run.done["rows_removed"] += removed.count
        if removed.more:
            return False
        await broadcast_ops.mark_rows_removed(broadcast.id, counts)
        log.info("broadcast.closed", broadcast=broadcast.id, counts=counts)
        return True

    async def _fix_counts(self, broadcast: Broadcast, budget: TimeBudget) -> dict[str, int] | None:
        """The exact counts, fixed; None when something that should be taken back still stands."""
        is_recalled = broadcast.status is BroadcastStatus.RECALLED
        if is_recalled:
            # a process that was given up for dead may have written down later what it sent
            await take_copies_back(self._bot, broadcast.id, budget.run.now(), budget)
        await broadcast_rows.mark_lost_unknown(broadcast.id, budget.run.owner)
        counts = await broadcast_rows.count_states(broadcast.id)
        if is_recalled and RecipientState.SENT in counts:
            return None
        await broadcast_ops.finalize_counts(broadcast.id, counts)
        return counts

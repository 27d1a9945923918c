"""Deleting the rows of broadcasts that are over, after adding their counts to the daily statistics (DESIGN §7.5)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from core.broadcasts import ARRIVED, Broadcast, BroadcastStatus, RecipientState
from core.days import start_of_day
from core.delivery import TELEGRAM_DELETE_LIMIT
from database.batches import Bounds
from database.operations import broadcast_ops, broadcast_rows, statistics_ops
from schedulers.jobs.broadcast_recall import TimeBudget, delete_copies

log = structlog.get_logger("tollgate.recall")

#: longer than a call can be in flight: a minute in the limiter, its retries, ten minutes of retrying to write its row
SETTLED_AFTER = timedelta(minutes=15)
#: broadcasts read in one run; more than are sent in two days
BROADCASTS_MAX = 100

#: states counted under their own name
_COUNTED = (
    RecipientState.BLOCKED,
    RecipientState.FAILED,
    RecipientState.UNKNOWN,
    RecipientState.SWEPT,
    RecipientState.DELETED,
    RecipientState.KEPT,
)


def is_settled(broadcast: Broadcast, now: datetime) -> bool:
    """True when none of its calls can be in flight any more."""
    return broadcast.finished_at is not None and now - broadcast.finished_at >= SETTLED_AFTER


def are_rows_useless(broadcast: Broadcast, now: datetime) -> bool:
    """True when its rows are of no use any more: it was recalled, or Telegram deletes none of its copies any more."""
    return is_settled(broadcast, now) if broadcast.status is BroadcastStatus.RECALLED else is_too_late(broadcast, now)


def is_too_late(broadcast: Broadcast, now: datetime) -> bool:
    """True when Telegram deletes none of its copies any more."""
    return broadcast.finished_at is not None and now - broadcast.finished_at >= TELEGRAM_DELETE_LIMIT + SETTLED_AFTER


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the recall of an ended broadcast has come to."""

    #: recipients by state; `sent` are those whose copies are still to be deleted
    counts: dict[str, int]
    #: rows that cannot be read. A newer version may read them, or somebody repairs them
    unreadable: int


async def count_recalled(broadcast: Broadcast, now: datetime) -> Recalled:
    """Count the recipients of a broadcast that has ended.

    Those whose row is set aside count as kept, since their copies stay, and rows of no known state as unknown. When it
    is too late to delete, all copies are kept.
    """
    counts = Counter(await broadcast_rows.count_states(broadcast.id))
    strange = await broadcast_rows.count_of_unknown_state(broadcast.id)
    aside = await broadcast_rows.count_set_aside(broadcast.id, RecipientState.SENT, now)
    unswept = await broadcast_rows.count_set_aside(broadcast.id, RecipientState.UNKNOWN, now)
    sent = counts[RecipientState.SENT]
    kept = sent if is_too_late(broadcast, now) else min(aside, sent)
    counts[RecipientState.SENT.value] -= kept
    counts[RecipientState.KEPT.value] += kept
    counts[RecipientState.UNKNOWN.value] += strange
    return Recalled({state: count for state, count in counts.items() if count}, strange + aside + unswept)


def daily_counters(counts: Mapping[str, int]) -> dict[str, int]:
    """Return what a broadcast adds to its day. `broadcast_sent` includes recipients whose copies were deleted later."""
    counters = {"broadcast_sent": sum(counts.get(state, 0) for state in ARRIVED)}
    counters |= {f"broadcast_{state.value}": counts.get(state, 0) for state in _COUNTED}
    return {name: count for name, count in counters.items() if count}


class BroadcastCloser:
    """Closes broadcasts one after the other. One with rows that cannot be read waits while they could be of use.

    Every step is idempotent: after a crash the next run continues.

    The order: exact counts are fixed on the broadcast; they are added to the day sending ended, once per broadcast;
    the rows are deleted; the broadcast is marked as having none.
    """

    def __init__(self, bot: Bot, bounds: Bounds, zone: ZoneInfo) -> None:
        self._bot = bot
        self._bounds = bounds
        self._zone = zone

    async def close_all(self, budget: TimeBudget) -> bool:
        """Close what can be closed within the budget; True when more remains."""
        now = budget.run.now()
        for broadcast in await broadcast_ops.find_with_removable_rows(now - SETTLED_AFTER, BROADCASTS_MAX):
            if not are_rows_useless(broadcast, now):
                if broadcast.status is BroadcastStatus.CANCELLED and not budget.is_over:
                    await self._give_up_lost(broadcast, budget)
                continue
            if budget.is_over or not await self._close(broadcast, budget):
                return True
        return False

    async def _give_up_lost(self, broadcast: Broadcast, budget: TimeBudget) -> None:
        """Call recipients unknown whose process died during their call: no later run of a cancelled broadcast does."""
        if await broadcast_rows.mark_lost_unknown(broadcast.id, budget.run.owner):
            await broadcast_ops.record_counts(broadcast.id, await broadcast_rows.count_states(broadcast.id))

    async def _close(self, broadcast: Broadcast, budget: TimeBudget) -> bool:
        """Close it, unless copies could not be deleted now; False when the budget ended before."""
        counts = broadcast.counts if broadcast.are_counts_final else await self._fix_counts(broadcast, budget)
        if counts is None or broadcast.finished_at is None:
            return not budget.is_over
        day = start_of_day(broadcast.finished_at, self._zone)
        await statistics_ops.add_once(day, f"broadcast {broadcast.id}", daily_counters(counts))
        run, left_s = budget.run, max(budget.seconds_left, 0)
        bounds: Bounds = {
            **self._bounds, "clock": run.clock, "timeout_s": left_s, "goes_on": lambda: not run.should_stop
        }  # fmt: skip
        removed = await broadcast_rows.remove_rows(broadcast.id, bounds)
        run.done["rows_removed"] += removed.count
        if removed.more:
            return False
        await broadcast_ops.mark_rows_removed(broadcast.id, counts)
        log.info("broadcast.closed", broadcast=broadcast.id, counts=counts)
        return True

    async def _fix_counts(self, broadcast: Broadcast, budget: TimeBudget) -> dict[str, int] | None:
        """Fix the exact counts and return them; None when copies remain that should be deleted, or could be later."""
        await broadcast_rows.mark_lost_unknown(broadcast.id, budget.run.owner)
        now = budget.run.now()
        if broadcast.status is not BroadcastStatus.RECALLED:
            counts = await broadcast_rows.count_states(broadcast.id)
        else:
            # a process whose lease expired may have written later what it sent
            await delete_copies(self._bot, broadcast.id, None, budget)
            recalled = await count_recalled(broadcast, now)
            if not is_too_late(broadcast, now) and await _has_copies(broadcast, recalled, now):
                return None
            counts = recalled.counts
        await broadcast_ops.finalize_counts(broadcast.id, counts)
        return counts


async def _has_copies(broadcast: Broadcast, recalled: Recalled, now: datetime) -> bool:
    """Whether there are copies that can be deleted, or could be once their rows can be read."""
    if recalled.unreadable or RecipientState.SENT in recalled.counts:
        return True
    return await broadcast_rows.oldest_to_sweep(broadcast.id, now) is not None

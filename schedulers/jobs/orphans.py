"""Promises nobody keeps, rows without a broadcast, memberships of removed channels: steps of the housekeeping."""

from collections.abc import Collection
from datetime import datetime, timedelta

import structlog

from core.delivery import is_too_old
from database.operations import broadcast_rows, orphan_ops
from schedulers.jobs.bulk_deletes import Sweep, note

log = structlog.get_logger("tollgate.housekeeping")

#: a promise so long overdue has met its deleter several times, if it has one
STUCK_AFTER = timedelta(hours=1)
#: ... and this long overdue it has none: its bot is not ours any more, or has not run for a day
FORSAKEN_AFTER = timedelta(days=1)
#: how long a promise is held from the deleters while it is ended
HOLD_FOR = timedelta(minutes=2)
#: promises looked at together, and those that stay for which a run looks further
BATCH, STAYING_MAX = 200, 1_000


async def end_stuck_promises(sweep: Sweep) -> bool:
    """End promises that cannot be kept, as the deleter would: noted as impossible, then removed. True: more remains.

    Whose reader's account is gone, and what is too old for Telegram and has found no deleter for a day. All others are
    the deleter's.
    """
    staying: list[str] = []
    while len(staying) < STAYING_MAX:
        if sweep.is_over:
            return True
        due_before = sweep.now - STUCK_AFTER
        stuck = await orphan_ops.find_overdue_promises(due_before, sweep.now, BATCH, without=staying)
        gone = await orphan_ops.find_deactivated([promise.user_id for promise in stuck])
        reasons = {promise.id: reason for promise in stuck if (reason := why_impossible(promise, gone, sweep.now))}
        if reasons:
            ended = await orphan_ops.give_up_promises(reasons, sweep.run.owner, sweep.now, HOLD_FOR)
            note(sweep.run, ended, "promises")
            log.warning("housekeeping.promises_ended", count=ended)
        if len(stuck) < BATCH:
            return False
        # those that were to end are gone, or held
        staying += [promise.id for promise in stuck if promise.id not in reasons]
        await sweep.pause()
    return True


def why_impossible(promise: orphan_ops.OverduePromise, gone: Collection[int], now: datetime) -> str | None:
    """Why an overdue promise cannot be kept, in the deleter's words; None: it may be. `gone`: users whose account is.

    Limits: 48 hours after sending (Telegram), and a day after it was due.
    """
    if promise.user_id in gone:
        return "reader_gone"
    is_forsaken = now - promise.delete_at >= FORSAKEN_AFTER
    return "too_old" if is_forsaken and is_too_old(promise.sent_at, now) else None


async def remove_rows_of_nothing(sweep: Sweep) -> bool:
    """Remove recipients' rows of broadcasts that are not there. True: more remains."""
    broadcast_id = await orphan_ops.next_broadcast_with_rows(None)
    while broadcast_id is not None:
        if sweep.is_over:
            return True
        if not await orphan_ops.has_broadcast(broadcast_id):
            removed = await broadcast_rows.remove_rows(broadcast_id, sweep.within("recipients"))
            if removed.more:
                return True
        broadcast_id = await orphan_ops.next_broadcast_with_rows(broadcast_id)
    return False


async def forget_removed_channels(sweep: Sweep) -> bool:
    """Forget what was heard, before this run, of people in channels nobody must join any more. True: more remains."""
    chat_id = await orphan_ops.next_channel_with_memberships(None)
    while chat_id is not None:
        if sweep.is_over:
            return True
        if not await orphan_ops.has_channel(chat_id):
            forgotten = await orphan_ops.delete_memberships_before(chat_id, sweep.now, **sweep.within("memberships"))
            if forgotten.more:
                return True
        chat_id = await orphan_ops.next_channel_with_memberships(chat_id)
    return False

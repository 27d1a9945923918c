"""Steps of the housekeeping: stuck promises, rows without a broadcast, memberships of removed channels."""

from collections.abc import Collection
from datetime import datetime, timedelta

import structlog

from core.delivery import is_too_old
from database.operations import broadcast_rows, orphan_ops
from schedulers.jobs.bulk_deletes import HousekeepingRun, count_deleted

log = structlog.get_logger("tollgate.housekeeping")

#: a promise overdue for this long has been tried several times by its deleter, if it has one
STUCK_AFTER = timedelta(hours=1)
#: a promise overdue for this long has no deleter: its bot was replaced, or has not run for a day
NO_DELETER_AFTER = timedelta(days=1)
#: how long a promise is claimed, so that no deleter takes it while it is ended
CLAIM_FOR = timedelta(minutes=2)
#: promises read at once; promises that must stay, after which a run ends
BATCH, KEPT_MAX = 200, 1_000


async def end_stuck_promises(this_run: HousekeepingRun) -> bool:
    """Record as impossible, then delete, promises that cannot be kept; True when more remains.

    Those are promises to deleted accounts, and promises that are too old for Telegram and had no deleter for a day. All
    others are left to the deleter.
    """
    kept: list[str] = []
    while len(kept) < KEPT_MAX:
        if this_run.is_over:
            return True
        due_before = this_run.now - STUCK_AFTER
        stuck = await orphan_ops.find_overdue_promises(due_before, this_run.now, BATCH, without=kept)
        deactivated = await orphan_ops.find_deactivated([promise.user_id for promise in stuck])
        reasons = {
            promise.id: reason for promise in stuck if (reason := why_impossible(promise, deactivated, this_run.now))
        }
        if reasons:
            ended = await orphan_ops.give_up_promises(reasons, due_before, this_run.run.owner, this_run.now, CLAIM_FOR)
            count_deleted(this_run.run, ended, "promises")
            log.warning("housekeeping.promises_ended", count=ended)
        if len(stuck) < BATCH:
            return False
        # those with a reason are deleted by now, or claimed by a deleter
        kept += [promise.id for promise in stuck if promise.id not in reasons]
        await this_run.pause()
    return True


def why_impossible(promise: orphan_ops.OverduePromise, deactivated: Collection[int], now: datetime) -> str | None:
    """Return why an overdue promise cannot be kept, as the deleter names it; None: it may be kept.

    `deactivated`: ids of users whose account is deleted. Limits: 48 hours after sending (Telegram), and a day after it
    was due.
    """
    if promise.user_id in deactivated:
        return "reader_gone"
    has_no_deleter = now - promise.delete_at >= NO_DELETER_AFTER
    return "too_old" if has_no_deleter and is_too_old(promise.sent_at, now) else None


async def delete_rows_without_broadcast(this_run: HousekeepingRun) -> bool:
    """Delete recipients' rows of broadcasts that do not exist; True when more remains."""
    broadcast_id = await orphan_ops.next_broadcast_with_rows(None)
    while broadcast_id is not None:
        if this_run.is_over:
            return True
        if not await orphan_ops.has_broadcast(broadcast_id):
            removed = await broadcast_rows.remove_rows(broadcast_id, this_run.within("recipients"))
            if removed.more:
                return True
        broadcast_id = await orphan_ops.next_broadcast_with_rows(broadcast_id)
    return False


async def delete_removed_memberships(this_run: HousekeepingRun) -> bool:
    """Delete memberships, last seen before this run, of channels that were removed; True when more remains."""
    chat_id = await orphan_ops.next_channel_with_memberships(None)
    while chat_id is not None:
        if this_run.is_over:
            return True
        if not await orphan_ops.has_channel(chat_id):
            forgotten = await orphan_ops.delete_memberships_before(
                chat_id, this_run.now, **this_run.within("memberships")
            )
            if forgotten.more:
                return True
        chat_id = await orphan_ops.next_channel_with_memberships(chat_id)
    return False

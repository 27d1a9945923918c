"""Deletion of subscribers unseen for long who hold nothing: the last step of the housekeeping, off by default."""

from datetime import timedelta

from database.operations import inactive_user_ops
from schedulers.jobs.bulk_deletes import HousekeepingRun, count_deleted

#: users read at once; users that may not be deleted, after which a run ends
BATCH, KEPT_MAX = 100, 1_000


async def delete_inactive_users(this_run: HousekeepingRun) -> bool:
    """Delete users unseen for `inactive_user_days` who never verified and hold nothing; True when more remains.

    One by one, and only if all of this still holds at the delete: a user who comes back meanwhile is kept.
    """
    if this_run.settings.inactive_user_days is None:
        return False
    unseen_since = this_run.now - timedelta(days=this_run.settings.inactive_user_days)
    kept: list[int] = []
    while len(kept) < KEPT_MAX:
        if this_run.is_over:
            return True
        found = await inactive_user_ops.find_inactive(unseen_since, this_run.now, BATCH, without=kept)
        for user_id in found:
            if this_run.is_over:
                return True
            if await inactive_user_ops.has_delivery_or_token(user_id):
                kept.append(user_id)
            elif await inactive_user_ops.delete_inactive(user_id, unseen_since, this_run.now):
                count_deleted(this_run.run, 1, "users")
        if len(found) < BATCH:
            return False
        await this_run.pause()
    return True

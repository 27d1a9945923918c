"""Deletion of subscribers unseen for long who hold nothing: the last step of the housekeeping."""

from datetime import timedelta

from database.operations import inactive_user_ops
from database.operations.walks import Place
from schedulers.jobs.bulk_deletes import HousekeepingRun, count_deleted

#: users read at once
BATCH = 100


async def delete_inactive_users(this_run: HousekeepingRun) -> bool:
    """Delete users unseen for `inactive_user_days` who hold nothing they earned; True when more remains.

    One walk along `last_seen_at`, however many are kept. One by one, and only if all of this still holds at the delete:
    a user who comes back meanwhile is kept.
    """
    if this_run.settings.inactive_user_days is None:
        return False
    unseen_since = this_run.now - timedelta(days=this_run.settings.inactive_user_days)
    place: Place | None = None
    while not this_run.is_over:
        found, place = await inactive_user_ops.find_inactive(unseen_since, this_run.now, BATCH, place)
        for user_id in found:
            if this_run.is_over:
                return True
            if await inactive_user_ops.has_delivery_or_token(user_id, this_run.now):
                continue
            if await inactive_user_ops.delete_inactive(user_id, unseen_since, this_run.now):
                count_deleted(this_run.run, 1, "users")
        if place is None:
            return False
        await this_run.pause()
    return True

"""People who came once, long ago, and hold nothing: the last step of the housekeeping, off by default."""

from datetime import timedelta

from database.operations import inactive_user_ops
from schedulers.jobs.bulk_deletes import Sweep, note

#: people looked at together, and those who stay for which a run looks further
BATCH, STAYING_MAX = 100, 1_000


async def forget_inactive(sweep: Sweep) -> bool:
    """Forget people unseen for `inactive_user_days` who never verified and hold nothing, one by one.

    True: more remains. Whoever comes back between the look and the delete is kept: the delete asks all of it again.
    """
    if sweep.settings.inactive_user_days is None:
        return False
    unseen_since = sweep.now - timedelta(days=sweep.settings.inactive_user_days)
    staying: list[int] = []
    while len(staying) < STAYING_MAX:
        if sweep.is_over:
            return True
        found = await inactive_user_ops.find_inactive(unseen_since, sweep.now, BATCH, without=staying)
        for user_id in found:
            if sweep.is_over:
                return True
            if await inactive_user_ops.has_delivery_or_token(user_id):
                staying.append(user_id)
            elif await inactive_user_ops.delete_inactive(user_id, unseen_since, sweep.now):
                note(sweep.run, 1, "users")
        if len(found) < BATCH:
            return False
        await sweep.pause()
    return True

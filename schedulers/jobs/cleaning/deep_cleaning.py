"""The weekly clean-up: everything that is cleaned up, with an hour instead of minutes, and tokens of deleted users.

A house that was off for weeks, or had the clean-up switched off, has more to delete than the nightly bounds allow.
"""

from collections.abc import Sequence
from datetime import timedelta

from core.days import start_of_day
from database.operations import orphan_ops, session_ops, token_counts, token_ops
from database.operations.team import open_session_ops
from database.operations.walks import Place
from schedulers.context import JobContext
from schedulers.jobs.bulk_deletes import HousekeepingRun, count_deleted
from schedulers.jobs.housekeeping import STEPS, Housekeeping, Step

#: no batch starts after this many seconds
LONGEST_S = 3600.0
#: younger tokens may be of somebody who is just being stored
OLD = timedelta(days=7)
#: tokens read at once
PAGE = 500


async def _tokens(this_run: HousekeepingRun) -> bool:
    bounds = this_run.within("tokens")
    return (await token_ops.delete_expired_and_used_tokens(this_run.now, **bounds)).more


async def _sessions(this_run: HousekeepingRun) -> bool:
    bounds = this_run.within("sessions")
    refused = await session_ops.delete_expired_sessions(this_run.now, **bounds)
    return (await open_session_ops.delete_ended(this_run.now, **bounds)).more or refused.more


async def _token_counts(this_run: HousekeepingRun) -> bool:
    today = start_of_day(this_run.now, this_run.zone)
    return (await token_counts.reset_token_counts(today, **this_run.within("token_counts"))).more


async def delete_tokens_without_user(this_run: HousekeepingRun) -> bool:
    """Delete expired unused tokens of users that do not exist; True when more remains."""
    place: Place | None = None
    while not this_run.is_over:
        found, place = await orphan_ops.find_unused_tokens(this_run.now - OLD, this_run.now, PAGE, place)
        known = await orphan_ops.find_known_users([*found.values()])
        orphans = [token_id for token_id, user_id in found.items() if user_id not in known]
        if orphans:
            deleted = await orphan_ops.delete_unused_tokens(orphans, this_run.now)
            count_deleted(this_run.run, deleted, "tokens_without_user")
        if place is None:
            return False
        await this_run.pause()
    return True


DEEP_STEPS: Sequence[tuple[str, Step]] = (
    ("tokens", _tokens),
    ("token counts", _token_counts),
    ("sessions", _sessions),
    *STEPS,
    # behind the users: those deleted a moment ago have none left, either
    ("tokens without a user", delete_tokens_without_user),
)


def create(context: JobContext) -> Housekeeping:
    return Housekeeping(context.bounds, context.zone, DEEP_STEPS, LONGEST_S)

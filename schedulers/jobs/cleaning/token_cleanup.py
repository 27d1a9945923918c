"""Deletion of expired used tokens, and of unused tokens older than the owner allows."""

from datetime import timedelta

from core.jobs import Counts
from database.batches import Bounds
from database.operations import settings_ops, token_ops
from schedulers.context import JobContext
from schedulers.jobs.bulk_deletes import within
from schedulers.runner import Run


class TokenCleanup:
    """Deletes in batches, oldest first, within the bounds."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds

    async def __call__(self, run: Run) -> Counts:
        now = run.now()
        # counts are named also when there was nothing to delete
        run.done.update(deleted=0)
        used = within(run, self._bounds, "deleted", "tokens")
        more = (await token_ops.delete_expired_and_used_tokens(now, **used)).more
        settings = await settings_ops.current(now)
        if settings.keep_unused_tokens_days is not None:
            run.done.update(unused_deleted=0)
            cutoff = now - timedelta(days=settings.keep_unused_tokens_days)
            unused = within(run, self._bounds, "unused_deleted", "unused_tokens")
            more = (await token_ops.delete_unused_older_than(cutoff, now, **unused)).more or more
        return Counts(dict(run.done), more)


def create(context: JobContext) -> TokenCleanup:
    return TokenCleanup(context.bounds)

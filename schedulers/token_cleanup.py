"""Verification tokens that are expired and used, and unused ones past the time the owner set."""

from datetime import timedelta

from core.jobs import Counts
from database.batches import Bounds
from database.operations import settings_ops, token_ops
from monitoring import metrics
from schedulers.runner import Run


class TokenCleanup:
    """Deletes in batches, oldest first, within the bounds."""

    name = "token_cleanup"

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds

    async def __call__(self, run: Run) -> Counts:
        now = run.now()
        used = await token_ops.delete_expired_and_used_tokens(now, **self._bounds)
        metrics.CLEANUP_DELETED.labels(kind="tokens").inc(used.count)
        settings = await settings_ops.current(now)
        if settings.keep_unused_tokens_days is None:
            return Counts({"deleted": used.count}, used.more)
        cutoff = now - timedelta(days=settings.keep_unused_tokens_days)
        unused = await token_ops.delete_unused_older_than(cutoff, now, **self._bounds)
        metrics.CLEANUP_DELETED.labels(kind="unused_tokens").inc(unused.count)
        return Counts({"deleted": used.count, "unused_deleted": unused.count}, used.more or unused.more)

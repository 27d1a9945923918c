"""Deletion of expired sessions of the admin page that were signed out."""

from core.jobs import Counts
from database.batches import Bounds
from database.operations import session_ops
from schedulers.context import JobContext
from schedulers.jobs.bulk_deletes import within
from schedulers.runner import Run


class SessionCleanup:
    """Deletes in batches, oldest first, within the bounds."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds

    async def __call__(self, run: Run) -> Counts:
        run.done.update(deleted=0)
        bounds = within(run, self._bounds, "deleted", "sessions")
        deleted = await session_ops.delete_expired_sessions(run.now(), **bounds)
        return Counts(dict(run.done), deleted.more)


def create(context: JobContext) -> SessionCleanup:
    return SessionCleanup(context.bounds)

"""Deletion of sessions of the admin page that are over, and of what was stored to refuse them."""

from core.jobs import Counts
from database.batches import Bounds
from database.operations import session_ops
from database.operations.team import open_session_ops
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
        refused = await session_ops.delete_expired_sessions(run.now(), **bounds)
        ended = await open_session_ops.delete_ended(run.now(), **bounds)
        return Counts(dict(run.done), refused.more or ended.more)


def create(context: JobContext) -> SessionCleanup:
    return SessionCleanup(context.bounds)

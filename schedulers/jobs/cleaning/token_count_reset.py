"""Deletion of the token counts of past days."""

from zoneinfo import ZoneInfo

from core.days import start_of_day
from core.jobs import Counts
from database.batches import Bounds
from database.operations import token_counts
from schedulers.context import JobContext
from schedulers.jobs.bulk_deletes import within
from schedulers.runner import Run


class TokenCountReset:
    """Deletes the counts of every day before today in `zone`."""

    def __init__(self, bounds: Bounds, zone: ZoneInfo) -> None:
        self._bounds = bounds
        self._zone = zone

    async def __call__(self, run: Run) -> Counts:
        today = start_of_day(run.now(), self._zone)
        run.done.update(deleted=0)
        bounds = within(run, self._bounds, "deleted", "token_counts")
        deleted = await token_counts.reset_token_counts(today, **bounds)
        return Counts(dict(run.done), deleted.more)


def create(context: JobContext) -> TokenCountReset:
    return TokenCountReset(context.bounds, context.zone)

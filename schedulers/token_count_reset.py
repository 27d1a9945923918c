"""Daily token counts of days gone by."""

from zoneinfo import ZoneInfo

from core.days import start_of_day
from core.jobs import Counts
from database.batches import Bounds
from database.operations import token_ops
from monitoring import metrics
from schedulers.runner import Run


class TokenCountReset:
    """Deletes the counts of every day before today in `zone`."""

    name = "token_count_reset"

    def __init__(self, bounds: Bounds, zone: ZoneInfo) -> None:
        self._bounds = bounds
        self._zone = zone

    async def __call__(self, run: Run) -> Counts:
        today = start_of_day(run.now(), self._zone)
        deleted = await token_ops.reset_token_counts(today, **self._bounds)
        metrics.CLEANUP_DELETED.labels(kind="token_counts").inc(deleted.count)
        return Counts({"deleted": deleted.count}, deleted.more)

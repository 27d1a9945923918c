"""Bulk deletes of a run: they end when the run does, and every batch is counted as soon as it is deleted."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.settings import BotSettings
from database.batches import Bounds
from monitoring import metrics
from schedulers.runner import Run


def within(run: Run, bounds: Bounds, name: str, kind: str = "") -> Bounds:
    """Return `bounds` for a delete of `run`, counted as `name` in its report, in metrics as `kind` (empty: `name`)."""

    def noted(count: int) -> None:
        count_deleted(run, count, name, kind)

    return {**bounds, "clock": run.clock, "goes_on": lambda: not run.should_stop, "noted": noted}


def count_deleted(run: Run, count: int, name: str, kind: str = "") -> None:
    """Count deleted documents in the run's report, which keeps them also when the run fails, and in the metrics."""
    run.done[name] += count
    metrics.CLEANUP_DELETED.labels(kind=kind or name).inc(count)


@dataclass(frozen=True, slots=True)
class HousekeepingRun:
    """One run of the housekeeping: its settings and limits."""

    run: Run
    settings: BotSettings
    now: datetime
    zone: ZoneInfo
    #: start of the oldest day of history that is kept
    before: datetime
    bounds: Bounds
    #: by the run's monotonic clock, in seconds
    ends_at: float

    @property
    def seconds_left(self) -> float:
        return self.ends_at - self.run.clock.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether no further batch may be started."""
        return self.run.should_stop or self.seconds_left <= 0

    def within(self, name: str) -> Bounds:
        """Return the bounds of a delete that is counted as `name` and ends with the run's time."""
        return {**within(self.run, self.bounds, name), "timeout_s": max(self.seconds_left, 0)}

    async def pause(self) -> None:
        """Pause between two batches, so that other clients of the database have their turn."""
        await self.run.clock.sleep(self.bounds.get("pause_ms", 50) / 1000)

"""Bulk deletes of a run: they end when the run does, and every batch is counted as soon as it is gone."""

from dataclasses import dataclass
from datetime import datetime

from core.settings import BotSettings
from database.batches import Bounds
from monitoring import metrics
from schedulers.runner import Run


def within(run: Run, bounds: Bounds, name: str, kind: str = "") -> Bounds:
    """`bounds` for a delete of `run`, counted as `name` in its report, in the metrics as `kind` (empty: the same)."""

    def noted(count: int) -> None:
        note(run, count, name, kind)

    return {**bounds, "clock": run.clock, "goes_on": lambda: not run.should_stop, "noted": noted}


def note(run: Run, count: int, name: str, kind: str = "") -> None:
    """So many documents are gone: for the report, also when the run does not end well, and for the metrics."""
    run.done[name] += count
    metrics.CLEANUP_DELETED.labels(kind=kind or name).inc(count)


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one run of the housekeeping goes by."""

    run: Run
    settings: BotSettings
    now: datetime
    #: midnight that began the oldest day of history that is kept
    before: datetime
    bounds: Bounds
    #: seconds of the run's monotonic clock
    ends_at: float

    @property
    def seconds_left(self) -> float:
        return self.ends_at - self.run.clock.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether nothing new may be begun."""
        return self.run.should_stop or self.seconds_left <= 0

    def within(self, name: str) -> Bounds:
        """Bounds of a delete that is counted as `name`: what is left of the run's time."""
        return {**within(self.run, self.bounds, name), "timeout_s": max(self.seconds_left, 0)}

    async def pause(self) -> None:
        """Let others have their turn."""
        await self.run.clock.sleep(self.bounds.get("pause_ms", 50) / 1000)

"""Arithmetic of the figures: percentiles, medians, differences."""

import math
import statistics
from collections.abc import Mapping, Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of `values` that at least `percent` of them do not exceed (nearest rank); NaN of none."""
    if not 0 < percent <= 100:
        raise ValueError("a percentile is above 0 and at most 100")
    if not values:
        return math.nan
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[rank - 1]


def median(values: Sequence[float]) -> float:
    """The middle of `values`; NaN when there are none."""
    return statistics.median(values) if values else math.nan


def ratio(part: float, whole: float) -> float:
    """`part / whole`; NaN when there is no whole."""
    return part / whole if whole else math.nan


def grown(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """By how much each count grew; what did not grow is left out."""
    counts = {name: count - before.get(name, 0) for name, count in after.items()}
    return {name: count for name, count in sorted(counts.items()) if count}


def with_ticks(runs_s: Sequence[float], tick_s: float = 60.0) -> float:
    """Seconds until the last of the runs ends. The first begins at a tick, each other at the next one.

    A tick that comes during a run is followed right after it (schedulers/scheduler.py).
    """
    begins = ends = 0.0
    for number, run_s in enumerate(runs_s):
        if number:
            begins = max(ends, (begins // tick_s + 1) * tick_s)
        ends = begins + run_s
    return ends


def known(value: float) -> float | None:
    """`value` for JSON, which has no NaN."""
    return None if math.isnan(value) else value

"""Arithmetic of the figures: percentiles, medians, ratios. NaN where there is no value."""

import math
import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest of `values` that at least `percent` of them do not exceed (nearest rank); NaN of none."""
    if not 0 < percent <= 100:
        raise ValueError("a percentile is above 0 and at most 100")
    if not values:
        return math.nan
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[rank - 1]


def median(values: Sequence[float]) -> float:
    """Return the median of `values`; NaN of none."""
    return statistics.median(values) if values else math.nan


def ratio(part: float, whole: float) -> float:
    """Return `part / whole`; NaN when `whole` is 0."""
    return part / whole if whole else math.nan

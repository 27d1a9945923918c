"""Statistics: what is counted, when, and what is shown of it. Definitions: docs/decisions/0035-statistics.md."""

from core.statistics.counts import ACTIVE, Count, DayStats, SourceDay, TopPost

__all__ = ["ACTIVE", "Count", "DayStats", "SourceDay", "TopPost"]

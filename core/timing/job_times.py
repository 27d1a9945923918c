"""What the configuration says of the times of jobs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from core.timing.cron import CronLine

#: TOKEN_CLEANUP_HOUR unless the configuration says otherwise
CLEANUP_HOURS = (0, 12)
#: bounds of an interval: a tick is a full minute, and one a day is a time of day
INTERVAL_MIN, INTERVAL_MAX = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class JobTimes:
    """When jobs run, as configured; of all others the table of jobs says it."""

    #: hours of the day at which tokens are cleaned up
    cleanup_hours: tuple[int, ...] = CLEANUP_HOURS
    #: tokens are cleaned up at every full interval as well; None: they are not
    token_interval: timedelta | None = None
    #: sessions are cleaned up at every full interval
    session_interval: timedelta = timedelta(hours=1)
    #: False: no job that only cleans up runs by itself
    is_cleanup_enabled: bool = True
    #: lines that replace the times of a job, by its name
    lines: Mapping[str, CronLine] = field(default_factory=dict)
    #: names of jobs that do not run by themselves
    off: frozenset[str] = frozenset()

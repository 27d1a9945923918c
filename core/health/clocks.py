"""How far apart the clocks of a machine and of the database may be."""

import math
from datetime import datetime, timedelta

#: beyond it the owners are told, and no job begins: a third of a job's lease (schedulers/leases.py, TTL), within which
#: an owner renews it. With clocks further apart another process could take a lease its owner still counts on
APART_MAX = timedelta(seconds=10)
#: by as much a clock moves against the seconds that pass only when it is set, or when the machine is suspended
JUMP_MIN = timedelta(seconds=5)
#: seconds after a jump in which no job begins: by then all owners on this machine have renewed their leases
SETTLES_WITHIN_S = 30.0


def is_too_far(ahead: timedelta) -> bool:
    """Whether a difference in either direction is too large."""
    return abs(ahead) > APART_MAX


class JumpWatch:
    """Notices that a machine's clock was set, or that the machine was suspended."""

    def __init__(self) -> None:
        #: the clock's time at second 0
        self._origin: datetime | None = None
        self._jumped_s = -math.inf

    def look(self, now: datetime, monotonic_s: float) -> bool:
        """Note what clock and seconds are now; return whether the clock jumped since the last look."""
        before, self._origin = self._origin, now - timedelta(seconds=monotonic_s)
        has_jumped = before is not None and abs(self._origin - before) >= JUMP_MIN
        if has_jumped:
            self._jumped_s = monotonic_s
        return has_jumped

    def is_settling(self, monotonic_s: float) -> bool:
        """Whether a jump was noticed less than SETTLES_WITHIN_S ago."""
        return monotonic_s - self._jumped_s < SETTLES_WITHIN_S


def difference_in_words(ahead: timedelta) -> str:
    """Say how the machine's clock differs; `ahead`: of the database."""
    seconds = abs(ahead).total_seconds()
    return f"this machine's clock is {seconds:.0f} s {'behind' if ahead > timedelta() else 'ahead of'} the database's"

"""How many calls a limit lets through: a sliding window, and a bucket."""

import math
from collections import deque


class Window:
    """A sliding window: at most `limit` items in any `seconds`. A call with more items counts as the whole window."""

    __slots__ = ("_log", "_seconds", "_used")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._log: deque[tuple[float, int]] = deque()
        self._used = 0

    def free_at(self, now: float, items: int, limit: float) -> float:
        """The time from which a call of `items` is allowed."""
        self._forget(now)
        excess = self._used + min(items, limit) - limit
        at = -math.inf
        for started, used in self._log:
            if excess <= 0:
                break
            excess -= used
            at = max(at, started + self._seconds)
        return at

    def charge(self, now: float, items: int, limit: float) -> None:
        """Count a call."""
        items = min(items, math.ceil(limit))
        self._log.append((now, items))
        self._used += items

    def is_idle(self, now: float) -> bool:
        """Whether it limits nothing, so that it can be dropped."""
        self._forget(now)
        return not self._log

    def _forget(self, now: float) -> None:
        while self._log and self._log[0][0] + self._seconds <= now:
            self._used -= self._log.popleft()[1]


class Bucket:
    """A token bucket: `burst` items at once, then `limit` per second. A call with more items takes the whole burst."""

    __slots__ = ("_burst", "_earned_at")

    def __init__(self, burst: int) -> None:
        self._burst = max(1, burst)
        #: when the whole burst is available again
        self._earned_at = -math.inf

    def free_at(self, now: float, items: int, limit: float) -> float:
        """The time from which a call of `items` is allowed."""
        return self._earned_at - (self._burst - min(items, self._burst)) / limit

    def charge(self, now: float, items: int, limit: float) -> None:
        """Count a call."""
        self._earned_at = max(self._earned_at, now) + min(items, self._burst) / limit

    def is_idle(self, now: float) -> bool:
        """Whether it limits nothing, so that it can be dropped."""
        return self._earned_at <= now


Gauge = Window | Bucket

"""The calls that were allowed to start and whose requests have not left the process yet."""

import itertools
import math

from sender.limiting.lane_queue import ApiCall
from sender.limiting.limits import TRANSIT_S

#: seconds after which a request that has not left holds up the others: what the limits allow for anyway
LATE_S = TRANSIT_S
#: seconds after which it no longer does: its connection may take a minute to fail
FORGOTTEN_S = 1.0


class Departing:
    """While a request is late, nothing more may start: all would arrive together.

    Without `is_known`, no session tells when requests leave, and nothing is late.
    """

    def __init__(self) -> None:
        self.is_known = False
        #: in the order of their starts
        self._started_at: dict[ApiCall, float] = {}

    def leaving(self, now: float) -> int:
        """Return how many requests may still leave soon: those that hang for FORGOTTEN_S do not count."""
        young = itertools.takewhile(lambda at: now - at < FORGOTTEN_S, reversed(self._started_at.values()))
        return sum(1 for _ in young)

    def add(self, call: ApiCall, now: float) -> None:
        """Count a call that may leave from now on."""
        if self.is_known:
            self._started_at[call] = now

    def pop(self, call: ApiCall) -> float | None:
        """Forget a call that has left, or ended; return when it started, None when it is not counted."""
        return self._started_at.pop(call, None)

    def free_at(self, now: float) -> float:
        """When the next call may start as far as late ones are concerned; earlier when they leave."""
        for started_at in self._started_at.values():
            if now - started_at < FORGOTTEN_S:
                return started_at + FORGOTTEN_S if now - started_at > LATE_S else -math.inf
        return -math.inf

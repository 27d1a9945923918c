"""How much one process has to do for a bot, in parts of the bot's calls."""

import math

from core.rates.parts import PARTS
from sender.lanes import Lane
from sender.limiting.sharing.own_share import OwnShare

#: seconds over which the rate of calls is averaged
AVERAGE_S = 1.0


class Work:
    """Counts what was called and what waits."""

    def __init__(self, own: OwnShare, now: float) -> None:
        self._own = own
        self._at, self._started = now, own.started()
        self._rates = [0.0] * len(Lane)

    def measure(self, now: float) -> None:
        """Count the calls since the last time."""
        passed_s, started = now - self._at, self._own.started()
        if passed_s <= 0:
            return
        weight = min(1.0, passed_s / AVERAGE_S)
        for lane, (before, after) in enumerate(zip(self._started, started, strict=True)):
            self._rates[lane] += weight * ((after - before) / passed_s - self._rates[lane])
        self._at, self._started = now, started

    def wants(self, idle_parts: int) -> tuple[int, ...]:
        """Return the parts wanted by lane: what is used and what waits. All 0 when little is used and nothing waits."""
        scale, ready = PARTS / self._own.rate_per_s, self._own.ready()
        if not any(ready) and sum(self._rates) * scale <= idle_parts / 2:
            return (0,) * len(Lane)
        return tuple(math.ceil((rate + more) * scale) for rate, more in zip(self._rates, ready, strict=True))

    def is_more_than(self, idle_parts: int) -> bool:
        """Whether it has more to do now than `idle_parts` are meant for."""
        return any(self._own.ready()) or self._own.used() * PARTS / self._own.rate_per_s > idle_parts / 2

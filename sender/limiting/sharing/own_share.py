"""What one limiter shows of its work, and what it is told about its share of the bot's calls."""

import math
from collections.abc import Callable

from core.clock import Clock
from sender.lanes import Lane
from sender.limiting.lane_shares import LaneShares
from sender.limiting.limits import Ceiling


class OwnShare:
    """The share of one process in the calls of one bot. All of them, until it is told otherwise."""

    def __init__(self, ceiling: Ceiling, lanes: LaneShares, clock: Clock, changed: Callable[[], None]) -> None:
        self._ceiling, self._lanes, self._clock, self._changed = ceiling, lanes, clock, changed
        #: when this limiter was slowed because another was refused: refusals of calls before that mean the same
        self.slowed_at = -math.inf

    @property
    def rate_per_s(self) -> float:
        """What all processes together may call, while nothing slows them."""
        return self._ceiling.whole_rate

    @property
    def burst(self) -> float:
        """What all processes together may call at once."""
        return self._ceiling.whole_burst

    @property
    def is_over(self) -> bool:
        """Whether the share was taken for a time that is over."""
        return self._ceiling.is_share_over(self._clock.monotonic())

    def take(self, part: float, burst: float, for_s: float, then: float) -> None:
        """Have `part` of the calls, between 0 and 1, for `for_s` seconds from now, and at most `then` afterwards."""
        now = self._clock.monotonic()
        self._ceiling.take_share(now, part, burst, until=now + for_s, then=then)
        self._changed()

    def started(self) -> tuple[int, ...]:
        """How many calls have started, by lane."""
        return tuple(self._lanes.started)

    def ready(self) -> tuple[int, ...]:
        """In how many chats a call waits for its turn, by lane."""
        now = self._clock.monotonic()
        return tuple(self._lanes.ready(lane, now) for lane in Lane)

    def used(self) -> int:
        """How many calls started within the last second."""
        return self._ceiling.used(self._clock.monotonic())

    def slowness(self) -> tuple[float, float] | None:
        """The part refusals slowed the bot to, and the moment from which it grows again; None while they do not."""
        return self._ceiling.slowness(self._clock.monotonic())

    def seconds_since(self, moment: float) -> float:
        """For how long the limiter's clock has passed `moment`."""
        return self._clock.monotonic() - moment

    def slow_to(self, part: float, growing_s: float) -> None:
        """Be slowed as another process is, unless this one is slower already."""
        now = self._clock.monotonic()
        if self._ceiling.slow_to(part, now, now - growing_s):
            self.slowed_at = now

"""How far this machine's clock is from the database's: leases and due times are compared by both."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from core.clock import Clock, SystemClock
from core.health.clocks import JumpWatch

#: how long a measurement is good, in seconds
MEASURED_EVERY_S = 60.0


class ClockDifference:
    """The last comparison with the server's clock. In real time: a sandbox moves only the product's clock."""

    def __init__(self, server_now: Callable[[], Awaitable[datetime | None]], machine: Clock | None = None) -> None:
        """`server_now`: asks the server; None when it cannot tell. Raises StoreUnavailable."""
        self._server_now = server_now
        self._machine = machine or SystemClock()
        self._measured_at: float | None = None
        self._jumps = JumpWatch()
        #: by how much the server is ahead of this machine, at least; zero when it is not known
        self.ahead = timedelta()

    @property
    def is_settling(self) -> bool:
        """Whether a measurement less than half a minute ago noticed that this machine's clock had been set."""
        return self._jumps.is_settling(self._machine.monotonic())

    async def measure(self, every_s: float = MEASURED_EVERY_S) -> timedelta:
        """Return `ahead`, asking the server unless it was asked less than `every_s` seconds ago, before no jump.

        Raises StoreUnavailable and StoreRefused; `ahead` is then as it was.
        """
        started = self._machine.monotonic()
        if self._jumps.look(self._machine.now(), started):
            self._measured_at = None
        if self._measured_at is not None and started - self._measured_at < every_s:
            return self.ahead
        before = self._machine.now()
        at = await self._server_now()
        after = self._machine.now()
        self._measured_at = started
        self.ahead = timedelta() if at is None else _outside(at, before, after)
        return self.ahead


def _outside(at: datetime, before: datetime, after: datetime) -> timedelta:
    """By how much `at` is after the later or before the earlier of two instants between which it was read."""
    if at > after:
        return at - after
    return min(at - before, timedelta())
